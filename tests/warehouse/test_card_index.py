"""The index that finds one customer in a large fact: it may cost time, and never a row."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.features.card import Whose, everybody, lines_of
from crm_analytics.warehouse.card_index import days_of, forget_card_index, renew_card_index
from tests.warehouse.made import SHOP, Shop

FIRST, LAST = date(2017, 1, 1), date(2200, 1, 1)
Sale = tuple[int, int]  # customer, days after FIRST

sales = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=12)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    for sql in (
        "CREATE TABLE dim_product (product_key INTEGER, product_id VARCHAR, product_name VARCHAR, "
        "product_type VARCHAR)",
        "CREATE TABLE dim_store (store_key INTEGER, store_id VARCHAR, store_name VARCHAR)",
        "CREATE TABLE dim_channel (channel_key INTEGER, channel VARCHAR)",
        "CREATE TABLE dim_campaign (campaign_key INTEGER, campaign_id VARCHAR, campaign_name VARCHAR)",
        "CREATE TABLE fct_sale (order_id VARCHAR, customer_key INTEGER, product_key INTEGER, store_key INTEGER, "
        "channel_key INTEGER, campaign_key INTEGER, date_key INTEGER, sold_at TIMESTAMP, quantity DOUBLE, "
        "revenue DECIMAL(18,2), discount DECIMAL(18,2), unresolved VARCHAR, load_id INTEGER)",
    ):
        engine.execute(sql)
    yield engine
    engine.close()


def insert(engine: DuckEngine, rows: list[Sale], load_id: int = 1) -> None:
    days = [(customer, FIRST + timedelta(days=after)) for customer, after in rows]
    values = [f"('o', {key}, 0, 0, 0, 0, {day:%Y%m%d}, DATE '{day}', 1, 10, 0, NULL, {load_id})" for key, day in days]
    if values:
        engine.execute(f"INSERT INTO fct_sale VALUES {', '.join(values)}")


def found(engine: DuckEngine) -> list[int]:
    """How many lines each of the customers 1 to 3 has."""
    present = engine.tables()
    return [lines_of(engine, Whose("", key), "product_type", LAST, present).height for key in (1, 2, 3)]


def counted(*rows: list[Sale]) -> list[int]:
    return [sum(customer == key for part in rows for customer, _ in part) for key in (1, 2, 3)]


@settings(max_examples=30)
@given(sales, sales, sales)
def test_every_line_is_found_after_any_load_whole_or_by_its_news(
    engine: DuckEngine, old: list[Sale], gone: list[Sale], new: list[Sale]
) -> None:
    engine.execute("DELETE FROM fct_sale")
    insert(engine, old, load_id=1)
    insert(engine, gone, load_id=2)
    renew_card_index(engine, large=0)
    assert found(engine) == counted(old, gone)
    engine.execute("DELETE FROM fct_sale WHERE load_id = 2")
    insert(engine, new, load_id=3)
    renew_card_index(engine, 3, large=0)
    assert found(engine) == counted(old, new)
    assert everybody(engine, LAST, engine.tables())["lines"] == (sum(counted(old, new)) or None)
    days = set(engine.rows("FROM card_days_fct_sale"))
    renew_card_index(engine, large=0)
    assert days >= set(engine.rows("FROM card_days_fct_sale"))  # days that are too many cost time alone


def test_the_days_of_a_customer_are_those_of_their_rows(engine: DuckEngine) -> None:
    engine.execute("DELETE FROM fct_sale")
    insert(engine, [(1, 0), (1, 0), (1, 3), (2, 1)])
    renew_card_index(engine, large=1)
    assert days_of(engine, "fct_sale", 1, engine.tables()) == (20170101, 20170104)
    assert days_of(engine, "fct_sale", 3, engine.tables()) == ()


def test_an_index_of_another_number_of_rows_is_not_used(engine: DuckEngine) -> None:
    engine.execute("DELETE FROM fct_sale")
    insert(engine, [(1, 0)])
    renew_card_index(engine, large=0)
    insert(engine, [(1, 1)])
    assert engine.rows("FROM card_days_fct_sale") == [(1, 20170101)]
    assert found(engine) == [2, 0, 0]
    assert everybody(engine, LAST, engine.tables())["lines"] == 2


def test_rows_that_got_another_customer_are_found_before_and_after_the_index_is_made_anew(engine: DuckEngine) -> None:
    engine.execute("DELETE FROM fct_sale")
    insert(engine, [(0, 0), (1, 1)])
    renew_card_index(engine, large=0)
    engine.execute("UPDATE fct_sale SET customer_key = 2 WHERE customer_key = 0")
    forget_card_index(engine)
    assert found(engine) == [1, 1, 0]
    renew_card_index(engine, 7, large=0)  # the load that brought the customer brought no sales
    assert found(engine) == [1, 1, 0]
    assert days_of(engine, "fct_sale", 2, engine.tables()) == (20170101,)


def test_a_load_that_brings_a_missing_customer_counts_what_they_had_bought(shop: Shop) -> None:
    # The second load reads the customers alone: no sale is new, and yet two of them are now known to be ann's.
    bought = "SELECT date_key, lines FROM card_everybody"
    folder = shop.source("crm", SHOP | {"customers": "customer_id,name,registered_on\nbob,B,2017-01-01\n"})
    shop.load()
    assert shop.rows(bought) == []
    (folder / "customers.csv").write_text(SHOP["customers"])
    shop.load()
    assert shop.rows(bought) == [(20170102, 2)]


def test_a_fact_that_became_small_has_no_index(engine: DuckEngine) -> None:
    engine.execute("DELETE FROM fct_sale")
    insert(engine, [(1, 0), (1, 1)])
    renew_card_index(engine, large=2)
    assert "card_days_fct_sale" in engine.tables()
    renew_card_index(engine, large=3)
    assert "card_days_fct_sale" not in engine.tables()
    assert days_of(engine, "fct_sale", 1, engine.tables()) is None


def test_a_load_leaves_what_everybody_bought_by_day(shop: Shop) -> None:
    # ann bought 10.00 and 2.50 on 2 January; bob gave back.
    shop.source("crm", SHOP)
    shop.load()
    rows: list[tuple[Any, ...]] = shop.rows("SELECT date_key, lines, revenue, discounted_lines FROM card_everybody")
    assert [(day, lines, float(revenue), cheap) for day, lines, revenue, cheap in rows] == [(20170102, 2, 12.5, 0)]
