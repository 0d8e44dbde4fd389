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
from crm_analytics.errors import CannotWrite, WarehouseError
from crm_analytics.warehouse.swap import beside, copied, only_writer, rewritten, swapped, swept

Seen = tuple[int, int, int]


class Opened:
    """The warehouse file of one project.

    Reading keeps one read-only connection open; when a new file has taken the
    place of the one it reads, the next question goes to the new one.
    """

    def __init__(self, folder: Path, config: ProjectConfig) -> None:
        self.file = folder / config.warehouse
        self._config = config
        self._reader: Engine | None = None
        self._read: Seen | None = None

    def reading(self) -> Engine:
        """The warehouse, open for reading.

        Raises
        ------
        WarehouseError : it is not loaded yet.
        """
        self.must_exist()
        # Looked at before it is opened: where another file comes in between, the next question opens that one.
        seen = self._seen()
        if self._reader is None or seen != self._read:
            self._finish_log()
            # The former connection is not closed here: whoever holds it may be in the middle of a question.
            self._reader, self._read = self._connect(self.file, read_only=True), seen
        return self._reader

    @contextmanager
    def writing(
        self, doing: str, *, new: bool = False, keep: bool = True, rewrite: bool = False, wait_seconds: float = 0
    ) -> Iterator[Engine]:
        """A copy of the warehouse, open for writing, that takes its place in the end.

        Only `new` may make the file; without `keep` what was done to the copy is thrown
        away.  Where the block fails, transactions that it had finished before are kept.
        With `rewrite` every table is written anew, so that no free block keeps what was deleted.

        Raises
        ------
        WarehouseError : another process writes, and goes on for more than `wait_seconds`.
        CannotWrite    : no room on the disk, or no right to write there.
        """
        if not new:
            self.must_exist()
        self.close()
        with only_writer(self.file, doing, wait_seconds):
            self._finish_log()
            before = self._seen()
            try:
                with self._held():
                    copy = copied(self.file)
                # Again, for a process that closes a file lets go of its locks on it, and the copying closed it.
                with self._held():
                    engine = self._connect(copy, read_only=False)
                    try:
                        yield engine
                    except BaseException:
                        keep = keep and engine.commits > 0
                        raise
                    finally:
                        self._finish(engine, keep, rewrite)
            except CannotWrite as error:
                raise CannotWrite(f"{error}; the warehouse is as it was") if self._seen() == before else error from None
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

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep programs from writing to the file that know nothing of copies: what they write would be lost."""
        if not self.file.exists():
            yield
            return
        engine = self._connect(self.file, read_only=True)
        try:
            yield
        finally:
            engine.close()

    def _seen(self) -> Seen | None:
        """What tells one file from the next that takes its place; None where there is none."""
        try:
            found = self.file.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _connect(self, file: Path, *, read_only: bool) -> Engine:
        return connect(file, read_only=read_only, memory_limit=self._config.memory_limit, threads=self._config.threads)
