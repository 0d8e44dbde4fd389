"""A project and a warehouse of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from tests.warehouse.made import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    engine = DuckEngine.open(None, threads=1)
    yield Shop(tmp_path / "data", engine)
    engine.close()
