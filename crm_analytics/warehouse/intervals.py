"""The SQL that turns versions of members into intervals of validity.  Text in, text out.

    version_customer (delivered with their dates) ─┐
                                                   ├─▶ last word of each day ─▶ intervals
    seen_customer (noticed load by load) ──────────┘

An interval is the days `valid_from` up to, not including, `valid_to`.  Those of a
member cover all of time: the first reaches back for ever, for nothing is known
before it, and the last goes on (Kimball & Ross, The Data Warehouse Toolkit, 3rd
ed., ch. 5, type 2).

May import: periods, sql, config, warehouse.tables.
Imported by: warehouse.{delivered,history,history_checks,load,noticed,undo}.
"""

from dataclasses import replace

from crm_analytics.config import Tracked
from crm_analytics.periods import FIRST_YEAR
from crm_analytics.sql import ident
from crm_analytics.warehouse.tables import Column, Entity

# Real days, not NULL: `day >= valid_from AND day < valid_to` then finds a version in SQL written by hand, too.
SINCE_EVER, FOR_EVER = "DATE '0001-01-01'", "DATE '9999-12-31'"
# A version without a date counts from the first day that a row may speak of: a date is part of a key, so not NULL.
UNDATED = f"TIMESTAMP '{FIRST_YEAR}-01-01'"


def version_table(entity: Entity) -> str:
    """The versions as a mapping delivers them: contract rows, several a key."""
    return f"version_{entity.member}"


def seen_table(entity: Entity) -> str:
    """What the loads saw of a member, one row for each load that saw something else than the one before."""
    return f"seen_{entity.member}"


def history_table(entity: Entity) -> str:
    """The intervals, one row a version of a member of the dimension."""
    return f"dim_{entity.member}_history"


def versioned(entity: Entity, tracked: Tracked | None) -> Entity:
    """The contract of the rows that a mapping gives of a dimension.

    With `changed` each row is a version, and they are kept in a table of their own
    that has no surrogate keys; the dimension takes the current ones from it.
    """
    if tracked is None or not tracked.changed:
        return entity
    since = "since when the row is true; empty: since ever"
    more = [Column(tracked.changed, "TIMESTAMP", since, default=UNDATED, named=True)]
    if tracked.retracted:
        more.append(Column(tracked.retracted, "BOOLEAN", "whether it takes a version back", default="FALSE"))
    key = (*entity.key, *(column.name for column in more))
    return replace(entity, table=version_table(entity), kind="bridge", columns=(*entity.columns, *more), key=key)


def standing(entity: Entity, tracked: Tracked, only: str = "") -> str:
    """The delivered versions that no row takes back; of the members in the table `only`, if one is named."""
    member, moment = ident(entity.key[0]), ident(tracked.changed)
    text = f"SELECT * FROM {version_table(entity)}{_among(member, only)}"
    if tracked.retracted:
        text += f" QUALIFY NOT bool_or({ident(tracked.retracted)}) OVER (PARTITION BY {member}, {moment})"
    return text


def current_rows(entity: Entity, tracked: Tracked, only: str = "") -> str:
    """The row of each member that is true now, which the dimension takes: the one with the latest date."""
    member, moment = ident(entity.key[0]), ident(tracked.changed)
    return (
        f"SELECT * REPLACE (nullif(v.{moment}, {UNDATED}) AS {moment}) FROM ({standing(entity, tracked, only)}) AS v "
        f"QUALIFY row_number() OVER (PARTITION BY {member} ORDER BY v.{moment} DESC) = 1"
    )


def last_words(entity: Entity, tracked: Tracked, only: str = "") -> str:
    """One row a member and day on which something was said of it: what was said last on that day."""
    member, names = ident(entity.key[0]), ", ".join(ident(name) for name in tracked.track)
    if not tracked.changed:
        return (
            f"SELECT {member}, valid_from, is_closed, {names} FROM {seen_table(entity)}{_among(member, only)} "
            f"QUALIFY row_number() OVER (PARTITION BY {member}, valid_from ORDER BY load_id DESC) = 1"
        )
    moment = f"v.{ident(tracked.changed)}"
    return (
        f"SELECT {member}, CAST({moment} AS DATE) AS valid_from, FALSE AS is_closed, {names} "
        f"FROM ({standing(entity, tracked, only)}) AS v "
        f"QUALIFY row_number() OVER (PARTITION BY {member}, CAST({moment} AS DATE) ORDER BY {moment} DESC) = 1"
    )


def intervals(entity: Entity, tracked: Tracked, only: str = "") -> str:
    """One row a member of the dimension and stretch of time in which its tracked attributes were the same."""
    member, key = ident(entity.key[0]), ident(f"{entity.member}_key")
    names = ", ".join(ident(name) for name in tracked.track)
    says = f"row(is_closed, {names})"
    return f"""WITH version AS (
  {last_words(entity, tracked, only)}
), change AS (
  SELECT * FROM version
  WINDOW by_day AS (PARTITION BY {member} ORDER BY valid_from)
  QUALIFY row_number() OVER by_day = 1 OR {says} IS DISTINCT FROM lag({says}) OVER by_day
)
SELECT
  d.{key}, {member},
  CASE WHEN row_number() OVER by_day = 1 THEN {SINCE_EVER} ELSE c.valid_from END AS valid_from,
  lead(c.valid_from, 1, {FOR_EVER}) OVER by_day AS valid_to,
  {", ".join(f"c.{ident(name)}" for name in tracked.track)},
  lead(c.valid_from) OVER by_day IS NULL AS is_current,
  c.is_closed
FROM change AS c INNER JOIN (SELECT {key}, {member} FROM {entity.table} WHERE {key} > 0) AS d USING ({member})
WINDOW by_day AS (PARTITION BY {member} ORDER BY c.valid_from)"""


def unknown_interval(entity: Entity) -> str:
    """The one version of the unknown member, so that a fact without a member finds a version, too."""
    return (
        f"SELECT 0 AS {ident(f'{entity.member}_key')}, {SINCE_EVER} AS valid_from, {FOR_EVER} AS valid_to, "
        "TRUE AS is_current, FALSE AS is_closed"
    )


def _among(member: str, only: str) -> str:
    return f" WHERE {member} IN (SELECT {member} FROM {only})" if only else ""
