"""Loading again, in parts, in another order: the star says the same."""

from collections.abc import Sequence
from itertools import permutations

import pytest

from crm_analytics.errors import UnknownName, WarehouseError
from tests.warehouse.made import CUSTOMERS, PRODUCTS, SALES, SHOP, Shop, by_business_ids, star

# The till knows who bought, the web shop brings customers of its own and knows more of them (an extra column);
# both call a file `customers`, both say who cy is, and the web shop sells to ann, whom only the till knows.
TILL = {"customers": CUSTOMERS + "cy,from the till,\n", "sales": SALES, "products": PRODUCTS}
WEB = {
    "customers": "customer_id,loyalty\ncy,gold\ndan,none\n",
    "sales": "order_id,line_id,customer_id,product_id,channel,sold_at,revenue,device\n"
    "w1,1,ann,tea,web,2018-12-31,4,phone\nw2,1,dan,pie,web,2018-12-31,3,\nw3,1,eve,pie,fax,2018-12-31,3,\n",
}


def two_sources(shop: Shop) -> None:
    shop.source("till", TILL)
    shop.source("web", WEB)


def test_loading_twice_changes_nothing(shop: Shop) -> None:
    two_sources(shop)
    shop.load()
    before = star(shop.engine)
    assert before["fct_sale"][1]
    shop.load()
    assert star(shop.engine) == before


def test_a_source_named_twice_is_loaded_once(shop: Shop) -> None:
    shop.source("till", SHOP)
    shop.load("till", "till")
    assert shop.rejects() == []
    assert shop.rows("SELECT count(*) FROM fct_sale") == [(3,)]


LOADS: list[Sequence[tuple[str, ...]]] = [
    [()],
    [("till", "web")],
    [("web", "till")],
    *([(name,) for name in order] for order in permutations(["till", "web"])),
    [("web",), (), ("till",)],
]


@pytest.mark.parametrize("loads", LOADS, ids=str)
def test_sources_in_any_order_or_one_at_a_time_give_the_same_rows_by_business_ids(
    loads: Sequence[tuple[str, ...]], shop: Shop
) -> None:
    two_sources(shop)
    for names in loads:
        shop.load(*names)
    said = by_business_ids(shop.engine)
    assert [dict(row)["customer_id"] for row in said["customers"]] == ["ann", "bob", "cy", "dan"]
    # The web shop's order of ann found her whatever came first; eve is in no source, and no channel is a fax.
    assert shop.rows(
        "SELECT order_id, customer_id, device, unresolved FROM fct_sale JOIN dim_customer USING (customer_key) "
        "WHERE fct_sale.source = 'web' ORDER BY 1"
    ) == [
        ("w1", "ann", "phone", None),
        ("w2", "dan", None, None),
        (
            "w3",
            None,
            None,
            '{"customer_id":"eve","product_id":null,"store_id":null,"channel":"fax","campaign_id":null}',
        ),
    ]
    # Both say who cy is; the source that comes first by name is believed, the other row is kept as a reject.
    assert shop.rows("SELECT name, loyalty, source FROM dim_customer WHERE customer_id = 'cy'") == [
        ("from the till", None, "till")
    ]
    ((source, entity, reason, row),) = shop.rejects()
    assert (source, entity, reason) == ("web", "customers", "repeats the key customer_id")
    assert (row["customer_id"], row["loyalty"]) == ("cy", "gold")
    assert shop.failed() == []


def test_sources_in_either_order_keep_the_same_one_of_two_equal_keys(shop: Shop) -> None:
    # Which of the two o1/1 stays may not depend on which customer got the smaller surrogate key.
    head = "order_id,line_id,customer_id,sold_at,revenue\n"
    shop.source("a", {"customers": "customer_id\nzoe\n", "sales": f"{head}o1,1,zoe,2017-01-01,1\n"})
    shop.source("b", {"customers": "customer_id\nann\n", "sales": f"{head}o1,1,ann,2017-01-01,1\n"})
    for loads in ([()], [("a",), ("b",)], [("b",), ("a",)]):
        for table in shop.engine.tables():
            shop.engine.execute(f"DROP TABLE {table}")
        for names in loads:
            shop.load(*names)
        kept = "SELECT order_id, customer_id FROM fct_sale JOIN dim_customer USING (customer_key)"
        assert shop.rows(kept) == [("o1", "zoe")], loads
        assert [(r[0], r[2]) for r in shop.rejects()] == [("b", "repeats the key order_id, line_id")]


def test_a_row_that_lost_to_another_source_comes_back_when_that_one_drops_it(shop: Shop) -> None:
    two_sources(shop)
    shop.load()
    shop.source("till", TILL | {"customers": CUSTOMERS})
    shop.load("till")
    assert shop.rows("SELECT loyalty, source FROM dim_customer WHERE customer_id = 'cy'") == [("gold", "web")]
    assert shop.rejects() == []


