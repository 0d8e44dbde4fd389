"""What an expectation counts is what a plain loop over the rows counts, whatever the rows."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse.expectations import Expectation
from crm_analytics.warehouse.verdicts import judge
from tests.warehouse.made import SHOP, Shop, write_source

TODAY = date(2020, 6, 15)
CENTS = st.integers(-500, 500)


@dataclass(frozen=True)
class Line:
    """A sale as a loop sees it."""

    order_id: str
    channel: str | None
    customer: str | None
    sold_at: datetime
    cost: Decimal | None


LINES = st.lists(
    st.builds(
        Line,
        order_id=st.sampled_from(["o1", "o2", "o10", "x"]),
        channel=st.sampled_from(["store", "web", None]),
        customer=st.sampled_from(["ann", "bob", "nobody knows", None]),
        sold_at=st.integers(-3 * 24 * 60, 3 * 24 * 60).map(lambda m: datetime(2020, 6, 15, 12) + timedelta(minutes=m)),
        cost=st.one_of(st.none(), CENTS.map(lambda c: Decimal(c) / 100)),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckEngine]:
    """A star that knows ann and bob, whose sales each example replaces."""
    data = tmp_path_factory.mktemp("laws")
    engine = DuckEngine.open(None, threads=1)
    write_source(data, "till", SHOP)
    Shop(data, engine).load()
    yield engine
    engine.close()


def sell(engine: DuckEngine, lines: list[Line]) -> None:
    """Put the lines in the place of all sales, with keys as a load gives them."""
    people = {str(n): k for k, n in engine.rows("SELECT customer_key, customer_id FROM dim_customer") if n}
    channels = {str(n): k for k, n in engine.rows("SELECT channel_key, channel FROM dim_channel") if n}
    engine.execute("DELETE FROM fct_sale")
    if not lines:
        return
    rows = [
        {
            "order_id": line.order_id,
            "line_id": str(i),
            "customer_key": people.get(line.customer or "", 0),
            "channel_key": channels.get(line.channel or "", 0),
            "sold_at": line.sold_at,
            "cost": line.cost,
            "unresolved": json.dumps({"customer_id": line.customer}) if line.customer == "nobody knows" else None,
        }
        for i, line in enumerate(lines)
    ]
    engine.write_frame(
        "given", pl.DataFrame(rows, schema_overrides={"unresolved": pl.String, "cost": pl.Decimal(18, 2)})
    )
    engine.execute("INSERT INTO fct_sale BY NAME SELECT * FROM given")


def counted(engine: DuckEngine, expectation: Expectation) -> tuple[bool | None, int, int]:
    ((verdict,),) = (judged.verdicts for judged in judge(engine, [expectation], TODAY))
    return verdict.ok, verdict.rows, verdict.failing


def by_loop(lines: list[Line], verdict: Callable[[Line], bool | None], share: float) -> tuple[bool | None, int, int]:
    """Whether enough lines are right, how many were looked at, how many of them are wrong."""
    found = [right for line in lines if (right := verdict(line)) is not None]
    wrong = found.count(False)
    return None if not found else len(found) - wrong >= Decimal(str(share)) * len(found), len(found), wrong


@given(LINES, CENTS, CENTS, st.sampled_from([1.0, 0.75, 0.5, 0.1]))
def test_between_counts_what_a_loop_counts(engine: DuckEngine, lines: list[Line], a: int, b: int, share: float) -> None:
    low, high = sorted((a / 100, b / 100))
    sell(engine, lines)
    expected = Expectation(entity="sales", test="between", column="cost", given=(low, high), share=share)
    bounds = Decimal(str(low)), Decimal(str(high))
    right = by_loop(lines, lambda x: None if x.cost is None else bounds[0] <= x.cost <= bounds[1], share)
    assert counted(engine, expected) == right


@given(LINES, st.lists(st.sampled_from(["store", "web", "app"]), min_size=1, unique=True), st.booleans())
def test_in_counts_what_a_loop_counts(
    engine: DuckEngine, lines: list[Line], allowed: list[str], narrowed: bool
) -> None:
    sell(engine, lines)
    where = "cost > 0" if narrowed else ""
    expected = Expectation(entity="sales", test="in", column="channel", given=tuple(allowed), where=where)
    looked_at = [x for x in lines if not narrowed or (x.cost is not None and x.cost > 0)]
    right = by_loop(looked_at, lambda x: None if x.channel is None else x.channel in allowed, 1.0)
    assert counted(engine, expected) == right


@given(LINES, st.sampled_from(["o[0-9]", "o.*", "x|o1", "[^o]"]))
def test_matches_counts_what_a_loop_counts(engine: DuckEngine, lines: list[Line], pattern: str) -> None:
    sell(engine, lines)
    expected = Expectation(entity="sales", test="matches", column="order_id", given=(pattern,))
    right = by_loop(lines, lambda x: re.fullmatch(pattern, x.order_id) is not None, 1.0)
    assert counted(engine, expected) == right


@given(LINES, st.sampled_from([1.0, 0.6, 0.25]))
def test_known_and_filled_part_the_rows_as_a_loop_does(engine: DuckEngine, lines: list[Line], share: float) -> None:
    sell(engine, lines)
    known = Expectation(entity="sales", test="known_share", column="customer_id", share=share)
    named = by_loop(lines, lambda x: None if x.customer is None else x.customer in ("ann", "bob"), share)
    assert counted(engine, known) == named
    filled = Expectation(entity="sales", test="filled_share", column="customer_id", share=share)
    assert counted(engine, filled) == by_loop(lines, lambda x: x.customer is not None, share)


@given(LINES, st.integers(0, 4))
def test_days_are_compared_as_a_loop_compares_them(engine: DuckEngine, lines: list[Line], days: int) -> None:
    sell(engine, lines)
    future = Expectation(entity="sales", test="not_future", column="sold_at")
    assert counted(engine, future) == by_loop(lines, lambda x: x.sold_at.date() <= TODAY, 1.0)
    fresh = Expectation(entity="sales", test="fresh_within_days", column="sold_at", given=(days,))
    past = [x.sold_at.date() for x in lines if x.sold_at.date() <= TODAY]
    assert counted(engine, fresh)[0] == (max(past) >= TODAY - timedelta(days=days) if past else None)


@given(LINES)
def test_unique_counts_the_rows_beyond_the_first_of_each(engine: DuckEngine, lines: list[Line]) -> None:
    sell(engine, lines)
    expected = Expectation(entity="sales", test="unique", given=("order_id", "customer_id"))
    pairs = [(x.order_id, x.customer) for x in lines if x.customer is not None]
    ok, rows, failing = counted(engine, expected)
    assert (rows, failing) == (len(pairs), len(pairs) - len(set(pairs)))
    assert ok is (None if not pairs else failing == 0)
