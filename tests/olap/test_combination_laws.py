"""Laws that hold whatever features a question puts together, on random histories, bridges, trees and roles."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import QueryError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.filters import Compare, Condition, Not, Or, Per
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.refresh import refresh
from olap.members import fill, members
from olap.shop import ARTICLES, CUSTOMERS, Sale, shop
from olap.test_cube_kinds import KINDS
from olap.test_rollup_kinds import ROLLUPS
from olap.worlds import BOUNDS, World, worlds

VALUES: dict[str, list[object]] = {
    "customer.region": ["N", "S", "W", "Unknown customer"],
    "customer.age": ["30-39", "Not stated"],
    "range.division": ["Food", "Ball", "X"],
    "range.item": ["Milk", "Ball", "Unknown product"],
    "range.organic": [True, None],
    "club.club": ["Runners", "Readers", "No club"],
    "club.kind": ["sport", "culture"],
    "date.month": ["2016-12", "2017-01", "2017-02", None],
    "date.year": [2016, 2017],
    "shipped.month": ["2017-01", "2017-02"],
}
MEASURES = ["revenue", "lines", "orders", "customers", "average", "middle", "order_value", "stock", "stock 1 month ago"]
MEASURES += ["month_before", "customers_so_far", "revenue growth 1 month", "customers trailing 31 days"]
STORED = ["revenue", "lines", "average"]  # in the rollup
STOCK = "  stock: {agg: sum, sql: revenue, semi_additive: {over: date, per: [customer]}}\n"

lines = st.lists(
    st.tuples(
        st.sampled_from(["o1", "o2", "o3"]),
        st.sampled_from(list(CUSTOMERS)),
        st.sampled_from(list(ARTICLES)),
        st.sampled_from([None, *BOUNDS]),
        st.integers(-9, 99),
    ),
    min_size=1,
    max_size=9,
)
comparisons = st.sampled_from(list(VALUES)).flatmap(
    lambda ref: st.builds(Compare, st.just(ref), st.sampled_from(["=", "!="]), st.tuples(st.sampled_from(VALUES[ref])))
)
conditions = st.one_of(
    comparisons, comparisons.map(Not), st.lists(comparisons, min_size=2, max_size=2).map(tuple).map(Or)
)
amounts = st.builds(
    Compare, st.sampled_from(["revenue", "lines"]), st.sampled_from([">", "<="]), st.tuples(st.integers(0, 40))
)
filters: st.SearchStrategy[Condition] = st.one_of(
    conditions, amounts, st.builds(Per, amounts, st.sampled_from(list(VALUES)).map(lambda ref: (ref,)))
)


@st.composite
def queries(draw: st.DrawFn) -> CubeQuery:
    """Splits, filters, totals, a top, an order and a time at which attributes are read, as they come."""
    known = draw(st.sampled_from([MEASURES, STORED]))
    query = CubeQuery("sales").measures(*draw(st.lists(st.sampled_from(known), min_size=1, max_size=3)))
    query = query.by(*draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=3)))
    query = query.where(*draw(st.lists(filters, max_size=2)))
    query = query.with_totals() if draw(st.booleans()) else query
    if draw(st.booleans()):
        cut = draw(st.sampled_from(query.split))
        within = cut != query.split[0] and draw(st.booleans())
        query = query.top(
            draw(st.integers(1, 2)), draw(st.sampled_from(MEASURES[:8])), draw(st.booleans()), cut, within
        )
    query = query.sort(draw(st.sampled_from([*query.split, "revenue"]))) if draw(st.booleans()) else query
    return query.as_of("sale") if draw(st.booleans()) else query


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DuckEngine, Path]]:
    """One connection for all examples, and the cubes with a stock and a rollup."""
    folder = copytree(KINDS, tmp_path_factory.mktemp("laws") / "kinds")
    text = (folder / "sales.yml").read_text()
    (folder / "sales.yml").write_text(text.replace("access:", f"{STOCK}access:") + ROLLUPS)
    engine = members()
    yield engine, folder
    engine.close()


def held(model: Model, *guard: Condition, rollups: bool = True) -> Model:
    """The cubes as a role sees them that may see such rows, with or without rollups."""
    sales = model.cube("sales")
    sales = replace(sales, guard=guard, rollups=sales.rollups if rollups else {})
    return replace(model, cubes={**model.cubes, "sales": sales})


def told(engine: DuckEngine, model: Model, query: CubeQuery) -> Any:
    """The rows of the answer, or why there is none."""
    try:
        frame = browse(engine, model, query).frame
    except QueryError as error:
        return str(error)
    return [tuple(round(v, 9) if isinstance(v, float) else v for v in row) for row in frame.rows()]


@settings(max_examples=60)
@given(worlds, lines, st.lists(st.tuples(queries(), conditions), min_size=3, max_size=3))
def test_roles_rollups_and_pages_change_no_number(
    ground: tuple[DuckEngine, Path], world: World, sales: list[Sale], asked: list[tuple[CubeQuery, Condition]]
) -> None:
    engine, folder = ground
    fill(shop(sales, into=engine), world.versions, world.memberships, world.nodes)
    cubes = load_model(folder)
    refresh(engine, bind_model(cubes, engine), lambda _: None)
    model = bind_model(cubes, engine)
    for query, guard in asked:
        by_rows = told(engine, held(model, guard, rollups=False), query)
        assert told(engine, held(model, guard), query) == by_rows
        # A date filter chooses periods and not the rows of a window; a guard is read as of today.
        is_plain = not any(" " in name or name in ("month_before", "customers_so_far") for name in query.asked)
        if is_plain and query.at is None and not any(isinstance(part, Per) for part in query.conditions):
            as_filter = told(engine, held(model, rollups=False), query.where(guard))
            assert as_filter == by_rows or isinstance(by_rows, str)
        if not query.totals and isinstance(by_rows, list) and by_rows:
            pages = [told(engine, held(model, guard), query.limit(2, at)) for at in range(0, len(by_rows), 2)]
            assert [row for page in pages for row in page] == by_rows


@settings(max_examples=60)
@given(worlds, lines, st.lists(queries(), min_size=3, max_size=3))
def test_each_subtotal_is_the_question_without_what_it_sums_up(
    ground: tuple[DuckEngine, Path], world: World, sales: list[Sale], asked: list[CubeQuery]
) -> None:
    engine, folder = ground
    fill(shop(sales, into=engine), world.versions, world.memberships, world.nodes)
    model = held(bind_model(load_model(folder), engine), rollups=False)
    for query in asked:
        # A top, and a filter on cells, would choose other cells without the attribute.
        rowwise = tuple(part for part in query.conditions if not (isinstance(part, Compare) and "." not in part.name))
        whole = replace(query, conditions=rowwise, largest=None, orders=(), totals=True)
        try:
            frame = browse(engine, model, whole).frame
        except QueryError:
            continue
        last = whole.split[-1]
        coarse = browse(engine, model, replace(whole, split=whole.split[:-1])).frame
        kept = frame.filter(pl.col("total") != "").drop(last)
        names = list(query.asked)
        if any(" " in n or n in ("month_before", "customers_so_far") for n in names) and last.startswith("date"):
            continue  # the periods that are shown say where windows end
        assert sorted(map(str, kept.select(names).rows())) == sorted(map(str, coarse.select(names).rows()))
