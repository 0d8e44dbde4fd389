"""How long it takes to explain a change of five million rows, and how much memory.

    python benchmarks/explain.py [ROWS]

A made-up star: a fact of 5 million sale lines in two quarters, 200,000 customers and
20,000 products with seven attributes.  In the second quarter one region buys a tenth
more; it has to be ranked first.  All seven attributes, all their 21 pairs and the
customer bridge, on two threads.  The bars: 10 seconds, and 2 GB for the whole process.

Exit code 1 where a bar is broken or the region is not found.
"""

import resource
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.explain.explain import explain
from crm_analytics.olap.explain.question import Change
from crm_analytics.olap.load import load_model

ROWS = 5_000_000
SECONDS_BAR, MB_BAR = 10.0, 2_000.0
PLANTED = ("customer.region", "region 7")

STAR = """
CREATE TABLE dim_customer AS SELECT i AS customer_key, 'age ' || (hash(i) % 8) AS age,
  'income ' || (hash(i, 1) % 12) AS income, 'region ' || (hash(i, 2) % 50) AS region,
  'segment ' || (hash(i, 3) % 6) AS segment FROM range(1, 200_001) t(i);
CREATE TABLE dim_product AS SELECT i AS product_key, 'department ' || (i % 30) AS department,
  'category ' || (i % 300) AS category, 'brand ' || (hash(i, 5) % 100) AS brand FROM range(1, 20_001) t(i);
CREATE TABLE dim_date AS SELECT CAST(strftime(d, '%Y%m%d') AS INTEGER) AS date_key, CAST(d AS DATE) AS date
  FROM range(TIMESTAMP '2017-04-01', TIMESTAMP '2017-10-01', INTERVAL 1 DAY) t(d);
CREATE TABLE fct_sale AS SELECT i AS line_id, customer_key, product_key, date_key,
    CAST(hash(i, 9) % 10_000 / 100.0 * CASE WHEN region = 'region 7' AND date_key >= 20170701 THEN 1.1 ELSE 1 END
      AS DECIMAL(18,2)) AS revenue
  FROM range({rows}) t(i)
  JOIN dim_customer ON customer_key = hash(i) % 200_000 + 1
  JOIN (SELECT date_key, row_number() OVER (ORDER BY date_key) - 1 AS day FROM dim_date) ON day = hash(i, 2) % 183
  JOIN (SELECT product_key FROM dim_product) ON product_key = hash(i, 1) % 20_000 + 1
"""

CUBES = {
    "dimensions.yml": """version: 1
dimensions:
  customer: {table: dim_customer, key: customer_key, attributes: {age: {}, income: {}, region: {}, segment: {}}}
  product:
    table: dim_product
    key: product_key
    attributes: {department: {}, category: {}, brand: {}}
    hierarchies: {assortment: [department, category]}
  date: {table: dim_date, key: date_key, attributes: {date: {}}}
""",
    "sales.yml": """version: 1
cube: sales
fact: {table: fct_sale, key: line_id}
dimensions: {customer: {}, product: {}, date: {}}
measures: {revenue: {agg: sum, sql: revenue, format: money}}
""",
}


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in CUBES.items():
            (folder / file).write_text(text, encoding="utf-8")
        made = DuckEngine.open(folder / "star.duckdb", threads=2)
        for sql in STAR.format(rows=rows).split(";"):
            made.execute(sql)
        made.close()
        engine = DuckEngine.open(folder / "star.duckdb", read_only=True, threads=2)
        model = bind_model(load_model(folder), engine)
        start, cpu_start = perf_counter(), process_time()
        found = explain(engine, model, Change("sales", "revenue", "2017-Q2", "2017-Q3"))
        seconds, cpu = perf_counter() - start, process_time() - cpu_start
        engine.close()
    # Kilobytes on Linux, bytes on macOS.
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
    first = found.drivers.row(0)[:2]
    what = f"{rows:,} rows, {found.attributes.height} attributes, {found.drivers.height} members"
    print(f"{what}: {seconds:.2f} s, {cpu:.2f} s of processor time")
    print(f"peak memory of the process, with making the rows: {megabytes:,.0f} MB; first: {' '.join(first)}")
    print(f"the bars: {SECONDS_BAR:.0f} s, {MB_BAR:,.0f} MB, first {' '.join(PLANTED)}; adds up: {found.adds_up}")
    if seconds > SECONDS_BAR or megabytes > MB_BAR or first != PLANTED or not found.adds_up:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
