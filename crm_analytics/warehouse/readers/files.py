"""Files under one name: which there are, and whether one has changed.

Not how they are read: each kind of file has a module that adds `open`.

May import: errors, sql, engines, warehouse.raw, warehouse.readers.temporary.   Imported by: warehouse.readers.*.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from glob import escape, glob
from hashlib import file_digest
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError
from crm_analytics.sql import literal
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.temporary import temporary_tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where files are: a pattern within a folder.

    Attributes
    ----------
    base   : the source's folder, or that of an installed package.  Only `pattern` may hold wildcards: a project
        folder called `2024 [old]` is no pattern.
    prefix : what the labels begin with: the name of the package
    """

    base: Path
    pattern: str
    prefix: str = ""

    def files(self) -> list[Path]:
        """The files that are there now."""
        return sorted(Path(p) for p in glob(str(Path(escape(str(self.base))) / self.pattern), recursive=True))

    def label(self, path: Path) -> str:
        """The path as seen from the folder: the same wherever the project stands."""
        if Path(self.pattern).is_absolute():
            return path.as_posix()
        return self.prefix + Path(os.path.relpath(path, self.base)).as_posix()

    def __str__(self) -> str:
        return str(self.base / self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is common to files of every kind."""

    source: str
    name: str
    place: Place

    @property
    def changed(self) -> str:
        return ""

    @property
    def tag(self) -> str:
        """What the names of temporary tables end in, so that no two raws share one."""
        return temporary_tag(self.source, self.name)

    def pieces(self) -> tuple[Piece, ...]:
        """The files that are there now, by label."""
        return tuple(sorted((Piece(self.place.label(p), p) for p in self.place.files()), key=lambda piece: piece.label))

    def misread(self, engine: Engine) -> str:
        return ""

    def unreadable(self) -> str:
        return ""

    def stamp(self, piece: Piece) -> str:
        """Size, times of the last changes in nanoseconds, and inode; '' for a file that is gone."""
        try:
            found = path_of(piece).stat()
        except OSError:
            return ""
        return f"{found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"

    def content_hash(self, piece: Piece) -> str:
        try:
            with path_of(piece).open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"{piece.path}: cannot be read: {error.strerror}") from None

    def close(self, engine: Engine) -> None:
        return None


def path_of(piece: Piece) -> Path:
    """The file of a piece that has one."""
    assert piece.path is not None, f"{piece.label} is no file"
    return piece.path


def listed(paths: Iterable[Path]) -> str:
    """SQL for a list of paths."""
    return "[" + ", ".join(literal(str(path)) for path in paths) + "]"
