"""A shop of six sale lines and four contacts whose every total can be added up by hand.

    sales (line: customer, article of department, day, revenue)
      o1  ann (N)   bread   FOOD    Mon 2017-01-02   100
      o1  ann (N)   milk    FOOD    Mon 2017-01-02    80
      o2  ann (N)   ball    TOYS    Tue 2017-02-07   200      ann    380
      o3  bob (S)   bread   FOOD    Mon 2017-01-09    60
      o4  bob (S)   gift    -       Wed 2017-04-05    70
      o4  bob (S)   "Others" Others Wed 2017-04-05    30      bob    160
      o5  -         ball    TOYS    Tue 2017-02-14  1000      nobody known 1000; all 1540
    contacts (customer, day, kind, minutes)
      ann  01-02 visit 5,  ann 03-01 call 7,  bob 01-09 - 3,  eve (W) 02-07 call 11;  all 26

ann, bob and eve are in their thirties, of no stated age, and in their forties.
"""

from datetime import date, datetime

import polars as pl

from crm_analytics.engines.duckdb import DuckEngine

CUSTOMERS = {"ann": 1, "bob": 2, "eve": 3, None: 0}
ARTICLES = {"bread": 1, "milk": 2, "ball": 3, "gift": 4, "Others": 5, None: 0}

DIMENSIONS = """
CREATE OR REPLACE TABLE dim_customer AS FROM (VALUES
  (0, NULL, NULL, NULL, NULL), (1, 'ann', 'N', '30-39', DATE '2015-05-01'),
  (2, 'bob', 'S', NULL, DATE '2016-06-01'), (3, 'eve', 'W', '40-49', NULL)
) t(customer_key, customer_id, region, age, joined);
CREATE OR REPLACE TABLE dim_product AS FROM (VALUES
  (0, NULL, NULL, NULL, NULL, NULL), (1, 'FOOD', 'BAKERY', 'bread', 3, TRUE), (2, 'FOOD', 'DAIRY', 'milk', 2, FALSE),
  (3, 'TOYS', 'OUTDOOR', 'ball', 1, FALSE), (4, NULL, NULL, 'gift', 4, FALSE),
  (5, 'Others', 'Others', 'Others', 5, TRUE)
) t(product_key, department, category, article, rank, organic);
CREATE OR REPLACE TABLE dim_score AS FROM (VALUES (0, NULL), (1, 'loyal'), (2, 'loyal'), (3, NULL))
  t(customer_key, segment);
CREATE OR REPLACE TABLE dim_date AS
  SELECT CAST(strftime(d, '%Y%m%d') AS INTEGER) AS date_key, CAST(d AS DATE) AS date, CAST(year(d) AS INTEGER) AS year,
    strftime(d, '%Y-Q') || quarter(d) AS quarter, strftime(d, '%Y-%m') AS month, strftime(d, '%G-W%V') AS week,
    dayname(d) AS weekday, CAST(isodow(d) AS INTEGER) AS weekday_no
  FROM range(TIMESTAMP '2016-01-01', TIMESTAMP '2018-01-01', INTERVAL 1 DAY) t(d)
  UNION ALL SELECT 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""

type_of = {"integers": "INTEGER", "doubles": "DOUBLE", "decimals": "DECIMAL(18,2)"}

Sale = tuple[str, str | None, str | None, date | None, int]
Contact = tuple[str | None, date | None, str | None, int]

SALES: list[Sale] = [
    ("o1", "ann", "bread", date(2017, 1, 2), 100),
    ("o1", "ann", "milk", date(2017, 1, 2), 80),
    ("o2", "ann", "ball", date(2017, 2, 7), 200),
    ("o3", "bob", "bread", date(2017, 1, 9), 60),
    ("o4", "bob", "gift", date(2017, 4, 5), 70),
    ("o4", "bob", "Others", date(2017, 4, 5), 30),
    ("o5", None, "ball", date(2017, 2, 14), 1000),
]
CONTACTS: list[Contact] = [
    ("ann", date(2017, 1, 2), "visit", 5),
    ("ann", date(2017, 3, 1), "call", 7),
    ("bob", date(2017, 1, 9), None, 3),
    ("eve", date(2017, 2, 7), "call", 11),
]


def shop(
    sales: list[Sale] = SALES,
    contacts: list[Contact] = CONTACTS,
    amounts: str = "decimals",
    into: DuckEngine | None = None,
) -> DuckEngine:
    """The shop in memory, its amounts of the given type; `into` an engine that has the dimensions already."""
    engine = into or DuckEngine.open(None, threads=1)
    if into is None:
        for sql in DIMENSIONS.split(";"):
            engine.execute(sql)
    _fill(engine, "fct_sale", [_sale(i, line) for i, line in enumerate(sales)], amounts, "revenue")
    _fill(engine, "fct_contact", [_contact(i, line) for i, line in enumerate(contacts)], amounts, "minutes")
    return engine


def day_key(day: date | None) -> int:
    return day.year * 10000 + day.month * 100 + day.day if day else 0


def _sale(i: int, line: Sale) -> dict[str, object]:
    order, customer, article, day, revenue = line
    return {
        "order_id": order,
        "line_id": str(i),
        "customer_key": CUSTOMERS[customer],
        "product_key": ARTICLES[article],
        "date_key": day_key(day),
        "shipped_key": day_key(date(day.year, day.month, 28)) if day else 0,
        "sold_at": datetime(day.year, day.month, day.day, 12) if day else None,
        "quantity": 1,
        "revenue": revenue,
    }


def _contact(i: int, line: Contact) -> dict[str, object]:
    customer, day, kind, minutes = line
    return {
        "contact_id": str(i),
        "customer_key": CUSTOMERS[customer],
        "date_key": day_key(day),
        "direction": "inbound" if kind == "call" else "outbound",
        "kind": kind,
        "minutes": minutes,
    }


SCHEMA = {
    "fct_sale": {
        "order_id": pl.String,
        "line_id": pl.String,
        "customer_key": pl.Int32,
        "product_key": pl.Int32,
        "date_key": pl.Int32,
        "shipped_key": pl.Int32,
        "sold_at": pl.Datetime,
        "quantity": pl.Int32,
        "revenue": pl.Int64,
    },
    "fct_contact": {
        "contact_id": pl.String,
        "customer_key": pl.Int32,
        "date_key": pl.Int32,
        "direction": pl.String,
        "kind": pl.String,
        "minutes": pl.Int64,
    },
}


def _fill(engine: DuckEngine, table: str, rows: list[dict[str, object]], amounts: str, column: str) -> None:
    engine.write_frame(table, pl.DataFrame(rows, schema=SCHEMA[table]))
    engine.execute(f"ALTER TABLE {table} ALTER {column} TYPE {type_of[amounts]}")
