"""The records of one model of a Tryton server, as a `Raw`: read page by page into a table of the load.

Archived records are read too: who unsubscribed is one of them.  Records that were
deleted are missed only by who reads them all.

May import: errors, engines, warehouse.raw, warehouse.readers.tryton.*.   Imported by: warehouse.readers.tryton.entry.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError, CrmError
from crm_analytics.sql import ident
from crm_analytics.warehouse.raw import Piece, Say, silent
from crm_analytics.warehouse.readers.tryton.address import Address
from crm_analytics.warehouse.readers.tryton.fields import Field, Fields, Latest
from crm_analytics.warehouse.readers.tryton.rows import Record, add_rows, make_table
from crm_analytics.warehouse.readers.tryton.session import Session, session

# The column of the last of all times of change.
CHANGED = "changed_at"
# Without this Tryton leaves archived records out.
CONTEXT = {"active_test": False}
# A change is dated when its transaction begins, and seen when it ends.  Reading it twice does no harm, missing it does.
OVERLAP = timedelta(minutes=15)
SAID_EVERY_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrytonModel:
    """One model, with the fields that were asked for.

    Attributes
    ----------
    fields    : paths from the record; `id` is always read
    times     : paths of times of change; a record of which any is late enough has changed
    page_rows : how many records are asked for at once
    """

    source: str
    name: str
    address: Address
    model: str
    fields: tuple[str, ...]
    times: tuple[str, ...] = ()
    page_rows: int = 1000
    say: Say = silent

    @property
    def changed(self) -> str:
        return CHANGED if self.times else ""

    def telling(self, say: Say) -> "TrytonModel":
        """The same, and it says how far it has come."""
        return replace(self, say=say)

    def pieces(self) -> tuple[Piece, ...]:
        """One: the model."""
        return (Piece(f"model {self.model}"),)

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        # A mapping may want all records where another wants what changed; each has a table of its own.
        table = f"{self._tables}{since.isoformat() if since else 'all'}"
        with session(self.address) as asked:
            columns = self._columns(asked)
            make_table(engine, table, columns)
            for page in self._pages(asked, columns, since):
                add_rows(engine, table, columns, page)
        return f"SELECT * FROM {ident(table)}"

    def misread(self, engine: Engine) -> str:
        return ""

    def unreadable(self) -> str:
        return ""

    def stamp(self, piece: Piece) -> str:
        return ""

    def content_hash(self, piece: Piece) -> str:
        return ""

    def close(self, engine: Engine) -> None:
        # A transaction that failed answers nothing any more, and takes what it made with it.
        with suppress(CrmError):
            for table in engine.tables():
                if table.startswith(self._tables):
                    engine.execute(f"DROP TABLE {ident(table)}")

    @property
    def _tables(self) -> str:
        return f"tryton/{self.source}/{self.name}/"

    def _columns(self, asked: Session) -> list[Field]:
        known = Fields(asked, str(self.address))
        columns = [known.column(self.model, path) for path in dict.fromkeys(("id", *self.fields))]
        if self.times:
            # What was never changed since it was made has no write_date in Tryton, so create_date stands in.
            made = [f"{path[: -len('write_date')]}create_date" for path in self.times if path.endswith("write_date")]
            columns.append(known.latest(CHANGED, self.model, (*self.times, *made)))
        names = [c.name for c in columns]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ConfigError(f"{self.address}: {self.model}: two columns would be called {', '.join(twice)}")
        return columns

    def _pages(self, asked: Session, columns: Sequence[Field], since: datetime | None) -> Iterator[list[Record]]:
        # By id, each page beginning after the last id of the one before: where records come and go meanwhile, a page
        # that begins at "number 1,001" would leave one out or bring it twice.
        paths = list(dict.fromkeys(path for column in columns for path in column.paths))
        last, read, said, order = -1, 0, monotonic(), [["id", "ASC"]]
        while True:
            domain = [["id", ">", last], *_changed(columns, since)]
            page = asked.ask(f"model.{self.model}.search_read", domain, 0, self.page_rows, order, paths, CONTEXT)
            if page:
                yield page
            if len(page) < self.page_rows:
                return
            last, read = page[-1]["id"], read + len(page)
            if monotonic() - said >= SAID_EVERY_SECONDS:
                said = monotonic()
                self.say(f"{self.source}: {read:,} records of {self.model} so far ...")


def _changed(columns: Sequence[Field], since: datetime | None) -> list[Any]:
    """Tryton's condition for what changed since; none where all is wanted."""
    times = [path for column in columns if isinstance(column, Latest) for path in column.paths]
    if since is None or not times:
        return []
    # Tryton's clock shows UTC, and so does a time without a zone, which came from there.
    at = (since.astimezone(UTC).replace(tzinfo=None) if since.tzinfo else since) - OVERLAP
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    moment = {"__class__": "datetime", **{part: getattr(at, part) for part in parts}}
    return [["OR", *([path, ">=", moment] for path in times)]]
