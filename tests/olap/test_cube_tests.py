"""`additive`, `semi_additive` and `tests` in a cube file: what they hold, and every nonsense told with its line."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.load import load_model
from crm_analytics.olap.verify import verify
from olap.shop import shop
from olap.test_cube_load import SCHEMA, mistakes

DIMENSIONS = """version: 1
dimensions:
  product:
    table: dim_product
    key: product_key
    attributes: {department: {}, article: {}}
    hierarchies: {assortment: [department, article]}
  customer: {table: dim_customer, key: customer_key, attributes: {region: {}}}
  date: {table: dim_date, key: date_key, attributes: {year: {}, date: {}}, hierarchies: {calendar: [year, date]}}
"""
CUBE = """version: 1
cube: sales
fact: {table: fct_sale, key: [order_id, line_id]}
dimensions: {product: {}, customer: {}, date: {}}
measures:
  revenue: {agg: sum, sql: revenue}
  customers: {agg: count_distinct, sql: customer_key, where: customer_key <> 0}
  average: {agg: avg, sql: revenue}
  per_customer: {formula: revenue / customers}
  stock: {agg: sum, sql: quantity, semi_additive: {over: date}}
  price: {agg: sum, sql: revenue, additive: {not_over: date}}
tests:
  - {measures: {revenue: 1540}}
