"""A star small enough to work out by hand, with every table that features read."""

from collections.abc import Callable
from datetime import date, datetime
from typing import NamedTuple

from crm_analytics.engines.duckdb import DuckEngine

DDL = """
CREATE OR REPLACE TABLE dim_customer (customer_key INTEGER, customer_id VARCHAR);
CREATE OR REPLACE TABLE dim_channel (channel_key INTEGER, channel VARCHAR);
CREATE OR REPLACE TABLE dim_product (
  product_key INTEGER, product_id VARCHAR, department VARCHAR, product_type VARCHAR, source VARCHAR);
CREATE OR REPLACE TABLE fct_sale (
  order_id VARCHAR, line_id VARCHAR, customer_key INTEGER, product_key INTEGER, channel_key INTEGER,
  sold_at TIMESTAMP, quantity DOUBLE, revenue DECIMAL(18,2), discount DECIMAL(18,2));
CREATE OR REPLACE TABLE fct_contact (
  contact_id VARCHAR, customer_key INTEGER, campaign_key INTEGER, channel_key INTEGER,
  contacted_at TIMESTAMP, direction VARCHAR);
CREATE OR REPLACE TABLE fct_response (
  response_id VARCHAR, customer_key INTEGER, campaign_key INTEGER, responded_at TIMESTAMP, response_kind VARCHAR);
INSERT INTO dim_customer VALUES (0, NULL), (1, 'ann'), (2, 'bob'), (3, 'Zoe');
INSERT INTO dim_channel VALUES (0, NULL), (1, 'web'), (2, 'store'), (3, 'email');
INSERT INTO dim_product VALUES
  (0, NULL, NULL, NULL, NULL),
  (1, 'p1', 'food', 'coffee', 'crm'), (2, 'p2', 'food', 'filters', 'crm'),
  (3, 'p3', 'home', 'lamp', 'crm'), (4, 'p4', 'food', 'coffee', 'crm'), (5, 'p5', 'home', NULL, 'crm');
"""


class Line(NamedTuple):
    """One sale line; keys as in the tables above."""

    order: str
    customer: int
    product: int
    at: date | datetime
    revenue: str = "10.00"
    discount: str | None = None
    channel: int = 1
    quantity: float = 1.0


Fill = Callable[[list[Line]], DuckEngine]
