"""Laws of calculations over time, on random shops against days counted one by one in Python."""

from calendar import monthrange
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES
from olap.naive import PRODUCT
from olap.shop import ARTICLES, CUSTOMERS, Sale, shop

Ask = Callable[[CubeQuery, list[Sale]], pl.DataFrame]
SALES = CubeQuery("sales")

# Month ends and the turn of the year are where days are miscounted.
edges = [
    date(2016, 12, 31),
    date(2017, 1, 1),
    date(2017, 1, 31),
    date(2017, 2, 28),
    date(2017, 3, 30),
    date(2016, 2, 29),
]
days = st.one_of(st.none(), st.sampled_from(edges), st.dates(date(2016, 1, 1), date(2017, 10, 31)))
lines = st.lists(
    st.tuples(
        st.sampled_from(["o1", "o2", "o3"]),
        st.sampled_from(list(CUSTOMERS)),
        st.sampled_from(list(ARTICLES)),
        days,
        st.integers(-100, 1000),
    ),
    max_size=10,
)


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """One connection for all examples; each fills the fact anew."""
    engine = shop()
    model = bind_model(load_model(CUBES), engine)
    yield lambda query, sales: browse(shop(sales, [], into=engine), model, query).frame
    engine.close()


def month(day: date) -> str:
    return f"{day:%Y-%m}"


def end(name: str) -> date:
    year, number = map(int, name.split("-"))
    return date(year, number, monthrange(year, number)[1])


def months(sales: Sequence[Sale]) -> list[str]:
    """Every month from the first to the last of the data."""
    known = sorted(sale[3] for sale in sales if sale[3])
    if not known:
        return []
    first, last = known[0], known[-1]
    count = (last.year - first.year) * 12 + last.month - first.month
    return [f"{first.year + (first.month - 1 + i) // 12}-{(first.month - 1 + i) % 12 + 1:02}" for i in range(count + 1)]


def revenue(sales: Sequence[Sale]) -> int:
    return sum(sale[4] for sale in sales)


def people(sales: Sequence[Sale]) -> int:
    return len({sale[1] for sale in sales} - {None})


def between(sales: Sequence[Sale], first: date, last: date) -> list[Sale]:
    return [sale for sale in sales if sale[3] and first <= sale[3] <= last]


@settings(max_examples=40)
@given(lines)
def test_a_column_moved_by_a_month_is_the_column_one_row_down(ask: Ask, sales: list[Sale]) -> None:
    got = ask(
        SALES.measures("revenue", "revenue 1 month ago", "customers", "customers 1 month ago").by("date.month"), sales
    )
    got = got.filter(pl.col("date.month") != "Unknown day")
    assert got["date.month"].to_list() == months(sales)
    for measure in ("revenue", "customers"):
        assert got[f"{measure} 1 month ago"].to_list()[1:] == got[measure].to_list()[:-1]
        assert got[f"{measure} 1 month ago"].to_list()[:1] == [None] * min(1, got.height)


@settings(max_examples=40)
@given(lines)
def test_what_is_moved_adds_up_to_its_total(ask: Ask, sales: list[Sale]) -> None:
    got = ask(SALES.measures("revenue 1 month ago").by("product.department", "date.month").with_totals(), sales)
    cells = got.filter(pl.col("total") == "")["revenue 1 month ago"].sum()
    assert (cells or 0) == (got["revenue 1 month ago"][-1] or 0)


@settings(max_examples=40)
@given(lines)
def test_the_year_to_date_at_its_last_month_is_the_year(ask: Ask, sales: list[Sale]) -> None:
    query = SALES.measures("revenue", "customers", "revenue ytd", "customers ytd", "middle", "middle ytd")
    by_year = ask(query.by("date.year"), sales).filter(pl.col("date.year").is_not_null())
    for measure in ("revenue", "customers", "middle"):
        assert by_year[measure].to_list() == by_year[f"{measure} ytd"].to_list()
    last = ask(query.by("date.year", "date.month").with_totals(), sales).filter(pl.col("date.year").is_not_null())
    for year in by_year["date.year"]:
        own = last.filter(pl.col("date.year") == year)
        of_months, subtotal = own.filter(pl.col("total") == ""), own.filter(pl.col("total") != "")
        for measure in ("revenue ytd", "customers ytd", "middle ytd"):
            whole = by_year.filter(pl.col("date.year") == year)[measure].to_list()
            assert of_months[measure].to_list()[-1:] == whole == subtotal[measure].to_list()


