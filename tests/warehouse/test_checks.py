"""`crm check`: what it holds the star to, shown by damage that it must find."""

import pytest

from crm_analytics.errors import CrmError, DataError, WarehouseError
from crm_analytics.warehouse.check import Check
from crm_analytics.warehouse.checks import check_star, rejected_rows, unknown_members
from tests.warehouse.made import CUSTOMERS, SALES, SHOP, Shop

CONTROLS = """controls:
  - {name: till roll, entity: sales, measure: revenue, sql: "SELECT sum(CAST(revenue AS DOUBLE)) FROM raw_sales"}
  - {name: lines, entity: sales, measure: rows, sql: SELECT count(*) FROM raw_sales}
counts:
  - {name: returns, sql: SELECT count(*) FROM raw_sales WHERE revenue LIKE '-%'}
"""


@pytest.fixture
def loaded(shop: Shop) -> Shop:
    shop.source("till", SHOP, more=CONTROLS)
    shop.load()
    return shop


def test_a_good_star_passes_every_check(loaded: Shop) -> None:
    assert loaded.failed() == []
    said = {(c.kind, c.table): c.says for c in loaded.checks()}
    assert said["grain", "fct_sale"] == "one line of one order: order_id, line_id is unique"
    # 10.00 + 2.50 - 5.00
    assert said["controls", "fct_sale"] == "lines: 3 in the files = 3 loaded + 0 rejected"
    assert "till roll: 7.50 in the files = 7.50 loaded + 0.00 rejected" in {c.says for c in loaded.checks()}


def test_counts_are_told_and_cannot_fail(loaded: Shop) -> None:
    assert [c for c in loaded.checks() if c.kind == "counts"] == [Check("counts", "till", None, "returns", 1)]