"""


def write(folder: Path, cube: str) -> Path:
    (folder / "dimensions.yml").write_text(DIMENSIONS)
    (folder / "sales.yml").write_text(cube)
    return folder


@pytest.mark.parametrize(
    ("measure", "told"),
    [
        ("semi_additive: {over: dat}", "no dimension of this cube 'dat'. Did you mean 'date'?"),
        ("semi_additive: {take: last}", "'measures.stock.semi_additive.over' is missing"),
        ("semi_additive: {over: date, take: lst}", "(take) 'lst'. Did you mean 'last'?"),
        ("semi_additive: {over: date, per: [store]}", "no dimension of this cube 'store'"),
        ("semi_additive: {over: date, per: [date]}", "measure 'stock': 'per' and 'over' cannot both be 'date'"),
        ("semi_additive: {over: customer}", "dimension 'customer' has no 'hierarchies'"),
        ("semi_additive: {ovr: date}", "unknown key 'ovr'. Did you mean 'over'?"),
        ("semi_additive: {over: date, take: avg, by: y}", "so 'by' orders nothing"),
        ("additive: {over: date}", "unknown key 'over'. Did you mean 'not_over'?"),
        ("additive: {not_over: [dat]}", "no dimension of this cube 'dat'"),
        ("additive: {not_over: customer}", "and every question would be refused"),
        ("additive: {not_over: date}, semi_additive: {over: date}", "says already what happens over 'date'"),
        ("additive: {not_over: product}, semi_additive: {over: date, per: product}", "adds up over 'product' ('per')"),
    ],
)
def test_nonsense_about_adding_up_is_told_with_its_line(tmp_path: Path, measure: str, told: str) -> None:
    found = mistakes(write(tmp_path, CUBE.replace("semi_additive: {over: date}", measure)))
    assert any(line.startswith("sales.yml:10: ") and told in line for line in found), found


@pytest.mark.parametrize(
    ("measure", "told"),
    [
        ("agg: count_distinct, sql: x, semi_additive: {over: date}", "max, not for agg: count_distinct"),
        ("formula: revenue / 2, semi_additive: {over: date}", "max, not for a formula"),
        ("agg: count, semi_additive: {over: date, by: y}", "'by' leaves one row a day, so there is nothing to count"),
        ("agg: avg, sql: x, additive: false", "'additive' is for sum and count; avg is never added up"),
        ("formula: revenue / 2, additive: false", "'additive' is for sum and count; a formula is recomputed"),
    ],
)
def test_what_is_no_sum_has_nothing_to_say_about_it(tmp_path: Path, measure: str, told: str) -> None:
    cube = CUBE.replace("agg: sum, sql: quantity, semi_additive: {over: date}", measure)
    (found,) = mistakes(write(tmp_path, cube))
    assert found.startswith("sales.yml:10: ")
    assert told in found


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("{measure: {revenue: 1}}", "a test needs either 'measures' with what they have to be, or 'reconcile'"),
        ("{measures: {revenue: 1}, across: [date.year]}", "unknown key 'across'"),
        ("{measures: {revenu: 1}}", "no measure of this cube 'revenu'. Did you mean 'revenue'?"),
        ("{measures: {revenue: many}}", "'revenue' needs a number, not 'many'"),
        ("{measures: {}}", "'measures' needs at least one measure"),
        ("{measures: {revenue: 1}, tolerance: [1]}", "'tolerance' needs a number, not [1]"),
        ("{measures: {revenue: 1}, where: {date.yer: 2017}}", "no attribute of 'date' 'yer'. Did you mean 'year'?"),
        ("{measures: {revenue: 1}, where: {date.year: [[1]]}}", "needs a member or a list of members, not [1]"),
        ("{measures: {revenue: 1}, where: {date.year: []}}", "'date.year' needs at least one member"),
        ("{measures: {revenue: 1}, where: 'date.year ='}", "date.year ="),
        ("{measures: {revenue: 1}, where: store.city = 'X'}", "no dimension of this cube 'store'"),
        ("{reconcile: revenu, across: [date.year]}", "no measure of this cube 'revenu'"),
        ("{reconcile: revenue, across: [date.yr]}", "no attribute of 'date' 'yr'"),
        ("{reconcile: revenue}", "'across' needs a list of names"),
        (
            "{reconcile: average, across: [date.year]}",
            "'average' is agg: avg: only a sum, a count and a distinct count",
        ),
        ("{reconcile: per_customer, across: [date.year]}", "'per_customer' is a formula: only a sum"),
        ("{reconcile: stock, across: [date.year]}", "'stock' is semi-additive: only a sum"),
        ("{reconcile: price, across: [date.year]}", "'price' must not be added up, it says under 'additive'"),
    ],
)
def test_a_test_that_nobody_can_run_is_told_with_its_line(tmp_path: Path, test: str, told: str) -> None:
    (found,) = mistakes(write(tmp_path, CUBE.replace("{measures: {revenue: 1540}}", test)))
    assert found.startswith("sales.yml:13: ")
    assert told in found


def test_tests_are_a_list(tmp_path: Path) -> None:
    (found,) = mistakes(write(tmp_path, CUBE.replace("  - {measures: {revenue: 1540}}", "  revenue: 1540")))
    assert found.startswith("sales.yml:12: 'tests' needs a list")


@pytest.fixture(scope="module")
def engine() -> DuckEngine:
    return shop()


def verdicts(engine: DuckEngine, folder: Path, *tests: str) -> list[tuple[bool, str]]:
    cube = CUBE.replace("  - {measures: {revenue: 1540}}\n", "".join(f"  - {test}\n" for test in tests))
    jsonschema.validate(yaml.safe_load(cube), SCHEMA)
    found = verify(engine, load_model(write(folder, cube)))
    return [(v.ok, v.says.removeprefix(f"{folder}/")) for v in found]


def test_known_numbers_are_compared(engine: DuckEngine, tmp_path: Path) -> None:
    # The shop: 1540 in all, of which FOOD 240 and the second year's none; 1540 / 2 customers.
    assert verdicts(
        engine,
        tmp_path,
        "{measures: {revenue: 1540, customers: 2, per_customer: 770}}",
        "{measures: {revenue: 240}, where: {product.department: FOOD, date.year: [2016, 2017]}}",
        "{measures: {revenue: 70}, where: {product.department: null}}",
        "{measures: {revenue: 241}, where: product.department = 'FOOD'}",
        "{measures: {revenue: 241}, where: product.department = 'FOOD', tolerance: 1}",
        "{measures: {revenue: 1}, where: date.year = 1999}",
        "{measures: {average: 220.1}}",
        "{measures: {revenue: 1}, where: revenu > 3 per product.department}",
    ) == [
        (True, "sales: revenue is 1,540 as it should be"),
        (True, "sales: customers is 2 as it should be"),
        (True, "sales: per_customer is 770 as it should be"),
        (True, "sales: revenue is 240 as it should be"),
        (True, "sales: revenue is 70 as it should be"),
        (False, "sales.yml:16: revenue should be 241, but is 240.00, 1.00 less"),
        (True, "sales: revenue is 241 as it should be"),
        (False, "sales.yml:18: revenue should be 1, but there is nothing"),
        (False, "sales.yml:19: average should be 220.1, but is 220.0, 0.1 less"),
        (False, "sales.yml:20: cube 'sales': no measure 'revenu'. Did you mean 'revenue'? Known: average, customers, "
         "per_customer, price, revenue, stock."),
    ]  # fmt: skip


RECONCILE = (
    "{reconcile: revenue, across: [product.department, date.year]}",
    "{reconcile: customers, across: [customer.region]}",
)


def test_parts_give_the_whole_the_unknown_member_included(engine: DuckEngine, tmp_path: Path) -> None:
    assert verdicts(engine, tmp_path, *RECONCILE) == [
        (True, "sales: revenue is the sum of its parts across product.department, date.year"),
        (True, "sales: customers lies between its largest part and their sum across customer.region"),
    ]


def test_rows_that_a_dimension_loses_or_doubles_are_found(tmp_path: Path) -> None:
    # The gift was sold for 70; a second bob doubles his 160.
    damaged = shop()
    damaged.execute("DELETE FROM dim_product WHERE article = 'gift'")
    damaged.execute("INSERT INTO dim_customer VALUES (2, 'bob', 'E', NULL, NULL)")
    tests = (*RECONCILE, "{reconcile: revenue, across: customer.region, tolerance: 159}")
    assert verdicts(damaged, tmp_path, *tests) == [
        (
            False,
            "sales.yml:13: revenue by product.department adds up to 1,470.00, 70.00 less than the whole of 1,540.00",
        ),
        (True, "sales: customers lies between its largest part and their sum across customer.region"),
        (False, "sales.yml:15: revenue by customer.region adds up to 1,700.00, 160.00 more than the whole of 1,540.00"),
    ]
    damaged.execute("DELETE FROM dim_customer WHERE customer_key IN (1, 2)")
    assert verdicts(damaged, tmp_path, RECONCILE[1]) == [
        (False, "sales.yml:13: customers by customer.region adds up to 0, less than the 2 of the whole: "
         "some are in no part")
    ]  # fmt: skip
    damaged.close()