@settings(max_examples=40)
@given(lines, st.integers(2, 400), st.booleans())
def test_a_window_counts_the_rows_of_its_days(ask: Ask, sales: list[Sale], n: int, split: bool) -> None:
    query = SALES.measures(f"revenue trailing {n} days", f"customers trailing {n} days", "customers cumulative")
    by = ["product.department", "date.month"] if split else ["date.month"]
    got = ask(query.by(*by).with_totals(), sales).filter(pl.col("date.month").fill_null("") != "Unknown day")
    shown = months(sales)
    first = date(2016, 1, 1)
    for row in got.rows(named=True):
        if not shown:
            continue
        last = end(row["date.month"] or shown[-1])
        own = sales
        if split and row["product.department"] is not None:
            wanted = None if row["product.department"] == "Unknown product" else row["product.department"]
            own = [sale for sale in sales if PRODUCT[sale[2]].get("department") == wanted]
        window = between(own, last - timedelta(days=n - 1), last)
        assert row[f"revenue trailing {n} days"] == revenue(window)
        assert row[f"customers trailing {n} days"] == people(window)
        assert row["customers cumulative"] == people(between(own, first, last))


@settings(max_examples=40)
@given(lines, st.integers(2, 60))
def test_day_by_day_a_window_moves_on_by_a_day(ask: Ask, sales: list[Sale], n: int) -> None:
    got = ask(SALES.measures(f"customers trailing {n} days", "revenue mtd").by("date.date"), sales)
    for row in got.filter(pl.col("date.date").is_not_null()).rows(named=True):
        day = row["date.date"]
        assert row[f"customers trailing {n} days"] == people(between(sales, day - timedelta(days=n - 1), day))
        assert row["revenue mtd"] == revenue(between(sales, day.replace(day=1), day))


@settings(max_examples=40)
@given(lines, st.integers(2, 14))
def test_a_window_of_months_begins_after_the_end_of_an_earlier_month(ask: Ask, sales: list[Sale], n: int) -> None:
    got = ask(SALES.measures(f"revenue trailing {n} months", "revenue").by("date.month"), sales)
    got = got.filter(pl.col("date.month") != "Unknown day")
    own = got["revenue"].to_list()
    assert got[f"revenue trailing {n} months"].to_list() == [
        sum(own[max(0, i - n + 1) : i + 1]) for i in range(len(own))
    ]


@settings(max_examples=40)
@given(lines)
def test_a_moved_window_is_the_window_of_the_earlier_period(ask: Ask, sales: list[Sale]) -> None:
    got = ask(
        SALES.measures("customers ytd", "customers ytd 1 month ago", "customers ytd change 1 month").by("date.month"),
        sales,
    )
    got = got.filter(pl.col("date.month") != "Unknown day")
    now, ago = got["customers ytd"].to_list(), got["customers ytd 1 month ago"].to_list()
    assert ago == [None, *now[:-1]][: len(now)]
    assert got["customers ytd change 1 month"].to_list()[1:] == [b - a for a, b in pairwise(now)]


@settings(max_examples=40)
@given(lines, st.sampled_from(["product.department", "customer.region"]))
def test_filling_adds_periods_and_changes_no_number(ask: Ask, sales: list[Sale], other: str) -> None:
    query = SALES.measures("revenue", "customers").by(other, "date.month").with_totals()
    plain, filled = ask(query, sales), ask(query.fill(), sales)
    kept = filled.join(plain, on=[other, "date.month", "total"], how="semi", nulls_equal=True)
    assert kept.with_columns(pl.col("revenue").fill_null(0)).equals(plain.with_columns(pl.col("revenue").fill_null(0)))
    added = filled.join(plain, on=[other, "date.month", "total"], how="anti", nulls_equal=True)
    assert added.select("revenue", "customers").unique().rows() in ([], [(0, 0)])
    named = filled.filter((pl.col("total") == "") & (pl.col("date.month") != "Unknown day"))
    assert named.height == named[other].n_unique() * len(months(sales))
