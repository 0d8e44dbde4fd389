"""Saved segments: kept as they were saved over a reload, and a dimension of the customers that the star has."""

from datetime import date, datetime
from typing import Any

import pytest

from crm_analytics.errors import DataError, UnknownName
from crm_analytics.warehouse.segments import Segment, delete_segment, members, save_segment, segments
from tests.warehouse.made import SHOP, Shop

LOYAL = Segment("loyal", datetime(2017, 3, 1, 9), date(2017, 2, 2), "sales: revenue, all", "SELECT 1")


@pytest.fixture
def saved(shop: Shop) -> Shop:
    shop.source("till", SHOP)
    shop.load()
    assert save_segment(shop.engine, LOYAL, ["bob", "ann", "bob"]) == 2
    return shop


def bridge(shop: Shop) -> list[tuple[Any, ...]]:
    return shop.rows(
        "SELECT segment, customer_id FROM bridge_customer_segment JOIN dim_segment USING (segment_key) "
        "JOIN dim_customer USING (customer_key) ORDER BY ALL"
    )


def test_a_segment_is_listed_with_where_it_came_from_and_read_back(saved: Shop) -> None:
    assert segments(saved.engine).rows() == [
        ("loyal", 2, datetime(2017, 3, 1, 9), date(2017, 2, 2), "sales: revenue, all", "SELECT 1")
    ]
    assert members(saved.engine, "loyal")["customer_id"].to_list() == ["ann", "bob"]
    assert bridge(saved) == [("loyal", "ann"), ("loyal", "bob")]


def test_before_the_first_save_there_is_an_empty_list_and_a_dimension(shop: Shop) -> None:
    assert segments(shop.engine).height == 0
    shop.source("till", SHOP)
    shop.load()
    assert segments(shop.engine).columns == ["segment", "customers", "saved_at", "as_of", "question", "sql"]
    assert shop.rows("SELECT segment_key, segment FROM dim_segment") == [(0, None)]


def test_a_load_keeps_the_list_and_renews_the_bridge(saved: Shop) -> None:
    # bob leaves the source and zoe arrives: the list was saved with bob, the star has no such customer now.
    saved.source("till", {**SHOP, "customers": "customer_id\nann\nzoe\n"})
    saved.load()
    assert members(saved.engine, "loyal")["customer_id"].to_list() == ["ann", "bob"]
    assert bridge(saved) == [("loyal", "ann")]
    # He comes back, and belongs to it again.
    saved.source("till", SHOP)
    saved.load()
    assert bridge(saved) == [("loyal", "ann"), ("loyal", "bob")]


def test_a_name_that_is_taken_is_written_over_only_when_that_is_said(saved: Shop) -> None:
    with pytest.raises(DataError, match=r"there is one already, saved 2017-03-01 09:00:00 with 2 customers"):
        save_segment(saved.engine, LOYAL, ["ann"])
    assert save_segment(saved.engine, LOYAL, ["ann"], replace=True) == 1
    assert bridge(saved) == [("loyal", "ann")]


def test_deleting_leaves_the_others(saved: Shop) -> None:
    save_segment(saved.engine, Segment("all-2017", datetime(2018, 1, 1), None), ["ann"])
    assert bridge(saved) == [("all-2017", "ann"), ("loyal", "ann"), ("loyal", "bob")]
    delete_segment(saved.engine, "loyal")
    assert bridge(saved) == [("all-2017", "ann")]
    for gone in (delete_segment, members):
        with pytest.raises(UnknownName, match="no segment 'loyal'"):
            gone(saved.engine, "loyal")


@pytest.mark.parametrize("name", ["", "Loyal", "7days", "loyal customers", "l'", "x" * 61])
def test_a_name_that_cannot_be_one_is_refused(saved: Shop, name: str) -> None:
    with pytest.raises(DataError, match="small letters, digits"):
        save_segment(saved.engine, Segment(name, datetime(2018, 1, 1), None), ["ann"])


def test_a_stranger_among_the_customers_is_refused_and_nothing_is_kept(saved: Shop) -> None:
    with pytest.raises(DataError, match="no such customer: 'nobody'"):
        save_segment(saved.engine, LOYAL, ["ann", "nobody"], replace=True)
    assert members(saved.engine, "loyal").height == 2
    assert "new_member" not in saved.engine.tables()
