"""`crm load`: bring the star to what the sources say now, reading no more than has changed.

One transaction: a load that fails, is interrupted or killed leaves the warehouse
as it was.  See warehouse.parts for what is read and warehouse.merge for how it
takes the place of what was there; a load of everything (`full`) and a load of the
changes end in the same star.

May import: errors, config, engines, warehouse.*.   Imported by: project.
"""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import CannotWrite, DataError, UnknownName, WarehouseError
from crm_analytics.warehouse import ledger, parts
from crm_analytics.warehouse.arrival import Counted
from crm_analytics.warehouse.calendar import renew_dim_date
from crm_analytics.warehouse.card_index import renew_card_index
from crm_analytics.warehouse.channels import renew_dim_channel
from crm_analytics.warehouse.columns import drop_unused
from crm_analytics.warehouse.consent_chain import LEDGER
from crm_analytics.warehouse.consent_ledger import append_consents
from crm_analytics.warehouse.customers import CUSTOMERS, as_loaded, renew_customers, switch_identity
from crm_analytics.warehouse.delivered import switch_storage
from crm_analytics.warehouse.delivery import Deliveries, Delivery, Wanted, deliveries
from crm_analytics.warehouse.erasure.door import clean_rejects
from crm_analytics.warehouse.former import make_room
from crm_analytics.warehouse.history import follow_load, record_versions
from crm_analytics.warehouse.intervals import versioned
from crm_analytics.warehouse.ledger import EntityLoad
from crm_analytics.warehouse.merge import Change, Merged, Task, merge
from crm_analytics.warehouse.parts import Part
from crm_analytics.warehouse.reading import Reading
from crm_analytics.warehouse.scores import renew_dim_score
from crm_analytics.warehouse.segments import renew_dim_segment
from crm_analytics.warehouse.sources import FILE, Source, read_source, source_names
from crm_analytics.warehouse.staging import stage
from crm_analytics.warehouse.tables import ENTITIES, Entity

MAPPINGS_FAULT = re.compile(r"(\S+: )?(Binder|Catalog|Conversion|Parser|Out of Memory)\b")

