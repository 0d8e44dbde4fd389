"""Questions that semantic layers are known to answer wrongly, on a star whose truth fits in a comment.

    sales (client of region, product of category, day, receipt, amount)
      ann (N)  tea   DRINK  2024-01-05  r1  100
      ann (N)  pie   FOOD   2024-01-05  r1   80
      ann (N)  tea   DRINK  2024-02-10  r2  200     N 380
      bob (S)  pie   FOOD   2024-02-20  r3  160     S 160
      -        tea   DRINK  2024-04-01  r4 1000     an orphan; all 1540
    contacts (client, day, channel, minutes)
      ann 2024-01-07 phone 5,  ann 2024-03-01 phone 7   N 12
      bob 2024-02-01 mail  3                            S  3
      cleo (W) 2024-01-09 phone 11                      W 11; all 26
    balances (client, day, points)
      ann 2024-01-31 100,  dora 2024-02-29 20,  bob 2024-02-29 7       dora (N) has never bought

Two more of them, a distinct count to date and a change against an empty month, stand with the calculations over time.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import QueryError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.cellset import CellSet
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery

STAR = """
CREATE TABLE dim_client AS FROM (VALUES
  (0, NULL, NULL), (1, 'ann', 'N'), (2, 'bob', 'S'), (3, 'cleo', 'W'), (4, 'dora', 'N')
) t(client_key, client, region);
CREATE TABLE dim_product AS FROM (VALUES (0, NULL, NULL), (1, 'tea', 'DRINK'), (2, 'pie', 'FOOD'))
  t(product_key, product, category);
CREATE TABLE dim_date AS
  SELECT CAST(strftime(d, '%Y%m%d') AS INTEGER) AS date_key, CAST(d AS DATE) AS date, strftime(d, '%Y-%m') AS month
  FROM range(TIMESTAMP '2024-01-01', TIMESTAMP '2024-05-01', INTERVAL 1 DAY) t(d) UNION ALL SELECT 0, NULL, NULL;
CREATE TABLE fct_sale AS FROM (VALUES
  (1, 1, 20240105, 20240107, 'r1', 100), (1, 2, 20240105, 20240107, 'r1', 80), (1, 1, 20240210, 20240301, 'r2', 200),
  (2, 2, 20240220, 20240301, 'r3', 160), (0, 1, 20240401, 20240405, 'r4', 1000)
) t(client_key, product_key, date_key, shipped_key, receipt, amount);
CREATE TABLE fct_contact AS FROM (VALUES
  (1, 20240107, 'phone', 5), (1, 20240301, 'phone', 7), (2, 20240201, 'mail', 3), (3, 20240109, 'phone', 11)
) t(client_key, date_key, channel, minutes);
CREATE TABLE fct_balance AS FROM (VALUES (1, 20240131, 100), (4, 20240229, 20), (2, 20240229, 7))
  t(client_key, date_key, points)
"""
CUBES = {
    "dimensions": """version: 1
dimensions:
  client: {table: dim_client, key: client_key, unknown: No client, attributes: {client: {}, region: {}}}
  product: {table: dim_product, key: product_key, attributes: {product: {}, category: {}}}
  date: {table: dim_date, key: date_key, attributes: {month: {}, date: {}}, hierarchies: {calendar: [month, date]}}
""",
    "sales": """version: 1
cube: sales
fact: {table: fct_sale, key: [receipt, product_key]}
dimensions: {client: {}, product: {}, date: {roles: {sold: date_key, shipped: shipped_key}}}
measures:
  revenue: {agg: sum, sql: amount}
  receipts: {agg: count_distinct, sql: receipt}
  middle: {agg: median, sql: amount}
  per_receipt: {formula: revenue / receipts}
""",
    "contacts": """version: 1
cube: contacts
fact: {table: fct_contact, key: [client_key, date_key]}
dimensions: {client: {}, date: {}, contact: {attributes: {channel: {}}}}
measures: {minutes: {agg: sum, sql: minutes}}
""",
    "balances": """version: 1
cube: balances
fact: {table: fct_balance, key: [client_key, date_key]}
dimensions: {client: {}, date: {}}
measures:
  last: {agg: sum, sql: points, semi_additive: {over: date, take: last}}
  points: {agg: sum, sql: points, semi_additive: {over: date, take: last, per: [client]}}
