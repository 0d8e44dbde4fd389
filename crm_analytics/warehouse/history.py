"""Every version of the attributes that `crm.yml` declares as tracked, and since when each was true.

With `changed`, a mapping delivers the versions with their dates: the history
follows from the rows alone, whatever the order in which they came.  Without it,
a load compares the dimension with the version before and notes what is new, as
of its own day: `seen_<member>` only grows, and a load can be forgotten again.

May import: errors, sql, config, engines, warehouse.{delivered,intervals,journal,noticed,tables}.
Imported by: warehouse.load, warehouse.undo.
"""

from datetime import date

from crm_analytics.config import Tracked
from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError, did_you_mean, shortened
from crm_analytics.sql import ident
from crm_analytics.warehouse import journal
from crm_analytics.warehouse.delivered import stored, take_current
from crm_analytics.warehouse.intervals import history_table, intervals, seen_table, unknown_interval, version_table
from crm_analytics.warehouse.noticed import CHANGED, fits, notice
from crm_analytics.warehouse.tables import Entity

# The temporary table of members of which a load or its undoing moved a row.
TOUCHED = "touched_member"


def follow_load(
    engine: Engine, entity: Entity, tracked: Tracked, load_id: int, day: date, *, partial: bool = False
) -> None:
    """Bring dimension and history to what a load has left; within its transaction, before facts are keyed.

    See `record_versions` for `day` and `partial`.
    """
    touch(engine, entity, load_id)
    if tracked.changed:
        take_current(engine, load_id, entity, tracked, TOUCHED)
    record_versions(engine, entity, tracked, load_id, day, partial=partial, changed=TOUCHED)
    engine.execute(f"DROP TABLE {TOUCHED}")


def touch(engine: Engine, entity: Entity, load_id: int) -> None:
    """Put aside the members of which a load put in or took out a row; all of them where there is no history yet."""
    member, table = ident(entity.key[0]), stored(engine, entity)
    tables = engine.tables()
    of_load = f" AND load_id = {load_id}" if history_table(entity) in tables else ""
    found = [f"SELECT {member} FROM {table} WHERE {member} IS NOT NULL{of_load}"]
    if journal.table_of(entity) in tables:
        found.append(f"SELECT {member} FROM {journal.table_of(entity)} WHERE gone_load_id = {load_id}")
    engine.execute(f"CREATE OR REPLACE TEMP TABLE {TOUCHED} AS {' UNION '.join(found)}")


def follow_undo(engine: Engine, entity: Entity, tracked: Tracked, load_id: int, day: date) -> None:
    """Bring dimension and history to what is left without a load whose members were put aside by `touch`."""
    if tracked.changed:
        take_current(engine, load_id, entity, tracked, TOUCHED)
    else:
        forget_versions(engine, entity, tracked, load_id)
    record_versions(engine, entity, tracked, load_id, day, partial=True, changed=TOUCHED)
    engine.execute(f"DROP TABLE {TOUCHED}")


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
    """Bring the history of a dimension up to date, once the dimension itself is.

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


def forget_versions(engine: Engine, entity: Entity, tracked: Tracked, load_id: int) -> None:
    """Take back what one load noticed; delivered versions go and come with their rows.

    Where a later load saw the same value and so noted nothing, `record_versions` after this notes it.
    """
    table, member = seen_table(entity), ident(entity.key[0])
    if tracked.changed or table not in engine.tables():
        return
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE {CHANGED} AS SELECT DISTINCT {member} FROM {table} WHERE load_id = $load",
        {"load": load_id},
    )
    engine.execute(f"DELETE FROM {table} WHERE load_id = $load", {"load": load_id})
    renew_history(engine, entity, tracked, CHANGED)
    engine.execute(f"DROP TABLE {CHANGED}")


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
        journal.fit(engine, version_table(entity), dict.fromkeys(lacking, "VARCHAR"))
