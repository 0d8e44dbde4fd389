"""A warehouse in memory, shared, with nothing in it."""

from collections.abc import Iterator

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from tests.identity.made import fresh


@pytest.fixture(scope="session")
def shared_engine() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    yield engine
    engine.close()


@pytest.fixture
def engine(shared_engine: DuckEngine) -> DuckEngine:
    fresh(shared_engine)
    return shared_engine
