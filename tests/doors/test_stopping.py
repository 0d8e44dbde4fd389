"""Ctrl-C at the doors: the command line ends with 130, a notebook goes on with the next question."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from crm_analytics.engines import connect
from tests.stopping import Endless, press_ctrl_c
from tests.warehouse.made import CUSTOMERS, write_source

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}

CUBE = """version: 1
cube: sales
fact: {{table: fct_sale, key: [order_id]}}
measures:
  orders: {{agg: count}}
  endless: {{agg: max, sql: '({endless}) + order_id'}}
"""


@pytest.fixture
def endless(tmp_path: Path) -> Endless:
    return Endless(tmp_path)


@pytest.fixture
def shop(tmp_path: Path, endless: Endless) -> Path:
    """A project with three orders and a measure that takes days."""
    folder = tmp_path / "shop"
    (folder / "cubes").mkdir(parents=True)
    (folder / "crm.yml").write_text("version: 1\nname: test\n")
    (folder / "cubes" / "sales.yml").write_text(CUBE.format(endless=endless.count.replace("'", "''")))
    engine = connect(folder / "warehouse.duckdb")
    engine.execute("CREATE TABLE fct_sale AS SELECT range AS order_id FROM range(3)")
    engine.close()
    return folder


def stopped(endless: Endless, *words: object) -> tuple[int, str, str]:
    """Run `crm` and press Ctrl-C once the endless statement runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "crm_analytics", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    ) as running:
        endless.wait_until_it_runs(lambda: press_ctrl_c(running.pid))
        out, err = running.communicate(timeout=60)
    return running.returncode, out, err


def test_a_query_that_is_stopped_says_so_in_one_line(shop: Path, endless: Endless, tmp_path: Path) -> None:
    out = tmp_path / "cells.csv"
    words = ("query", "sales", "-m", "endless", "-C", shop)
    said = (130, "", "crm: stopped; nothing half-done was kept\n")
    assert stopped(endless, *words) == said
    assert stopped(endless, *words, "--format", "csv", "--out", out) == said
    assert not out.exists()
    connect(shop / "warehouse.duckdb").close()  # nobody holds it


def test_a_load_that_is_stopped_leaves_the_warehouse_as_it_was(shop: Path, endless: Endless) -> None:
    sql = f"SELECT 'c' || n AS customer_id FROM ({endless.count})"
    write_source(shop / "data", "till", {"customers": CUSTOMERS}, mappings={"customers": sql})
    code, _, err = stopped(endless, "load", "-C", shop)
    assert (code, err) == (130, "crm: stopped; nothing half-done was kept\n")
    engine = connect(shop / "warehouse.duckdb", read_only=True)
    assert engine.tables() == {"fct_sale"}
    engine.close()


class Kernel:
    """A kernel as Jupyter starts it."""

    def __init__(self) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=ENVIRONMENT)
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, meanwhile: Callable[[], object] = lambda: None) -> str:
        """Run a cell; gives the text of its last value, or the name of its error."""
        # As in "Run all", Jupyter would drop what is sent within moments of an error.
        asked = self.client.execute(code, user_expressions={"value": "repr(_)"}, stop_on_error=False)
        meanwhile()
        while (reply := self.client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != asked:
            pass
        content = reply["content"]
        if content["status"] == "error":
            return str(content["ename"])
        return str(content["user_expressions"]["value"].get("data", {}).get("text/plain", ""))

    def stop(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.stop()


def test_a_cell_that_is_interrupted_leaves_the_session_usable(shop: Path, endless: Endless, kernel: Kernel) -> None:
    kernel.run(f"import crm_analytics as crm; shop = crm.open({str(shop)!r}); sales = shop.cube('sales')")
    # A question that runs where it stands, and one that runs when the cell shows it.
    for cell in ("sales.measures('endless').frame", "sales.measures('endless')"):
        stopped = kernel.run(cell, lambda: endless.wait_until_it_runs(kernel.manager.interrupt_kernel))
        assert stopped == "KeyboardInterrupt"
        assert "[(3,)]" in kernel.run("sales.measures('orders').frame.rows()")
