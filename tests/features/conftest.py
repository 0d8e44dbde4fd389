"""The tiny star as a fixture."""

from collections.abc import Iterator

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from features.tiny_star import DDL, Fill, Line


@pytest.fixture(scope="session")
def star() -> Iterator[Fill]:
    """Empties the star and puts the given lines in; one connection for all, so that examples stay cheap."""
    engine = DuckEngine.open(None, threads=1)

    def fill(lines: list[Line]) -> DuckEngine:
        for sql in DDL.split(";"):
            if sql.strip():
                engine.execute(sql)
        for i, x in enumerate(lines):
            engine.execute(
                "INSERT INTO fct_sale VALUES ($order, $line, $customer, $product, $channel, $at, $quantity, "
                "CAST($revenue AS DECIMAL(18,2)), CAST($discount AS DECIMAL(18,2)))",
                {**x._asdict(), "line": str(i)},
            )
        return engine

    yield fill
    engine.close()
