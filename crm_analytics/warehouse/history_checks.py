"""`crm check` of histories: do the versions of each member cover all of time, once, and does each fact find one?

May import: engines, sql, warehouse.checks, warehouse.intervals, warehouse.tables.   Imported by: pipeline.checking.
"""

from collections.abc import Iterator

from crm_analytics.engines import Engine
from crm_analytics.sql import ident
from crm_analytics.warehouse.check import Check
from crm_analytics.warehouse.intervals import FOR_EVER, SINCE_EVER, history_table
from crm_analytics.warehouse.tables import ENTITIES, FACTS, Entity

# What a history has beside the attributes that are tracked.
OWN = ("valid_from", "valid_to", "is_current", "is_closed")


def check_history(engine: Engine) -> Iterator[Check]:
    """Hold each history that the warehouse has to its laws; nothing where there is none."""
    tables = engine.tables()
    for entity in ENTITIES.values():
        if entity.kind == "dimension" and history_table(entity) in tables:
            yield _covered(engine, entity)
            yield _current(engine, entity)
            yield from _found(engine, entity)


def _covered(engine: Engine, entity: Entity) -> Check:
    """Without gap, without overlap, from the first day to the last."""
    table, key = history_table(entity), ident(f"{entity.member}_key")
    wrong = f"""SELECT {key}, valid_from, CASE
    WHEN valid_from IS NULL OR valid_to IS NULL OR valid_from >= valid_to THEN 'an empty one on'
    WHEN ended > valid_from THEN 'two on'
    WHEN coalesce(ended, {SINCE_EVER}) < valid_from THEN 'none before'
    WHEN is_last AND valid_to < {FOR_EVER} THEN 'none after that of'
  END AS what
FROM (
  SELECT *, lag(valid_to) OVER by_day AS ended, lead({key}) OVER by_day IS NULL AS is_last
  FROM {table} WINDOW by_day AS (PARTITION BY {key} ORDER BY valid_from, valid_to)
) WHERE what IS NOT NULL"""
    ((rows,),) = engine.rows(f"SELECT count(*) FROM ({wrong})")
    if not rows:
        return Check("history", table, True, f"the versions of each {entity.member} have no gap and no overlap")
    ((member, day, what), *_) = engine.rows(f"{wrong} ORDER BY 1, 2 LIMIT 1")
    says = f"versions should have no gap and no overlap, but {entity.member}_key {member} has {what} {day}"
    return Check("history", table, False, says, int(str(rows)))


def _current(engine: Engine, entity: Entity) -> Check:
    """Exactly one for each member of the dimension, the last one, and it says what the dimension says."""
    table, key = history_table(entity), ident(f"{entity.member}_key")
    known = engine.columns(entity.table)
    same = [ident(name) for name in engine.columns(table) if name in known and name not in OWN]
    now, then = (", ".join(f"{of}.{name}" for name in same) for of in ("d", "h"))
    wrong = f"""SELECT coalesce(d.{key}, h.{key}) AS member
FROM {entity.table} AS d FULL JOIN (
  SELECT * FROM {table} QUALIFY bool_or(is_current) OVER (PARTITION BY {key}) IS NOT TRUE OR is_current
) AS h ON h.{key} = d.{key}
WHERE h.is_current IS NOT TRUE OR h.is_closed OR h.valid_to < {FOR_EVER}
  OR d.{key} IS NULL OR row({now}) IS DISTINCT FROM row({then})
UNION ALL SELECT {key} FROM {table} GROUP BY 1 HAVING count(*) FILTER (WHERE is_current) > 1"""
    ((members, example),) = engine.rows(f"SELECT count(DISTINCT member), min(member) FROM ({wrong})")
    if not members:
        says = f"each {entity.member} has one current version, which says what {entity.table} says"
        return Check("history", table, True, says)
    says = (
        f"each {entity.member} should have one current version, as {entity.table} has it, but {key} {example} has not"
    )
    return Check("history", table, False, says, int(str(members)))


def _found(engine: Engine, entity: Entity) -> Iterator[Check]:
    """With all of time covered, a fact finds its version if its member has any."""
    table, key = history_table(entity), f"{entity.member}_key"
    for fact in FACTS.values():
        if not any(column.dimension == entity.member for column in fact.columns):
            continue
        ((rows, example),) = engine.rows(
            f"SELECT count(*), min(f.{ident(key)}) FROM {fact.table} AS f ANTI JOIN {table} AS h USING ({ident(key)})"
        )
        says = f"every row should find its version in {table}, but {key} {example} has none"
        good = f"every row finds its version in {table}"
        yield Check("history", fact.table, not rows, says if rows else good, int(str(rows)))
