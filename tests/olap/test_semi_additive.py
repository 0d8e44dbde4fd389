"""Stocks: what is held on the last day of a cell, for each of those whose stock it is, summed.

balances (customer, day, points)                      stock (article, day, time, pieces)
  ann (N)   Mon 2017-01-02  100                         bread  2017-01-02  08:00  5
  ann (N)   Mon 2017-01-09   20                         bread  2017-01-02  20:00  3
  bob (S)   Mon 2017-01-02    7                         bread  2017-02-07  08:00  9
  eve (W)   Mon 2017-01-02   40                         milk   2017-01-02  08:00  4
  eve (W)   Tue 2017-02-07   30
  nobody known  no known day  5
"""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import QueryError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.cellset import CellSet
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES
from olap.shop import CUSTOMERS, day_key, shop

BALANCES = """version: 1
cube: balances
fact: {table: fct_balance, key: [customer_key, date_key]}
dimensions:
  customer: {}
  date: {}
  account: {attributes: {holder: {sql: customer_key % 2}, kind: {sql: "'points'"}}}
measures:
  last: {agg: sum, sql: points, semi_additive: {over: date}}
  points: {agg: sum, sql: points, semi_additive: {over: date, take: last, per: [customer]}}
  first: {agg: sum, sql: points, semi_additive: {over: date, take: first, per: customer}}
  mean: {agg: sum, sql: points, semi_additive: {over: date, take: avg, per: [customer]}}
  holders: {agg: count, semi_additive: {over: date, per: [customer]}}
  large: {agg: count, where: points >= 30, semi_additive: {over: date, per: [customer]}}
  largest: {agg: max, sql: points, semi_additive: {over: date, per: [customer]}}
  by_account: {agg: sum, sql: points, semi_additive: {over: date, per: [account]}}
  rows: {agg: count}
  share: {formula: points / rows}
  price: {agg: sum, sql: points, additive: {not_over: [date]}}
  rate: {agg: sum, sql: points, additive: false}
"""
STOCK = """version: 1
cube: stock
fact: {table: fct_stock, key: [product_key, counted_at]}
dimensions: {product: {}, date: {}}
measures:
  pieces: {agg: sum, sql: pieces, semi_additive: {over: date, per: [product], by: counted_at}}
  morning: {agg: sum, sql: pieces, semi_additive: {over: date, take: first, per: [product], by: counted_at}}
"""
ROWS: list[tuple[str | None, date | None, int | None]] = [
    ("ann", date(2017, 1, 2), 100),
    ("ann", date(2017, 1, 9), 20),
    ("bob", date(2017, 1, 2), 7),
    ("eve", date(2017, 1, 2), 40),
    ("eve", date(2017, 2, 7), 30),
    (None, None, 5),
]
QUERY = CubeQuery("balances")

Asking = Callable[[CubeQuery], CellSet]


def fill(engine: DuckEngine, rows: list[tuple[str | None, date | None, int | None]]) -> None:
    frame = pl.DataFrame(
        [(CUSTOMERS[customer], day_key(day), points) for customer, day, points in rows],
        schema={"customer_key": pl.Int32, "date_key": pl.Int32, "points": pl.Int64},
        orient="row",
    )
    engine.write_frame("fct_balance", frame)


@pytest.fixture(scope="module")
def shelves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DuckEngine, Model]]:
    engine = shop()
    fill(engine, ROWS)
    engine.execute(
        "CREATE TABLE fct_stock AS FROM (VALUES (1, 20170102, '08:00', 5), (1, 20170102, '20:00', 3), "
        "(1, 20170207, '08:00', 9), (2, 20170102, '08:00', 4)) t(product_key, date_key, counted_at, pieces)"
    )
    folder: Path = tmp_path_factory.mktemp("cubes")
    for path in CUBES.glob("*.yml"):
        (folder / path.name).write_text(path.read_text())
    (folder / "balances.yml").write_text(BALANCES)
    (folder / "stock.yml").write_text(STOCK)
    yield engine, bind_model(load_model(folder), engine)
    engine.close()


@pytest.fixture
def ask(shelves: tuple[DuckEngine, Model]) -> Asking:
    engine, model = shelves
    fill(engine, ROWS)
    return lambda query: browse(engine, model, query)


