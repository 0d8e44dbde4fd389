"""`crm load`: read the sources into the star, all or nothing.

One transaction: a load that fails, is interrupted or killed leaves the
warehouse as it was.  A source is replaced whole; the rows of sources that are
not named now are taken back out of the star as contract rows and keyed again,
so that the order of loads does not matter.

May import: errors, sql, config, engines, warehouse.*.   Imported by: project.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import DataError, UnknownName, WarehouseError
from crm_analytics.sql import ident
from crm_analytics.warehouse import build, ledger
from crm_analytics.warehouse.calendar import renew_dim_date
from crm_analytics.warehouse.kept import keep_others, kept_extras
from crm_analytics.warehouse.ledger import EntityLoad
from crm_analytics.warehouse.repeats import build_dimension, build_fact
from crm_analytics.warehouse.scores import renew_dim_score
from crm_analytics.warehouse.segments import renew_dim_segment
from crm_analytics.warehouse.sources import Source, read_source, source_names
from crm_analytics.warehouse.staging import Staged, stage
from crm_analytics.warehouse.tables import ENTITIES, Entity

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Gathered:
    """The contract rows of one entity from everywhere, as a relation, and what was read to get them."""

    rows: str
    extras: tuple[str, ...]
    read: tuple[EntityLoad, ...]


def load(
    engine: Engine, config: ProjectConfig, data: Path, names: Sequence[str], now: datetime, say: Say
) -> tuple[EntityLoad, ...]:
    """Read the sources `names` (all where empty) from the folder `data` into the star.

    Returns
    -------
    What became of each entity of each source; rows_read = rows_loaded + rows_rejected, always.

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
    sources = [read_source(data / name) for name in sorted(set(names or known))]
    with engine.transaction():
        load_id = ledger.begin(engine, [s.name for s in sources] if names else None)
        # A load of everything forgets the sources whose folder is gone; a load of some leaves all others alone.
        kept = keep_others(engine, [s.name for s in sources]) if names else frozenset()
        engine.execute(build.channel_dimension(config.channels))
        done: list[EntityLoad] = []
        for entity in ENTITIES.values():
            done += _load_entity(engine, load_id, entity, sources, kept, say)
        renew_dim_score(engine)
        renew_dim_segment(engine)
        renew_dim_date(engine, config.calendar)
        for item in done:
            ledger.record(engine, load_id, now, item)
    engine.execute("CHECKPOINT")
    return tuple(done)


def _load_entity(
    engine: Engine, load_id: int, entity: Entity, sources: Sequence[Source], kept: frozenset[str], say: Say
) -> list[EntityLoad]:
    started = perf_counter()
    gathered = _gather(engine, load_id, entity, sources, kept)
    with _named(entity, sources):
        build_table = build_dimension if entity.kind == "dimension" else build_fact
        repeated = build_table(engine, load_id, entity, gathered.rows, gathered.extras)
    _tidy(engine, entity, sources)
    seconds = perf_counter() - started
    done = [_finished(item, repeated.get(item.source, 0), seconds) for item in gathered.read]
    for item in done:
        say(
            f"{item.entity:<11}{item.rows_read:>12,} rows read, {item.rows_loaded:>12,} loaded, "
            f"{item.rows_rejected:>7,} rejected   {item.seconds:5.1f} s"
        )
    return done


@contextmanager
def _named(entity: Entity, sources: Sequence[Source]) -> Iterator[None]:
    """Say which mapping an error of the engine came from."""
    try:
        yield
    except (DataError, WarehouseError) as error:
        paths = ", ".join(str(s.path(entity.name)) for s in sources if entity.name in s.mappings)
        raise type(error)(f"{paths or entity.name}: {error}") from None


def _tidy(engine: Engine, entity: Entity, sources: Sequence[Source]) -> None:
    """Drop what only this entity needed; raw views too, so that no other source can read them by mistake."""
    for i, source in enumerate(sources):
        source.close_views(engine)
        engine.execute(f"DROP TABLE IF EXISTS part_{entity.name}_{i}")
    engine.execute(f"DROP TABLE IF EXISTS kept_{entity.name}")


def _finished(item: EntityLoad, repeated: int, seconds: float) -> EntityLoad:
    return EntityLoad(
        source=item.source,
        entity=item.entity,
        rows_read=item.rows_read,
        rows_loaded=item.rows_loaded - repeated,
        rows_rejected=item.rows_rejected + repeated,
        rows_rounded=item.rows_rounded,
        seconds=seconds,
    )


def _gather(engine: Engine, load_id: int, entity: Entity, sources: Sequence[Source], kept: frozenset[str]) -> Gathered:
    bringing = [s for s in sources if entity.name in s.mappings]
    # Two sources may both call a file `customers`; only one can be open as raw_customers while a statement runs.
    several = len(bringing) + (entity.name in kept) > 1
    parts, extras, read = [], dict.fromkeys(kept_extras(engine, entity) if entity.name in kept else ()), []
    for i, source in enumerate(bringing):
        source.open_views(engine, source.mappings[entity.name])
        staged = stage(engine, source, entity)
        extras |= dict.fromkeys(staged.extras)
        part = staged.good()
        with _named(entity, [source]):
            read.append(_read(engine, load_id, staged))
            if several:
                engine.execute(f"CREATE OR REPLACE TEMP TABLE part_{entity.name}_{i} AS {part}")
        if several:
            source.close_views(engine)
            part = f"SELECT * FROM part_{entity.name}_{i}"
        parts.append(part)
    if entity.name in kept:
        parts.insert(0, f"SELECT * FROM kept_{entity.name}")
    rows = "\nUNION ALL BY NAME\n".join(parts) or _no_rows(entity)
    return Gathered(f"({rows}\n)", tuple(sorted(extras)), tuple(read))


def _read(engine: Engine, load_id: int, staged: Staged) -> EntityLoad:
    """Count the rows of one mapping, and put those that break the contract aside."""
    count = f"SELECT count(*), count(*) FILTER (WHERE _broken), count(*) FILTER (WHERE _rounded) FROM ({staged.select})"
    ((rows, rejected, rounded),) = engine.rows(count)
    total, refused = int(str(rows)), int(str(rejected))
    if refused:
        ledger.reject(engine, load_id, staged.source, staged.entity.name, staged.select)
    return EntityLoad(
        source=staged.source,
        entity=staged.entity.name,
        rows_read=total,
        rows_loaded=total - refused,
        rows_rejected=refused,
        rows_rounded=int(str(rounded)),
        seconds=0.0,
    )


def _no_rows(entity: Entity) -> str:
    columns = ", ".join(f"CAST(NULL AS {c.type}) AS {ident(c.name)}" for c in entity.columns)
    return f"SELECT {columns}, CAST(NULL AS VARCHAR) AS source WHERE FALSE"
