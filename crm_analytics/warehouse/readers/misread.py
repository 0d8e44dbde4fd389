"""The lines of files that could not be made a row, in one temporary table a raw.

May import: engines, warehouse.readers.temporary.   Imported by: warehouse.readers.csv*, warehouse.readers.jsonl.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.warehouse.readers.temporary import drop

BATCH_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that cannot be made a row.  The first line of the file is 1."""

    line: int
    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Misread:
    """The table of one raw; `tag` sets it apart from those of others."""

    tag: str

    @property
    def table(self) -> str:
        """Its name."""
        return f"_misread_{self.tag}"

    def make(self, engine: Engine) -> None:
        """Make the table where it is not there yet."""
        columns = "_label VARCHAR, _line BIGINT, _reason VARCHAR, _row VARCHAR"
        engine.execute(f"CREATE TEMP TABLE IF NOT EXISTS {self.table} ({columns})")

    def add(self, engine: Engine, label: str, lines: Iterable[Broken]) -> None:
        """Put in the broken lines of a piece, in place of those that it had before."""
        self.make(engine)
        engine.execute(f"DELETE FROM {self.table} WHERE _label = $label", {"label": label})
        rest = iter(lines)
        while batch := list(islice(rest, BATCH_LINES)):
            columns = {
                "_label": label,
                "_line": [broken.line for broken in batch],
                "_reason": [broken.reason for broken in batch],
                "_row": [json.dumps({"line": broken.text}, ensure_ascii=False) for broken in batch],
            }
            engine.append(self.table, pl.DataFrame(columns, schema_overrides={"_line": pl.Int64}))

    def select(self, engine: Engine) -> str:
        """A SELECT of all lines so far; '' where there are none."""
        there = self.table in engine.tables()
        return f"SELECT _label, _line, _reason, _row FROM {self.table}" if there else ""

    def close(self, engine: Engine) -> None:
        """Drop the table."""
        drop(engine, [self.table])
