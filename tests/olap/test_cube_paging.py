"""Pages of an answer: put together they are the answer, whatever it is sorted by."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import QueryError
from crm_analytics.olap.browse import browse
from crm_analytics.olap.estimate import estimate
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import Asking
from olap.shop import Contact, Sale, shop
from olap.test_cube_laws import contacts, sales, shared_splits, splits

REVENUE = CubeQuery("sales").measures("revenue")
DAYS = REVENUE.by("date.date")


@pytest.fixture(scope="module")
def any_shop() -> Iterator[DuckEngine]:
    """One connection for all examples; each empties the facts and fills them anew."""
    engine = shop()
    yield engine
    engine.close()


@st.composite
def questions(draw: st.DrawFn) -> CubeQuery:
    """To one fact or two, sorted by anything: many cells have equal revenue and number of orders."""
    two = draw(st.booleans())
    split = draw(shared_splits if two else splits)
    query = REVENUE.measures("orders", *(["contacts.minutes"] if two else [])).by(*split)
    for name in draw(st.lists(st.sampled_from([*split, "orders", "revenue"]), max_size=3)):
        query = query.sort(name, draw(st.sampled_from([None, True, False])))
    if split and draw(st.booleans()):
        return query.top(draw(st.integers(1, 2)), "orders", of=draw(st.sampled_from(split)))
    return query.fill() if {"date.month", "date.year"} & {*split} and draw(st.booleans()) else query


@given(sales, contacts, questions(), st.integers(1, 4))
def test_pages_are_the_answer_without_a_gap_or_an_overlap(
    any_shop: DuckEngine, model: Model, lines: list[Sale], calls: list[Contact], query: CubeQuery, size: int
) -> None:
    engine = shop(lines, calls, into=any_shop)
    whole = browse(engine, model, query).frame.rows()
    pages = range(len(whole) // size + 1)  # the last one may be empty
    paged = [row for page in pages for row in browse(engine, model, query.limit(size, page * size)).frame.rows()]
    assert paged == whole


def test_the_second_page_of_days(ask: Asking) -> None:
    # The shop sells on 01-02, 01-09, 02-07, 02-14 and 04-05.
    days = ask(DAYS.limit(2, offset=2)).frame["date.date"]
    assert [f"{day:%m-%d}" for day in days] == ["02-07", "02-14"]


def test_behind_the_last_row_there_is_nothing(ask: Asking, engine: DuckEngine, model: Model) -> None:
    assert ask(DAYS.limit(2, offset=5)).frame.is_empty()
    assert ask(REVENUE.limit(1, offset=1)).frame.is_empty()
    assert estimate(engine, model, DAYS.limit(2, offset=6)).most_rows == 1  # at most 7 days, for there are 7 lines
    assert estimate(engine, model, REVENUE.limit(1, offset=1)).most_rows == 0


def test_an_offset_below_zero_is_refused() -> None:
    with pytest.raises(QueryError, match="offset -1: leave out 0 rows or more"):
        DAYS.limit(1, offset=-1)
