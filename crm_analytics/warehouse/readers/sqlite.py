"""A table of a SQLite file, or the rows of a query to it, read only.

SQLite lets any value stand in any column.  A column keeps the type that all its
values have; where they differ it is text, and the contract of the star refuses
the rows whose value is not what it should be.

May import: errors, engines, sql, warehouse.readers.pulled.   Imported by: warehouse.readers.databases.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from crm_analytics.errors import DataError, UnknownName
from crm_analytics.sql import ident
from crm_analytics.warehouse.readers.pulled import Pulled

BATCH_ROWS = 50_000
WAIT_SECONDS = 5

KINDS = ("integer", "real", "text", "blob")
TYPES: dict[frozenset[str], pl.DataType] = {
    frozenset({"integer"}): pl.Int64(),
    frozenset({"real"}): pl.Float64(),
    frozenset({"integer", "real"}): pl.Float64(),
    frozenset({"blob"}): pl.Binary(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteRaw(Pulled):
    """What `rows` gives: a FROM clause, such as a quoted table or a SELECT in parentheses."""

    path: Path
    rows: str

    def batches(self, since: datetime | None) -> Iterator[pl.DataFrame]:
        if not self.path.is_file():
            raise DataError(f"{self.path}: no such file")
        try:
            with closing(_connect(self.path)) as con:
                # One transaction: types and rows are of the same moment.
                con.execute("BEGIN")
                names = [str(column[0]) for column in con.execute(f"SELECT * FROM {self.rows} LIMIT 0").description]
                # To SQLite, a quoted name that is no column is a text.
                if self.changed and self.changed.lower() not in [name.lower() for name in names]:
                    raise UnknownName(f"{self.path}: {self.label}", "column", self.changed, names)
                yield from _read(con, self.rows, self._where(since), names)
        except sqlite3.Error as error:
            raise DataError(f"{self.path}: {self.label}: {_why(error)}") from None

    def _where(self, since: datetime | None) -> str:
        """Rows that changed since; those whose time cannot be read too, for nothing may be missed."""
        if since is None:
            return ""
        column = ident(self.changed)
        # Times are texts, or seconds or milliseconds since 1970.
        seconds = f"CASE WHEN abs({column}) > 100000000000 THEN {column} / 1000 ELSE {column} END"
        when = (
            f"CASE WHEN typeof({column}) IN ('integer', 'real') THEN datetime({seconds}, 'unixepoch') "
            f"ELSE datetime({column}) END"
        )
        moment = since.strftime("%Y-%m-%d %H:%M:%S")
        return f" WHERE coalesce({when} >= '{moment}', TRUE)"


def _connect(path: Path) -> sqlite3.Connection:
    con = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=WAIT_SECONDS, isolation_level=None)
    con.text_factory = partial(str, encoding="utf-8", errors="replace")
    return con


def _read(con: sqlite3.Connection, rows: str, where: str, names: Sequence[str]) -> Iterator[pl.DataFrame]:
    schema = _schema(con, rows, where, names)
    cursor = con.execute(f"SELECT * FROM {rows}{where}")
    yield pl.DataFrame(schema=schema)
    while batch := cursor.fetchmany(BATCH_ROWS):
        columns = zip(schema.items(), zip(*batch, strict=True), strict=True)
        yield pl.DataFrame([_series(name, kind, values) for (name, kind), values in columns])


def _schema(con: sqlite3.Connection, rows: str, where: str, names: Sequence[str]) -> dict[str, pl.DataType]:
    """The type of each column: that of all its values, or text."""
    found = [f"max(typeof({ident(name)}) = '{kind}')" for name in names for kind in KINDS]
    (flags,) = con.execute(f"SELECT {', '.join(found)} FROM {rows}{where}")
    schema = {}
    for i, name in enumerate(names):
        here = flags[len(KINDS) * i : len(KINDS) * (i + 1)]
        kinds = frozenset(kind for kind, flag in zip(KINDS, here, strict=True) if flag)
        schema[name] = TYPES.get(kinds, pl.String())
    return schema


def _series(name: str, kind: pl.DataType, values: Sequence[Any]) -> pl.Series:
    if kind == pl.String():
        values = [v if v is None or isinstance(v, str) else v.hex() if isinstance(v, bytes) else str(v) for v in values]
    return pl.Series(name, values, dtype=kind, strict=kind != pl.Float64())


def _why(error: sqlite3.Error) -> str:
    text = str(error)
    if "locked" in text or "busy" in text:
        return f"another program has been writing to this database for {WAIT_SECONDS} s; try again when it is done"
    return "is no SQLite database" if "not a database" in text else text
