"""A project and a warehouse of its own for each test; one Tryton server for those that read one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from tests.warehouse.made import Shop
from tests.warehouse.tryton import Crm, server


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    engine = DuckEngine.open(None, threads=1)
    yield Shop(tmp_path / "data", engine)
    engine.close()


@pytest.fixture(scope="session")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crm]:
    """Each test adds its own people, and asks for them alone."""
    with server(tmp_path_factory.mktemp("tryton")) as opened:
        yield opened