""",
}


class Star:
    """The star, its cubes, and a way to ask them."""

    def __init__(self, folder: Path) -> None:
        self.engine = DuckEngine.open(None, threads=1)
        for sql in STAR.split(";"):
            self.engine.execute(sql)
        for name, text in CUBES.items():
            (folder / f"{name}.yml").write_text(text)
        self.model = bind_model(load_model(folder), self.engine)

    def ask(self, query: CubeQuery) -> CellSet:
        return browse(self.engine, self.model, query)

    def rows(self, query: CubeQuery) -> list[tuple[object, ...]]:
        return self.ask(query).frame.rows()


@pytest.fixture(scope="module")
def star(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Star]:
    star = Star(tmp_path_factory.mktemp("traps"))
    yield star
    star.engine.close()


SALES, BALANCES = CubeQuery("sales"), CubeQuery("balances")
BOTH = SALES.measures("revenue", "contacts.minutes")


def test_two_facts_by_a_shared_dimension(star: Star) -> None:
    # N 380 / 12, S 160 / 3, W no sale / 11, nobody known 1000: neither W nor the 1000 may be lost.
    truth = [("N", 380, 12), ("S", 160, 3), ("W", None, 11), ("No client", 1000, None)]
    assert star.rows(BOTH.by("client.region")) == truth


def test_two_facts_without_any_dimension(star: Star) -> None:
    # 1540 / 26: the orphan counts although it meets no contact.
    assert star.rows(BOTH) == [(1540, 26)]


@pytest.mark.parametrize("by", [("client.region", "product.category"), ("product.category", "client.region")])
def test_an_orphan_is_counted_whatever_the_order_of_the_dimensions(star: Star, by: tuple[str, str]) -> None:
    # 180 + 200 of N (100 + 200 tea, 80 pie), 160 of S, 1000 of nobody: the rows sum to 1540 both ways.
    cells = star.ask(SALES.measures("revenue").by(*by)).frame
    assert cells["revenue"].sum() == 1540
    assert set(cells.select(sorted(by)).with_columns(cells["revenue"]).rows()) == {
        ("N", "DRINK", 300), ("N", "FOOD", 80), ("S", "FOOD", 160), ("No client", "DRINK", 1000),
    }  # fmt: skip


def test_a_dimension_that_one_fact_does_not_reach_is_refused(star: Star) -> None:
    # Minutes by product would repeat the 26 in every row: 53 and worse have been answered elsewhere.
    with pytest.raises(QueryError, match="cube 'contacts' does not reach dimension 'product'"):
        star.ask(BOTH.by("product.category"))
    # 'sold' is a date too, but contacts have none of that name: whose month would it be?
    with pytest.raises(QueryError, match="cube 'contacts' does not reach dimension 'sold'"):
        star.ask(BOTH.by("sold.month"))


def test_the_dates_of_two_facts_do_not_multiply_their_rows(star: Star) -> None:
    # By client: ann 380 / 12, bob 160 / 3, cleo - / 11, nobody 1000.  Four rows, not one for each date of a contact.
    assert star.rows(BOTH.by("client.client")) == [
        ("ann", 380, 12), ("bob", 160, 3), ("cleo", None, 11), ("No client", 1000, None),
    ]  # fmt: skip


def test_ratio_median_and_a_date_in_two_roles(star: Star) -> None:
    # N: 380 / 2 receipts, the middle of 80, 100, 200; S 160 / 1; nobody 1000 / 1; all 1540 / 4, middle 160.
    query = SALES.measures("per_receipt", "middle").by("client.region").with_totals()
    assert star.rows(query) == [
        ("N", "", 190.0, 100.0),
        ("S", "", 160.0, 160.0),
        ("No client", "", 1000.0, 1000.0),
        (None, "all", 385.0, 160.0),
    ]
    # Sold in February: 200 and 160, both shipped in March.
    assert star.rows(SALES.measures("revenue").by("sold.month", "shipped.month").slice("sold.month", "2024-02")) == [
        ("2024-02", "2024-03", 360)
    ]


def test_the_last_balance_of_a_region_and_of_its_clients(star: Star) -> None:
    # The last day of N is dora's 20; each client's own last day gives ann's 100 and dora's 20.  S is bob's 7.
    assert star.rows(BALANCES.measures("last").by("client.region")) == [("N", 20), ("S", 7)]
    assert star.rows(BALANCES.measures("points").by("client.region")) == [("N", 120), ("S", 7)]
    # In all: 20 + 7 on the last day of the whole, 127 of the clients.
    assert star.rows(BALANCES.measures("last", "points")) == [(27, 127)]


def test_one_fact_filtered_by_a_measure_of_the_other(star: Star) -> None:
    # Regions with more than 10 minutes: N and W.  Clients with more than 5: ann and cleo, who bought for 380.
    assert star.rows(SALES.measures("revenue").by("client.region").dice("contacts.minutes > 10")) == [
        ("N", 380),
        ("W", None),
    ]
    assert star.rows(SALES.measures("revenue").dice("contacts.minutes > 5 per client.client")) == [(380,)]
