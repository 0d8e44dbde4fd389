"""What is pulled into a temporary table, because the engine cannot read it in place: databases, sheets, frames.

May import: engines, warehouse.raw, warehouse.readers.temporary.   Imported by: warehouse.readers.*.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crm_analytics.engines import Engine
from crm_analytics.engines.arrow import ArrowRows
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.temporary import drop, temporary_tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """A table or the rows of a query: one piece, read anew by each load."""

    source: str
    name: str
    label: str
    changed: str = ""
    _tables: dict[datetime | None, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @abstractmethod
    def batches(self, since: datetime | None) -> Iterable[ArrowRows]:
        """The rows, some at a time; one batch at least, so that a table without rows has its columns."""

    def pieces(self) -> tuple[Piece, ...]:
        """The one there is."""
        return (Piece(self.label),)

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        since = since if self.changed else None
        if since not in self._tables:
            table = f"_pulled_{temporary_tag(self.source, self.name)}_{len(self._tables)}"
            engine.execute(f"DROP TABLE IF EXISTS {table}")
            for batch in self.batches(since):
                engine.append(table, batch)
            self._tables[since] = table
        return f"SELECT {self.columns(engine, self._tables[since])} FROM {self._tables[since]}"

    def columns(self, engine: Engine, table: str) -> str:
        """The SELECT list: the columns as they came, or made what they were where they came from."""
        return "*"

    def misread(self, engine: Engine) -> str:
        return ""

    def unreadable(self) -> str:
        return ""

    def stamp(self, piece: Piece) -> str:
        return ""

    def content_hash(self, piece: Piece) -> str:
        return ""

    def close(self, engine: Engine) -> None:
        drop(engine, self._tables.values())
        self._tables.clear()
