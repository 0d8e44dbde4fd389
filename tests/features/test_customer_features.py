"""Customer features against numbers worked by hand, and against a plain evaluator in Polars."""

from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.errors import DataError, WarehouseError
from crm_analytics.features.coverage import last_day, next_day
from crm_analytics.features.customers import customer_features, preferences
from features.tiny_star import Fill, Line

AS_OF = date(2017, 7, 1)


def ago(days: int, hour: int = 0) -> datetime:
    return datetime(2017, 7, 1, hour) - timedelta(days=days)


# ann orders 100, 90 (twice) and 60 days ago; bob once, yesterday; a stranger (customer 0) too.
LINES = [
    Line("a1", 1, 1, ago(100), "20.00", "5.00", channel=2),
    Line("a2", 1, 1, ago(90), "10.00", channel=1),
    Line("a2", 1, 2, ago(90), "2.00", channel=1),
    Line("a3", 1, 0, ago(90), "3.00", channel=1, quantity=0),
    Line("a4", 1, 3, ago(60), "30.00", "10.00", channel=2),
    Line("b1", 2, 4, ago(1), "7.00", channel=0),
    Line("x1", 0, 1, ago(2), "99.00"),
]


def test_features_by_hand(star: Fill) -> None:
    got = customer_features(star(LINES), AS_OF)
    assert got.customer_id.tolist() == ["ann", "bob"]
    ann = {name: float(values[0]) for name, values in got.columns.items()}
    # Order days 100, 90, 60 days ago: gaps 10 and 30, so mean 20, sample deviation sqrt((10**2 + 10**2) / 1).
    # The two later days brought 15 and 30: 22.50 a repeat day.  Discount 15 on a list price of 65 + 15.
    assert ann == pytest.approx(
        {
            "orders": 4, "spend": 65.0, "mean_order_value": 16.25,
            "days_since_first_order": 100, "days_since_last_order": 60,
            "orders_30d": 0, "orders_90d": 3, "orders_180d": 4,
            "spend_30d": 0.0, "spend_90d": 45.0, "spend_180d": 65.0,
            "gap_mean_days": 20.0, "gap_sd_days": 200**0.5, "gap_max_days": 30,
            "order_days": 3, "repeat_days": 2, "repeat_span_days": 40, "age_days": 100,
            "mean_repeat_value": 22.5, "items": 3, "departments": 2, "discount_share": 15 / 80,
            "contacts_90d": 0, "responses_180d": 0,
        }
    )  # fmt: skip


def test_a_customer_of_one_day_has_no_gaps_and_no_repeat_value(star: Fill) -> None:
    bob = {name: values[1] for name, values in customer_features(star(LINES), AS_OF).columns.items()}
    undefined = {name for name, value in bob.items() if np.isnan(value)}
    assert undefined == {"gap_mean_days", "gap_sd_days", "gap_max_days", "mean_repeat_value"}
    assert (bob["days_since_last_order"], bob["repeat_days"], bob["repeat_span_days"]) == (1, 0, 0)


def test_two_order_days_have_a_mean_gap_but_no_deviation(star: Fill) -> None:
    got = customer_features(star([Line("1", 1, 1, ago(9)), Line("2", 1, 1, ago(4))]), AS_OF)
    assert got["gap_mean_days"].tolist() == [5.0]
    assert np.isnan(got["gap_sd_days"]).all()


@pytest.mark.parametrize(("days", "inside"), [(30, 1.0), (31, 0.0), (1, 1.0)])
def test_a_window_holds_its_first_day_and_not_the_day_before(star: Fill, days: int, inside: float) -> None:
    got = customer_features(star([Line("1", 1, 1, ago(days))]), AS_OF)
    assert got["orders_30d"].tolist() == [inside]


def test_the_last_second_before_as_of_counts_and_midnight_does_not(star: Fill) -> None:
    late = Line("1", 1, 1, datetime(2017, 6, 30, 23, 59, 59))
    got = customer_features(star([late, Line("2", 1, 1, ago(0))]), AS_OF)
    assert (got["orders"].tolist(), got["days_since_last_order"].tolist()) == ([1.0], [1.0])


def test_more_returned_than_bought_has_no_discount_share(star: Fill) -> None:
    # 10 bought (2 off the list price of 12), 20 returned: spend -10, and no list price left to divide by.
    got = customer_features(star([Line("1", 1, 1, ago(5), "10", "2"), Line("2", 1, 1, ago(4), "-20")]), AS_OF)
    assert (got["spend"].tolist(), got["discount_share"].tolist()) == ([-10.0], [0.0])