def test_each_total_takes_the_last_day_anew(ask: Asking) -> None:
    # Each customer's last: ann 20, bob 7, eve 30, nobody 5, together 62.  The last day of the whole is eve's alone: 30.
    assert ask(QUERY.measures("points", "last").by("customer.region").with_totals()).frame.rows() == [
        ("N", "", 20, 20),
        ("S", "", 7, 7),
        ("W", "", 30, 30),
        ("Unknown customer", "", 5, 5),
        (None, "all", 62, 30),
    ]


def test_a_day_that_is_shown_has_its_own_value_and_its_total_the_last(ask: Asking) -> None:
    # 100 + 7 + 40 on the first Monday; January ends with 20 + 7 + 40.  Days that are known win over no known day.
    assert ask(QUERY.measures("points").by("date.month", "date.date").with_totals()).frame.rows() == [
        ("2017-01", date(2017, 1, 2), "", 147),
        ("2017-01", date(2017, 1, 9), "", 20),
        ("2017-01", None, "date.date", 67),
        ("2017-02", date(2017, 2, 7), "", 30),
        ("2017-02", None, "date.date", 30),
        ("Unknown day", None, "", 5),
        ("Unknown day", None, "date.date", 5),
        (None, None, "all", 62),
    ]


def test_the_first_day_and_the_average_over_days(ask: Asking) -> None:
    # first: 100 + 7 + 40 + 5;  averages: (100 + 20) / 2, 7, (40 + 30) / 2, 5
    assert ask(QUERY.measures("first", "mean")).frame.rows() == [(152, 60 + 7 + 35 + 5)]


def test_counts_and_extremes_are_those_of_the_last_day(ask: Asking) -> None:
    # Four have a last row.  Of the rows of 30 or more the last are ann's 100, eve's 30; bob has none.
    assert ask(QUERY.measures("holders", "large", "largest")).frame.rows() == [(4, 2, 20 + 7 + 30 + 5)]
    assert ask(QUERY.measures("large").by("customer.region").slice("customer.region", "S")).frame.rows() == [("S", 0)]


def test_members_that_are_columns_of_the_fact(ask: Asking) -> None:
    # Odd keys are ann and eve, whose last day is eve's 30; even ones bob with 7 (nobody's day is not known).
    assert ask(QUERY.measures("by_account")).frame.rows() == [(37,)]


def test_of_several_rows_a_day_one_counts(ask: Asking) -> None:
    # In the evening of 01-02 there are 3 loaves and 4 bottles; on 02-07 9 loaves are the last.
    query = CubeQuery("stock").measures("pieces", "morning").by("date.month").with_totals()
    assert ask(query).frame.rows() == [
        ("2017-01", "", 3 + 4, 5 + 4),
        ("2017-02", "", 9, 9),
        (None, "all", 9 + 4, 5 + 4),
    ]


def test_beside_sums_another_fact_and_in_a_formula(ask: Asking) -> None:
    query = QUERY.measures("points", "rows", "share", "contacts.minutes").by("customer.region").with_totals()
    assert ask(query).frame.rows() == [
        ("N", "", 20, 2, 10.0, 12),
        ("S", "", 7, 1, 7.0, 3),
        ("W", "", 30, 2, 15.0, 11),
        ("Unknown customer", "", 5, 1, 5.0, None),
        (None, "all", 62, 6, 62 / 6, 26),
    ]


def test_filters_choose_the_rows_of_which_the_last_counts(ask: Asking) -> None:
    january = QUERY.measures("points").dice("date.month = '2017-01'")
    assert ask(january).frame.rows() == [(20 + 7 + 40,)]
    assert ask(january.by("customer.region").dice("points > 10").with_totals()).frame.rows() == [
        ("N", "", 20),
        ("W", "", 40),
        (None, "all", 60),
    ]
    assert ask(QUERY.measures("points").dice("points >= 30 per customer.region")).frame.rows() == [(30,)]


def test_a_top_ranks_by_it_and_others_take_their_own_last(ask: Asking) -> None:
    query = QUERY.measures("points").by("customer.region").top(1, "points").pivot("date.year").with_totals()
    assert ask(query).frame.rows() == [
        ("W", 2017, False, "", 30),
        ("W", None, False, "date.year", 30),
        ("Others", 2017, True, "", 27),
        ("Others", None, True, "", 5),
        ("Others", None, True, "date.year", 32),
        (None, 2017, False, "customer.region", 57),
        (None, None, False, "customer.region", 5),
        (None, None, False, "all", 62),
    ]


def test_a_total_of_nothing_is_there(ask: Asking) -> None:
    nothing = QUERY.by("customer.region").dice("date.year = 1999").with_totals()
    assert ask(nothing.measures("points", "holders")).frame.rows() == [(None, "all", None, 0)]
    assert ask(QUERY.measures("points", "holders").dice("date.year = 1999")).frame.rows() == [(None, 0)]


