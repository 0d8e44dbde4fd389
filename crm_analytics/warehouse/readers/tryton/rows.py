"""Records as Tryton gives them, made rows of a table: every value travels as a text, and gets its type in SQL.

May import: sql, engines, warehouse.readers.tryton.fields.   Imported by: warehouse.readers.tryton.model.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from crm_analytics.engines import Engine
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.readers.tryton.fields import Field

Record = Mapping[str, Any]


def make_table(engine: Engine, table: str, columns: Sequence[Field]) -> None:
    """An empty table that lives as long as the connection."""
    declared = ", ".join(f"{ident(c.name)} {c.type}" for c in columns)
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {ident(table)} ({declared})")


def add_rows(engine: Engine, table: str, columns: Sequence[Field], records: Sequence[Record]) -> None:
    """One row a record."""
    texts = {c.name: "VARCHAR[]" if c.type.endswith("[]") else "VARCHAR" for c in columns}
    casts = ", ".join(f"CAST(r.{ident(c.name)} AS {c.type}) AS {ident(c.name)}" for c in columns)
    rows = json.dumps([{c.name: _as_text(c.of(record), c.type) for c in columns} for record in records])
    shape = literal(json.dumps([texts]))
    engine.execute(
        f"INSERT INTO {ident(table)} SELECT {casts} FROM (SELECT unnest(from_json(CAST($rows AS JSON), {shape})) AS r)",
        {"rows": rows},
    )


def _as_text(value: Any, kind: str) -> Any:
    if isinstance(value, list):
        return [_as_text(each, kind.removesuffix("[]")) for each in value]
    if value is None:
        return None
    if kind == "BOOLEAN":  # Tryton on SQLite says 1 and 0
        return "true" if value else "false"
    # Half of a pair of surrogates is no text; nothing else is changed.
    return str(value).encode("utf-8", "replace").decode()
