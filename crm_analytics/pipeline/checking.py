"""What `crm check` looks at: the star, the cubes with their own tests, what is expected of the data, and the raw files.

May import: errors, engines, warehouse, olap.   Imported by: project.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError
from crm_analytics.olap.check import misfits
from crm_analytics.olap.load import load_model
from crm_analytics.olap.verify import verify
from crm_analytics.warehouse.check import Check
from crm_analytics.warehouse.checks import check_star, rejected_rows, unknown_members
from crm_analytics.warehouse.expectations import read_expectations
from crm_analytics.warehouse.history_checks import check_history
from crm_analytics.warehouse.sources import read_source, source_names
from crm_analytics.warehouse.totals import check_sources
from crm_analytics.warehouse.verdicts import judge


def check_project(engine: Engine, folder: Path, today: date) -> Iterator[Check]:
    """Look the star of the project in `folder` over and hold it to the raw files; one check at a time."""
    data = folder / "data"
    expectations = read_expectations(data)  # a mistake in the file is told before the first check
    yield from check_star(engine)
    yield from check_history(engine)
    if (folder / "cubes").is_dir():
        found = [Check("cubes", "cubes", False, problem) for problem in misfits(load_model(folder / "cubes"), engine)]
        yield from found or [Check("cubes", "cubes", True, "every cube finds its tables and columns")]
    yield from check_cubes(engine, folder)
    for judged in judge(engine, expectations, today):
        yield from (verdict.check() for verdict in judged.verdicts)
    yield from unknown_members(engine)
    yield from rejected_rows(engine)
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
