"""Copies of CSV files that DuckDB cannot be trusted with: UTF-8, and only well-formed records.

Each copy is a file in a temporary folder, which goes with `close`.

May import: errors, engines, warehouse.raw, warehouse.readers.csv_*, warehouse.readers.files, warehouse.readers.text.
Imported by: warehouse.readers.csv.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.csv_mend import Broken, Shape, mend
from crm_analytics.warehouse.readers.csv_misread import Misread
from crm_analytics.warehouse.readers.csv_scan import is_plain
from crm_analytics.warehouse.readers.files import path_of
from crm_analytics.warehouse.readers.text import is_utf8, utf8_blocks


@dataclass(frozen=True, slots=True)
class Ready:
    """A file to read instead of a piece; `mended` where it holds only well-formed records, and no header."""

    path: Path
    mended: bool = False


@dataclass(slots=True)
class Copies:
    """The copies made since the last `close`, and which files need none, which is remembered beyond it."""

    _plain: dict[Path, str] = field(default_factory=dict)
    _copied: dict[Path, tuple[str, Ready]] = field(default_factory=dict)
    _folder: TemporaryDirectory[str] | None = None

    def ready(self, engine: Engine, piece: Piece, stamp: str, shape: Shape, misread: Misread) -> Ready:
        """What to read instead of a piece: the piece itself where it is plain.  Broken lines go to `misread`."""
        path = path_of(piece)
        if self._plain.get(path) == stamp:
            return Ready(path)
        if path in self._copied and self._copied[path][0] == stamp:
            return self._copied[path][1]
        if is_utf8(shape.encoding) and is_plain(path, shape):
            self._plain[path] = stamp
            return Ready(path)
        made = self._recoded(path, shape)
        if made.mended:
            misread.add(engine, piece.label, _mended(path, made.path, shape))
        self._copied[path] = stamp, made
        return made

    def close(self) -> None:
        """Remove the copies."""
        self._copied.clear()
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def _recoded(self, path: Path, shape: Shape) -> Ready:
        """The file in UTF-8, where nothing else was wrong with it; or else a place for the mended copy."""
        self._folder = self._folder or TemporaryDirectory(prefix="crm-csv-")
        copy = Path(self._folder.name) / f"{len(self._copied)}.csv"
        if is_utf8(shape.encoding):
            return Ready(copy, mended=True)
        with _written(copy) as out:
            out.writelines(utf8_blocks(path, shape.encoding))
        return Ready(copy, mended=not is_plain(copy, shape))


def _mended(path: Path, copy: Path, shape: Shape) -> Iterator[Broken]:
    with _written(copy) as out:
        yield from mend(utf8_blocks(path, shape.encoding), shape, out)


@contextmanager
def _written(copy: Path) -> Iterator[IO[bytes]]:
    try:
        with copy.open("wb") as out:
            yield out
    except OSError as error:
        raise DataError(
            f"{copy}: a temporary copy cannot be written: {error.strerror}; TMPDIR names its place"
        ) from None
