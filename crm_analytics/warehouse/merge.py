"""Put rows that arrive in the place of those that leave, and touch nothing else.

What is equal stays as it is, with the load that brought it.  Surrogate keys stay.
Members that come or go change the keys of the facts that name them.

May import: engines, sql, warehouse.arrival, warehouse.build, warehouse.contest, warehouse.journal,
warehouse.preview, warehouse.rekey, warehouse.staging, warehouse.tables.   Imported by: warehouse.load, warehouse.undo.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError, UnknownName
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse import build, journal
from crm_analytics.warehouse.arrival import Counted, land
from crm_analytics.warehouse.contest import Ring, pointer, settle
from crm_analytics.warehouse.preview import Tell, tell_difference, tell_new
from crm_analytics.warehouse.rekey import members_moved, rekey_facts
from crm_analytics.warehouse.staging import Staged
from crm_analytics.warehouse.tables import Entity

ARRIVING = "temp.arriving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a load does to one entity.

    staged   : the parts that are read
    replaced : keys of parts whose rows leave: those read whole, and those that are gone
    adding   : keys of parts that bring changes only; of them the rows leave that arrive anew
    extras   : attributes beyond the contract that the table is to have afterwards, with their types
    newest   : by source that delivers incrementally, the column that tells the newest row, or ''
    """

    entity: Entity
    staged: tuple[Staged, ...]
    replaced: frozenset[int]
    adding: frozenset[int]
    extras: Mapping[str, str]
    newest: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """Rows of one part that became different: new in the star, changed, removed."""

    new: int = 0
    changed: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class Merged:
    """What was read of each part, what became different, and how many rows read lost to another, by the parts' keys."""

    counted: Mapping[int, Counted] = field(default_factory=dict)
    changes: Mapping[int, Change] = field(default_factory=dict)
    lost: Mapping[int, int] = field(default_factory=dict)


def merge(engine: Engine, load_id: int, task: Task, tell: Tell | None = None) -> Merged:
    """Bring the star table of one entity to what its parts say now; `tell` is told examples of what that changes."""
    entity = task.entity
    reread = ", ".join(str(k) for k in sorted(task.replaced)) or "-1"
    stale = f"part_key IN ({reread}) AND entity = {literal(entity.name)}"
    journal.keep_rejects(engine, load_id, stale)
    engine.execute(f"DELETE FROM rejects WHERE {stale}")
    if entity.kind != "dimension" and _empty(engine, entity):
        return _fresh(engine, load_id, task, tell)
    if entity.table not in engine.tables():
        engine.execute(build.unknown_member(entity))
    journal.fit(engine, entity.table, task.extras)
    counted = land(engine, entity, ARRIVING, task.staged, task.extras, load_id)
    journal.fit(engine, entity.table, engine.columns(ARRIVING))  # a later version may ask for more columns
    _check_newest(engine, task, ARRIVING)
    leaving = _leaving(engine, task, reread)
    if task.adding:
        _drop_superseded(engine, load_id, task, ARRIVING)
    ring = Ring(
        entity=entity,
        extras=task.extras,
        arriving=ARRIVING,
        leaving=leaving,
        reread=task.replaced,
        newest=task.newest,
    )
    lost = settle(engine, load_id, ring, alone=False)
    changes = exchange(engine, load_id, entity, task.extras, leaving, tell=tell)
    return Merged(counted, changes, lost)


def exchange(
    engine: Engine,
    load_id: int,
    entity: Entity,
    extras: Mapping[str, str],
    leaving: str,
    *,
    keep: bool = True,
    moves: bool = True,
    tell: Tell | None = None,
) -> dict[int, Change]:
    """Take the rows `f` that leave out of the star and the arriving ones in, but for those that are equal.

    With `keep` those that leave go into the journal of the load.  With `moves` facts follow
    the members of a dimension that come and go.
    """
    _compare(engine, entity, leaving)
    changes = _changes(engine)
    if tell:
        tell_difference(engine, entity, extras, ARRIVING, tell)
    old = "SELECT old_id FROM temp.difference WHERE old_id IS NOT NULL AND same IS DISTINCT FROM TRUE"
    if entity.kind == "dimension" and moves:
        members_moved(engine, entity, old)
    if keep:
        journal.keep_rows(engine, load_id, entity, extras, f"f.rowid IN ({old})")
    if entity.kind == "dimension" and moves:
        rekey_facts(engine, entity.member)
    engine.execute(f"DELETE FROM {entity.table} WHERE rowid IN ({old})")
    new = "SELECT new_id FROM temp.difference WHERE new_id IS NOT NULL AND same IS DISTINCT FROM TRUE"
    engine.execute(f"INSERT INTO {entity.table} BY NAME SELECT * FROM {ARRIVING} WHERE rowid IN ({new})")
    for table in ("difference", "arriving", "updated"):
        engine.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return changes


def _empty(engine: Engine, entity: Entity) -> bool:
    if entity.table not in engine.tables():
        return True
    ((any_row,),) = engine.rows(f"SELECT EXISTS (SELECT * FROM {entity.table})")
    return not any_row


