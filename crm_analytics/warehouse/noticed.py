"""Versions without a date: what a load sees of a dimension against what the loads before it saw.

`seen_<member>` has a row for each load that saw something new of a member: the
member itself, another value, that it is gone, or that it is back.  It only grows.

May import: sql, config, engines, warehouse.intervals, warehouse.tables.   Imported by: warehouse.history.
"""

from collections.abc import Mapping
from datetime import date

from crm_analytics.config import Tracked
from crm_analytics.engines import Engine
from crm_analytics.sql import ident
from crm_analytics.warehouse.intervals import history_table, intervals, seen_table
from crm_analytics.warehouse.tables import Entity

# The temporary table of members whose history has to be worked out again.
CHANGED = "changed_member"
# What `seen_<member>` has beside the key and the attributes.
OWN = ("valid_from", "is_closed", "load_id")
# Types of which a wider one holds the values of two.
FAMILIES = (
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "DECIMAL", "FLOAT", "DOUBLE"),
    ("DATE", "TIMESTAMP"),
)


def notice(engine: Engine, entity: Entity, tracked: Tracked, load_id: int, day: date, changed: str = "") -> None:
    """Note what is new in a dimension as of `day`, and leave its members in the temporary table `CHANGED`.

    Only the members in the relation `changed` are looked at, if it is named.
    """
    _fit_seen(engine, entity, tracked)
    _look_for_changes(engine, entity, tracked, changed)
    _note_changes(engine, entity, tracked, load_id, day)


def fits(engine: Engine, entity: Entity, tracked: Tracked) -> bool:
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
    if one == other:
        return one
    # Elsewhere DuckDB would read a text as a list, and a number as a day.
    nested = one.endswith("]") or other.endswith("]")
    if nested or not any(all(kind.startswith(family) for kind in (one, other)) for family in FAMILIES):
        return "VARCHAR"
    return engine.columns(f"(SELECT CAST(NULL AS {one}) AS x UNION ALL SELECT CAST(NULL AS {other}))")["x"]


def _look_for_changes(engine: Engine, entity: Entity, tracked: Tracked, changed: str) -> None:
    """Put every member aside that may be another than its current version says, gone and new ones among them."""
    member, key = ident(entity.key[0]), ident(f"{entity.member}_key")
    members = f"(SELECT * FROM {entity.table} WHERE {key} > 0)"
    if not fits(engine, entity, tracked):
        found = f"SELECT {member} FROM {members} UNION SELECT {member} FROM {seen_table(entity)}"
    elif changed:
        found = f"SELECT DISTINCT {member} FROM {changed}"
    else:
        current = f"(SELECT * FROM {history_table(entity)} WHERE is_current AND {key} > 0)"
        kinds = engine.columns(history_table(entity))
        is_now = ", ".join(_given(engine.columns(entity.table), name, kinds[name]) for name in tracked.track)
        was = ", ".join(f"h.{ident(name)}" for name in tracked.track)
        found = (
            f"SELECT coalesce(d.{member}, h.{member}) AS {member} FROM {members} AS d "
            f"FULL JOIN {current} AS h ON h.{member} = d.{member} "
            f"WHERE d.{key} IS DISTINCT FROM h.{key} OR h.is_closed OR row({is_now}) IS DISTINCT FROM row({was})"
        )
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {CHANGED} AS {found}")


def _note_changes(engine: Engine, entity: Entity, tracked: Tracked, load_id: int, day: date) -> None:
    """Add a row to `seen_<member>` for each member that is new, came back, has other values now, or is gone.

    A clock that went back does not put a version before the one that is known:
    what the dimension says now is the last word.
    """
    member, given = ident(entity.key[0]), engine.columns(entity.table)
    kinds = {n: kind for n, kind in engine.columns(seen_table(entity)).items() if n not in (entity.key[0], *OWN)}
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
