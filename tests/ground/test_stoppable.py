"""Ctrl-C while a statement runs: it stops, nothing is left half done, and the next question is answered."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from time import sleep
from types import FrameType

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.engines.stoppable import LISTEN_EVERY_SECONDS, Stoppable
from crm_analytics.errors import DataError
from crm_analytics.sql import Query
from tests.stopping import Endless, press_ctrl_c

ROOT = Path(__file__).parents[2]

ASK = """
import sys
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.engines.stoppable import LISTEN_EVERY_SECONDS, Stoppable
from crm_analytics.sql import Query
engine, endless = DuckEngine.open(None, threads=2), sys.argv[1]
engine.execute("CREATE TABLE t AS SELECT 41 AS n")
try:
{statements}
except KeyboardInterrupt:
    print("stopped")
print(engine.frame(Query("SELECT n + 1 AS n FROM t")).rows(), engine.rows("SELECT count(*) FROM t"), *engine.tables())
with engine.transaction():
    engine.execute("INSERT INTO t VALUES (1)")
print(engine.rows("SELECT n FROM t"))
"""

STATEMENTS = {
    "a question": "engine.cells(Query(endless))",
    "a frame": "engine.frame(Query(endless))",
    "rows": "engine.rows(endless)",
    "a table that is made": "engine.execute('CREATE TABLE made AS ' + endless)",
    "a transaction": """
    with engine.transaction():
        engine.execute("INSERT INTO t VALUES (2)")
        engine.execute("CREATE TABLE made AS " + endless)""",
    "a question in a transaction": """
    with engine.transaction():
        engine.execute("INSERT INTO t VALUES (2)")
        engine.frame(Query(endless))""",
}


@pytest.fixture
def endless(tmp_path: Path) -> Endless:
    return Endless(tmp_path)


@pytest.fixture
def engine() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    yield engine
    engine.close()


@pytest.mark.parametrize("case", STATEMENTS)
def test_ctrl_c_stops_the_statement_and_the_connection_answers_the_next(case: str, endless: Endless) -> None:
    code = ASK.format(statements=f"    {STATEMENTS[case].strip()}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code, endless.count],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as running:
        endless.wait_until_it_runs(lambda: press_ctrl_c(running.pid))
        out, err = running.communicate(timeout=60)
    # The row and the table of a transaction are gone: 41 stands alone.
    assert (out.splitlines(), err) == (["stopped", "[(42,)] [(1,)] t", "[(41,), (1,)]"], "")


def test_a_commit_is_finished_before_ctrl_c_is_heard() -> None:
    done: list[str] = []
    stoppable = Stoppable(lambda: done.append("interrupted"))

    def commit() -> None:
        press_ctrl_c(os.getpid())
        sleep(3 * LISTEN_EVERY_SECONDS)
        done.append("committed")

    with pytest.raises(KeyboardInterrupt):
        stoppable.finish(commit)
    stoppable.close()
    assert done == ["committed"]


def test_a_handler_that_goes_on_lets_the_statement_go_on(engine: DuckEngine, endless: Endless) -> None:
    heard: list[int] = []

    def goes_on(number: int, frame: FrameType | None) -> None:
        heard.append(number)

    before = signal.signal(signal.SIGINT, goes_on)
    try:
        helper = Thread(target=endless.wait_until_it_runs, args=(lambda: press_ctrl_c(os.getpid()),))
        helper.start()
        assert engine.rows(endless.read) == [(len("read"),)]
        helper.join()
        assert signal.getsignal(signal.SIGINT) is goes_on
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT]


def test_ctrl_c_that_is_ignored_stays_ignored(engine: DuckEngine, endless: Endless) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        helper = Thread(target=endless.wait_until_it_runs, args=(lambda: press_ctrl_c(os.getpid()),))
        helper.start()
        assert engine.rows(endless.read) == [(len("read"),)]
        helper.join()
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_closed_engine_says_so(engine: DuckEngine) -> None:
    engine.close()
    with pytest.raises(DataError, match="closed"):
        engine.rows("SELECT 1")


def test_a_question_may_come_from_another_thread(engine: DuckEngine) -> None:
    answers: list[object] = []
    asking = Thread(target=lambda: answers.append(engine.frame(Query("SELECT 1 AS a")).rows()))
    asking.start()
    asking.join()
    assert answers == [[(1,)]]
