"""Fill the rollups of all cubes from the rows, each all or nothing.

A rollup is written in a transaction of its own together with its line in the
log, so that one that is killed half-way leaves what was there, which the log
says is of another load.  Its rows are held to those of the fact: a rollup that
lost or doubled a row is not kept.

May import: errors, engines, sql, olap.model, olap.rollup, olap.rollup_log, olap.stored.   Imported by: pipeline.
"""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError, DataError
from crm_analytics.olap.model import Cube, Model, Part
from crm_analytics.olap.rollup import ROWS_BEHIND, Rollup
from crm_analytics.olap.rollup_log import CREATE, TABLE, Load, current_load, version
from crm_analytics.olap.stored import store_query
from crm_analytics.sql import ident

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What became of one rollup; `problem` says why it could not be built."""

    cube: str
    rollup: str
    rows: int
    seconds: float
    problem: str = ""

    def __str__(self) -> str:
        name = f"rollup {self.cube}.{self.rollup}"
        return f"{name}: {self.problem}" if self.problem else f"{name}: {self.rows:,} rows   {self.seconds:5.1f} s"


def refresh(engine: Engine, model: Model, say: Say, *, only_missing: bool = False) -> tuple[Refreshed, ...]:
    """Build the rollups of a bound model and drop those that no cube declares any more.

    With `only_missing` those that can be used as they are stay.
    """
    declared = {(cube.name, rollup.name): rollup for cube in model.cubes.values() for rollup in cube.rollups.values()}
    if not declared and TABLE not in engine.tables():
        return ()
    engine.execute(CREATE)
    _drop_others(engine, {rollup.table for rollup in declared.values()})
    load = current_load(engine, engine.tables())
    done = []
    for cube in model.cubes.values():
        for rollup in cube.rollups.values():
            if rollup.problem or not only_missing:
                done.append(_refreshed(engine, cube, rollup, load))
                say(str(done[-1]))
    return tuple(done)


def _refreshed(engine: Engine, cube: Cube, rollup: Rollup, load: Load) -> Refreshed:
    started = perf_counter()
    try:
        with engine.transaction():
            rows = _build(engine, cube, rollup, load, started)
    except CrmError as error:
        return Refreshed(cube.name, rollup.name, 0, perf_counter() - started, f"not built: {error}")
    return Refreshed(cube.name, rollup.name, rows, perf_counter() - started)


def _build(engine: Engine, cube: Cube, rollup: Rollup, load: Load, started: float) -> int:
    _check(cube, rollup)
    if rollup.table in engine.tables() and (rollup.table,) not in engine.rows(f"SELECT table_name FROM {TABLE}"):
        raise DataError(f"a table {rollup.table!r} that is no rollup stands there already")
    statement = store_query(cube, rollup).readable()
    engine.execute(f"CREATE OR REPLACE TABLE {ident(rollup.table)} AS\n{statement}")
    rows, behind = _counted(engine, rollup.table, f"coalesce(sum({ROWS_BEHIND}), 0)")
    _, every = _counted(engine, cube.table, "count(*)")
    if behind != every:
        raise DataError(f"{every:,} rows of {cube.table} become {behind:,} when joined to {', '.join(rollup.by)}")
    engine.execute(f"DELETE FROM {TABLE} WHERE table_name = $table", {"table": rollup.table})
    engine.execute(
        f"INSERT INTO {TABLE} VALUES ($cube, $rollup, $table, $statement, $duckdb, $load, $at, $rows, $seconds)",
        {
            "cube": cube.name,
            "rollup": rollup.name,
            "table": rollup.table,
            "statement": statement,
            "duckdb": version(engine),
            "load": load.number,
            "at": load.at,
            "rows": rows,
            "seconds": perf_counter() - started,
        },
    )
    return rows


def _check(cube: Cube, rollup: Rollup) -> None:
    """Raise what is wrong with a part of the cube that the rollup needs."""
    parts: list[Part] = [cube, *(cube.measure(name) for name in rollup.stored)]
    for ref in rollup.by:
        role, attribute = cube.attribute(ref)
        parts += [role, role.dimension, attribute]
    for part in parts:
        if part.problem:
            raise DataError(part.problem)


def _counted(engine: Engine, table: str, behind: str) -> tuple[int, int]:
    """The rows of a table, and something that is added up of them."""
    ((rows, found),) = engine.rows(f"SELECT count(*), {behind} FROM {ident(table)}")
    return int(str(rows)), int(str(found))


def _drop_others(engine: Engine, tables: set[str]) -> None:
    """Drop the rollups that no cube declares; only what the log knows was made here."""
    for (name,) in engine.rows(f"SELECT table_name FROM {TABLE}"):
        if str(name) not in tables:
            with engine.transaction():
                engine.execute(f"DROP TABLE IF EXISTS {ident(str(name))}")
                engine.execute(f"DELETE FROM {TABLE} WHERE table_name = $table", {"table": name})
