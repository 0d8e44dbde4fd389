"""JSON lines: one object a line; columns meet by name.

May import: engines, warehouse.raw, warehouse.readers.files.   Imported by: warehouse.readers.entry.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from crm_analytics.engines import Engine
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.files import Files, listed, path_of


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines(Files):
    """Files of JSON lines under one name."""

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        # All lines are looked at for their types: a late text among numbers must not stop the file.
        return f"SELECT * FROM read_ndjson({listed(map(path_of, pieces))}, sample_size = -1, union_by_name = true)"
