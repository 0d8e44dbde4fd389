"""`crm load`, `crm load --undo` and frames of a notebook: the star, then the rollups of it.

May import: config, errors, engines, warehouse, olap.rollup_log, pipeline.rollups.   Imported by: project.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError, UnknownName
from crm_analytics.olap.rollup_log import forget_all
from crm_analytics.pipeline.rollups import notice_settings, refresh_rollups
from crm_analytics.warehouse.delivery import Wanted
from crm_analytics.warehouse.incremental import Incremental
from crm_analytics.warehouse.ledger import EntityLoad
from crm_analytics.warehouse.load import Say, load, load_sources
from crm_analytics.warehouse.readers.frames import frame_raw
from crm_analytics.warehouse.sources import Source
from crm_analytics.warehouse.tables import ENTITIES
from crm_analytics.warehouse.undo import Undone, undo


def load_project(
    engine: Engine,
    config: ProjectConfig,
    folder: Path,
    sources: Sequence[str],
    now: datetime,
    say: Say,
    wanted: Wanted,
) -> tuple[EntityLoad, ...]:
    """Load the sources of a project; where nothing came, the rollups stay as they are."""
    notice_settings(engine, config)
    done = load(engine, config, folder / "data", sources, now, say, wanted)
    if not wanted.samples:
        refresh_rollups(engine, folder / "cubes", say, only_missing=not done)
    return done


def load_frame(
    engine: Engine,
    config: ProjectConfig,
    folder: Path,
    frame: object,
    entity: str,
    source: str,
    now: datetime,
    full: bool,
) -> EntityLoad | None:
    """Load the rows of a frame, whose columns are those of the contract; None where they are there already.

    Raises
    ------
    UnknownName : no such entity.
    ConfigError : `source` is one of files.
    """
    if entity not in ENTITIES:
        raise UnknownName("load_frame", "entity", entity, ENTITIES)
    if (folder / "data" / source).exists():
        raise ConfigError(f"load_frame: {source!r} is a source of files in this project; give the frame's another name")
    raw = frame_raw(frame, source, entity)
    given = Source(
        name=source,
        folder=Path("frame"),
        raws={entity: raw},
        mappings={entity: f"SELECT * FROM raw_{entity}"},
        controls=(),
        counts=(),
        incremental={entity: Incremental(by=entity)},
    )
    notice_settings(engine, config)
    with engine.transaction():
        done = load_sources(engine, config, (given,), False, now, _silent, Wanted(full=full))
    refresh_rollups(engine, folder / "cubes", _silent, only_missing=not done)
    return next((item for item in done if item.source == source and item.entity == entity), None)


def _silent(_: str) -> None:
    return None


def undo_load(
    engine: Engine, config: ProjectConfig, folder: Path, load_id: int, now: datetime, say: Say
) -> tuple[Undone, ...]:
    """Take a load back, and renew the rollups."""
    forget_all(engine)
    done = undo(engine, config, load_id, now)
    refresh_rollups(engine, folder / "cubes", say)
    return done
