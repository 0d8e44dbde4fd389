"""`crm load --undo`: take one load back.

What the load put into the star leaves, what it took out comes back from the
journal, and the files that it read count as not read, so that the next load reads
them again.  A load that another came after, into the same tables, stays until
that one is taken back.

May import: config, engines, errors, sql, warehouse.*.   Imported by: project.
"""

from dataclasses import dataclass
from datetime import datetime

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import DataError, UnknownName, WarehouseError
from crm_analytics.sql import literal
from crm_analytics.warehouse import build, journal, parts
from crm_analytics.warehouse.columns import drop_unused
from crm_analytics.warehouse.customers import CUSTOMERS, as_loaded, refuse_switched_identity, renew_customers
from crm_analytics.warehouse.delivered import refuse_switched
from crm_analytics.warehouse.history import follow_undo, forget_versions, record_versions, touch
from crm_analytics.warehouse.intervals import versioned
from crm_analytics.warehouse.load import finish
from crm_analytics.warehouse.merge import ARRIVING, exchange
from crm_analytics.warehouse.tables import ENTITIES, Entity


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking a load back did to one entity, in rows: come back, changed back, taken out."""

    entity: str
    rows_back: int
    rows_changed: int
    rows_taken: int


def undo(engine: Engine, config: ProjectConfig, load_id: int, now: datetime) -> tuple[Undone, ...]:
    """Take the load `load_id` back.

    Raises
    ------
    UnknownName : there is no such load.
    DataError   : it was taken back before, a later one wrote into the same tables, or crm.yml has rows kept otherwise.
    """
    if "part" not in engine.tables():
        raise WarehouseError("this warehouse was loaded by an earlier version; nothing in it can be taken back")
    touched = _touched(engine, load_id)
    for name in touched:
        refuse_switched(engine, config.history, ENTITIES[name], load_id)
    if CUSTOMERS.name in touched:
        refuse_switched_identity(engine, config.identity, load_id)
    with engine.transaction():
        # What later loads saw of the same parts and found unchanged is not known any more either.
        engine.execute(
            "DELETE FROM part_load WHERE load_id >= $load "
            "AND part_key IN (SELECT part_key FROM part_load WHERE load_id = $load)",
            {"load": load_id},
        )
        done = [_undo_entity(engine, config, load_id, e, now) for e in ENTITIES.values() if e.name in touched]
        journal.forget(engine, load_id, [*(journal.table_of(e) for e in ENTITIES.values()), journal.REJECTS])
        engine.execute("UPDATE loads SET undone_at = $now WHERE load_id = $load", {"now": now, "load": load_id})
        finish(engine, config, load_id, now, touched)
    return tuple(done)


def _touched(engine: Engine, load_id: int) -> frozenset[str]:
    """The entities that a load wrote to, once it is sure that it can be taken back."""
    # A load that read and found nothing new, as of a table that is read each time, is in nobody's way.
    found = engine.rows(
        "SELECT load_id, entity, undone_at IS NOT NULL, rows_new + rows_changed + rows_removed + rows_rejected > 0 "
        "FROM loads ORDER BY load_id"
    )
    known = [str(n) for n in dict.fromkeys(n for n, _, undone, _ in found if not undone)]
    mine = [(str(entity), undone) for n, entity, undone, _ in found if n == load_id]
    if not mine:
        raise UnknownName("crm load --undo", "load", str(load_id), known)
    if mine[0][1]:
        raise DataError(f"load {load_id} was taken back already")
    entities = frozenset(entity for entity, _ in mine)
    later = {
        n: str(e) for n, e, undone, did in found if int(str(n)) > load_id and did and not undone and str(e) in entities
    }
    if later:
        last = max(later, key=lambda n: int(str(n)))
        raise DataError(f"load {last} came after load {load_id} and wrote to {later[last]} too; take it back first")
    return entities


def _undo_entity(engine: Engine, config: ProjectConfig, load_id: int, entity: Entity, now: datetime) -> Undone:
    tracked, given = config.history.get(entity.name), as_loaded(entity, config.identity)
    if config.identity and entity.name == CUSTOMERS.name:
        undone = _undo(engine, load_id, given)
        renew_customers(engine, config.identity, now)
        if tracked:
            forget_versions(engine, entity, tracked, load_id)
            record_versions(engine, entity, tracked, load_id, now.date(), partial=True)
        return undone
    if tracked is None:
        return _undo(engine, load_id, given)
    touch(engine, entity, load_id)
    undone = _undo(engine, load_id, versioned(entity, tracked))
    follow_undo(engine, entity, tracked, load_id, now.date())
    return undone


def _undo(engine: Engine, load_id: int, entity: Entity) -> Undone:
    extras = parts.extras_of(engine, entity)
    gone, kinds = journal.kept(engine, entity, load_id) or (None, {})
    journal.fit(engine, entity.table, {**extras, **kinds})
    rows = f"({gone})" if gone else f"(SELECT * FROM ({build.contract_rows(entity, extras)}) WHERE FALSE)"
    select = build.keyed(entity, rows, kinds if gone else extras, ())
    engine.execute(f"CREATE TEMP TABLE {ARRIVING.removeprefix('temp.')} AS {select}")
    changes = exchange(engine, load_id, entity, extras, f"f.load_id = {load_id}", keep=False).values()
    drop_unused(engine, entity, extras)
    _undo_rejects(engine, load_id, entity)
    return Undone(
        entity.name,
        sum(c.new for c in changes),
        sum(c.changed for c in changes),
        sum(c.removed for c in changes),
    )


def _undo_rejects(engine: Engine, load_id: int, entity: Entity) -> None:
    of_entity = f"entity = {literal(entity.name)}"
    engine.execute(f"DELETE FROM rejects WHERE load_id = {load_id} AND {of_entity}")
    if journal.REJECTS in engine.tables():
        back = f"SELECT * EXCLUDE (gone_load_id) FROM {journal.REJECTS} WHERE gone_load_id = {load_id} AND {of_entity}"
        engine.execute(f"INSERT INTO rejects BY NAME {back}")
