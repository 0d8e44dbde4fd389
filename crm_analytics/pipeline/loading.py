"""`crm load` and `crm load --undo`: the star, then the rollups of it.

May import: config, engines, warehouse, pipeline.rollups.   Imported by: project.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.pipeline.rollups import refresh_rollups
from crm_analytics.warehouse.delivery import Wanted
from crm_analytics.warehouse.ledger import EntityLoad
from crm_analytics.warehouse.load import Say, load
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
    done = load(engine, config, folder / "data", sources, now, say, wanted)
    if not wanted.samples:
        refresh_rollups(engine, folder / "cubes", say, only_missing=not done)
    return done


def undo_load(
    engine: Engine, config: ProjectConfig, folder: Path, load_id: int, now: datetime, say: Say
) -> tuple[Undone, ...]:
    """Take a load back, and renew the rollups."""
    done = undo(engine, config, load_id, now)
    refresh_rollups(engine, folder / "cubes", say)
    return done
