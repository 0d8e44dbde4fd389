"""Parquet files: the engine reads them in place, by the names of their columns.

What is wrong with a page in the middle of a file shows only when it is read, and
the engine does not say then in which file; `unreadable` finds it.

May import: errors, engines, warehouse.raw, warehouse.readers.files.   Imported by: warehouse.readers.entry.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.files import Files, listed, path_of

MAGIC = b"PAR1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parquet(Files):
    """Parquet files under one name."""

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        for piece in pieces:
            if why := _broken(path_of(piece)):
                raise DataError(f"{piece.path}: {why}")
        return f"SELECT * FROM read_parquet({listed(map(path_of, pieces))}, union_by_name = true)"

    def unreadable(self) -> str:
        import pyarrow as pa
        from pyarrow import parquet

        for piece in self.pieces():
            try:
                with parquet.ParquetFile(path_of(piece)) as file:
                    for _ in file.iter_batches():
                        pass
            except (OSError, pa.ArrowException):
                return f"{piece.path}: is damaged: its rows cannot be read"
        return ""


def _broken(path: Path) -> str:
    """What is wrong with the two ends of a file; '' where it is Parquet as far as they tell."""
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC))
            file.seek(0, os.SEEK_END)
            size = file.tell()
            file.seek(-min(size, len(MAGIC)), os.SEEK_END)
            end = file.read()
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if start != MAGIC:
        return "is no Parquet file"
    return "" if end == MAGIC and size > len(MAGIC) else "is cut off: the end of a Parquet file is missing"