DAMAGE = {  # what is done to the star, and the checks that have to fail, with the number of rows
    "a line stands twice": (
        "INSERT INTO fct_sale SELECT * FROM fct_sale WHERE order_id = 'o2'",
        {("grain", "fct_sale", 1), ("totals", "fct_sale", 0), ("controls", "fct_sale", 0)},
    ),
    "a line stands three times": (
        "INSERT INTO fct_sale SELECT s.* FROM fct_sale s, range(2) WHERE order_id = 'o2'",
        {("grain", "fct_sale", 2), ("totals", "fct_sale", 0), ("controls", "fct_sale", 0)},
    ),
    "a line is lost": (
        "DELETE FROM fct_sale WHERE order_id = 'o2'",
        {("totals", "fct_sale", 0), ("controls", "fct_sale", 0)},
    ),
    "a cent is lost": (
        "UPDATE fct_sale SET revenue = revenue - 0.01 WHERE order_id = 'o2'",
        {("totals", "fct_sale", 0), ("controls", "fct_sale", 0)},
    ),
    "a customer is lost": (
        "DELETE FROM dim_customer WHERE customer_id = 'ann'",
        {("keys", "fct_sale", 2), ("totals", "dim_customer", 0)},
    ),
    "a key that nobody has": ("UPDATE fct_sale SET customer_key = 77 WHERE order_id = 'o2'", {("keys", "fct_sale", 1)}),
    "no key at all": ("UPDATE fct_sale SET product_key = NULL WHERE order_id = 'o2'", {("keys", "fct_sale", 1)}),
    "a day that the calendar lacks": ("UPDATE fct_sale SET date_key = 20170230", {("keys", "fct_sale", 3)}),
    "the unknown member is lost": ("DELETE FROM dim_store WHERE store_key = 0", {("keys", "fct_sale", 3)}),
    "a customer stands twice": (
        "INSERT INTO dim_customer SELECT 9, * EXCLUDE (customer_key) FROM dim_customer WHERE customer_id = 'ann'",
        {("grain", "dim_customer", 1), ("totals", "dim_customer", 0)},
    ),
    "two unknown members": (
        "INSERT INTO dim_customer SELECT * FROM dim_customer WHERE customer_key = 0",
        {("grain", "dim_customer", 1)},
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_found_and_counted(damage: str, loaded: Shop) -> None:
    sql, found = DAMAGE[damage]
    loaded.engine.execute(sql)
    assert {(c.kind, c.table, c.rows) for c in loaded.failed()} == found


def test_a_failed_check_shows_an_example(loaded: Shop) -> None:
    loaded.engine.execute("INSERT INTO fct_sale SELECT * FROM fct_sale WHERE order_id = 'o2'")
    loaded.engine.execute("UPDATE fct_sale SET customer_key = 77 WHERE order_id = 'o1'")
    says = [c.says for c in check_star(loaded.engine) if c.ok is False]
    assert says == [
        "one line of one order: order_id, line_id should be unique, but o2, 1 stands 2 times",
        "every customer_key should be in dim_customer, but 77 is not",
    ]


def test_a_raw_file_that_changed_since_the_load_fails_the_totals(loaded: Shop) -> None:
    loaded.source("till", {**SHOP, "sales": SALES.replace("2.50", "2.51")}, more=CONTROLS)
    assert {(c.kind, c.says) for c in loaded.failed()} == {
        ("totals", "revenue of sales: 7.51 in the files against 7.50 loaded + 0.00 rejected, 0.01 apart"),
        ("controls", "till roll: 7.51 in the files against 7.50 loaded + 0.00 rejected, 0.01 apart"),
    }


def test_a_control_that_asks_for_another_total_fails(shop: Shop) -> None:
    wrong = "controls:\n  - {name: tax office, entity: sales, measure: revenue, sql: SELECT 7.49}\n"
    shop.source("till", SHOP, more=wrong)
    shop.load()
    says = "tax office: 7.49 in the files against 7.50 loaded + 0.00 rejected, 0.01 apart"
    assert [c.says for c in shop.failed()] == [says]


def test_a_control_that_is_not_sql_names_its_source(shop: Shop) -> None:
    shop.source("till", SHOP, more="controls:\n  - {name: odd, entity: sales, measure: rows, sql: SELEC 1}\n")
    shop.load()
    with pytest.raises(CrmError, match=r"till: odd: .*syntax error"):
        shop.checks()


def test_rejected_money_counts_as_accounted_for(shop: Shop) -> None:
    # 7.50 as before, and 100.00 on a line without a day: rejected, but not forgotten.  The capital R must not matter.
    mapping = {"sales": 'SELECT * EXCLUDE (revenue), revenue AS "Revenue" FROM raw_sales'}
    shop.source("till", {**SHOP, "sales": SALES + "o3,1,ann,tea,web,,1,100\n"}, mappings=mapping)
    shop.load()
    assert shop.failed() == []
    assert "revenue of sales: 107.50 in the files = 7.50 loaded + 100.00 rejected" in {c.says for c in shop.checks()}
    shop.engine.execute("DELETE FROM rejects")
    assert [c.says for c in shop.failed()] == [
        "4 rows in the files against 3 loaded + 0 rejected",
        "revenue of sales: 107.50 in the files against 7.50 loaded + 0.00 rejected, 100.00 apart",
    ]


HEAD = "order_id,line_id,sold_at,revenue\n"


def sold(*amounts: str) -> str:
    return HEAD + "".join(f"o,{i},2017-01-01,{amount}\n" for i, amount in enumerate(amounts))


KINDS = {  # the same money as text, binary fraction, exact decimal
    "text": "SELECT * FROM raw_sales",
    "double": "SELECT * REPLACE (CAST(revenue AS DOUBLE) AS revenue) FROM raw_sales",
    "decimal": "SELECT * REPLACE (CAST(revenue AS DECIMAL(18,4)) AS revenue) FROM raw_sales",
}


@pytest.mark.parametrize("kind", KINDS)
def test_fractions_of_a_cent_are_rounded_row_by_row_and_explained(kind: str, shop: Shop) -> None:
    # Three times 0.0049 is 0.0147, 0.01 to the cent; row by row each is 0.00.  0.07 has no fractions of a cent.
    shop.source("till", {"sales": sold("0.0049", "0.0049", "0.0049", "0.07")}, mappings={"sales": KINDS[kind]})
    (done,) = (d for d in shop.load() if d.entity == "sales")
    assert (done.rows_loaded, done.rows_rounded) == (4, 3)
    (check,) = (c for c in shop.checks() if "revenue" in c.says)
    assert (check.ok, check.says) == (
        True,
        "revenue of sales: 0.08 in the files against 0.07 loaded + 0.00 rejected, 0.01 apart, "
        "which the rounding of 3 rows to the cent explains",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_rounding_excuses_half_a_cent_a_rounded_row_and_no_more(kind: str, shop: Shop) -> None:
    # Three rounded rows excuse 1.5 cents, and half a cent for the sum itself: 3 cents are too many.
    shop.source("till", {"sales": sold("0.0049", "0.0049", "0.0049", "5")}, mappings={"sales": KINDS[kind]})
    shop.load()
    shop.engine.execute("UPDATE fct_sale SET revenue = 4.98 WHERE line_id = '3'")
    (check,) = (c for c in shop.checks() if "revenue" in c.says)
    assert (check.ok, check.says) == (
        False,
        "revenue of sales: 5.01 in the files against 4.98 loaded + 0.00 rejected, 0.03 apart",
    )


def test_rounding_that_evens_out_is_not_mentioned(shop: Shop) -> None:
    shop.source("till", {"sales": sold("0.996", "1.004")})
    shop.load()
    (check,) = (c for c in shop.checks() if "revenue" in c.says)
    assert (check.ok, check.says) == (True, "revenue of sales: 2.00 in the files = 2.00 loaded + 0.00 rejected")


def test_the_noise_of_a_binary_sum_is_not_rounding(shop: Shop) -> None:
    # 0.1 + 0.2 is 0.30000000000000004 as a binary fraction, and still 30 cents.
    mapping = {"sales": "SELECT *, 0.1::DOUBLE + 0.2::DOUBLE AS discount FROM raw_sales"}
    shop.source("till", {"sales": sold("1.10", "2.20")}, mappings=mapping)
    (done,) = (d for d in shop.load() if d.entity == "sales")
    assert done.rows_rounded == 0
    assert shop.failed() == []


def test_only_the_last_load_says_how_much_was_rounded(shop: Shop) -> None:
    shop.source("till", {"sales": sold("0.0049", "0.0049", "0.0049")})
    shop.load()
    shop.source("till", {"sales": sold("1", "2", "3")})
    shop.load()
    shop.engine.execute("UPDATE fct_sale SET revenue = 1.01 WHERE line_id = '0'")
    assert [c.says for c in shop.failed()] == [
        "revenue of sales: 6.00 in the files against 6.01 loaded + 0.00 rejected, 0.01 apart"
    ]


def test_a_long_sum_of_binary_fractions_does_not_drift(shop: Shop) -> None:
    # 0.1 in binary is a little too much; a plain sum of 300,000 of them after 1e9 is off by more than a cent.
    mapping = (
        "SELECT 'o' AS order_id, range AS line_id, DATE '2017-01-01' AS sold_at, "
        "CASE range WHEN 0 THEN 1e10 ELSE 0.1 END::DOUBLE AS revenue FROM range(300_001)"
    )
    shop.source("till", {"none": "x\n"}, mappings={"sales": mapping})
    shop.load()
    ((plain,),) = shop.rows(f"SELECT sum(revenue) FROM ({mapping} ORDER BY range)")
    assert abs(plain - 10_000_030_000) > 0.01
    assert shop.failed() == []


def test_unknown_members_are_counted_by_id(shop: Shop) -> None:
    lines = "o3,1,eve,ham,web,2017-01-01,1,1\no4,1,,,,2017-01-01,1,1\n"
    shop.source("till", {**SHOP, "sales": SALES + lines})
    shop.load()
    # Ham is in o1 and o3: one id, two lines; eve is nobody's customer.  Line o4 names nothing: that is not unresolved.
    assert [(c.table, c.says, c.rows, c.ok) for c in unknown_members(shop.engine)] == [
        ("fct_sale", "customer_id: 1 not in dim_customer; their rows lie in its unknown member", 1, None),
        ("fct_sale", "product_id: 1 not in dim_product; their rows lie in its unknown member", 2, None),
    ]
    keys = "SELECT order_id, customer_key, product_key, channel_key FROM fct_sale WHERE unresolved IS NULL ORDER BY ALL"
    assert [row for row in shop.rows(keys) if row[0] == "o4"] == [("o4", 0, 0, 0)]


def test_an_id_full_of_quotes_stays_as_it_is_when_unresolved(shop: Shop) -> None:
    who = """O'Neil "x" \\ {"customer_id": "ann"}"""
    quoted = '"' + who.replace('"', '""') + '"'
    shop.source("till", {"sales": "order_id,line_id,customer_id,sold_at,revenue\n" + f"o,1,{quoted},2017-01-01,1\n"})
    shop.source("web", {"customers": CUSTOMERS})
    shop.load("till")
    shop.load("web")  # the till's row goes through contract rows and back
    assert shop.rows("SELECT customer_key, unresolved->>'$.customer_id' FROM fct_sale") == [(0, who)]


def test_a_warehouse_that_is_not_loaded_says_what_to_run(shop: Shop) -> None:
    with pytest.raises(WarehouseError, match="not loaded yet; run: crm load"):
        list(check_star(shop.engine))


def test_rejects_are_counted_by_reason(shop: Shop) -> None:
    lines = "o3,1,ann,tea,store,never,1,1.00\no4,1,ann,tea,store,never,1,1.00\n"
    shop.source("till", SHOP | {"sales": SALES + lines})
    shop.load()
    (told,) = rejected_rows(shop.engine)
    assert (told.table, told.rows) == ("fct_sale", 2)
    assert told.says == "rejected from till, sales: sold_at: not a TIMESTAMP"


@pytest.mark.parametrize("sql", ["SELECT 1, 2", "SELECT 1 WHERE FALSE", "SELECT 'many'", "SELECT 1 UNION ALL SELECT 2"])
def test_a_count_must_give_one_number(sql: str, shop: Shop) -> None:
    shop.source("till", SHOP, more=f'counts:\n  - {{name: odd, sql: "{sql}"}}\n')
    shop.load()
    with pytest.raises(DataError, match="odd: must give one row with one number"):
        shop.checks()
