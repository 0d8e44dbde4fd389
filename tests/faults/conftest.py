"""One small shop that has been through the whole job; each test has a copy of its own."""

import shutil
from pathlib import Path

import pytest

from crm_analytics.project import Project
from tests.faults.made import DAYS, write_shop


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_shop(tmp_path_factory.mktemp("faults") / "shop")
    with Project.open(folder) as shop:
        shop.load()
        for day in DAYS:
            shop.score(day)
        shop.plan(DAYS[0])
        shop.export("csv")
        shop.report(DAYS[-1])
        shop.plan(DAYS[1])  # and so there is something new to export and to report
    return folder


@pytest.fixture
def shop(worked: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(worked, tmp_path / "shop"))
