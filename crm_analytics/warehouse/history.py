"""Every version of the attributes that `crm.yml` declares as tracked, and since when each was true.

With `changed`, a mapping delivers the versions with their dates: the history
follows from the rows alone, whatever the order in which they came.  Without it,
a load compares the dimension with the version before and notes what is new, as
of its own day: `seen_<member>` only grows, and a load can be forgotten again.

May import: errors, sql, config, engines, warehouse.intervals, warehouse.tables.
Imported by: warehouse.load, warehouse.kept, warehouse.checks.
"""

from collections.abc import Mapping
from datetime import date

from crm_analytics.config import ProjectConfig, Tracked
from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError, CrmError, did_you_mean, shortened
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
from crm_analytics.warehouse.tables import ENTITIES, Entity

CHANGED = "changed_member"
SEEN = ("valid_from", "is_closed", "load_id")


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
    _fit_seen(engine, entity, tracked)
    _look_for_changes(engine, entity, tracked, changed)
    _note_changes(engine, entity, tracked, load_id, day)
    renew_history(engine, entity, tracked, CHANGED)
    engine.execute(f"DROP TABLE {CHANGED}")


def renew_history(engine: Engine, entity: Entity, tracked: Tracked, changed: str = "") -> None:
    """Work `dim_<member>_history` out of the versions; only for the members in `changed`, if it is named."""
    table, member = history_table(entity), ident(entity.key[0])
    if not changed or not _fits(engine, entity, tracked):
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


def _fits(engine: Engine, entity: Entity, tracked: Tracked) -> bool:
    """Whether the history that is there has the columns of the one that is wanted."""
    table = history_table(entity)
    return table in engine.tables() and engine.columns(table) == engine.columns(f"({intervals(entity, tracked)})")


def _fit_seen(engine: Engine, entity: Entity, tracked: Tracked) -> None:
    """Give `seen_<member>` a column for each tracked attribute, of a type that holds the old values and the new.

    An attribute that is tracked from now on was, as far as anybody knows, always what it is now.
    """
    table, member = seen_table(entity), entity.key[0]
    given = engine.columns(entity.table)
    wanted = {name: given.get(name, "VARCHAR") for name in tracked.track}
    if table not in engine.tables():
        columns = {member: "VARCHAR", "valid_from": "DATE", "is_closed": "BOOLEAN", "load_id": "INTEGER"} | wanted
        engine.execute(f"CREATE TABLE {table} ({', '.join(f'{ident(n)} {kind}' for n, kind in columns.items())})")
        return
    held = engine.columns(table)
    kinds = {name: _common(engine, held[name], kind) for name, kind in wanted.items() if name in held}
    new = {name: kind for name, kind in wanted.items() if name not in held}
    if not new and all(held[name] == kind for name, kind in kinds.items()):
        return
    changed = "".join(f", CAST(s.{ident(n)} AS {kind}) AS {ident(n)}" for n, kind in kinds.items() if held[n] != kind)
    fresh = "".join(f", {_given(given, n, kind)} AS {ident(n)}" for n, kind in new.items())
    left_out = ", ".join(ident(n) for n, kind in kinds.items() if held[n] != kind)
    rest = f"s.* EXCLUDE ({left_out})" if left_out else "s.*"
    engine.execute(
        f"CREATE OR REPLACE TABLE {table} AS SELECT {rest}{changed}{fresh} "
        f"FROM {table} AS s LEFT JOIN {entity.table} AS d ON d.{ident(member)} = s.{ident(member)}"
    )


def _common(engine: Engine, one: str, other: str) -> str:
    """The type that holds values of both."""
    if one == other or one == "VARCHAR":
        return one
    if other == "VARCHAR":  # DuckDB would rather read a text as a list, which it need not be
        return other
    try:
        return engine.columns(f"(SELECT CAST(NULL AS {one}) AS x UNION ALL SELECT CAST(NULL AS {other}))")["x"]
    except CrmError:  # a number and a list, say: as texts they can still be told apart
        return "VARCHAR"


def _look_for_changes(engine: Engine, entity: Entity, tracked: Tracked, changed: str) -> None:
    """Put every member aside that may be another than its current version says, gone and new ones among them."""
    member, key = ident(entity.key[0]), ident(f"{entity.member}_key")
    members = f"(SELECT * FROM {entity.table} WHERE {key} > 0)"
    if changed:
        found = f"SELECT DISTINCT {member} FROM {changed}"
    elif _fits(engine, entity, tracked):
        current = f"(SELECT * FROM {history_table(entity)} WHERE is_current AND {key} > 0)"
        kinds = engine.columns(history_table(entity))
        is_now = ", ".join(_given(engine.columns(entity.table), name, kinds[name]) for name in tracked.track)
        was = ", ".join(f"h.{ident(name)}" for name in tracked.track)
        found = (
            f"SELECT coalesce(d.{member}, h.{member}) AS {member} FROM {members} AS d "
            f"FULL JOIN {current} AS h ON h.{member} = d.{member} "
            f"WHERE d.{key} IS DISTINCT FROM h.{key} OR row({is_now}) IS DISTINCT FROM row({was})"
        )
    else:
        found = f"SELECT {member} FROM {members} UNION SELECT {member} FROM {seen_table(entity)}"
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {CHANGED} AS {found}")


def _note_changes(engine: Engine, entity: Entity, tracked: Tracked, load_id: int, day: date) -> None:
    """Add a row to `seen_<member>` for each member that is new, came back, has other values now, or is gone.

    A clock that went back does not put a version before the one that is known:
    what the dimension says now is the last word.
    """
    member, given = ident(entity.key[0]), engine.columns(entity.table)
    kinds = {n: kind for n, kind in engine.columns(seen_table(entity)).items() if n not in (entity.key[0], *SEEN)}
    values = "".join(
        f", CASE WHEN d.{member} IS NULL THEN l.{ident(n)} ELSE {_given(given, n, kind)} END AS {ident(n)}"
        for n, kind in kinds.items()
    )
    is_now = ", ".join(_given(given, name, kinds[name]) for name in tracked.track)
    was = ", ".join(f"l.{ident(name)}" for name in tracked.track)
    engine.execute(
        f"""INSERT INTO {seen_table(entity)} BY NAME
WITH last AS (
  SELECT * FROM {seen_table(entity)} WHERE {member} IN (SELECT {member} FROM {CHANGED})
  QUALIFY row_number() OVER (PARTITION BY {member} ORDER BY valid_from DESC, load_id DESC) = 1
)
SELECT
  c.{member}, greatest(CAST($day AS DATE), l.valid_from) AS valid_from, d.{member} IS NULL AS is_closed,
  $load AS load_id{values}
FROM {CHANGED} AS c
LEFT JOIN {entity.table} AS d ON d.{member} = c.{member}
LEFT JOIN last AS l ON l.{member} = c.{member}
WHERE CASE
  WHEN d.{member} IS NULL THEN NOT l.is_closed
  ELSE l.{member} IS NULL OR l.is_closed OR row({is_now}) IS DISTINCT FROM row({was})
END""",
        {"day": day, "load": load_id},
    )


def _given(columns: Mapping[str, str], name: str, kind: str) -> str:
    """An attribute of the dimension `d`, as a value of the type in which versions keep it."""
    return f"TRY_CAST(d.{ident(name)} AS {kind})" if name in columns else f"CAST(NULL AS {kind})"
