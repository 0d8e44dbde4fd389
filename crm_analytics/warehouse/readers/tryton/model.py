"""The records of one model of a Tryton server, as a `Raw`: read page by page into a table of the load.

Archived records are read too: who unsubscribed is one of them.

May import: errors, sql, engines, warehouse.raw, warehouse.readers.tryton.*.   Imported by: warehouse.readers.entry.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.tryton.address import Address
from crm_analytics.warehouse.readers.tryton.fields import Field, Fields
from crm_analytics.warehouse.readers.tryton.session import Session, session

# Without this Tryton leaves archived records out.
CONTEXT = {"active_test": False}
# A change is dated when its transaction begins, and seen when it ends; and two clocks never agree.  Reading a change
# twice is harmless, missing one is not.
OVERLAP = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrytonModel:
    """One model, with the fields that were asked for.

    Attributes
    ----------
    fields  : paths from the record; `id` is always read
    changed : paths of times of change; a record of which any is late enough has changed
    page_rows : how many records are asked for at once
    """

    source: str
    name: str
    address: Address
    model: str
    fields: tuple[str, ...]
    changed: tuple[str, ...] = ()
    page_rows: int = 1000

    def pieces(self) -> tuple[Piece, ...]:
        """One: the model."""
        return (Piece(f"model {self.model}"),)

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        with session(self.address) as asked:
            columns = self._columns(asked)
            declared = ", ".join(f"{ident(c.name)} {c.type}" for c in columns)
            engine.execute(f"CREATE OR REPLACE TEMP TABLE {self._table} ({declared})")
            for page in self._pages(asked, [c.path for c in columns], self._domain(since)):
                rows = [{c.name: _as_text(c.of(record), c.type) for c in columns} for record in page]
                engine.execute(f"INSERT INTO {self._table} {_typed(columns)}", {"rows": json.dumps(rows)})
        return f"SELECT * FROM {self._table}"

    def misread(self, engine: Engine) -> str:
        return ""

    def stamp(self, piece: Piece) -> str:
        return ""

    def content_hash(self, piece: Piece) -> str:
        return ""

    def close(self, engine: Engine) -> None:
        engine.execute(f"DROP TABLE IF EXISTS {self._table}")

    @property
    def _table(self) -> str:
        return ident(f"tryton_{self.source}_{self.name}")

    def _columns(self, asked: Session) -> tuple[Field, ...]:
        known = Fields(asked, str(self.address))
        columns = tuple(known.column(self.model, path) for path in dict.fromkeys(("id", *self.fields)))
        for path in self.changed:
            known.column(self.model, path)
        names = [c.name for c in columns]
        if twice := sorted({n for n in names if names.count(n) > 1}):
            raise ConfigError(f"{self.address}: {self.model}: two fields would be called {', '.join(twice)}")
        return columns

    def _pages(self, asked: Session, paths: list[str], domain: list[Any]) -> Iterator[list[dict[str, Any]]]:
        # By id, each page beginning after the last id of the one before: where records come and go meanwhile, a page
        # that begins at "number 1,001" would leave one out or bring it twice.
        last, order = -1, [["id", "ASC"]]
        while True:
            after = [*domain, ["id", ">", last]]
            page = asked.ask(f"model.{self.model}.search_read", after, 0, self.page_rows, order, paths, CONTEXT)
            if page:
                yield page
            if len(page) < self.page_rows:
                return
            last = page[-1]["id"]

    def _domain(self, since: datetime | None) -> list[Any]:
        """Tryton's condition for what changed; an empty one is true of all."""
        if since is None or not self.changed:
            return []
        at = _tryton_time((since.astimezone(UTC) - OVERLAP).replace(tzinfo=None))
        return [["OR", *([path, ">=", at] for path in _with_created(self.changed))]]


def _with_created(changed: Sequence[str]) -> list[str]:
    """What was never changed since it was made has no write_date in Tryton, so create_date stands in."""
    found = []
    for path in changed:
        way, _, last = path.rpartition(".")
        found += [path, f"{way}.create_date".lstrip(".")] if last == "write_date" else [path]
    return found


def _tryton_time(at: datetime) -> dict[str, Any]:
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{part: getattr(at, part) for part in parts}}


def _typed(columns: Sequence[Field]) -> str:
    """SELECT of the rows in the JSON text $rows: all values are texts there, and get their types here."""
    texts = {c.name: "VARCHAR[]" if c.type.endswith("[]") else "VARCHAR" for c in columns}
    casts = ", ".join(f"CAST(r.{ident(c.name)} AS {c.type}) AS {ident(c.name)}" for c in columns)
    shape = literal(json.dumps([texts]))
    return f"SELECT {casts} FROM (SELECT unnest(from_json(CAST($rows AS JSON), {shape})) AS r)"


def _as_text(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return [_as_text(each, kind.removesuffix("[]")) for each in value]
    if value is None:
        return None
    if kind == "BOOLEAN":  # Tryton on SQLite says 1 and 0
        return "true" if value else "false"
    # Half of a pair of surrogates is no text; nothing else is changed.
    return str(value).encode("utf-8", "replace").decode()
