"""The rollups after a load or a scoring, in the same write session.

May import: errors, engines, olap.   Imported by: project.
"""

from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.load import load_model
from crm_analytics.olap.refresh import Refreshed, Say, refresh


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