DAYS = [None, date(2016, 12, 31), date(2017, 1, 2), date(2017, 1, 9), date(2017, 2, 7)]


@given(
    st.lists(st.tuples(st.sampled_from(list(CUSTOMERS)), st.sampled_from(DAYS), st.sampled_from([None, 1, 2, 5]))),
    st.lists(st.sampled_from(["customer.region", "date.month", "date.date"]), max_size=2, unique=True),
)
def test_every_level_is_what_a_plain_walk_over_the_rows_gives(
    shelves: tuple[DuckEngine, Model], rows: list[tuple[str | None, date | None, int | None]], by: list[str]
) -> None:
    engine, model = shelves
    fill(engine, rows)
    got = browse(engine, model, QUERY.measures("points", "mean").by(*by).with_totals()).frame
    regions = {"ann": "N", "bob": "S", "eve": "W"}
    for kept in range(len(by) + 1):
        cells: dict[tuple[object, ...], dict[str | None, dict[date | None, list[int]]]] = {}
        for customer, day, points in rows:
            members = {
                "customer.region": regions.get(customer or "", "Unknown customer"),
                "date.month": f"{day:%Y-%m}" if day else "Unknown day",
                "date.date": day,
            }
            holders = cells.setdefault(tuple(members[ref] for ref in by[:kept]), {})
            if points is not None:
                holders.setdefault(customer, {}).setdefault(day, []).append(points)
        last: dict[tuple[object, ...], int | None] = {(): None} if not kept else {}
        mean: dict[tuple[object, ...], float | None] = {(): None} if not kept else {}
        for place, holders in cells.items():
            known = [{day: sum(v) for day, v in days.items() if day or len(days) == 1} for days in holders.values()]
            last[place] = sum(days[max(days, key=lambda day: day or date.min)] for days in known) if known else None
            mean[place] = sum(sum(days.values()) / len(days) for days in known) if known else None
        mark = "" if kept == len(by) else "all" if kept == 0 else ",".join(by[kept:])
        level = got.filter(pl.col("total") == mark)
        places = list(zip(*(level[ref] for ref in by[:kept]), strict=True)) if kept else [()]
        assert dict(zip(places, level["points"], strict=True)) == last
        assert dict(zip(places, level["mean"], strict=True)) == pytest.approx(mean)


def test_what_must_not_be_added_up_is_refused_with_what_would_work(ask: Asking) -> None:
    with pytest.raises(QueryError) as told:
        ask(QUERY.measures("price").by("customer.region"))
    assert str(told.value) == (
        "price must not be added up over 'date' (cube 'balances': additive: {not_over: [date]}), which this question "
        "would do: split by date.date, or filter it to one member; or ask for a measure that is an average, or one "
        "that is 'semi_additive' over 'date'"
    )


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (QUERY.measures("price").by("date.date").dice("date.month = '2017-02'"), [(date(2017, 2, 7), 30)]),
        (QUERY.measures("price").slice("date.date", "2017-01-02"), [(147,)]),
        (QUERY.measures("price").dice("date.date in ('2017-01-02') and customer.region = 'N'"), [(100,)]),
        (
            QUERY.measures("price").by("customer.region").slice("date.date", "2017-02-07").with_totals(),
            [("W", "", 30), (None, "all", 30)],
        ),
    ],
)
def test_it_is_answered_where_each_cell_has_one_member(
    ask: Asking, query: CubeQuery, rows: list[tuple[object, ...]]
) -> None:
    assert ask(query).frame.rows() == rows


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (QUERY.measures("price").by("date.date").with_totals(), "split by date.date without totals"),
        (QUERY.measures("price").by("date.date").top(1, "rows"), "split by date.date without Others"),
        (QUERY.measures("rows").by("date.month").dice("price > 3"), "price must not be added up over 'date'"),
        (QUERY.measures("rows").dice("price > 3 per customer.region"), "price must not be added up over 'date'"),
        (QUERY.measures("price").dice("date.date = '2017-01-02' or date.year = 2017"), "price must not be added up"),
        (QUERY.measures("rate").by("date.date"), "over 'customer' (cube 'balances': additive: false)"),
    ],
)
def test_no_way_around_it(ask: Asking, query: CubeQuery, told: str) -> None:
    with pytest.raises(QueryError) as refused:
        ask(query)
    assert told in str(refused.value)
