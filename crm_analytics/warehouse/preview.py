"""What a load would change, with examples: for `crm load --dry-run`.

Private values are not shown, only that they differ.

May import: engines, sql, warehouse.build, warehouse.private, warehouse.tables.   Imported by: warehouse.merge.
"""

from collections.abc import Callable, Mapping

from crm_analytics.engines import Engine
from crm_analytics.sql import Value, ident
from crm_analytics.warehouse import build
from crm_analytics.warehouse.private import is_private
from crm_analytics.warehouse.tables import Entity

EXAMPLES = 3
Tell = Callable[[str], None]


def tell_new(engine: Engine, entity: Entity, extras: Mapping[str, str], table: str, tell: Tell) -> None:
    """Name some rows of a table of star rows that are all new."""
    for row in _some(engine, entity, extras, f"(SELECT * FROM {table})"):
        tell(f"  new      {_key(entity, row)}")


def tell_difference(engine: Engine, entity: Entity, extras: Mapping[str, str], arriving: str, tell: Tell) -> None:
    """Name some rows that are new, changed (with what changes) and removed, from `temp.difference`."""
    new = _chosen(arriving, "new_id", "old_id IS NULL")
    tell_new(engine, entity, extras, new, tell)
    pairs = engine.rows(f"SELECT old_id, new_id FROM temp.difference WHERE NOT same ORDER BY 1 LIMIT {EXAMPLES}")
    for old_id, new_id in pairs:
        # Not `rowid = ...`: with a filter above it DuckDB 2.0 fails in its optimizer.
        (old,) = _some(engine, entity, extras, _chosen(entity.table, "old_id", f"old_id = {old_id}"))
        (now,) = _some(engine, entity, extras, _chosen(arriving, "new_id", f"new_id = {new_id}"))
        tell(f"  changed  {_key(entity, now)}: {_differences(old, now)}")
    for row in _some(engine, entity, extras, _chosen(entity.table, "old_id", "new_id IS NULL")):
        tell(f"  removed  {_key(entity, row)}")


def _chosen(table: str, column: str, condition: str) -> str:
    ids = f"SELECT {column} FROM temp.difference WHERE {condition} ORDER BY 1 LIMIT {EXAMPLES}"
    return f"(SELECT * FROM {table} WHERE rowid IN ({ids}))"


def _some(engine: Engine, entity: Entity, extras: Mapping[str, str], table: str) -> list[dict[str, Value]]:
    """Some rows of a relation, as contract rows."""
    rows = build.contract_rows(entity, extras, table)
    # Records of customers have a key that names their source, which is no column of the contract.
    names = list(dict.fromkeys([*entity.key, *(c.name for c in entity.columns), *extras]))
    listed = ", ".join(ident(n) for n in names)
    key = ", ".join(ident(n) for n in entity.key)
    found = engine.rows(f"SELECT {listed} FROM ({rows}) ORDER BY {key} LIMIT {EXAMPLES}")
    return [dict(zip(names, row, strict=True)) for row in found]


def _key(entity: Entity, row: Mapping[str, Value]) -> str:
    return f"{entity.name} " + ", ".join(f"{name} {row[name]}" for name in entity.key)


def _differences(old: Mapping[str, Value], now: Mapping[str, Value]) -> str:
    differing = [name for name in now if old.get(name) != now[name]]
    said = [name if is_private(name) else f"{name} {old.get(name)} -> {now[name]}" for name in differing]
    return "; ".join(said) or "now from another file"