def test_reloading_one_source_keeps_the_rows_of_the_other(shop: Shop) -> None:
    two_sources(shop)
    shop.load()
    before = [row for row in by_business_ids(shop.engine)["sales"] if ("source", "web") in row]
    assert len(before) == 3
    shop.source("till", {**TILL, "sales": SALES.splitlines()[0] + "\n"})  # the till lost its sales
    shop.load("till")
    assert by_business_ids(shop.engine)["sales"] == before


def test_members_keep_their_keys_when_others_arrive_or_leave(shop: Shop) -> None:
    keys = "SELECT customer_id, customer_key FROM dim_customer WHERE customer_key > 0 ORDER BY 2"
    shop.source("till", SHOP)
    shop.load()
    assert shop.rows(keys) == [("ann", 1), ("bob", 2)]
    shop.source("till", {**SHOP, "customers": "customer_id\naaron\nann\nbob\n"})
    shop.load()
    assert shop.rows(keys) == [("ann", 1), ("bob", 2), ("aaron", 3)]
    # Bob leaves and zoe comes: she must not get his key, under which scores of his may be kept.
    shop.source("till", {**SHOP, "customers": "customer_id\naaron\nann\nzoe\n"})
    shop.load()
    assert shop.rows(keys) == [("ann", 1), ("aaron", 3), ("zoe", 4)]


def test_a_channel_that_the_project_adds_later_resolves_the_rows_that_waited_for_it(shop: Shop) -> None:
    two_sources(shop)
    shop.load()
    shop.load("till", channels=("store", "web", "fax"))
    fax = "SELECT order_id, channel FROM fct_sale JOIN dim_channel USING (channel_key) WHERE order_id = 'w3'"
    assert shop.rows(fax) == [("w3", "fax")]


def test_a_source_may_bring_customers_only_and_no_dated_row(shop: Shop) -> None:
    shop.source("crm", {"customers": CUSTOMERS})
    shop.load()
    assert shop.rows("SELECT count(*) FROM dim_customer WHERE customer_key > 0") == [(2,)]
    assert shop.rows("SELECT date_key, date FROM dim_date") == [(0, None)]
    assert shop.failed() == []


def test_one_source_cannot_read_the_raw_files_of_another(shop: Shop) -> None:
    # Together they would load, each alone would not: the second must fail whenever it is loaded.
    shop.source("a", {"customers": CUSTOMERS, "secret": "customer_id\nx\n"})
    shop.source("b", {"products": PRODUCTS}, mappings={"customers": "SELECT customer_id FROM raw_secret"})
    with pytest.raises(Exception, match=r"b/customers\.sql: .*raw_secret"):
        shop.load()


def test_nothing_but_the_star_is_left_after_a_load(shop: Shop) -> None:
    two_sources(shop)
    shop.load()
    shop.load("till")
    left = {t for t in shop.engine.tables() if not t.startswith(("dim_", "fct_", "bridge_"))}
    assert left == {
        "card_everybody",
        "card_index",
        "consent_head",
        "consent_ledger",
        "consent_subject",
        "loads",
        "part",
        "part_load",
        "part_plan",
        "piece",
        "rejects",
        "retail_calendar",
        "segment",
        "segment_member",
    }
    assert shop.rows("SELECT view_name FROM duckdb_views() WHERE NOT internal") == []


def test_a_misspelt_source_is_told_the_nearest(shop: Shop) -> None:
    shop.source("till", SHOP)
    with pytest.raises(UnknownName, match=r"no source 'tilt'\. Did you mean 'till'"):
        shop.load("tilt")


def test_a_project_without_sources_says_so(shop: Shop) -> None:
    with pytest.raises(WarehouseError, match=r"no source there; a source is a folder with a source\.yml"):
        shop.load()


def test_a_source_whose_folder_is_gone_fails_the_check_and_is_forgotten_by_a_load_of_all(shop: Shop) -> None:
    shop.source("old", SHOP)
    shop.source("other", {"stores": "store_id\ns1\n"})
    shop.load()
    (shop.data / "old").rename(shop.data / "new")
    gone = [c for c in shop.checks() if c.kind == "sources"]
    assert {c.table for c in gone} == {"dim_customer", "dim_product", "fct_sale"}
    assert all(c.ok is False and "rows of old" in c.says for c in gone)
    shop.load()
    assert shop.rejects() == []
    assert shop.rows("SELECT DISTINCT source FROM fct_sale") == [("new",)]
    assert [c for c in shop.checks() if c.ok is False] == []
