"""The rollups after a load or a scoring, in the same write session.

May import: errors, config, engines, olap.   Imported by: project, pipeline.forgetting, pipeline.loading.
"""

from pathlib import Path

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.load import load_model
from crm_analytics.olap.refresh import Refreshed, Say, refresh
from crm_analytics.olap.rollup_log import forget_all

SETTINGS = "star_settings"


def notice_settings(engine: Engine, config: ProjectConfig) -> None:
    """Let no rollup answer any more where crm.yml has the star made in another way than the last load did.

    Channels, calendar, histories and identity change the star without a row being read, and then no
    load is written down that would tell an old rollup from a new one.
    """
    settings = repr((config.channels, config.calendar, config.history, config.identity))
    engine.execute(f"CREATE TABLE IF NOT EXISTS {SETTINGS} (settings VARCHAR)")
    if engine.rows(f"SELECT settings FROM {SETTINGS}") != [(settings,)]:
        forget_all(engine)
        engine.execute(f"DELETE FROM {SETTINGS}")
        engine.execute(f"INSERT INTO {SETTINGS} VALUES ($settings)", {"settings": settings})


def refresh_rollups(engine: Engine, cubes: Path, say: Say, *, only_missing: bool = False) -> tuple[Refreshed, ...]:
    """Build what the cubes in a folder declare; data that are loaded stay loaded where that cannot be done.

    With `only_missing` what still answers for the data stays as it is.
    """
    if not cubes.is_dir():
        return ()
    try:
        model = load_model(cubes)
        if not any(cube.rollups for cube in model.cubes.values()):
            return refresh(engine, model, say)
        done = refresh(engine, bind_model(model, engine), say, only_missing=only_missing)
    except CrmError as error:
        say(f"no rollup built: {error}")
        return ()
    if done:
        engine.execute("CHECKPOINT")
    return done
