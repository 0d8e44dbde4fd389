"""What a question would cost: by hand for the shop, and never exceeded by any question to any shop."""

from collections.abc import Iterator

import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import QueryError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.compile import compile_query
from crm_analytics.olap.dimension import AsOf
from crm_analytics.olap.estimate import Estimate, estimate
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap import test_kinds_laws as kinds
from olap.members import MEMBERSHIPS, NODES, VERSIONS, fill, members
from olap.shop import SALES, Sale, shop
from olap.test_cube_kinds import KINDS
from olap.test_cube_laws import sales, splits
from olap.worlds import World, worlds

REVENUE = CubeQuery("sales").measures("revenue")
BY_DEPARTMENT = REVENUE.by("product.department")
TWO = BY_DEPARTMENT.by("customer.region")

# The shop has 7 sale lines and 4 contacts.  Its table of products has 4 departments (one is called Others, one is
# unknown) and 6 articles with the unknown one, that of customers 4 regions with the unknown one, and the calendar
# the 24 months of two years and the unknown day.
MOST_ROWS = {
    "the whole": (REVENUE, 1),
    "departments": (BY_DEPARTMENT, 4),
    "an article has one department": (BY_DEPARTMENT.by("product.article"), 6),
    "4 departments times 4 regions, but only 7 lines": (TWO, 7),
    "departments and their total": (BY_DEPARTMENT.with_totals(), 4 + 1),
    "two levels and the total": (TWO.with_totals(), 7 + 4 + 1),
    "two levels across": (BY_DEPARTMENT.pivot("customer.region").with_totals(), 7 + 4 + 4 + 1),
    "the largest department and Others": (BY_DEPARTMENT.top(1, "revenue"), 2),
    "the first three": (TWO.limit(3), 3),
    "columns of the fact: one of its 4 rows each": (CubeQuery("contacts").measures("minutes").by("contact.kind"), 4),
    "months with sales: 7 lines": (REVENUE.by("date.month"), 7),
    "every month, with sales or without": (REVENUE.by("date.month").fill(), 25),
    "months in which the year so far has sales": (CubeQuery("sales").measures("revenue ytd").by("date.month"), 25),
    "two facts by region": (REVENUE.measures("contacts.minutes").by("customer.region"), 4),
    "two facts by day: 11 rows, but 732 days": (REVENUE.measures("contacts.minutes").by("date.date"), 11),
}


@pytest.mark.parametrize("case", MOST_ROWS)
def test_the_answer_is_bounded_by_the_members_and_the_rows(engine: DuckEngine, model: Model, case: str) -> None:
    query, most = MOST_ROWS[case]
    assert estimate(engine, model, query).most_rows == most


def test_a_view_split_by_its_own_columns_is_not_known_beforehand(model: Model) -> None:
    engine = shop()
    engine.execute("ALTER TABLE fct_contact RENAME TO contact")
    engine.execute("CREATE VIEW fct_contact AS SELECT * FROM contact")
    by_kind = CubeQuery("contacts").measures("minutes").by("contact.kind")
    found = estimate(engine, model, by_kind)
    assert found.most_rows is None
    assert "Answers with an unknown number of rows" in str(found)
    assert estimate(engine, model, by_kind.limit(2)).most_rows == 2
    engine.close()


def test_it_tells_what_is_read_and_shows_the_statement_and_the_plan(engine: DuckEngine, model: Model) -> None:
    query = BY_DEPARTMENT.dice("product.article != '<ball>'")
    found = estimate(engine, model, query)
    assert {(scan.table, scan.rows) for scan in found.scans} == {("fct_sale", 7), ("dim_product", 6)}
    lines = str(found).splitlines()
    assert lines[0] == "Reads at most 13 rows"
    assert lines[3:5] == ["Answers with at most 4 rows", ""]
    assert compile_query(model, query).query.readable() in str(found)
    assert "seq scan: fct_sale  ~7" in str(found)
    html = found._repr_html_()
    assert html.startswith("<pre>Reads at most 13 rows")
    assert "&lt;ball&gt;" in html
    assert "<ball>" not in html


def test_a_count_that_the_warehouse_knows_reads_nothing(engine: DuckEngine, model: Model) -> None:
    found = estimate(engine, model, CubeQuery("sales").measures("quantity"))
    assert str(found).splitlines()[:2] == ["Reads no rows", "Answers with 1 row"]


@pytest.fixture(scope="module")
def any_shop() -> Iterator[DuckEngine]:
    """One connection for all examples; each empties the facts and fills them anew."""
    engine = shop()
    yield engine
    engine.close()


@st.composite
def questions(draw: st.DrawFn) -> CubeQuery:
    split = draw(splits)
    query = (
        CubeQuery("sales").measures(draw(st.sampled_from(["revenue", "revenue ytd", "orders 1 month ago"]))).by(*split)
    )
    if draw(st.booleans()) and split:
        at = draw(st.integers(0, len(split) - 1))
        within = at > 0 and draw(st.booleans())
        query = query.top(draw(st.integers(1, 3)), "revenue", of=split[at], within=within)
    query = query.fill() if draw(st.booleans()) else query
    if draw(st.booleans()):
        return query.pivot(split[-1]).with_totals() if split and draw(st.booleans()) else query.with_totals()
    return query.limit(draw(st.integers(1, 5))) if draw(st.booleans()) else query


@given(sales, questions())
def test_no_answer_has_or_reads_more_rows_than_was_told(
    any_shop: DuckEngine, model: Model, lines: list[Sale], query: CubeQuery
) -> None:
    engine = shop(lines, into=any_shop)
    try:
        told: Estimate = estimate(engine, model, query)
    except QueryError:
        reject()  # nothing to fill, or a top that leaves periods out
    assert told.most_rows is not None
    assert browse(engine, model, query).frame.height <= told.most_rows
    assert sum(scan.rows for scan in engine.scans(compile_query(model, query).query)) <= told.most_read


@pytest.fixture(scope="module")
def clubs() -> Iterator[tuple[DuckEngine, Model]]:
    """Customers of several clubs, who move between regions, and articles that stand under others."""
    engine = members()
    yield engine, bind_model(load_model(KINDS), engine)
    engine.close()


def test_a_row_may_stand_in_several_cells_and_outside_every_version(clubs: tuple[DuckEngine, Model]) -> None:
    engine, model = clubs
    fill(engine, VERSIONS, MEMBERSHIPS, NODES)
    # ann's first line alone: she is in three of the clubs.  The table names those three and has some without a name.
    shop(SALES[:1], into=engine)
    by_club = REVENUE.by("club.club")
    assert (browse(engine, model, by_club).frame.height, estimate(engine, model, by_club).most_rows) == (3, 5)
    # ann's lines are of S and then of N; the last one is nobody's, which no version covers.
    shop(SALES, into=engine)
    by_region = REVENUE.by("customer.region").as_of("sale")
    assert (browse(engine, model, by_region).frame.height, estimate(engine, model, by_region).most_rows) == (3, 3)


@given(kinds.sales, worlds, kinds.splits, kinds.times, st.booleans())
def test_histories_bridges_and_trees_give_no_more_rows_than_was_told(
    clubs: tuple[DuckEngine, Model], lines: list[Sale], world: World, by: list[str], when: AsOf, totals: bool
) -> None:
    engine, model = clubs
    fill(engine, world.versions, world.memberships, world.nodes)
    shop(lines, into=engine)
    query = REVENUE.by(*by).as_of(when)
    query = query.with_totals() if totals else query
    told = estimate(engine, model, query)
    assert told.most_rows is not None
    assert browse(engine, model, query).frame.height <= told.most_rows
