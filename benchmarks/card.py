"""How long the card of one customer takes: on the Complete Journey, or on a made-up star of any size.

    python benchmarks/card.py                      # build/demo, after `make demo`
    python benchmarks/card.py --rows 100000000     # 100 million facts in a folder of its own under --folder

The made-up star is sold in the order of time, so the rows of a customer lie all over
the file: some 8 lines an order, 12 orders a customer, a few customers with a hundred
times as many; beside every 100 sale lines 5 contacts, 2 consents, 1 response, and all
scores of every customer.  `--rows` counts the rows of all facts together.

Measured inside Python, the card as values (not its text): after the warehouse is open,
and with opening it, which reads the file anew.  The operating system has the file in
memory in both.  The bars: a median of 50 ms on the Complete Journey, 100 ms on the
made-up star.  Exit code 1 where a bar is broken.
"""

import argparse
import shutil
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from random import Random
from statistics import median
from tempfile import mkdtemp
from time import perf_counter, process_time

from crm_analytics.engines import Engine, connect
from crm_analytics.project import Project
from crm_analytics.warehouse.card_index import renew_card_index
from crm_analytics.warehouse.consent_ledger import append_consents

DEMO_BAR, MADE_BAR = 50.0, 100.0
CARDS, OPENINGS = 200, 15
LINES, ORDERS = 8, 12  # an order, a customer

CRM = "version: 1\nname: Made up\ncurrency: EUR\nchannels: [store, web, email]\n"
NAMES = (
    "rfm_class segment next_offer next_offer_kind next_offer_reason r_score f_score m_score segment_no p_alive "
    "bg_nbd_orders_90d bg_nbd_spend_90d expected_order_value churn_risk churn_decile offer_score priority_rank"
)
DAY = "CAST(year(moment) * 10000 + month(moment) * 100 + day(moment) AS INTEGER)"
# A few buy much: the chance of a customer falls with the third root of their key.
WHO = "CAST(1 + floor({customers} * pow(hash(i) / 18446744073709551616.0, 1.5)) AS INTEGER)"
MOMENTS = """(SELECT i, TIMESTAMP '2015-01-01' + to_microseconds(i * (3 * 365 * 86400000000 // {n})) AS moment
  FROM range({n}) t(i))"""
