"""Versions that come with their dates: kept as they are delivered, and the current ones made the dimension.

A load merges them into `version_<member>` like the rows of any table, by the key
and the date.  Members of which a version came, changed or went are then looked up
there again, and the dimension follows.

May import: errors, config, engines, sql, warehouse.{build,columns,intervals,journal,merge,parts,tables}.
Imported by: warehouse.checks, warehouse.customers, warehouse.history, warehouse.load, warehouse.undo.
"""

from collections.abc import Mapping

from crm_analytics.config import Tracked
from crm_analytics.engines import Engine
from crm_analytics.errors import DataError
from crm_analytics.sql import ident
from crm_analytics.warehouse import build, journal, parts
from crm_analytics.warehouse.columns import drop_unused
from crm_analytics.warehouse.intervals import current_rows, history_table, version_table, versioned
from crm_analytics.warehouse.merge import ARRIVING, exchange
from crm_analytics.warehouse.tables import ENTITIES, RECORDS, Entity

# Since which load the versions of an entity are told apart by which columns, where that was not so from the beginning.
DECLARED = "history_declared"


def stored(engine: Engine, entity: Entity) -> str:
    """The table that holds what was delivered of an entity: all dated versions, all records of customers."""
    tables = engine.tables()
    if entity.name == "customers" and RECORDS in tables:
        return RECORDS
    table = version_table(entity)
    return table if entity.kind == "dimension" and table in tables else entity.table


def take_current(engine: Engine, load_id: int, entity: Entity, tracked: Tracked, changed: str) -> None:
    """Bring the dimension to the current versions of the members in the table `changed`."""
    extras = parts.extras_of(engine, versioned(entity, tracked)) | {tracked.changed: "TIMESTAMP"}
    if entity.table not in engine.tables():
        engine.execute(build.unknown_member(entity))
    journal.fit(engine, entity.table, extras)
    rows = build.keyed(entity, f"({current_rows(entity, tracked, changed)})", extras, ())
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {ARRIVING.removeprefix('temp.')} AS {rows}")
    member = ident(entity.key[0])
    exchange(engine, load_id, entity, extras, f"f.{member} IN (SELECT {member} FROM {changed})", keep=False)
    drop_unused(engine, entity, extras)


def switch_storage(engine: Engine, histories: Mapping[str, Tracked], load_id: int) -> None:
    """Make room where `crm.yml` tells versions apart in another way than when the last load ran.

    All parts of such an entity are read again; until a source is, the rows that
    the dimension has of it are its versions.
    """
    for entity in ENTITIES.values():
        if entity.kind != "dimension":
            continue
        tracked = histories.get(entity.name)
        if tracked is None:
            engine.execute(f"DROP TABLE IF EXISTS {history_table(entity)}")
        if _told_by(entity, tracked) != _told_before(engine, entity)[0]:
            _switch(engine, entity, tracked, load_id)


def refuse_switched(engine: Engine, histories: Mapping[str, Tracked], entity: Entity, load_id: int) -> None:
    """Let no load be taken back that kept versions in another way than `crm.yml` now says.

    Raises
    ------
    DataError : the rows that the load replaced are not of the same kind as those that are there.
    """
    if entity.kind != "dimension":
        return
    before, since = _told_before(engine, entity)
    if load_id <= since or before != _told_by(entity, histories.get(entity.name)):
        raise DataError(
            f"load {load_id} cannot be taken back: crm.yml says since then otherwise by which column "
            f"versions of {entity.name} are told apart"
        )


def _told_by(entity: Entity, tracked: Tracked | None) -> str:
    return ", ".join(versioned(entity, tracked).key[len(entity.key) :])


def _told_before(engine: Engine, entity: Entity) -> tuple[str, int]:
    return declared(engine, entity.name)


def declared(engine: Engine, name: str) -> tuple[str, int]:
    """How rows of `name` have been kept, and since which load; ('', 0) where that was never otherwise than plain."""
    if DECLARED not in engine.tables():
        return "", 0
    found = engine.rows(f"SELECT told_by, load_id FROM {DECLARED} WHERE entity = $entity", {"entity": name})
    return (str(found[0][0]), int(str(found[0][1]))) if found else ("", 0)


def declare(engine: Engine, name: str, told_by: str, load_id: int) -> None:
    """Write down how rows of `name` are kept from a load on."""
    engine.execute(f"CREATE TABLE IF NOT EXISTS {DECLARED} (entity VARCHAR, told_by VARCHAR, load_id INTEGER)")
    engine.execute(f"DELETE FROM {DECLARED} WHERE entity = $entity", {"entity": name})
    engine.execute(
        f"INSERT INTO {DECLARED} VALUES ($entity, $told, $load)", {"entity": name, "told": told_by, "load": load_id}
    )


def _switch(engine: Engine, entity: Entity, tracked: Tracked | None, load_id: int) -> None:
    engine.execute(f"DROP TABLE IF EXISTS {version_table(entity)}")
    engine.execute(f"DROP TABLE IF EXISTS {history_table(entity)}")
    any_part = any(part.entity == entity.name for part in parts.known_parts(engine).values())
    engine.execute(
        "UPDATE part_load SET mapping_hash = '' WHERE part_key IN (SELECT part_key FROM part WHERE entity = $entity)",
        {"entity": entity.name},
    )
    if tracked and tracked.changed and entity.table in engine.tables():
        engine.execute(f"CREATE TABLE {version_table(entity)} AS {_as_versions(engine, entity, tracked)}")
    declare(engine, entity.name, _told_by(entity, tracked), load_id if any_part else 0)


def _as_versions(engine: Engine, entity: Entity, tracked: Tracked) -> str:
    """The members of a dimension as one version each."""
    given = versioned(entity, tracked)
    held = engine.columns(entity.table)
    extras = [n for n in held if n not in {*build.star_names(entity), *(c.name for c in given.columns)}]
    own = {c.name for c in entity.columns}
    dates = [
        f"coalesce({f'TRY_CAST({ident(c.name)} AS {c.type})' if c.name in held else 'NULL'}, "
        f"CAST({c.default} AS {c.type})) AS {ident(c.name)}"
        for c in given.columns
        if c.name not in own
    ]
    names = ", ".join([*(ident(n) for n in own), *dates, *(ident(n) for n in (*extras, *build.ORIGIN))])
    rows = f"(SELECT {names} FROM {entity.table} WHERE {entity.member}_key > 0)"
    return build.keyed(given, rows, extras, ())
