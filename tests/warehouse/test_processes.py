"""Real processes: who holds the file, and what a load leaves that is killed halfway."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import connect
from crm_analytics.errors import WarehouseError
from crm_analytics.warehouse.load import load
from tests.warehouse.made import NOW, SHOP, write_source

ROOT = Path(__file__).parents[2]

HOLD = """
import sys
from pathlib import Path
from crm_analytics.engines import connect
engine = connect(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.read()
"""

LOAD = """
import sys
from datetime import datetime
from pathlib import Path
from crm_analytics.config import ProjectConfig
from crm_analytics.engines import connect
from crm_analytics.warehouse.load import load
engine = connect(Path(sys.argv[1]), threads=1)
def say(text):  # and wait until one may go on
    print(text, flush=True)
    sys.stdin.readline()
load(engine, ProjectConfig(name="test"), Path(sys.argv[2]), (), datetime(2024, 1, 2), say)
print("done", flush=True)
"""

# A million sales that take a few seconds to load: more than one row group, so some of it is on disk before the commit.
MILLION = """SELECT 'o' || range AS order_id, range AS line_id, 'c' || range % 50_000 AS customer_id,
  TIMESTAMP '2017-01-01' + INTERVAL 1 MINUTE * (range % 500_000) AS sold_at, range % 10_000 / 100.0 AS revenue
FROM range(1_000_000)"""


@contextmanager
def process(code: str, *args: Path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *map(str, args)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def content(warehouse: Path) -> dict[str, list[object]]:
    """What is in the warehouse, opened anew; of the sales only their number, for there are many."""
    engine = connect(warehouse, read_only=True)
    asked = {table: f"SELECT * FROM {table}" for table in engine.tables()}
    asked["fct_sale"] = "SELECT count(*), sum(revenue), min(order_id), max(order_id) FROM fct_sale"
    found = {table: sorted(engine.rows(text), key=repr) for table, text in asked.items()}
    engine.close()
    return found


@pytest.mark.parametrize("read_only", [False, True])
def test_a_warehouse_that_another_process_writes_to_names_that_process(tmp_path: Path, read_only: bool) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    with process(HOLD, warehouse) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(WarehouseError) as caught:
            connect(warehouse, read_only=read_only)
        says = f"{warehouse}: process {holder.pid} is using this warehouse; wait until it has finished and try again"
        assert str(caught.value) == says
    connect(warehouse, read_only=read_only).close()  # it is free again


def test_two_processes_may_read_at_the_same_time(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    connect(warehouse).close()
    reading = HOLD.replace("sys.argv[1])", "sys.argv[1]), read_only=True")
    with process(reading, warehouse) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        connect(warehouse, read_only=True).close()
        with pytest.raises(WarehouseError, match=rf"process {holder.pid} is using this warehouse"):
            connect(warehouse)


@pytest.mark.parametrize("said_last", ["campaigns", "promotions"])
def test_a_load_that_is_killed_leaves_the_old_content(tmp_path: Path, said_last: str) -> None:
    warehouse, data = tmp_path / "warehouse.duckdb", tmp_path / "data"
    write_source(data, "till", SHOP)
    loaded(warehouse, data)
    before = content(warehouse)
    members = {"campaigns": "SELECT 'k' AS campaign_id", "promotions": "SELECT DATE '2017-01-01' AS week_start"}
    write_source(data, "till", SHOP, mappings={"sales": MILLION, **members})
    with process(LOAD, warehouse, data) as loading:
        assert loading.stdin is not None
        assert loading.stdout is not None
        for line in loading.stdout:
            assert line != "done\n"
            if line.startswith(said_last):
                break
            print(file=loading.stdin, flush=True)
        if said_last == "campaigns":
            # The sales come next: killed while they are being read.  Otherwise they are built, but not committed.
            print(file=loading.stdin, flush=True)
        os.kill(loading.pid, signal.SIGKILL)
        assert loading.wait() == -signal.SIGKILL
    assert content(warehouse) == before
    # And it can be loaded again.
    loaded(warehouse, data)
    assert [row[:7] for row in content(warehouse)["dim_campaign"]] == [(0, *[None] * 6), (1, "k", *[None] * 4, "till")]


def loaded(warehouse: Path, data: Path) -> None:
    engine = connect(warehouse, threads=1)
    load(engine, ProjectConfig(name="test"), data, (), NOW, lambda _: None)
    engine.close()