Say = Callable[[str], None]
EVERYTHING_NEW = Wanted()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What stays the same while one load goes through the entities."""

    engine: Engine
    load_id: int
    what: Deliveries
    reading: Reading
    samples: bool


def load(
    engine: Engine,
    config: ProjectConfig,
    data: Path,
    names: Sequence[str],
    now: datetime,
    say: Say,
    wanted: Wanted = EVERYTHING_NEW,
) -> tuple[EntityLoad, ...]:
    """Read what is new of the sources `names` (all where empty) in the folder `data` into the star.

    Returns
    -------
    What became of each entity of each source that was read; rows_read = rows_loaded + rows_rejected, always.

    Raises
    ------
    CrmError : no such source, a broken file or mapping.  The warehouse is then as it was before.
    """
    known = source_names(data)
    for name in names:
        if name not in known:
            raise UnknownName(str(data), "source", name, known)
    if not known:
        raise WarehouseError(f"{data}: no source there; a source is a folder with a source.yml")
    # By name, each once: the star must not depend on the order in which they were asked for.
    sources = tuple(read_source(data / name) for name in sorted(set(names or known)))
    with engine.transaction():
        if make_room(engine) and names:
            sources = tuple(read_source(data / name) for name in known)
            say("this warehouse was loaded by an earlier version: all sources are read")
        done = load_sources(engine, config, sources, not names, now, say, wanted)
    engine.execute("CHECKPOINT")
    return done


def load_sources(
    engine: Engine,
    config: ProjectConfig,
    sources: tuple[Source, ...],
    whole: bool,
    now: datetime,
    say: Say,
    wanted: Wanted,
) -> tuple[EntityLoad, ...]:
    """The load within its transaction; with `whole` these are all sources of the project."""
    parts.make_tables(engine)
    load_id = ledger.begin(engine)
    switch_storage(engine, config.history, load_id)
    switch_identity(engine, config.identity, whole, load_id)
    what = deliveries(engine, sources, whole, wanted)
    for source in sources:
        parts.remember_newest(engine, source.name, {e: plan.newest for e, plan in source.incremental.items()})
    for part in what.kept:
        say(f"{part.source}: {part.label} is gone; its {part.entity} stay until: crm load --full")
    if what.unchanged:
        say(f"{what.unchanged:,} of {what.unchanged + len(what.due):,} parts are as they were and are not read again")
    renew_dim_channel(engine, config.channels)
    reading = Reading(engine, load_id, say)
    step = Step(engine=engine, load_id=load_id, what=what, reading=reading, samples=wanted.samples)
    try:
        done = []
        changed: set[str] = set()
        for entity in ENTITIES.values():
            tracked = config.history.get(entity.name)
            done += _load_entity(step, as_loaded(versioned(entity, tracked), config.identity), say)
            if config.identity and entity.name == CUSTOMERS.name:
                resolved = renew_customers(engine, config.identity, now)
                say(str(resolved))
                changed |= {entity.name} if resolved.changed else set()
                if tracked:  # what is new of a customer may come from any of the records
                    record_versions(engine, entity, tracked, load_id, now.date(), partial=not whole)
            elif tracked:
                follow_load(engine, entity, tracked, load_id, now.date(), partial=not whole)
    finally:
        reading.close()
    finish(engine, config, load_id, now, changed | {item.entity for item in done}, news=load_id)
    for item in done:
        ledger.record(engine, load_id, now, item)
    return tuple(done)


def finish(
    engine: Engine,
    config: ProjectConfig,
    load_id: int,
    now: datetime,
    entities: Collection[str],
    news: int | None = None,
) -> None:
    """Renew what is made from the star's tables, of which those of `entities` changed.

    `news` is the load that all rows that are new or changed bear; None where older loads brought some.
    """
    if LEDGER not in engine.tables() or not {"consents", "responses"}.isdisjoint(entities):
        append_consents(engine, load_id, now)
    tables = engine.tables()
    if "customers" in entities or "dim_score" not in tables:
        renew_dim_score(engine)
    if "customers" in entities or "dim_segment" not in tables:
        renew_dim_segment(engine)
    renew_dim_date(engine, config.calendar)
    renew_card_index(engine, news)


def _load_entity(step: Step, entity: Entity, say: Say) -> list[EntityLoad]:
    engine, due, gone = step.engine, step.what.of(entity.name), step.what.gone_of(entity.name)
    if not due and not gone and entity.table in engine.tables():
        return []
    started = perf_counter()
    with _named(entity, [d.source for d in due], step.reading):
        staged = {
            d.part.key: stage(engine, d.source, entity, d.part.key, step.load_id, step.reading.scope(d)) for d in due
        }
        due = [replace(d, part=replace(d.part, columns=staged[d.part.key].extras)) for d in due]
        for part in gone:
            parts.record_part(engine, step.load_id, part, 0, 0, gone=True)
        for delivery in due:  # known before the rows are read, for the table has to have their columns
            parts.record_part(engine, step.load_id, delivery.part, 0, 0)
        task = Task(
            entity=entity,
            staged=tuple(staged.values()),
            replaced=frozenset([*(d.part.key for d in due if not d.adds), *(p.key for p in gone)]),
            adding=frozenset(d.part.key for d in due if d.adds),
            extras=parts.extras_of(engine, entity),
            newest=parts.newest_of(engine, entity.name),
        )
        merged = merge(engine, step.load_id, task, say if step.samples else None)
        misread = step.reading.misread(due)
        clean_rejects(engine, entity, step.load_id)
        drop_unused(engine, entity, task.extras)
    done = _log(step, entity, due, gone, merged, misread, perf_counter() - started)
    for item in done:
        say(_line(item))
    return done


def _log(
    step: Step,
    entity: Entity,
    due: Sequence[Delivery],
    gone: Sequence[Part],
    merged: Merged,
    misread: dict[int, int],
    seconds: float,
) -> list[EntityLoad]:
    """One entry a source, and what was read of each part."""
    done = []
    for source in dict.fromkeys([*(d.part.source for d in due), *(p.source for p in gone)]):
        mine = [d for d in due if d.part.source == source]
        changes = [merged.changes.get(p.key, Change()) for p in (*(d.part for d in mine), *gone) if p.source == source]
        counted = [merged.counted.get(d.part.key, Counted(0, 0, 0)) for d in mine]
        broken = sum(misread.get(d.part.key, 0) for d in mine)
        read = sum(c.read for c in counted) + broken
        for d, c in zip(mine, counted, strict=True):
            part = replace(d.part, watermark=step.reading.watermark(d) or (d.since if d.adds else None))
            parts.finish_part(step.engine, step.load_id, part, c.read + misread.get(part.key, 0), c.rounded)
        rejected = sum(c.refused for c in counted) + sum(merged.lost.get(d.part.key, 0) for d in mine) + broken
        done.append(
            EntityLoad(
                source=source,
                entity=entity.name,
                rows_read=read,
                rows_loaded=read - rejected,
                rows_rejected=rejected,
                rows_rounded=sum(c.rounded for c in counted),
                seconds=seconds,
                rows_new=sum(c.new for c in changes),
                rows_changed=sum(c.changed for c in changes),
                rows_removed=sum(c.removed for c in changes),
                parts=len(mine),
                content_hash=sha256(repr([d.part.content_hash for d in mine]).encode()).hexdigest() if mine else "",
                watermark=_watermark(step, entity, source),
            )
        )
    return done


def _watermark(step: Step, entity: Entity, source: str) -> datetime | None:
    """The latest moment that the rows of this load speak of."""
    moments = [c.name for c in entity.columns if c.type == "TIMESTAMP"]
    if not moments:
        return None
    ((mark,),) = step.engine.rows(
        f"SELECT max({moments[0]}) FROM {entity.table} WHERE load_id = {step.load_id} AND source = $source",
        {"source": source},
    )
    return mark if isinstance(mark, datetime) else None


def _line(item: EntityLoad) -> str:
    became = ", ".join(
        f"{rows:,} {word}"
        for rows, word in ((item.rows_new, "new"), (item.rows_changed, "changed"), (item.rows_removed, "removed"))
        if rows
    )
    return (
        f"{item.entity:<11}{item.rows_read:>12,} rows read, {item.rows_loaded:>12,} loaded, "
        f"{item.rows_rejected:>7,} rejected   {item.seconds:5.1f} s   {became or 'nothing new'}"
    )


@contextmanager
def _named(entity: Entity, sources: Sequence[Source], reading: Reading) -> Iterator[None]:
    """Say which file or mapping an error of the engine came from."""
    try:
        yield
    except CannotWrite:  # no file that is read is to blame
        raise
    except (DataError, WarehouseError) as error:
        # Files are looked through for what is wrong with them, so not where it is the mapping.
        if not MAPPINGS_FAULT.match(str(error)) and (why := reading.unreadable()):
            raise type(error)(why) from None
        paths = dict.fromkeys(str(s.path(entity.name)) for s in sources if entity.name in s.mappings)
        if any(str(error).startswith((*paths, str(s.folder / FILE))) for s in sources):
            raise
        raise type(error)(f"{', '.join(paths) or entity.name}: {error}") from None
