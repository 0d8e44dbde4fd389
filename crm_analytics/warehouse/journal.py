"""Rows that a load took out of the star or out of the rejects, kept so that the load can be taken back.

One table an entity, `journal_<entity>`, in contract form with its origin, and
`journal_rejects`; `gone_load_id` is the load that took the row out.

May import: engines, sql, warehouse.build, warehouse.tables.
Imported by: warehouse.contest, warehouse.merge, warehouse.load, warehouse.undo.
"""

from collections.abc import Iterable, Mapping

from crm_analytics.engines import Engine
from crm_analytics.sql import ident
from crm_analytics.warehouse import build
from crm_analytics.warehouse.tables import Entity

REJECTS = "journal_rejects"


def table_of(entity: Entity) -> str:
    """The journal of one entity."""
    return f"journal_{entity.name}"


def keep_rows(engine: Engine, load_id: int, entity: Entity, extras: Mapping[str, str], condition: str) -> None:
    """Keep the star rows `f` for which the condition is true; they are about to be deleted."""
    gone = f"(SELECT f.* FROM {entity.table} f WHERE {condition})"
    _append(engine, table_of(entity), build.contract_rows(entity, extras, gone), load_id)


def keep_rejects(engine: Engine, load_id: int, condition: str) -> None:
    """Keep the rejects for which the condition is true; they are about to be deleted."""
    _append(engine, REJECTS, f"SELECT * FROM rejects WHERE {condition}", load_id)


def kept(engine: Engine, entity: Entity, load_id: int) -> tuple[str, dict[str, str]] | None:
    """A SELECT of the contract rows that a load took out, and their attributes; None where it took none."""
    table = table_of(entity)
    if table not in engine.tables():
        return None
    ((any_row,),) = engine.rows(f"SELECT EXISTS (SELECT * FROM {table} WHERE gone_load_id = {load_id})")
    own = {c.name for c in entity.columns} | {*build.ORIGIN, "gone_load_id"}
    extras = {name: kind for name, kind in engine.columns(table).items() if name not in own}
    return (f"SELECT * EXCLUDE (gone_load_id) FROM {table} WHERE gone_load_id = {load_id}", extras) if any_row else None


def forget(engine: Engine, load_id: int, tables: Iterable[str]) -> None:
    """Drop what a load took out: it was put back."""
    for table in tables:
        if table in engine.tables():
            engine.execute(f"DELETE FROM {table} WHERE gone_load_id = {load_id}")


def _append(engine: Engine, table: str, select: str, load_id: int) -> None:
    ((any_row,),) = engine.rows(f"SELECT EXISTS ({select})")
    if not any_row:
        return
    rows = f"SELECT *, CAST({load_id} AS INTEGER) AS gone_load_id FROM ({select})"
    if table not in engine.tables():
        engine.execute(f"CREATE TABLE {table} AS {rows}")
        return
    fit(engine, table, engine.columns(f"({rows})"))
    engine.execute(f"INSERT INTO {table} BY NAME {rows}")


def fit(engine: Engine, table: str, columns: Mapping[str, str]) -> None:
    """Give a table the columns that it lacks, and wider types where others are to come."""
    has = engine.columns(table)
    for name, kind in columns.items():
        if name not in has:
            engine.execute(f"ALTER TABLE {table} ADD COLUMN {ident(name)} {kind}")
        elif has[name] != kind:
            both = f"(SELECT CAST(NULL AS {has[name]}) AS v UNION ALL SELECT CAST(NULL AS {kind}) AS v)"
            wide = engine.columns(both)["v"]
            if wide != has[name]:
                engine.execute(f"ALTER TABLE {table} ALTER COLUMN {ident(name)} TYPE {wide}")
