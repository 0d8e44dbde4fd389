"""A table of a PostgreSQL database, or the rows of a query to it, read only.

How to connect is said by an environment variable alone, and never shown: not in
source.yml, not in an error.  Rows come as Arrow, some MB at a time.

May import: errors, engines, sql, warehouse.readers.pulled.   Imported by: warehouse.readers.databases.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm_analytics.engines import Engine
from crm_analytics.engines.arrow import ArrowRows
from crm_analytics.errors import DataError
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.readers.pulled import Pulled

# What a server or libpq says when nobody can be connected, and what we say; their own words may hold parts of the
# connection string, so nothing else of them is shown.
REFUSALS = {
    "password authentication failed|no password supplied": "it refuses the user or the password",
    "does not exist": "there is no such user or database",
    "could not translate host name": "there is no such host",
    "Connection refused|No such file or directory": "no server listens there",
    "timeout|timed out": "it did not answer in time",
    "no pg_hba.conf entry": "it does not let this user in from here",
    "too many": "it has no connection left",
    "starting up|shutting down": "it is starting or stopping; try again",
}

LONGEST_DECIMAL = 38  # digits of DuckDB's DECIMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresRaw(Pulled):
    """What `rows` gives: a FROM clause, such as a quoted table or a SELECT in parentheses.

    Attributes
    ----------
    variable : the environment variable that holds the connection string
    """

    variable: str
    rows: str
    _decimals: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def batches(self, since: datetime | None) -> Iterator[ArrowRows]:
        import pyarrow as pa

        changed = ident(self.changed)
        # Nothing may be missed: a row of which nobody knows when it changed comes each time.
        where = f" WHERE ({changed} >= {literal(since)} OR {changed} IS NULL)" if since else ""
        with self._connected() as cursor:
            # Nothing that source.yml asks can change the database.
            cursor.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
            cursor.execute("SET TIME ZONE 'UTC'")
            schema = cursor.adbc_execute_schema(f"SELECT * FROM {self.rows} AS asked")
            columns = ", ".join(self._column(column) for column in schema)
            cursor.execute(f"SELECT {columns} FROM {self.rows} AS asked{where}")
            # Taken from the driver here, for an error that the engine meets may show a value of a row.
            reader = cursor.fetch_record_batch()
            yield reader.schema.empty_table()
            for batch in reader:
                yield pa.Table.from_batches([batch])

    def columns(self, engine: Engine, table: str) -> str:
        """Numbers with declared digits come as texts and are made decimals; if one is none, such as NaN, all stay."""
        made = []
        for name, kind in self._decimals.items():
            column = ident(name)
            wrong = f"SELECT 1 FROM {table} WHERE {column} IS NOT NULL AND TRY_CAST({column} AS {kind}) IS NULL LIMIT 1"
            if not engine.rows(wrong):
                made.append(f"CAST({column} AS {kind}) AS {column}")
        return f"* REPLACE ({', '.join(made)})" if made else "*"

    def _column(self, column: Any) -> str:
        """A column as it can be sent: sums of money as they are written, what Arrow does not know as text."""
        name = ident(column.name)
        said = {key.decode(): value.decode() for key, value in (column.metadata or {}).items()}
        kind = said.get("POSTGRESQL:type", "")
        if kind == "money":
            return f"CAST(CAST(asked.{name} AS numeric) AS text) AS {name}"
        if kind == "numeric":
            digits = int(said.get("POSTGRESQL:typmod", "-1"))
            if digits >= 0:  # Source: numeric_typmod_precision and _scale in PostgreSQL's utils/adt/numeric.c
                precision, scale = (digits - 4) >> 16 & 0xFFFF, (digits - 4) & 0x7FF
                if scale <= precision <= LONGEST_DECIMAL:
                    self._decimals[column.name] = f"DECIMAL({precision},{scale})"
            return f"CAST(asked.{name} AS text) AS {name}"
        if "ADBC:postgresql:typname" in said:
            return f"CAST(asked.{name} AS text) AS {name}"
        return f"asked.{name}"

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """A cursor.

        Raises
        ------
        DataError : the driver is not installed, the variable is not set, or the server says no.
        """
        try:
            import pyarrow as pa
            from adbc_driver_postgresql import dbapi
        except ImportError:
            what = "reading PostgreSQL needs its driver; try: pip install 'crm_analytics[postgres]'"
            raise DataError(f"{self.label}: {what}") from None
        address = os.environ.get(self.variable)
        if not address:
            what = "set it to the connection string, such as postgresql://user:password@host/database"
            raise DataError(f"{self.label}: the environment variable {self.variable} is not set; {what}")
        try:
            connection = dbapi.connect(address, autocommit=True)
        except dbapi.Error as error:
            raise DataError(f"{self.label}: {self._refusal(str(error))}") from None
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        except (dbapi.Error, pa.ArrowException, OSError) as error:
            raise DataError(f"{self.label}: {_why(str(error))}") from None

    def _refusal(self, text: str) -> str:
        reason = next((ours for theirs, ours in REFUSALS.items() if re.search(theirs, text)), "it cannot be reached so")
        return f"no connection to the database that {self.variable} names: {reason}"


def _why(text: str) -> str:
    """What the server says of the statement; what it says of values in the rows is not shown."""
    state, said = re.search(r"SQLSTATE: (\w+)", text), re.search(r"ERROR:\s*(.+)", text)
    about_statement = state is not None and state[1].startswith(("42", "25", "3F"))
    if said and about_statement:
        return said[1].strip()
    return f"the server stopped the query{f' (SQLSTATE {state[1]})' if state else ''}"
