"""A total that is not the sum of its rows says so, with the reason; one that is says nothing.

The shop: ann bought FOOD and TOYS, so two departments have her; bob bought FOOD, a gift and "Others".
"""

from collections.abc import Callable, Iterator

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.columns import Column
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES, Asking
from olap.members import members
from olap.shop import Sale, shop
from olap.test_cube_kinds import KINDS
from olap.test_cube_laws import OF_SALES, sales, splits

SALES = CubeQuery("sales")

AskShop = Callable[[CubeQuery, list[Sale]], tuple[tuple[Column, ...], pl.DataFrame]]


@pytest.fixture(scope="module")
def ask_shop() -> Iterator[AskShop]:
    engine = shop()
    model = bind_model(load_model(CUBES), engine)

    def asked(query: CubeQuery, lines: list[Sale]) -> tuple[tuple[Column, ...], pl.DataFrame]:
        cells = browse(shop(lines, [], into=engine), model, query)
        return cells.columns, cells.frame

    yield asked
    engine.close()


def said(ask: Asking, query: CubeQuery) -> tuple[list[str], dict[str, bool | None]]:
    cells = ask(query)
    return list(cells.notes), {c.name: c.adds_up for c in cells.columns}


def test_customers_who_bought_in_several_departments(ask: Asking) -> None:
    # FOOD 2, Others 1, TOYS 1, unknown 1: together 5, of two people.  Each order lies within one department but o4.
    query = SALES.measures("revenue", "customers", "orders").by("product.department").with_totals()
    assert said(ask, query) == (
        [
            "customers: 2 in total, not the 5 of the rows: some appear under several of product.department",
            "orders: 5 in total, not the 6 of the rows: some appear under several of product.department",
        ],
        {"product.department": None, "revenue": True, "customers": False, "orders": False},
    )


def test_nobody_lives_in_two_regions(ask: Asking) -> None:
    query = SALES.measures("customers", "quantity").by("customer.region").with_totals()
    assert said(ask, query) == ([], {"customer.region": None, "customers": True, "quantity": True})


def test_only_the_attribute_that_overlaps_is_named(ask: Asking) -> None:
    query = SALES.measures("customers").by("customer.region", "date.month").with_totals()
    assert said(ask, query)[0] == [
        "customers: 2 in total, not the 4 of the rows: some appear under several of date.month"
    ]
    assert said(ask, query.pivot("product.department"))[0] == [
        "customers: 2 in total, not the 5 of the cells: some appear under several of date.month, product.department"
    ]
    across = SALES.measures("customers").pivot("date.month").with_totals()
    assert said(ask, across)[0] == [
        "customers: 2 in total, not the 4 of the cells: some appear under several of date.month"
    ]


def test_ratios_averages_and_extremes_share_one_line(ask: Asking) -> None:
    query = SALES.measures("order_value", "average", "middle", "smallest", "last_sale").by("date.month").with_totals()
    assert said(ask, query) == (
        ["order_value, average, middle, smallest: recomputed at each total, not added up"],
        {
            "date.month": None,
            **dict.fromkeys(["order_value", "average", "middle", "smallest", "last_sale"], False),
        },
    )


def test_others_are_members_like_any(ask: Asking) -> None:
    query = SALES.measures("customers").by("product.department").top(1, "revenue").with_totals()
    # TOYS 1 (ann), Others 2 (ann and bob)
    assert said(ask, query)[0] == [
        "customers: 2 in total, not the 3 of the rows: some appear under several of product.department"
    ]


@pytest.mark.parametrize("query", [SALES.by("product.department"), SALES.with_totals()])
def test_without_parts_and_totals_there_is_nothing_to_say(ask: Asking, query: CubeQuery) -> None:
    notes, adds_up = said(ask, query.measures("customers"))
    assert notes == []
    assert set(adds_up.values()) == {None}


def test_of_nothing_there_is_nothing_to_say(ask: Asking) -> None:
    query = SALES.measures("customers", "order_value").by("product.department").dice("date.year = 1999").with_totals()
    assert said(ask, query)[0] == []


@pytest.fixture(scope="module")
def ask_kinds() -> Iterator[Asking]:
    engine = members()
    model = bind_model(load_model(KINDS), engine)
    yield lambda query: browse(engine, model, query)
    engine.close()


def test_a_sale_to_a_member_of_several_clubs(ask_kinds: Asking) -> None:
    # ann's 380 stand under three clubs, bob's 160 under one, 1000 under none: 3 * 380 + 160 + 1000 = 2300.
    query = SALES.measures("revenue").by("club.club").with_totals()
    assert said(ask_kinds, query) == (
        ["revenue: 1,540.00 in total, not the 2,300.00 of the rows: some facts appear under several of club.club"],
        {"club.club": None, "revenue": False},
    )
    assert said(ask_kinds, query.dice("club.club is unknown")) == ([], {"club.club": None, "revenue": True})


def test_what_is_counted_up_to_a_month_adds_up_over_regions_and_not_over_months(ask_kinds: Asking) -> None:
    query = SALES.measures("so_far").with_totals()
    assert said(ask_kinds, query.by("customer.region"))[1]["so_far"] is True
    notes, adds_up = said(ask_kinds, query.by("date.month"))
    assert notes[0] == "so_far: a total over time is the value as of the last period shown"
    assert adds_up["so_far"] is False


@given(sales, splits.filter(bool), st.sampled_from([None, *OF_SALES]))
def test_what_is_said_to_add_up_does_and_a_count_that_is_not_does_not(
    ask_shop: AskShop, lines: list[Sale], by: list[str], across: str | None
) -> None:
    query = SALES.measures("revenue", "customers", "net", "order_value").by(*by).with_totals()
    columns, frame = ask_shop(query.pivot(across) if across else query, lines)
    refs = [c.name for c in columns if c.kind == "dimension"]
    parts = frame.filter(pl.col("total") == "")
    for column in columns:
        if column.kind == "dimension" or not parts.height:
            continue
        differs = False
        for (mark,), level in frame.partition_by("total", as_dict=True).items():
            kept = [] if mark == "all" else [ref for ref in refs if ref not in mark.split(",")]
            sums: dict[tuple[object, ...], float] = {}
            for row in parts.iter_rows(named=True):
                place = tuple(row[ref] for ref in kept)
                sums[place] = sums.get(place, 0) + float(row[column.name] or 0)
            cells = {tuple(row[ref] for ref in kept): row[column.name] for row in level.iter_rows(named=True)}
            differs |= any(float(cells[place] or 0) != pytest.approx(total) for place, total in sums.items())
        if column.adds_up or column.name == "customers":
            assert differs is not column.adds_up
