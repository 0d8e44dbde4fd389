"""The table `rollups`: which rollups the warehouse holds, and what each was built from.

A rollup may answer only for the load that stands in the warehouse now, and only
as its cube file defines it now; whatever else is found is left alone, with the
reason.  Where a warehouse keeps no load log, its rollups count as of its data
until they are built anew.

May import: engines, sql, olap.model, olap.rollup, olap.stored.   Imported by: olap.bind, olap.refresh, pipeline.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from crm_analytics.engines import Engine
from crm_analytics.olap.model import Cube, Model
from crm_analytics.olap.rollup import Rollup
from crm_analytics.olap.stored import store_query
from crm_analytics.sql import Value

TABLE = "rollups"
# The version of DuckDB, because stored HyperLogLog registers are read by its own hash.
CREATE = f"""CREATE TABLE IF NOT EXISTS {TABLE} (
  cube VARCHAR, rollup VARCHAR, table_name VARCHAR, statement VARCHAR, duckdb VARCHAR,
  load_id INTEGER, loaded_at TIMESTAMP, row_count BIGINT, seconds DOUBLE)"""

OTHER_LOAD = "is built from another load; run crm load"
OTHER_DEFINITION = "is not built as its cube defines it now; run crm load"


@dataclass(frozen=True, slots=True)
class Load:
    """The load that stands in the warehouse; number 0 where there is no load log."""

    number: int = 0
    at: datetime | None = None


def current_load(engine: Engine, tables: Iterable[str]) -> Load:
    """The last load of the log."""
    if "loads" not in tables:
        return Load()
    ((number, at),) = engine.rows("SELECT coalesce(max(load_id), 0), max_by(loaded_at, load_id) FROM loads")
    return Load(int(str(number)), _time(at))


def version(engine: Engine) -> str:
    """The version of DuckDB."""
    ((found,),) = engine.rows("SELECT version()")
    return str(found)


def with_usable(model: Model, engine: Engine, tables: frozenset[str]) -> Model:
    """The model, each rollup with its rows and age, or with the reason why it cannot be used."""
    if TABLE not in tables or not any(cube.rollups for cube in model.cubes.values()):
        return model
    load, duckdb = current_load(engine, tables), version(engine)
    columns = "cube, rollup, load_id, statement, duckdb, row_count, loaded_at"
    kept = {row[:2]: row[2:] for row in engine.rows(f"SELECT {columns} FROM {TABLE}")}

    def looked_up(cube: Cube, rollup: Rollup) -> Rollup:
        found = kept.get((cube.name, rollup.name))
        if found is None or rollup.table not in tables or cube.problem:
            return rollup
        load_id, *built_as, rows, at = found
        same = built_as == [store_query(cube, rollup).readable(), duckdb]
        problem = OTHER_LOAD if load_id != load.number else "" if same else OTHER_DEFINITION
        return replace(rollup, problem=problem, rows=int(str(rows)), loaded_at=_time(at))

    cubes = {
        cube.name: replace(cube, rollups={n: looked_up(cube, r) for n, r in cube.rollups.items()})
        for cube in model.cubes.values()
    }
    return replace(model, cubes=cubes)


def forget(engine: Engine, *changed: str) -> None:
    """Let no rollup answer any more that reads one of these tables; to be called before they change."""
    if TABLE in engine.tables():
        for table in changed:
            engine.execute(f"UPDATE {TABLE} SET load_id = -1 WHERE contains(statement, $table)", {"table": table})


def forget_all(engine: Engine) -> None:
    """Let no rollup answer until it is built anew: the star changes, and no load will tell of it."""
    if TABLE in engine.tables():
        engine.execute(f"UPDATE {TABLE} SET load_id = -1")


def _time(value: Value) -> datetime | None:
    return value if isinstance(value, datetime) else None
