"""One project's warehouse, opened: one connection to read with, and copies to write to.

It knows where the file is and who may have it; what is asked or written is the
business of those who are given the connection.

May import: errors, config, engines, warehouse.swap.   Imported by: project.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine, connect
from crm_analytics.errors import WarehouseError
from crm_analytics.warehouse.swap import beside, copied, only_writer, rewritten, swapped, swept


class Opened:
    """The warehouse file of one project.

    Reading keeps one read-only connection open; when another process has put a
    new file in its place, the next question goes to the new one.
    """

    def __init__(self, folder: Path, config: ProjectConfig) -> None:
        self.file = folder / config.warehouse
        self._config = config
        self._reader: Engine | None = None
        self._inode = 0

    def reading(self) -> Engine:
        """The warehouse, open for reading.

        Raises
        ------
        WarehouseError : it is not loaded yet.
        """
        self.must_exist()
        inode = self.file.stat().st_ino
        if self._reader is not None and inode != self._inode:
            self.close()
        if self._reader is None:
            self._finish_log()
            self._reader = self._connect(self.file, read_only=True)
            self._inode = self.file.stat().st_ino
        return self._reader

    @contextmanager
    def writing(self, doing: str, *, new: bool = False, keep: bool = True, rewrite: bool = False) -> Iterator[Engine]:
        """A copy of the warehouse, open for writing, that takes its place in the end.

        Only `new` may make the file; without `keep` what was done to the copy is thrown
        away.  Where the block fails, transactions that it had finished before are kept.
        With `rewrite` every table is written anew, so that no free block keeps what was deleted.
        """
        if not new:
            self.must_exist()
        self.close()
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with only_writer(self.file, doing):
            self._finish_log()
            try:
                engine = self._connect(copied(self.file), read_only=False)
                try:
                    yield engine
                except BaseException:
                    keep = keep and engine.commits > 0
                    raise
                finally:
                    self._finish(engine, keep, rewrite)
            finally:
                swept(self.file)

    def close(self) -> None:
        """Let go of the file."""
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def must_exist(self) -> None:
        """Refuse to look for what was never loaded."""
        if not self.file.exists():
            raise WarehouseError(f"{self.file}: the warehouse is not loaded yet; run: crm load")

    def _finish(self, engine: Engine, keep: bool, rewrite: bool) -> None:
        try:
            if keep:
                engine.execute("CHECKPOINT")
            if keep and rewrite:
                rewritten(engine, self.file)
        finally:
            engine.close()
        if keep:
            swapped(self.file)

    def _finish_log(self) -> None:
        """Write what another program left in the log into the file, for a copy takes only the file along."""
        if self.file.exists() and beside(self.file, ".wal").exists():
            engine = self._connect(self.file, read_only=False)
            engine.execute("CHECKPOINT")
            engine.close()

    def _connect(self, file: Path, *, read_only: bool) -> Engine:
        return connect(file, read_only=read_only, memory_limit=self._config.memory_limit, threads=self._config.threads)