def test_contacts_are_outbound_ones_of_90_days_and_responses_of_180(star: Fill) -> None:
    engine = star(LINES)
    for i, (days, direction) in enumerate([(90, "outbound"), (91, "outbound"), (5, "inbound"), (0, "outbound")]):
        engine.execute(f"INSERT INTO fct_contact VALUES ('{i}', 1, 0, 3, $at, '{direction}')", {"at": ago(days)})
    for i, days in enumerate([180, 181, 0]):
        engine.execute(f"INSERT INTO fct_response VALUES ('{i}', 1, 0, $at, 'click')", {"at": ago(days)})
    got = customer_features(engine, AS_OF)
    assert got["contacts_90d"].tolist() == [1.0, 0.0]  # of ann, of bob
    assert got["responses_180d"].tolist() == [1.0, 0.0]


def test_preferences_by_hand(star: Fill) -> None:
    engine = star(LINES)
    # ann: web for a2 and a3, store for a1 and a4: a tie, "store" comes first.  bob's order names no channel.
    # She was mailed for campaign 1 by e-mail and answered twice; campaign 2 reached her in the store, she complained.
    for values in ("'c1', 1, 1, 3", "'c2', 1, 2, 2"):
        engine.execute(f"INSERT INTO fct_contact VALUES ({values}, $at, 'outbound')", {"at": ago(50)})
    for values in ("'r1', 1, 1, $at, 'click'", "'r2', 1, 1, $at, 'order'", "'r3', 1, 2, $at, 'complaint'"):
        engine.execute(f"INSERT INTO fct_response VALUES ({values})", {"at": ago(40)})
    assert preferences(engine, AS_OF).rows() == [
        ("ann", "store", date(2017, 5, 2), "email"),
        ("bob", None, date(2017, 6, 30), None),
    ]


def test_no_sales_yet_says_what_to_do(star: Fill) -> None:
    with pytest.raises(WarehouseError, match="crm load"):
        customer_features(star([]), AS_OF)
    assert last_day(star([])) is None
    with pytest.raises(WarehouseError, match="crm load"):
        next_day(star([]))


@pytest.mark.parametrize("ask", [customer_features, preferences])
def test_too_early_an_as_of_says_when_sales_begin(star: Fill, ask: object) -> None:
    assert callable(ask)
    engine = star(LINES)
    with pytest.raises(DataError, match="before 2016-01-01; the sales run from 2017-03-23 to 2017-06-30"):
        ask(engine, date(2016, 1, 1))
    assert (last_day(engine), next_day(engine)) == (date(2017, 6, 30), date(2017, 7, 1))


orders = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-3, 40), st.lists(st.integers(-999, 9999), min_size=1, max_size=3)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60)
@given(orders)
def test_orders_spend_and_last_order_agree_with_a_plain_evaluator(
    star: Fill, drawn: list[tuple[int, int, list[int]]]
) -> None:
    lines = [
        Line(str(i), customer, 1, ago(days), str(Decimal(cents) / 100))
        for i, (customer, days, amounts) in enumerate(drawn)
        for cents in amounts
    ]
    plain = pl.DataFrame(
        [(str(i), customer, days, sum(amounts)) for i, (customer, days, amounts) in enumerate(drawn)],
        schema=["order", "customer", "days_ago", "cents"],
        orient="row",
    )
    expected = (
        plain.filter(pl.col("days_ago") >= 1, pl.col("customer") != 0)
        .group_by("customer")
        .agg(pl.col("order").n_unique(), pl.col("cents").sum(), pl.col("days_ago").min())
        .with_columns(customer_id=pl.col("customer").replace_strict({1: "ann", 2: "bob", 3: "Zoe"}))
        .sort("customer_id")
    )
    engine = star(lines)
    if expected.is_empty():
        with pytest.raises(DataError):
            customer_features(engine, AS_OF)
        return
    got = customer_features(engine, AS_OF)
    assert got.customer_id.tolist() == expected["customer_id"].to_list()
    assert got["orders"].tolist() == expected["order"].to_list()
    assert got["spend"] == pytest.approx(expected["cents"].to_numpy() / 100)
    assert got["days_since_last_order"].tolist() == expected["days_ago"].to_list()
