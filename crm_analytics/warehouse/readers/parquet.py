"""Parquet files: the engine reads them in place, by the names of their columns.

May import: engines, warehouse.raw, warehouse.readers.files.   Imported by: warehouse.readers.entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm_analytics.engines import Engine
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.files import Files, listed, path_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Parquet(Files):
    """Parquet files under one name."""

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        return f"SELECT * FROM read_parquet({listed(map(path_of, pieces))}, union_by_name = true)"
