"""Every version of the attributes that `crm.yml` declares as tracked, and since when each was true.

With `changed`, a mapping delivers the versions with their dates: the history
follows from the rows alone, whatever the order in which they came.  Without it,
a load compares the dimension with the version before and notes what is new, as
of its own day: `seen_<member>` only grows, and a load can be forgotten again.

May import: errors, sql, config, engines, warehouse.intervals, warehouse.noticed, warehouse.tables.
Imported by: warehouse.load, warehouse.repeats, warehouse.kept, warehouse.checks.
"""

from collections.abc import Mapping
from datetime import date

from crm_analytics.config import ProjectConfig, Tracked
from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError, did_you_mean, shortened
from crm_analytics.sql import ident
from crm_analytics.warehouse.intervals import (
    current_rows,
    history_table,
    intervals,
    seen_table,
    unknown_interval,
    version_table,
    versioned,
)
from crm_analytics.warehouse.noticed import CHANGED, fits, notice
from crm_analytics.warehouse.tables import ENTITIES, Entity


def stored(engine: Engine, entity: Entity) -> str:
    """The table that holds the contract rows of an entity: of delivered versions all of them, not the current ones."""
    table = version_table(entity)
    return table if entity.kind == "dimension" and table in engine.tables() else entity.table


def record_versions(
    engine: Engine,
    entity: Entity,
    tracked: Tracked,
    load_id: int,
    day: date,
    *,
    partial: bool = False,
    changed: str = "",
) -> None:
    """Bring the history of a dimension up to date, once the dimension itself is; within the transaction of the load.

    Parameters
    ----------
    day : since when what is new now counts, for versions that come without a date
    partial : whether sources are missing from this load, which might bring a tracked attribute that is not there yet
    changed : a relation whose only column is the business key, with every member that may have changed;
        '' looks at all

    Raises
    ------
    ConfigError : the dimension has no such attribute.
    """
    _attributes_exist(engine, entity, tracked, partial)
    if tracked.changed:
        renew_history(engine, entity, tracked, changed)
        return
    notice(engine, entity, tracked, load_id, day, changed)
    renew_history(engine, entity, tracked, CHANGED)
    engine.execute(f"DROP TABLE {CHANGED}")


def renew_history(engine: Engine, entity: Entity, tracked: Tracked, changed: str = "") -> None:
    """Work `dim_<member>_history` out of the versions; only for the members in `changed`, if it is named."""
    table, member = history_table(entity), ident(entity.key[0])
    if not changed or not fits(engine, entity, tracked):
        engine.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM ({intervals(entity, tracked)})\n"
            f"UNION ALL BY NAME {unknown_interval(entity)} ORDER BY 1, valid_from"
        )
        return
    engine.execute(f"DELETE FROM {table} WHERE {member} IN (SELECT {member} FROM {changed})")
    engine.execute(f"INSERT INTO {table} BY NAME {intervals(entity, tracked, changed)}")


def forget_versions(engine: Engine, config: ProjectConfig, load_id: int) -> None:
    """Take back what one load noted; delivered versions go and come with their rows.

    The dimensions have to be as they were without the load.  Where a later load
    saw the same value and so noted nothing, `record_versions` after this notes it.
    """
    for name, tracked in config.history.items():
        entity = ENTITIES[name]
        table, member = seen_table(entity), ident(entity.key[0])
        if tracked.changed or table not in engine.tables():
            continue
        engine.execute(
            f"CREATE OR REPLACE TEMP TABLE {CHANGED} AS SELECT DISTINCT {member} FROM {table} WHERE load_id = $load",
            {"load": load_id},
        )
        engine.execute(f"DELETE FROM {table} WHERE load_id = $load", {"load": load_id})
        renew_history(engine, entity, tracked, CHANGED)
        engine.execute(f"DROP TABLE {CHANGED}")


def drop_undeclared(engine: Engine, histories: Mapping[str, Tracked]) -> None:
    """Drop the histories that `crm.yml` no longer names.  What loads have seen stays: it cannot be had again."""
    for entity in ENTITIES.values():
        if entity.kind != "dimension":
            continue
        tracked = histories.get(entity.name)
        if tracked is None:
            engine.execute(f"DROP TABLE IF EXISTS {history_table(entity)}")
        if tracked is None or not tracked.changed:
            engine.execute(f"DROP TABLE IF EXISTS {version_table(entity)}")


def refuse_other_dates(engine: Engine, kept: Mapping[str, Tracked]) -> None:
    """Let no source be loaded alone while `kept_<entity>`, the rows of the others, lack the dates of their versions.

    Raises
    ------
    ConfigError : `changed` or `retracted` of an entity was declared after the last load.
    """
    for name, tracked in kept.items():
        columns = engine.columns(f"kept_{name}")
        given = [columns.get(column.name) == column.type for column in versioned(ENTITIES[name], tracked).columns]
        if tracked.changed and not all(given):
            raise ConfigError(
                f"crm.yml: history: {name}: by which column versions are told apart is new since the last load, "
                "so all sources have to be read again; run: crm load"
            )


def build_versions(engine: Engine, entity: Entity, tracked: Tracked, rows: str) -> str:
    """Keep the delivered versions in `rows`; gives the relation of those that the dimension takes."""
    engine.execute(f"CREATE OR REPLACE TABLE {version_table(entity)} AS SELECT * FROM {rows}")
    return f"({current_rows(entity, tracked)})"


def _attributes_exist(engine: Engine, entity: Entity, tracked: Tracked, partial: bool) -> None:
    """Hold the names in `crm.yml` to the dimension; what only a source left out may bring is empty until then."""
    known = [c for c in engine.columns(entity.table) if not c.endswith("_key") and c not in entity.key]
    lacking = [name for name in tracked.track if name not in known]
    if lacking and not partial:
        raise ConfigError(
            f"crm.yml: history: {entity.name}: {entity.table} has no attribute {lacking[0]!r}."
            f"{did_you_mean(lacking[0], known)} Known: {shortened(known)}."
        )
    if lacking and tracked.changed:
        more = ", ".join(f"CAST(NULL AS VARCHAR) AS {ident(name)}" for name in lacking)
        engine.execute(
            f"CREATE OR REPLACE TABLE {version_table(entity)} AS SELECT *, {more} FROM {version_table(entity)}"
        )
