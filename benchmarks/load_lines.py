"""Loading millions of synthetic sale lines, beside bare `CREATE TABLE AS SELECT` of the same files.

    python benchmarks/load_lines.py [LINES] [csv|parquet] [ROUNDS]

One file a month for twenty months, a customer for every hundred lines, 10,000
products.  Each side runs in a process of its own, in turn, on the same memory
limit, into a fresh DuckDB file, up to and with the checkpoint: `star` is the first
load, `bare` reads the same columns, typed, into tables.  Then a file with one
hundredth more lines comes, of later days, and the load reads that: `more`; and
once again with nothing new: `same`.

Exit code 1 where the first load takes more than 3 times the bare side, or the
load of one hundredth more than 5 % of the first.
"""

import json
import resource
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from shutil import disk_usage
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import duckdb

from crm_analytics.project import Project

FULL_BAR, MORE_BAR = 3.0, 0.05
MONTHS = 20
MEMORY = "4GB"
CRM = f"version: 1\nname: benchmark\nmemory_limit: {MEMORY}\n"
SOURCE = """version: 1
files:
  lines: {{path: lines_*.{ending}}}
  customers: {{path: customers.{ending}}}
  products: {{path: products.{ending}}}
incremental:
  sales: {{by: lines}}
"""
LINES = """SELECT 'o' || lpad(CAST(n // 3 AS VARCHAR), 10, '0') AS order_id, CAST(n % 3 AS VARCHAR) AS line_id,
  'c' || CAST(hash(n // 3) % {customers} AS VARCHAR) AS customer_id,
  'p' || CAST(hash(n) % 10000 AS VARCHAR) AS product_id,
  CASE WHEN hash(n + 7) % 4 = 0 THEN 'web' ELSE 'store' END AS channel,
  TIMESTAMP '2020-01-01' + INTERVAL 1 SECOND * CAST(n * {seconds} AS BIGINT) AS sold_at,
  1 + hash(n + 1) % 3 AS quantity, CAST(hash(n + 2) % 10000 / 100 AS DECIMAL(18,2)) AS revenue,
  CAST(hash(n + 3) % 300 / 100 AS DECIMAL(18,2)) AS discount
FROM range({first}, {last}) t(n)"""
TYPED = (
    "{order_id: 'VARCHAR', line_id: 'VARCHAR', customer_id: 'VARCHAR', product_id: 'VARCHAR', channel: 'VARCHAR', "
    "sold_at: 'TIMESTAMP', quantity: 'DOUBLE', revenue: 'DECIMAL(18,2)', discount: 'DECIMAL(18,2)'}"
)


def write(folder: Path, lines: int, ending: str) -> None:
    """The project with its raw files."""
    source = folder / "data" / "till"
    source.mkdir(parents=True)
    (folder / "crm.yml").write_text(CRM)
    (source / "source.yml").write_text(SOURCE.format(ending=ending))
    for entity, raw in (("sales", "lines"), ("customers", "customers"), ("products", "products")):
        (source / f"{entity}.sql").write_text(f"SELECT * FROM raw_{raw}")
    con = duckdb.connect(config={"memory_limit": MEMORY, "preserve_insertion_order": False})
    customers = lines // 100
    people = f"SELECT 'c' || n AS customer_id, 'city ' || n % 100 AS city FROM range({customers}) t(n)"
    goods = "SELECT 'p' || n AS product_id, 'type ' || n % 300 AS product_type FROM range(10000) t(n)"
    for name, rows in (("customers", people), ("products", goods)):
        con.execute(f"COPY ({rows}) TO '{source / name}.{ending}'").fetchall()
    for month in range(MONTHS):
        _copy(con, source, month, lines, lines * month // MONTHS, lines * (month + 1) // MONTHS, ending)
    con.close()


def _copy(
    con: duckdb.DuckDBPyConnection, source: Path, month: int, lines: int, first: int, last: int, ending: str
) -> None:
    values = {"customers": lines // 100, "seconds": 53_000_000 / lines, "first": first, "last": last}
    con.execute(f"COPY ({LINES.format(**values)}) TO '{source}/lines_{month:02}.{ending}'").fetchall()


def side(name: str, folder: Path, lines: int, ending: str) -> None:
    """Run one side in this process and print its seconds and peak memory."""
    source = folder / "data" / "till"
    if name == "more":
        con = duckdb.connect()
        _copy(con, source, MONTHS, lines, lines, lines + lines // 100, ending)
        con.close()
    started, cpu = perf_counter(), process_time()
    if name == "bare":
        con = duckdb.connect(
            str(folder / "bare.duckdb"), config={"memory_limit": MEMORY, "preserve_insertion_order": False}
        )
        typed = f", header = true, auto_detect = false, columns = {TYPED}" if ending == "csv" else ""
        read = {"csv": "read_csv", "parquet": "read_parquet"}[ending]
        con.execute(f"CREATE TABLE lines AS SELECT * FROM {read}('{source}/lines_*.{ending}'{typed})").fetchall()
        for table in ("customers", "products"):
            con.execute(f"CREATE TABLE {table} AS SELECT * FROM {read}('{source}/{table}.{ending}')").fetchall()
        con.execute("CHECKPOINT").fetchall()
        con.close()
    else:
        Project.open(folder).load(now=datetime(2022, 1, 1))
    seconds, cpu = perf_counter() - started, process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak_mb": peak_mb}))


def run(name: str, folder: Path, lines: int, ending: str) -> dict[str, float]:
    """One side in a fresh process."""
    command = [sys.executable, __file__, "--side", name, str(folder), str(lines), ending]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    measured: dict[str, float] = json.loads(ran.stdout)
    print(
        f"  {name:<5} {measured['seconds']:8.2f} s ({measured['cpu']:8.2f} s CPU), {measured['peak_mb']:6,.0f} MB peak",
        flush=True,
    )
    return measured


def main(lines: int, ending: str, rounds: int) -> int:
    """Run the rounds, print them, and give the exit code."""
    ratios, shares = [], []
    for i in range(1, rounds + 1):
        with TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write(folder, lines, ending)
            used = (disk_usage(temporary).total - disk_usage(temporary).free) / 1e9
            print(f"round {i}: {lines:,} lines, {ending} ({used:.0f} GB of the disk in use)", flush=True)
            bare = run("bare", folder, lines, ending)
            (folder / "bare.duckdb").unlink()
            star, more, same = (run(name, folder, lines, ending) for name in ("star", "more", "same"))
        ratios.append(star["seconds"] / bare["seconds"])
        shares.append(more["seconds"] / star["seconds"])
        print(
            f"  {lines / star['seconds']:,.0f} rows a second; star / bare {ratios[-1]:.2f} "
            f"(CPU {star['cpu'] / bare['cpu']:.2f}); one hundredth more {100 * shares[-1]:.1f} % of the first load; "
            f"nothing new {same['seconds']:.2f} s",
            flush=True,
        )
    print(f"median of {rounds}: star / bare {median(ratios):.2f} (bar {FULL_BAR:g}), more {100 * median(shares):.1f} %")
    return int(median(ratios) > FULL_BAR or median(shares) > MORE_BAR)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        side(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    else:
        given = sys.argv[1:]
        sys.exit(
            main(
                int(given[0].replace("_", "")) if given else 10_000_000,
                given[1] if len(given) > 1 else "csv",
                int(given[2]) if len(given) > 2 else 1,
            )
        )
