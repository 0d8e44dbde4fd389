"""Attributes with a history are read as they were known on the day, not as they became."""

from collections.abc import Iterator
from datetime import date

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.features.customers import customer_features
from crm_analytics.features.labels import purchases_after
from crm_analytics.features.purchases import purchases
from features.tiny_star import Fill, Line

# Coffee was called a drink of the bar until the end of June; today it is food.  The filters never changed.
HISTORY = """CREATE TABLE dim_product_history AS
SELECT product_key, product_id, DATE '0001-01-01' AS valid_from, DATE '9999-12-31' AS valid_to,
  department, product_type, TRUE AS is_current, FALSE AS is_closed
FROM dim_product WHERE product_key <> 1
UNION ALL VALUES
  (1, 'p1', DATE '0001-01-01', DATE '2017-07-01', 'bar', 'espresso', FALSE, FALSE),
  (1, 'p1', DATE '2017-07-01', DATE '9999-12-31', 'food', 'coffee', TRUE, FALSE)"""
LINES = [
    Line("a1", 1, 1, date(2017, 6, 1)),
    Line("a1", 1, 2, date(2017, 6, 1)),
    Line("a2", 1, 0, date(2017, 6, 2)),
    Line("a3", 1, 1, date(2017, 7, 5)),
]


@pytest.fixture
def engine(star: Fill) -> Iterator[DuckEngine]:
    engine = star(LINES)
    engine.execute(HISTORY)
    yield engine
    engine.execute("DROP TABLE dim_product_history")


def test_an_item_is_called_as_it_was_known_before_the_day(engine: DuckEngine) -> None:
    # The change of 2017-07-01 is not known on the day before it, which is the last that is looked at.
    assert purchases(engine, None, date(2017, 7, 1)).item_name.tolist() == ["espresso", "filters"]
    assert purchases(engine, None, date(2017, 7, 2)).item_name.tolist() == ["coffee", "filters"]


def test_what_was_bought_afterwards_is_called_as_it_was_when_the_offer_was_made(engine: DuckEngine) -> None:
    assert purchases_after(engine, date(2017, 7, 1), 30).item_name.tolist() == ["espresso"]
    assert purchases_after(engine, date(2017, 7, 2), 30).item_name.tolist() == ["coffee"]


def test_departments_are_counted_as_they_were(engine: DuckEngine) -> None:
    # Until July coffee and filters were of two departments, since then of one; the unknown product has none.
    for day, departments in ((date(2017, 7, 1), 2.0), (date(2017, 7, 2), 1.0)):
        assert customer_features(engine, day).columns["departments"].tolist() == [departments]
