"""Two or three features in one question, where each by itself would be answered rightly."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import QueryError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.cellset import CellSet
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES, Asking
from olap.shop import Sale, shop

SALES = CubeQuery("sales")
MEASURES = """  first: {agg: sum, sql: revenue, semi_additive: {over: date, take: first}}
  last: {agg: sum, sql: revenue, semi_additive: {over: date, take: last}}
  mean: {agg: sum, sql: revenue, semi_additive: {over: date, take: avg}}
  price: {agg: sum, sql: revenue, additive: {not_over: [date]}}
  rate: {agg: sum, sql: revenue, additive: false}
"""


@pytest.fixture
def ask_of(tmp_path: Path) -> Callable[[list[Sale], CubeQuery], CellSet]:
    """A question to a shop with these sales and, beside its measures, stocks and prices."""
    cubes = shutil.copytree(CUBES, tmp_path / "cubes")
    with (cubes / "sales.yml").open("a") as file:
        file.write(MEASURES)

    def ask(sales: list[Sale], query: CubeQuery) -> CellSet:
        engine: DuckEngine = shop(sales)
        try:
            return browse(engine, bind_model(load_model(cubes), engine), query)
        finally:
            engine.close()

    return ask


AskOf = Callable[[list[Sale], CubeQuery], CellSet]


def on(*days: date) -> list[Sale]:
    """One sale a day, for as much as the day of the month."""
    return [(f"o{day}", "ann", "milk", day, day.day) for day in days]


MONTH_END = on(date(2017, 1, 29), date(2017, 1, 30), date(2017, 1, 31), date(2017, 2, 28))


@pytest.mark.parametrize("by", ["date.month", "date.date"])
def test_a_balance_of_the_month_before_is_that_of_one_day_though_several_fall_together(ask_of: AskOf, by: str) -> None:
    # 29, 30 and 31 January are all 28 February a month later; the balance of January is that of the 31st.
    query = SALES.measures(*(f"{take} 1 month ago" for take in ("first", "last", "mean"))).by(by)
    assert ask_of(MONTH_END, query).frame.rows()[-1][1:] == (29, 31, 30)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (SALES.measures("price ytd").by("date.date"), "price ytd must not be added up over 'date' (cube 'sales': "),
        (
            SALES.measures("price cumulative").slice("date.date", "2017-02-28"),
            "'cumulative' would do; ask for it day by",
        ),
        (SALES.measures("price 1 month ago").slice("date.date", "2017-02-28"), "move it by days or weeks"),
        (SALES.measures("units").by("date.date").top(1, "price change 1 month", others=False), "by days or weeks"),
        (SALES.measures("rate ytd").by("customer.region"), "must not be added up over"),
    ],
)
def test_what_does_not_add_up_over_days_has_no_window_and_no_month_before(
    ask_of: AskOf, query: CubeQuery, told: str
) -> None:
    with pytest.raises(QueryError) as refused:
        ask_of(MONTH_END, query)
    assert told in str(refused.value)


def test_a_price_moves_by_days_and_is_missing_where_there_is_none(ask_of: AskOf) -> None:
    # A price of 0 on 3 and 4 January would be an answer; the sum of what was sold is 0 there.
    query = SALES.measures("price", "price 1 day ago", "revenue").by("date.date")
    assert ask_of(on(date(2017, 1, 2), date(2017, 1, 5)), query).frame.rows() == [
        (date(2017, 1, 2), 2, None, 2),
        (date(2017, 1, 3), None, 2, 0),
        (date(2017, 1, 4), None, None, 0),
        (date(2017, 1, 5), 5, None, 5),
    ]


def test_a_member_across_that_ranks_first_here_and_second_there_has_one_total(ask: Asking) -> None:
    # January: ann 180, bob 60; February: nobody known 1000, ann 200; April: bob 100.  ann is first, then second.
    query = SALES.measures("revenue").by("date.month").pivot("customer.customer_id").with_totals()
    cells = ask(query.top(2, "revenue", of="customer.customer_id", within=True))
    assert [row[1:] for row in cells.frame.filter(cells.frame["total"] == "date.month").rows()] == [
        ("ann", False, "date.month", 380),
        ("bob", False, "date.month", 160),
        ("Unknown customer", False, "date.month", 1000),
    ]
    assert cells.pivot().rows()[-1][1:] == ("all", 380, 160, 1000, 1540)
