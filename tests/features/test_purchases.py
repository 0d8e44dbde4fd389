"""Purchases and labels against rows worked by hand; nothing past `as_of` may matter to the first."""

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from crm_analytics.arrays import Purchases
from crm_analytics.engines import Engine
from crm_analytics.errors import DataError, UnknownName, WarehouseError
from crm_analytics.features.customers import customer_features, preferences
from crm_analytics.features.labels import labels, purchases_after
from crm_analytics.features.purchases import purchases
from features.tiny_star import Fill, Line

AS_OF = date(2017, 7, 1)


def on(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2017, month, day, hour)


LINES = [
    Line("z9", 2, 1, on(5, 1, 8), "4.00"),  # bob, coffee
    Line("a1", 1, 1, on(6, 1, 9), "4.00"),  # ann, coffee ...
    Line("a1", 1, 4, on(6, 1, 9), "6.50"),  # ... of two products: one item, 10.50
    Line("a1", 1, 2, on(6, 1, 9), "2.00"),
    Line("a1", 1, 5, on(6, 1, 9), "9.00"),  # a product without a type
    Line("a0", 1, 3, on(6, 30, 23), "30.00"),
    Line("c1", 3, 0, on(6, 15), "5.00"),  # Zoe bought an unknown product only
    Line("x1", 0, 1, on(6, 20), "99.00"),  # a stranger
    Line("a2", 1, 3, on(7, 1), "20.00"),  # the future begins
    Line("b2", 2, 2, on(9, 28, 23), "1.00"),
    Line("b3", 2, 2, on(9, 29), "1.00"),
]


def rows(p: Purchases) -> list[tuple[int, str, str, int, float]]:
    names = zip(p.customer_id[p.customer], p.item_name[p.item], strict=True)
    numbers = zip(p.order.tolist(), p.days_ago.tolist(), p.spend.tolist(), strict=True)
    return [(order, who, what, days, spend) for (who, what), (order, days, spend) in zip(names, numbers, strict=True)]


def test_purchases_by_hand(star: Fill) -> None:
    got = purchases(star(LINES), None, AS_OF)
    # Capitals come before small letters in the order of characters.
    assert got.customer_id.tolist() == ["Zoe", "ann", "bob"]
    assert got.item_name.tolist() == ["coffee", "filters", "lamp"]
    assert rows(got) == [
        (0, "bob", "coffee", 61, 4.0),
        (1, "ann", "coffee", 30, 10.5),
        (1, "ann", "filters", 30, 2.0),
        (2, "ann", "lamp", 1, 30.0),
    ]
    assert got.n_orders == 3


def test_a_start_leaves_earlier_orders_out_and_holds_its_own_day(star: Fill) -> None:
    engine = star(LINES)
    assert purchases(engine, date(2017, 5, 1), AS_OF).n_orders == 3
    later = purchases(engine, date(2017, 5, 2), AS_OF)
    assert (later.n_orders, later.customer_id.tolist()) == (2, ["Zoe", "ann"])


def test_orders_at_the_same_moment_are_numbered_by_their_id(star: Fill) -> None:
    got = purchases(star([Line("b", 1, 3, on(6, 1)), Line("a", 2, 1, on(6, 1))]), None, AS_OF)
    assert [(row[0], row[2]) for row in rows(got)] == [(0, "coffee"), (1, "lamp")]


def test_any_product_attribute_can_be_the_item(star: Fill) -> None:
    got = purchases(star(LINES), None, AS_OF, item="department")
    assert got.item_name.tolist() == ["food", "home"]
    assert [(row[2], row[4]) for row in rows(got) if row[0] == 1] == [("food", 12.5), ("home", 9.0)]


def test_only_unknown_products_give_customers_without_rows(star: Fill) -> None:
    got = purchases(star([Line("c1", 3, 0, on(6, 15))]), None, AS_OF)
    assert (got.customer_id.tolist(), got.item_name.size, got.spend.size, got.n_orders) == (["Zoe"], 0, 0, 0)


@pytest.mark.parametrize("item", ["product_typ", "product_key", "source", 'department" FROM fct_sale --'])
def test_an_unknown_item_names_the_known_ones(star: Fill, item: str) -> None:
    with pytest.raises(UnknownName, match="Known: department, product_id, product_type"):
        purchases(star(LINES), None, AS_OF, item=item)


def test_a_window_without_sales_says_where_they_are(star: Fill) -> None:
    with pytest.raises(DataError, match="from 2018-01-01 until before 2018-02-01; the sales run from 2017-05-01"):
        purchases(star(LINES), date(2018, 1, 1), date(2018, 2, 1))
    with pytest.raises(WarehouseError, match="crm load"):
        purchases(star([]), None, AS_OF)


def test_labels_hold_the_horizon_and_keep_the_given_order(star: Fill) -> None:
    who = np.array(["nobody", "bob", "Zoe", "ann"], dtype=np.object_)
    # 90 days from 1 July end with 28 September; bob's order of the 29th is one day too late.
    got = labels(star(LINES), AS_OF, 90, who)
    assert got.orders.tolist() == [0.0, 1.0, 0.0, 1.0]
    assert got.spend.tolist() == [0.0, 1.0, 0.0, 20.0]
    assert got.customer_id is who


def test_an_order_of_several_lines_is_one_order_in_the_labels(star: Fill) -> None:
    got = labels(star([Line("1", 1, 1, on(7, 2)), Line("1", 1, 2, on(7, 2))]), AS_OF, 30, np.array(["ann"], object))
    assert (got.orders.tolist(), got.spend.tolist()) == ([1.0], [20.0])


def test_a_horizon_without_sales_or_days_is_refused(star: Fill) -> None:
    engine, who = star(LINES), np.array(["ann"], dtype=np.object_)
    with pytest.raises(DataError, match="the sales run from 2017-05-01 to 2017-09-29"):
        labels(engine, date(2018, 1, 1), 90, who)
    with pytest.raises(DataError, match="must end after it starts"):
        labels(engine, AS_OF, 0, who)


def test_purchases_after_are_those_of_the_horizon_seen_from_its_end(star: Fill) -> None:
    got = purchases_after(star(LINES), AS_OF, 90)
    assert got.as_of == AS_OF + timedelta(days=90)
    assert rows(got) == [(0, "ann", "lamp", 90, 20.0), (1, "bob", "filters", 1, 1.0)]


def seen(engine: Engine) -> list[object]:
    features, bought = customer_features(engine, AS_OF), purchases(engine, None, AS_OF)
    return [
        features.customer_id.tolist(),
        {name: repr(values.tolist()) for name, values in features.columns.items()},
        preferences(engine, AS_OF).rows(),
        bought.customer_id.tolist(),
        bought.item_name.tolist(),
        rows(bought),
    ]


def test_nothing_on_or_after_as_of_is_read(star: Fill) -> None:
    engine = star(LINES)
    for i, at in enumerate([on(6, 1), on(7, 1), on(8, 1)]):
        moment = {"at": at}
        engine.execute(f"INSERT INTO fct_contact VALUES ('{i}', 1, 1, {i + 1}, $at, 'outbound')", moment)
        engine.execute(f"INSERT INTO fct_response VALUES ('{i}', 1, 1, $at, 'click')", moment)
    before = seen(engine)
    for table, column in [("fct_sale", "sold_at"), ("fct_contact", "contacted_at"), ("fct_response", "responded_at")]:
        engine.execute(f"DELETE FROM {table} WHERE {column} >= $as_of", {"as_of": AS_OF})
    assert seen(engine) == before