def _fresh(engine: Engine, load_id: int, task: Task, tell: Tell | None) -> Merged:
    """The first rows of a fact: they land where they stay."""
    entity = task.entity
    engine.execute(f"DROP TABLE IF EXISTS {entity.table}")
    counted = land(engine, entity, entity.table, task.staged, task.extras, load_id)
    _check_newest(engine, task, entity.table)
    if task.adding:
        _drop_superseded(engine, load_id, task, entity.table)
    ring = Ring(
        entity=entity,
        extras=task.extras,
        arriving=entity.table,
        leaving="TRUE",
        reread=task.replaced,
        newest=task.newest,
    )
    lost = settle(engine, load_id, ring, alone=True)
    if tell:
        tell_new(engine, entity, task.extras, entity.table, tell)
    found = engine.rows(f"SELECT part_key, count(*) FROM {entity.table} GROUP BY 1")
    return Merged(counted, {int(str(part)): Change(new=int(str(rows))) for part, rows in found}, lost)


def _check_newest(engine: Engine, task: Task, arriving: str) -> None:
    """Refuse a column that is to tell the newest row and cannot be read as a time: its rows would count as oldest."""
    known = engine.columns(arriving)
    for source, column in task.newest.items():
        if not column:
            continue
        where = f"{source}/source.yml: incremental: {task.entity.name}: newest"
        if column not in known:
            raise UnknownName(where, "column", column, known)
        when = f"TRY_CAST(CAST({ident(column)} AS VARCHAR) AS TIMESTAMP)"
        ((rows,),) = engine.rows(
            f"SELECT count(*) FROM {arriving} "
            f"WHERE source = $source AND {ident(column)} IS NOT NULL AND {when} IS NULL",
            {"source": source},
        )
        if rows:
            raise DataError(
                f"{where}: {column} is no time in {rows:,} rows; name its form under dates, docs/sources.md"
            )


def _leaving(engine: Engine, task: Task, reread: str) -> str:
    """A condition on the star rows `f` that the arriving ones replace."""
    # Part 0 is no part: rows of a warehouse from before there were parts.
    whole = f"f.part_key IN (0, {reread})"
    if not task.adding:
        return whole
    entity, keys = task.entity, ", ".join(str(k) for k in sorted(task.adding))
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE updated AS SELECT f.rowid AS _id FROM {entity.table} f "
        f"SEMI JOIN {ARRIVING} n ON n.part_key = f.part_key AND {build.same_grain(entity, 'f', 'n')} "
        f"WHERE f.part_key IN ({keys})"
    )
    return f"({whole} OR f.rowid IN (SELECT _id FROM temp.updated))"


def _drop_superseded(engine: Engine, load_id: int, task: Task, arrived: str) -> None:
    """Drop former rejects of parts that bring changes only, where the same key was read again now.

    A refused row is kept as the mapping gave it, so its key is read the way the contract reads it.
    """
    entity, adding = task.entity, ", ".join(str(k) for k in sorted(task.adding))
    names = [c for c in entity.columns if c.name in entity.key]
    texts = [f"TRY_CAST(trim(row_json->>{literal(pointer(c.name))}) AS {c.type})" for c in names]
    keys = ", ".join(
        f"{f'lower({t})' if c.folded else t} AS k{i}" for i, (c, t) in enumerate(zip(names, texts, strict=True))
    )
    landed = ", ".join(f"{ident(c.name)} AS k{i}" for i, c in enumerate(names))
    of_entity = f"entity = {literal(entity.name)} AND part_key IN ({adding})"
    using = ", ".join(["part_key", *(f"k{i}" for i in range(len(names)))])
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE superseded AS SELECT _id FROM "
        f"(SELECT rowid AS _id, part_key, {keys} FROM rejects WHERE {of_entity} AND load_id < {load_id}) SEMI JOIN "
        f"(SELECT part_key, {landed} FROM ({build.contract_rows(entity, (), arrived)}) WHERE part_key IN ({adding}) "
        f"UNION ALL SELECT part_key, {keys} FROM rejects WHERE {of_entity} AND load_id = {load_id}) USING ({using})"
    )
    journal.keep_rejects(engine, load_id, "rowid IN (SELECT _id FROM temp.superseded)")
    engine.execute("DELETE FROM rejects WHERE rowid IN (SELECT _id FROM temp.superseded)")
    engine.execute("DROP TABLE temp.superseded")


def _compare(engine: Engine, entity: Entity, leaving: str) -> None:
    """Pair the rows that leave with those that arrive: `old_id`, `new_id`, and whether they are the `same`."""
    columns = [n for n in engine.columns(ARRIVING) if n != "load_id"]
    same = " AND ".join(f"o.{ident(n)} IS NOT DISTINCT FROM n.{ident(n)}" for n in columns)
    old = f"SELECT f.*, f.rowid AS _id FROM {entity.table} f WHERE {leaving}"
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE difference AS SELECT o._id AS old_id, n._id AS new_id, "
        f"coalesce(n.part_key, o.part_key) AS part_key, CASE WHEN o._id IS NOT NULL AND n._id IS NOT NULL "
        f"THEN {same} END AS same FROM ({old}) o "
        f"FULL JOIN (SELECT *, rowid AS _id FROM {ARRIVING}) n ON {build.same_grain(entity, 'o', 'n')}"
    )


def _changes(engine: Engine) -> dict[int, Change]:
    found = engine.rows(
        "SELECT part_key, count(*) FILTER (old_id IS NULL), count(*) FILTER (NOT same), "
        "count(*) FILTER (new_id IS NULL) FROM temp.difference GROUP BY 1"
    )
    return {int(str(part)): Change(*(int(str(n)) for n in numbers)) for part, *numbers in found}
