"""What a rollup answers is what the rows answer, on random shops and questions."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.refresh import refresh
from crm_analytics.olap.rollup_log import with_usable
from olap import rolled
from olap.shop import ARTICLES, CUSTOMERS, Contact, Sale, shop, type_of

days = st.sampled_from([None, date(2016, 12, 31), date(2017, 1, 2), date(2017, 1, 9), date(2017, 2, 7)])
customers = st.sampled_from(list(CUSTOMERS))
amounts = st.integers(-100, 1000)
sales = st.lists(
    st.tuples(st.sampled_from(["o1", "o2", "o3"]), customers, st.sampled_from(list(ARTICLES)), days, amounts),
    max_size=12,
)
contacts = st.lists(st.tuples(customers, days, st.sampled_from([None, "visit", "call"]), amounts), max_size=8)
types = st.sampled_from(list(type_of))

SHARED = ("customer.region", "customer.age", "date.month", "date.weekday")
FILTERS = (
    "customer.region = 'N'",
    "customer.age != '30-39' and not date.month in ('2017-01', 'Unknown day')",
    "date.weekday = 'Monday' or date.month is unknown",
    "customer.age = 'Not stated'",
    "revenue > 100",
    "quantity > 1 per customer.region",
    "buyers > 0 per (date.month, customer.age)",
    "contacts.minutes > 5 per date.weekday",
)

Pair = tuple[pl.DataFrame, pl.DataFrame, str]
Asking = Callable[[CubeQuery, list[Sale], list[Contact], str], Pair]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """The same question to the rows and to rollups built anew, and what says that rollups answered."""
    engine = shop()
    model = bind_model(load_model(rolled.cubes(tmp_path_factory.mktemp("rolled"))), engine)

    def asked(query: CubeQuery, lines: list[Sale], calls: list[Contact], kind: str) -> Pair:
        shop(lines, calls, "doubles" if kind == "thirds" else kind, into=engine)
        if kind == "thirds":
            engine.execute("UPDATE fct_sale SET revenue = revenue / 3")
        return from_both(engine, bind_model(model, engine), query)

    yield asked
    engine.close()


def from_both(engine: DuckEngine, model: Model, query: CubeQuery) -> Pair:
    assert all(not done.problem for done in refresh(engine, model, lambda _: None))
    rows = replace(model, cubes={n: replace(c, rollups={}) for n, c in model.cubes.items()})
    stored = browse(engine, with_usable(model, engine, engine.tables()), query)
    return browse(engine, rows, query).frame, stored.frame, stored.source


@st.composite
def questions(draw: st.DrawFn) -> CubeQuery:
    """Any question to sales that its rollups can answer."""
    two = draw(st.booleans())
    attributes = SHARED if two else rolled.OF_SALES
    by = draw(st.lists(st.sampled_from(attributes), max_size=3, unique=True))
    names = st.sampled_from((*rolled.GROUNDS, "each"))
    measures = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    query = CubeQuery("sales").measures(*measures).by(*by)
    if two:
        query = query.measures(draw(st.sampled_from(["contacts.minutes", "contacts.contacts", "per_buyer"])))
    query = query.dice(*draw(st.lists(st.sampled_from(FILTERS), max_size=2, unique=True)))
    query = query.with_totals() if draw(st.booleans()) else query
    if by and draw(st.booleans()):
        top = draw(st.sampled_from(["revenue", "quantity", "each"]))
        query = query.top(draw(st.integers(1, 2)), top, draw(st.booleans()), of=draw(st.sampled_from(by)))
    elif len(by) > 1 and draw(st.booleans()):
        query = query.pivot(by[-1])
    return query.sort(measures[0]) if draw(st.booleans()) else query


@given(sales, contacts, types, questions())
def test_a_rollup_answers_what_the_rows_answer(
    ask: Asking, lines: list[Sale], calls: list[Contact], kind: str, query: CubeQuery
) -> None:
    # Every amount is a whole number, so every sum is exact; only an average is a quotient of two of them.
    rows, stored, source = ask(query, lines, calls, kind)
    assert "from the rows" not in source
    assert_frame_equal(stored, rows, check_exact="average" not in query.asked, rel_tol=1e-12)


@settings(max_examples=40)
@given(sales, st.lists(st.sampled_from(rolled.OF_SALES), max_size=3, unique=True))
def test_doubles_agree_to_nine_digits(ask: Asking, lines: list[Sale], by: list[str]) -> None:
    # Thirds have no exact double, so the order of adding up may show in the last digits.
    query = CubeQuery("sales").measures("revenue", "average", "each", "smallest").by(*by).with_totals()
    rows, stored, _ = ask(query, lines, [], "thirds")
    assert_frame_equal(stored, rows, rel_tol=1e-9)


@given(st.lists(st.sets(st.integers(0, 5000), max_size=400), min_size=1, max_size=6))
def test_merged_sketches_count_what_one_sketch_counts(parts: list[set[int]]) -> None:
    engine = DuckEngine.open(None, threads=1)
    values = pl.DataFrame(
        {"part": [i for i, part in enumerate(parts) for _ in part], "x": [x for part in parts for x in part]},
        schema={"part": pl.Int32, "x": pl.Int32},
    )
    engine.write_frame("seen", values)
    engine.execute(
        'CREATE TABLE state AS SELECT part, approx_count_distinct(x) EXPORT_STATE AS "s" FROM seen GROUP BY 1'
    )
    merged = engine.rows("SELECT finalize(combine_aggr(s)) FROM state")
    assert merged == engine.rows("SELECT approx_count_distinct(x) FROM seen")
    engine.close()
