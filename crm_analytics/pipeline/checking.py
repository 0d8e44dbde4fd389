"""What `crm check` looks at: the star, the cubes with their own tests, and the raw files.

May import: errors, engines, warehouse, olap.   Imported by: project.
"""

from collections.abc import Iterator
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError
from crm_analytics.olap.check import misfits
from crm_analytics.olap.load import load_model
from crm_analytics.olap.verify import verify
from crm_analytics.warehouse.checks import Check, check_sources, check_star, rejected_rows, unknown_members
from crm_analytics.warehouse.sources import read_source, source_names


def check_project(engine: Engine, folder: Path) -> Iterator[Check]:
    """Look the star of the project in `folder` over and hold it to the raw files; one check at a time."""
    yield from check_star(engine)
    found = [Check("cubes", "cubes", False, problem) for problem in misfits(load_model(folder / "cubes"), engine)]
    yield from found or [Check("cubes", "cubes", True, "every cube finds its tables and columns")]
    yield from check_cubes(engine, folder)
    yield from unknown_members(engine)
    yield from rejected_rows(engine)
    data = folder / "data"
    yield from check_sources(engine, [read_source(data / name) for name in source_names(data)])


def check_cubes(engine: Engine, folder: Path) -> Iterator[Check]:
    """Hold the cubes to the `tests` in their files; nothing where there are no cubes."""
    if not (folder / "cubes").is_dir():
        return
    try:
        for verdict in verify(engine, load_model(folder / "cubes")):
            yield Check("cubes", "cubes", verdict.ok, verdict.says)
    except ConfigError as error:
        for line in str(error).splitlines():
            yield Check("cubes", "cubes", False, line)
