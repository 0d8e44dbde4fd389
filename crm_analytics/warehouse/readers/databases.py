"""Entries of `files:` that name a table of a database, or a query to it.

May import: sql, warehouse.raw, warehouse.readers.given, warehouse.readers.postgres, warehouse.readers.sqlite.
Imported by: warehouse.readers.entry.
"""

from dataclasses import dataclass

from crm_analytics.sql import ident
from crm_analytics.warehouse.raw import Raw
from crm_analytics.warehouse.readers.given import Given
from crm_analytics.warehouse.readers.postgres import PostgresRaw
from crm_analytics.warehouse.readers.sqlite import SqliteRaw


def read_sqlite(given: Given) -> Raw | None:
    """`{sqlite: crm.db, table: orders}`."""
    asked = _asked(given, "sqlite")
    path = given.file.path.parent / given.text("sqlite")
    if not asked:
        return None
    if not path.is_file():
        given.wrong(f"no such file: {path}")
    return SqliteRaw(path=path, rows=asked.rows, label=asked.label, changed=given.text("changed"), **given.called)


def read_postgres(given: Given) -> Raw | None:
    """`{postgres: SHOP_DATABASE, table: orders}`."""
    asked, variable = _asked(given, "postgres"), given.text("postgres")
    if not variable.isidentifier():
        # Not shown: it may be a connection string, with its password.
        given.wrong(
            "names the environment variable that holds the connection string, such as SHOP_DATABASE", "postgres"
        )
        return None
    if not asked:
        return None
    return PostgresRaw(
        variable=variable, rows=asked.rows, label=asked.label, changed=given.text("changed"), **given.called
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is read of a database: a FROM clause, and how it is called."""

    rows: str
    label: str


def _asked(given: Given, kind: str) -> _Asked | None:
    given.only((kind, "table", "query", "changed"))
    table, query = given.text("table"), given.text("query").strip().rstrip(";")
    if bool(table) == bool(query):
        given.wrong("needs a table, such as {table: orders}, or a query: one of them")
        return None
    if query:
        return _Asked(f"(\n{query}\n)", f"query {given.name}")
    # A table may be named with its schema.
    return _Asked(".".join(ident(part) for part in table.split(".")), f"table {table}")


DATABASES = {"sqlite": read_sqlite, "postgres": read_postgres}
