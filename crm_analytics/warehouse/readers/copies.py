"""Copies of files that DuckDB cannot be trusted with as they stand.

Each is a file in a temporary folder, which goes with `close`.  What a killed process
left of them, personal data maybe, goes when the next one reads raw files.

May import: errors, warehouse.raw, warehouse.readers.files.
Imported by: warehouse.readers.csv, warehouse.reading.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import gettempdir, mkdtemp
from typing import IO
from weakref import finalize

from crm_analytics.errors import DataError
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.files import path_of

PREFIX = "crm-copies-"
ALIVE = ".lock"  # held as long as the process that made the folder lives


@dataclass(frozen=True, slots=True)
class Ready:
    """A file to read instead of a piece; `mended` where only what is well formed is left in it."""

    path: Path
    mended: bool = False


@dataclass(slots=True, weakref_slot=True)
class Copies:
    """The copies made since the last `close`, and which files need none, which is remembered beyond it."""

    _plain: dict[Path, str] = field(default_factory=dict)
    _copied: dict[Path, tuple[str, Ready]] = field(default_factory=dict)
    _folder: Path | None = None
    _remove: Callable[[], object] | None = None

    def ready(self, piece: Piece, stamp: str, prepare: Callable[[Callable[[], Path]], Ready]) -> Ready:
        """What to read instead of a piece.

        Parameters
        ----------
        stamp   : of the piece; while it is the same, nothing is prepared again
        prepare : makes a copy if it has to, at the place that its argument gives, and tells what to read
        """
        path = path_of(piece)
        if self._plain.get(path) == stamp:
            return Ready(path)
        if path in self._copied and self._copied[path][0] == stamp:
            return self._copied[path][1]
        made = prepare(self._place)
        if made.path == path:
            self._plain[path] = stamp
        else:
            self._copied[path] = stamp, made
        return made

    def close(self) -> None:
        """Remove the copies."""
        self._copied.clear()
        if self._remove:
            self._remove()
        self._folder = self._remove = None

    def _place(self) -> Path:
        if not self._folder:
            self._folder, alive = _made()
            # Nothing is left behind where an error kept `close` from being called.
            self._remove = finalize(self, _removed, self._folder, alive)
        return self._folder / f"{len(self._copied)}.csv"


@contextmanager
def written(copy: Path) -> Iterator[IO[bytes]]:
    """The file, to write it.

    Raises
    ------
    DataError : there is no room for it.
    """
    try:
        with copy.open("wb") as out:
            yield out
    except OSError as error:
        what = f"a temporary copy cannot be written: {error.strerror}; TMPDIR names its folder"
        raise DataError(f"{copy}: {what}") from None


def sweep_copies() -> None:
    """Remove the copies of processes that do not live any more."""
    for folder in Path(gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), (folder / ALIVE).open("rb") as alive:  # not of another user, and not gone by now
            if _locked(alive):
                rmtree(folder, ignore_errors=True)


def _made() -> tuple[Path, IO[bytes]]:
    """A folder, and a file in it that is held as long as this process lives."""
    folder = Path(mkdtemp(prefix="crm-"))
    alive = (folder / ALIVE).open("wb")
    _locked(alive)
    # Under the name by which it is swept only now that it is held.
    return folder.rename(folder.with_name(folder.name.replace("crm-", PREFIX, 1))), alive


def _removed(folder: Path, alive: IO[bytes]) -> None:
    rmtree(folder, ignore_errors=True)
    alive.close()


def _locked(file: IO[bytes]) -> bool:
    if sys.platform == "win32":  # nothing is swept there
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
