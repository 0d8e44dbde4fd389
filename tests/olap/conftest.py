"""The shop, its cubes, and a way to ask them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.cellset import CellSet
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap.shop import shop

CUBES = Path(__file__).parent / "cubes"

Asking = Callable[[CubeQuery], CellSet]


@pytest.fixture(scope="session")
def engine() -> Iterator[DuckEngine]:
    """The shop as it is drawn; a test that changes rows takes an engine of its own."""
    engine = shop()
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def model(engine: DuckEngine) -> Model:
    return bind_model(load_model(CUBES), engine)


@pytest.fixture(scope="session")
def ask(engine: DuckEngine, model: Model) -> Asking:
    return lambda query: browse(engine, model, query)
