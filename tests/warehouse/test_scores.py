"""Scores in the warehouse: kept over a reload, replaced by a new run, gone with their customer."""

from datetime import date
from typing import Any

import numpy as np
import pytest

from crm_analytics.arrays import Scores
from crm_analytics.warehouse.scores import save_scores
from tests.warehouse.made import CUSTOMERS, SHOP, Shop

AS_OF = date(2017, 3, 1)


def risk(as_of: date, **by_customer: float) -> Scores:
    """The churn risk of some customers, and a class that says the same in words."""
    values = np.array(list(by_customer.values()))
    return Scores(
        model="churn",
        as_of=as_of,
        customer_id=np.array(list(by_customer), dtype=object),
        values={"churn_risk": values},
        labels={"rfm_class": np.array(["high" if v > 0.5 else "low" for v in values], dtype=object)},
    )


@pytest.fixture
def scored(shop: Shop) -> Shop:
    shop.source("till", SHOP)
    shop.load()
    assert save_scores(shop.engine, "run 1", AS_OF, [risk(AS_OF, ann=0.1, bob=0.9)]) == 4
    return shop


def beside_customers(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.rows(
        "SELECT customer_id, churn_risk, rfm_class FROM dim_score JOIN dim_customer USING (customer_key) "
        "ORDER BY customer_key"
    )


def test_scores_lie_beside_their_customers_and_the_unknown_one_has_none(scored: Shop) -> None:
    assert beside_customers(scored) == [(None, None, None), ("ann", 0.1, "low"), ("bob", 0.9, "high")]


def test_scores_stay_when_the_sources_are_loaded_again_and_customers_arrive(scored: Shop) -> None:
    scored.source("till", {**SHOP, "customers": "customer_id\naaron\nann\nbob\n"})
    scored.load()
    assert beside_customers(scored) == [
        (None, None, None),
        ("ann", 0.1, "low"),
        ("bob", 0.9, "high"),
        ("aaron", None, None),
    ]
    assert scored.rows("SELECT count(*) FROM fct_score") == [(4,)]


def test_scores_go_with_their_customer_and_nobody_inherits_them(scored: Shop) -> None:
    scored.source("till", {**SHOP, "customers": "customer_id\nann\nzoe\n"})
    scored.load()
    assert beside_customers(scored) == [(None, None, None), ("ann", 0.1, "low"), ("zoe", None, None)]
    assert scored.rows("SELECT DISTINCT customer_id FROM fct_score JOIN dim_customer USING (customer_key)") == [
        ("ann",)
    ]


def test_scoring_the_same_day_again_replaces_and_another_day_adds(scored: Shop) -> None:
    save_scores(scored.engine, "run 2", AS_OF, [risk(AS_OF, ann=0.2, bob=0.8)])
    assert beside_customers(scored)[1:] == [("ann", 0.2, "low"), ("bob", 0.8, "high")]
    assert scored.rows("SELECT DISTINCT run_id FROM fct_score") == [("run 2",)]
    # A later day is shown; an earlier one, scored afterwards, is kept but does not take its place.
    for day, value in ((date(2017, 4, 1), 0.3), (date(2017, 2, 1), 0.4)):
        save_scores(scored.engine, f"{day}", day, [risk(day, ann=value)])
    assert beside_customers(scored)[1:] == [("ann", 0.3, "low"), ("bob", None, None)]
    assert scored.rows("SELECT as_of, count(*) FROM fct_score GROUP BY 1 ORDER BY 1") == [
        (date(2017, 2, 1), 2),
        (AS_OF, 4),
        (date(2017, 4, 1), 2),
    ]


def test_another_model_of_the_same_day_is_left_alone(scored: Shop) -> None:
    other = Scores(
        model="alive", as_of=AS_OF, customer_id=np.array(["ann"], dtype=object), values={"p_alive": np.ones(1)}
    )
    assert save_scores(scored.engine, "run 1", AS_OF, [other]) == 1
    assert scored.rows("SELECT churn_risk, p_alive FROM dim_score WHERE customer_key = 1") == [(0.1, 1.0)]


def test_a_customer_that_the_star_lacks_is_not_written(scored: Shop) -> None:
    assert save_scores(scored.engine, "run 3", AS_OF, [risk(AS_OF, ann=0.5, nobody=0.5)]) == 2


def test_the_day_of_a_score_is_in_the_calendar_even_if_it_lies_after_every_fact(scored: Shop) -> None:
    # The data ends in 2017, and the first day that it says nothing about may be New Year's Day.
    new_year = date(2018, 1, 1)
    dangling = "SELECT count(*) FROM fct_score ANTI JOIN dim_date USING (date_key)"
    save_scores(scored.engine, "run 4", new_year, [risk(new_year, ann=0.5)])
    assert scored.rows(dangling) == [(0,)]
    scored.source("till", {**SHOP, "customers": CUSTOMERS})
    scored.load()
    assert scored.rows(dangling) == [(0,)]
    assert scored.rows("SELECT min(year), max(year) FROM dim_date") == [(2017, 2018)]
