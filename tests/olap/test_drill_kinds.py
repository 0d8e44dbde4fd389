"""Drilling through where rows have several members, members a history, or members a place in a tree."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.errors import QueryError
from crm_analytics.olap.behind import Cell
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.dimension import AsOf
from crm_analytics.olap.drill import cell_of, drill_customers, drill_rows
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery
from olap.members import fill, members
from olap.shop import Sale, shop
from olap.test_cube_kinds import KINDS
from olap.test_kinds_laws import sales, splits, times
from olap.worlds import World, worlds

Check = Callable[[CubeQuery, list[Sale], World], None]
SALES = CubeQuery("sales").measures("revenue", "customers")

filters = st.lists(
    st.sampled_from(["club.kind = 'sport'", "club.club is unknown", "customer.region != 'N'", "revenue > 100"]),
    max_size=1,
)


@pytest.fixture(scope="module")
def check() -> Iterator[Check]:
    """Hold every cell of an answer to what stands behind it."""
    engine = members()
    model = bind_model(load_model(KINDS), engine)

    def checked(query: CubeQuery, lines: list[Sale], world: World) -> None:
        fill(engine, world.versions, world.memberships, world.nodes)
        shop(lines, into=engine)
        answer = browse(engine, model, query)
        for number, values in enumerate(answer.frame.iter_rows(named=True)):
            cell = cell_of(answer, number)
            found = drill_rows(engine, model, query, cell).frame
            revenues = [Decimal(str(value)) for value in found["revenue"]]
            assert (sum(revenues) if revenues else None) == values["revenue"], f"{cell} of {query}"
            people = drill_customers(engine, model, query, cell).frame
            assert people.height == values["customers"], f"{cell} of {query}"

    yield checked
    engine.close()


@settings(max_examples=60)
@given(sales, worlds, splits, times, filters, st.booleans())
def test_rows_and_customers_agree_with_every_cell(
    check: Check, lines: list[Sale], world: World, by: list[str], when: AsOf, where: list[str], totals: bool
) -> None:
    # A filter on a measure counts as 'per' all attributes shown, which cannot mix several members with others.
    where = [text for text in where if not ("revenue" in text and any(ref.startswith("club") for ref in by))]
    query = SALES.by(*by[:3]).dice(*where).as_of(when)
    check(query.with_totals() if totals else query, lines, world)


@settings(max_examples=40)
@given(sales, worlds, st.sampled_from(["club.club", "club.kind", "range.aisle", "customer.region"]), st.booleans())
def test_rows_and_customers_agree_with_the_top_and_others(
    check: Check, lines: list[Sale], world: World, ranked: str, totals: bool
) -> None:
    query = SALES.by(ranked).top(1, "revenue")
    check(query.with_totals() if totals else query, lines, world)


def test_what_cannot_be_told_of_several_members_is_refused() -> None:
    engine = members()
    model = bind_model(load_model(KINDS), engine)
    within = SALES.by("club.club", "date.month").top(1, "revenue", of="date.month", within=True)
    with pytest.raises(QueryError, match=r"several members of club\.club; say of which one"):
        drill_rows(engine, model, within, Cell(others=True))
    with pytest.raises(QueryError, match=r"after 1: a row may have several members of club\.club"):
        browse(engine, model, SALES.by("club.club").top(1, "revenue").drill_others())
    engine.close()