STAR = f"""
CREATE TABLE dim_customer AS SELECT CAST(i AS INTEGER) AS customer_key,
  CASE WHEN i > 0 THEN printf('C%08d', i) END AS customer_id,
  'Customer ' || i AS name, 'c' || i || '@example.org' AS email,
  '+49' || (30_000_000 + i) AS phone, 'DE' AS country, DATE '2014-12-31' AS registered_on,
  CASE i % 5 WHEN 0 THEN 'tea' ELSE 'water' END AS drink, 'made' AS source FROM range({{customers}} + 1) t(i);
CREATE TABLE dim_product AS SELECT CAST(i AS INTEGER) AS product_key, CASE WHEN i > 0 THEN 'P' || i END AS product_id,
  CASE WHEN i > 0 THEN 'Product ' || i END AS product_name,
  CASE WHEN i > 0 THEN 'Type ' || (i % 500) END AS product_type FROM range(50_001) t(i);
CREATE TABLE dim_store AS SELECT CAST(i AS INTEGER) AS store_key, CASE WHEN i > 0 THEN 'S' || i END AS store_id,
  CASE WHEN i > 0 THEN 'Store ' || i END AS store_name FROM range(401) t(i);
CREATE TABLE dim_channel AS FROM (VALUES (0, NULL), (1, 'store'), (2, 'web'), (3, 'email')) t(channel_key, channel);
CREATE TABLE dim_campaign AS SELECT CAST(i AS INTEGER) AS campaign_key,
  CASE WHEN i > 0 THEN 'A' || i END AS campaign_id,
  CASE WHEN i > 0 THEN 'Campaign ' || i END AS campaign_name FROM range(101) t(i);
CREATE TABLE fct_sale AS SELECT 'O' || i AS order_id, CAST(line AS VARCHAR) AS line_id, {WHO} AS customer_key,
  CAST(1 + floor(50_000 * pow(hash(i, line) / 18446744073709551616.0, 2)) AS INTEGER) AS product_key,
  CAST(1 + hash(i, 1) % 400 AS INTEGER) AS store_key, CAST(1 + hash(i, 2) % 3 AS INTEGER) AS channel_key,
  0 AS campaign_key, {DAY} AS date_key, moment AS sold_at, CAST(1 AS DOUBLE) AS quantity,
  CAST(hash(i, line, 3) % 3_000 / 100.0 AS DECIMAL(18,2)) AS revenue,
  CAST(CASE hash(i, line, 4) % 3 WHEN 0 THEN hash(i, line, 5) % 300 / 100.0 ELSE 0 END AS DECIMAL(18,2)) AS discount,
  CAST(NULL AS DECIMAL(18,2)) AS cost,
  'made' AS source, 1 AS part_key, 1 AS load_id, CAST(NULL AS VARCHAR) AS unresolved
  FROM {MOMENTS.replace("{n}", "{orders}")},
  LATERAL (SELECT unnest(range(1, 2 + CAST(hash(i, 6) % 15 AS INTEGER))) AS line);
CREATE TABLE fct_contact AS SELECT 'K' || i AS contact_id, {WHO} AS customer_key,
  CAST(1 + hash(i, 1) % 100 AS INTEGER) AS campaign_key, 3 AS channel_key, {DAY} AS date_key, moment AS contacted_at,
  CASE hash(i, 2) % 5 WHEN 0 THEN 'inbound' ELSE 'outbound' END AS direction, 'mailing' AS contact_kind,
  'delivered' AS outcome, 'made' AS source, 1 AS part_key, 1 AS load_id, CAST(NULL AS VARCHAR) AS unresolved
  FROM {MOMENTS.replace("{n}", "{contacts}")};
CREATE TABLE fct_response AS SELECT 'R' || i AS response_id, {WHO} AS customer_key,
  CAST(1 + hash(i, 1) % 100 AS INTEGER) AS campaign_key, 0 AS product_key, 3 AS channel_key, {DAY} AS date_key,
  moment AS responded_at, CASE hash(i, 2) % 50 WHEN 0 THEN 'opt_out' ELSE 'click' END AS response_kind,
  'made' AS source, 1 AS part_key, 1 AS load_id, CAST(NULL AS VARCHAR) AS unresolved
  FROM {MOMENTS.replace("{n}", "{responses}")};
CREATE TABLE fct_consent AS SELECT 'E' || i AS consent_id, {WHO} AS customer_key,
  CAST(1 + hash(i, 1) % 3 AS INTEGER) AS channel_key, 'marketing' AS purpose,
  CASE hash(i, 2) % 5 WHEN 0 THEN 'withdrawn' ELSE 'granted' END AS status, {DAY} AS date_key, moment AS recorded_at,
  'form ' || i AS proof, CAST(NULL AS VARCHAR) AS wording_version,
  CAST(NULL AS VARCHAR) AS evidence, 'made' AS source, 1 AS part_key, 1 AS load_id, CAST(NULL AS VARCHAR) AS unresolved
  FROM {MOMENTS.replace("{n}", "{consents}")};
CREATE TABLE fct_score AS SELECT '20180101' AS run_id, DATE '2018-01-01' AS as_of, 20180101 AS date_key,
  'model' AS model, score_name, CAST(i AS INTEGER) AS customer_key, 0.5 AS value, CAST(NULL AS VARCHAR) AS label
  FROM (SELECT unnest(string_split('{NAMES}', ' ')) AS score_name), range(1, {{customers}} + 1) t(i);
CREATE TABLE rejects (load_id INTEGER, source VARCHAR, entity VARCHAR, reason VARCHAR, row_json VARCHAR)
"""


