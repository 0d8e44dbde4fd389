"""A load can be taken back, and the next one brings it again."""

import pytest

from crm_analytics.errors import DataError, UnknownName
from crm_analytics.warehouse.undo import undo
from tests.warehouse.made import NOW, Shop
from tests.warehouse.test_incremental import CONFIG, line, revenue, said, till


def test_undo_takes_a_load_back_and_the_next_load_brings_it_again(shop: Shop) -> None:
    till(shop, {"1": line("a") + line("b")})
    shop.load()
    before = said(shop)
    till(shop, {"1": line("a", revenue="9.00"), "2": line("c") + "x,1,ann,never,1.00,\n"}, people="cy\n")
    shop.load()
    after = said(shop)
    assert after != before
    undo(shop.engine, CONFIG, 2, NOW)
    assert said(shop) == before
    shop.load()
    assert said(shop) == after


def test_the_first_load_can_be_taken_back_too(shop: Shop) -> None:
    till(shop, {"1": line("a")})
    shop.load()
    undo(shop.engine, CONFIG, 1, NOW)
    assert revenue(shop) == []
    assert shop.rows("SELECT customer_id FROM dim_customer") == [(None,)]


def test_only_the_last_load_of_a_table_can_be_taken_back(shop: Shop) -> None:
    till(shop, {"1": line("a")})
    shop.load()
    till(shop, {"1": line("a"), "2": line("b")})
    shop.load()
    with pytest.raises(DataError, match="load 2 came after load 1 and wrote to sales too; take it back first"):
        undo(shop.engine, CONFIG, 1, NOW)
    with pytest.raises(UnknownName, match="no load '7'"):
        undo(shop.engine, CONFIG, 7, NOW)
    undo(shop.engine, CONFIG, 2, NOW)
    with pytest.raises(DataError, match="load 2 was taken back already"):
        undo(shop.engine, CONFIG, 2, NOW)
    undo(shop.engine, CONFIG, 1, NOW)


def test_a_load_that_found_nothing_new_is_not_in_the_way_of_an_undo(shop: Shop) -> None:
    till(shop, {"1": line("a")})
    shop.load()
    till(shop, {"1": line("a"), "2": line("b")})
    shop.load()
    shop.load(full=True)  # reads all, and finds what is there
    undo(shop.engine, CONFIG, 2, NOW)
    assert revenue(shop) == [("a", 1)]
    shop.load()
    assert revenue(shop) == [("a", 1), ("b", 1)]
