"""The rows behind a cell add up to it and its customers are as many as it counts, for every cell of every question."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.drill import cell_of, drill_customers, drill_rows
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES
from olap.shop import Contact, Sale, shop
from olap.test_cube_laws import OF_SALES, SHARED, contacts, sales, shared_splits, splits

Check = Callable[[CubeQuery, list[Sale], Sequence[Contact]], None]
SALES = CubeQuery("sales").measures("revenue", "customers", "big", "order_value")
BOTH = CubeQuery("sales").measures("revenue", "customers", "contacts.minutes", "contacts.visits", "contacts.people")

filters = st.lists(
    st.sampled_from(
        [
            "product.department = 'FOOD' or product.department is unknown",
            "customer.age != '30-39'",
            "revenue > 100",
            "revenue > 50 per customer.customer_id",
            "not customers > 1 per (product.department, date.month)",
            "contacts.people > 0 per customer.customer_id",
        ]
    ),
    max_size=2,
)
tops = st.none() | st.tuples(
    st.integers(1, 2), st.sampled_from(["revenue", "customers"]), st.booleans(), st.booleans(), st.integers(0, 2)
)


@pytest.fixture(scope="module")
def check() -> Iterator[Check]:
    """Hold every cell of an answer to what stands behind it."""
    engine = shop()
    model = bind_model(load_model(CUBES), engine)

    def checked(query: CubeQuery, lines: list[Sale], calls: Sequence[Contact]) -> None:
        shop(lines, list(calls), into=engine)
        answer = browse(engine, model, query)
        for number, values in enumerate(answer.frame.iter_rows(named=True)):
            cell = cell_of(answer, number)

            def rows(measure: str) -> list[dict[str, object]]:
                return drill_rows(engine, model, query, cell, measure).frame.rows(named=True)  # noqa: B023

            def people(measure: str) -> int:
                return drill_customers(engine, model, query, cell, measure).frame.height  # noqa: B023

            where = f"{cell} of {query}"
            revenues = [Decimal(str(row["revenue"])) for row in rows("revenue")]
            assert (sum(revenues) if revenues else None) == values["revenue"], where
            assert people("customers") == people("revenue") == values["customers"], where
            if "big" in values:
                # Its own `where` applies; a formula has the rows of the measures that it is made of.
                assert len(rows("big")) == values["big"] == len([r for r in revenues if r >= 100]), where
                assert len(rows("order_value")) == len(revenues)
            if "contacts.minutes" in values:
                spoken = [Decimal(str(row["minutes"])) for row in rows("contacts.minutes")]
                assert (sum(spoken) if spoken else None) == values["contacts.minutes"], where
                assert len(rows("contacts.visits")) == values["contacts.visits"], where
                assert people("contacts.people") == values["contacts.people"], where

    yield checked
    engine.close()


@settings(max_examples=60)
@given(sales, contacts, splits, filters, tops, st.booleans(), st.sampled_from([None, *OF_SALES]))
def test_rows_and_customers_agree_with_every_cell(
    check: Check,
    lines: list[Sale],
    calls: list[Contact],
    by: list[str],
    where: list[str],
    top: tuple[int, str, bool, bool, int] | None,
    totals: bool,
    across: str | None,
) -> None:
    query = SALES.by(*by[:3]).dice(*where)
    if across:
        query = query.pivot(across)
    rows = [ref for ref in query.split if ref != across]
    if top and rows:
        n, measure, others, within, after = top
        query = query.top(n, measure, others, rows[-1], within and len(rows) > 1, after)
    check(query.with_totals() if totals else query, lines, calls)


@settings(max_examples=30)
@given(sales, contacts, shared_splits, st.sampled_from([None, *SHARED]), st.booleans())
def test_the_rows_of_each_of_two_facts_agree_with_every_cell(
    check: Check, lines: list[Sale], calls: list[Contact], by: list[str], ranked: str | None, totals: bool
) -> None:
    query = BOTH.by(*by)
    if ranked in by:
        query = query.top(1, "contacts.people", of=ranked)
    check(query.with_totals() if totals else query, lines, calls)