def make(folder: Path, rows: int) -> None:
    """A project in `folder` with `rows` rows in its facts, and what the index costs beside a bare copy."""
    orders = int(rows / 1.08) // LINES
    customers = max(orders // ORDERS, 1)
    lines = orders * LINES
    counts = {"orders": orders, "customers": customers, "contacts": lines // 20, "responses": lines // 100}
    folder.mkdir(parents=True)
    (folder / "crm.yml").write_text(CRM, encoding="utf-8")
    engine = connect(folder / "warehouse.duckdb", memory_limit="4GB")
    for sql in STAR.format(**counts, consents=lines // 50).split(";"):
        engine.execute(sql)
    engine.execute("CHECKPOINT")
    append_consents(engine, 1, datetime(2018, 1, 1))
    engine.execute("CHECKPOINT")
    print(f"{_rows(engine):,} rows of facts, {customers:,} customers; {_size(folder):,.0f} MB", flush=True)
    before = _size(folder)
    indexed = _seconds(lambda: _index(engine))
    size = _size(folder) - before
    copied = _seconds(lambda: _copy(engine))
    print(f"the index: {indexed:.1f} s, {size:,.0f} MB; ", end="")
    print(f"a bare CREATE TABLE AS SELECT of fct_sale: {copied:.1f} s, {indexed / copied:.0%}", flush=True)
    engine.execute("DROP TABLE bare")
    engine.execute("CHECKPOINT")
    engine.close()


def measure(folder: Path, bar: float) -> bool:
    """Print how long cards take; whether the median keeps to the bar."""
    with Project.open(folder) as shop:
        ids = _sample(shop.engine)
        busiest = [str(i) for (i,) in shop.engine.rows(BUSIEST)]
        shop.customer(ids[0])
        cpu = process_time()
        took = sorted(_ms(shop, i) for i in ids)
        cpu = (process_time() - cpu) * 1000 / len(ids)
        most = [_ms(shop, i) for i in busiest]
    opening = sorted(_opened(folder, i) for i in ids[:OPENINGS])
    print(f"open warehouse, {len(took)} customers: median {median(took):.1f} ms, least {took[0]:.1f} ms, ", end="")
    print(
        f"95 % within {took[int(len(took) * 0.95)]:.1f} ms, longest {took[-1]:.1f} ms; {cpu:.1f} ms of processor time"
    )
    print(f"with opening it, {len(opening)} customers: median {median(opening):.1f} ms, longest {opening[-1]:.1f} ms")
    print(f"the three who bought most: {', '.join(f'{ms:.0f} ms' for ms in most)}; the bar: {bar:.0f} ms", flush=True)
    return median(took) <= bar


BUSIEST = """SELECT customer_id FROM dim_customer JOIN (
  SELECT customer_key FROM fct_sale WHERE customer_key > 0 GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 3
) USING (customer_key)"""


def _sample(engine: Engine) -> list[str]:
    ids = [str(i) for (i,) in engine.rows("SELECT customer_id FROM dim_customer WHERE customer_key > 0 ORDER BY 1")]
    return Random(5).sample(ids, min(CARDS, len(ids)))


def _opened(folder: Path, customer_id: str) -> float:
    started = perf_counter()
    with Project.open(folder) as shop:
        shop.customer(customer_id)
        return (perf_counter() - started) * 1000


def _ms(shop: Project, customer_id: str) -> float:
    return _seconds(lambda: shop.customer(customer_id)) * 1000


def _seconds(call: Callable[[], object]) -> float:
    started = perf_counter()
    call()
    return perf_counter() - started


def _copy(engine: Engine) -> None:
    engine.execute("CREATE TABLE bare AS FROM fct_sale")
    engine.execute("CHECKPOINT")


def _index(engine: Engine) -> None:
    renew_card_index(engine)
    engine.execute("CHECKPOINT")


def _rows(engine: Engine) -> int:
    facts = ("fct_sale", "fct_contact", "fct_response", "fct_consent")
    return sum(int(str(engine.rows(f"SELECT count(*) FROM {fact}")[0][0])) for fact in facts)


def _size(folder: Path) -> float:
    return (folder / "warehouse.duckdb").stat().st_size / 1e6


def main() -> int:
    """Measure what was asked for, and give the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--project", type=Path, default=Path("build/demo"))
    parser.add_argument("--rows", type=int)
    parser.add_argument("--folder", type=Path, help="where to make the star; it is deleted afterwards")
    asked = parser.parse_args()
    if asked.rows is None and not asked.project.is_dir():
        print(f"{asked.project}: not there, nothing timed; make it with: make demo")
        return 0
    if asked.rows is None:
        return int(not measure(asked.project, DEMO_BAR))
    folder = Path(mkdtemp(prefix="card-", dir=asked.folder)) / "made"
    try:
        make(folder, asked.rows)
        return int(not measure(folder, MADE_BAR))
    finally:
        shutil.rmtree(folder.parent)


if __name__ == "__main__":
    sys.exit(main())
