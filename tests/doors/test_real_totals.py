"""The Complete Journey through the doors: the totals hold to the cent, whatever they are split by."""

from decimal import Decimal
from pathlib import Path

import pytest

import crm_analytics as crm

pytestmark = pytest.mark.demo

REVENUE = Decimal("4596039.58")
CUSTOMERS, ORDERS = 2_469, 155_848


def attributes(shop: crm.Project) -> list[str]:
    roles = shop.model.cube("sales").roles
    return [f"{role}.{name}" for role in roles for name in roles[role].dimension.attributes]


def test_totals_hold_whatever_they_are_split_by(retail: Path) -> None:
    with crm.open(retail / "build" / "demo") as shop:
        question = shop.cube("sales").measures("revenue", "customers", "orders").totals()
        split_by = attributes(shop)
        assert len(split_by) > 20
        for attribute in split_by:
            cells = question.by(attribute).frame
            total = cells.filter(cells["total"] != "")
            parts = cells.filter(cells["total"] == "")
            assert total["revenue"].to_list() == [REVENUE], attribute
            if attribute.startswith("segment."):  # customers may be in several saved segments
                assert parts["revenue"].sum() >= REVENUE, attribute
            else:
                assert parts["revenue"].sum() == REVENUE, attribute
            assert total.select("customers", "orders").rows() == [(CUSTOMERS, ORDERS)], attribute


def test_two_splits_at_once_hold_too(retail: Path) -> None:
    with crm.open(retail / "build" / "demo") as shop:
        question = shop.cube("sales").measures("revenue", "customers", "orders").totals()
        for pair in (
            ("product.department", "date.quarter"),
            ("score.segment", "customer.age"),
            ("store.store_id", "date.month"),
        ):
            cells = question.by(*pair).frame
            grand = cells.filter(cells["total"] == "all")
            assert grand.select("revenue", "customers", "orders").rows() == [(REVENUE, CUSTOMERS, ORDERS)]
            for level in set(cells["total"]):
                assert cells.filter(cells["total"] == level)["revenue"].sum() == REVENUE, (pair, level)


def test_top_n_with_others_holds(retail: Path) -> None:
    with crm.open(retail / "build" / "demo") as shop:
        cells = (
            shop.cube("sales").measures("revenue", "customers").by("product.category").top(7, "revenue").totals().frame
        )
    assert cells.height == 7 + 1 + 1
    assert cells.filter(cells["total"] == "")["revenue"].sum() == REVENUE
    assert cells.row(-1)[-2:] == (REVENUE, CUSTOMERS)
