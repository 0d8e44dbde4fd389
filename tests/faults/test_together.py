"""Several processes at one warehouse: one writes at a time, and ten readers never see a state that was not one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_analytics.engines import Engine
from crm_analytics.project import Project
from tests.faults.made import leftovers, other_files, paused, said
from tests.faults.process import CONTEXT, PATIENCE_SECONDS, Run, crm

READERS = 10
LOADS = 2
WRITE_DIRECTLY = "import duckdb, sys; duckdb.connect(sys.argv[1])"


def answer(engine: Engine) -> list[str]:
    """What one state says, asked one thing after the other."""
    asked = (
        "SELECT max(load_id) FROM loads",
        "SELECT count(*), sum(revenue) FROM fct_sale",
        "SELECT count(*) FROM dim_customer WHERE email LIKE '%.org'",
        "SELECT count(*), sum(revenue) FROM fct_sale JOIN dim_customer USING (customer_key)",
    )
    return [str(engine.rows(text)) for text in asked]


def read_on(folder: str, log: str, stop: str, anew: bool) -> None:
    """Ask all the time, until a file says stop and then once more; with `anew` as a new process would each time."""
    seen: list[list[str]] = []
    shop = Project.open(folder)
    last = False
    while not last:
        last = Path(stop).exists()
        if anew:
            shop = Project.open(folder)
        found = answer(shop.engine)
        if not seen or seen[-1] != found:
            seen.append(found)
    Path(log).write_text(json.dumps(seen))


@pytest.mark.slow
def test_ten_readers_see_every_state_whole_while_loads_go_on(shop: Path, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    logs = [tmp_path / f"reader{i}" for i in range(READERS)]
    readers = [
        CONTEXT.Process(target=read_on, args=(str(shop), str(log), str(stop), i % 2 == 0)) for i, log in enumerate(logs)
    ]
    for reader in readers:
        reader.start()
    states = []
    with Project.open(shop) as notebook:  # one more, open all the time
        for _ in range(LOADS):
            states.append(answer(notebook.engine))
            other_files(shop)
            ended = crm(tmp_path / "log", "load", "-C", shop)
            assert ended.code == 0, ended.err
        states.append(answer(notebook.engine))
    stop.touch()
    for reader in readers:
        reader.join(PATIENCE_SECONDS)
        assert reader.exitcode == 0
    assert len({tuple(state) for state in states}) == LOADS + 1
    for log in logs:
        seen = json.loads(log.read_text())
        assert seen == [state for state in states if state in seen]  # states as they were, in their order
        assert seen[-1] == states[-1]


@pytest.fixture
def waiting(shop: Path) -> Iterator[Path]:
    with paused(shop) as pipe:
        yield pipe


def test_a_second_writer_is_told_who_writes_or_waits_its_turn(shop: Path, waiting: Path, tmp_path: Path) -> None:
    warehouse, before = shop / "warehouse.duckdb", said(shop)
    first = Run(tmp_path / "first", "load", "-C", shop)
    with waiting.open("w") as pipe:
        who = f"process {first.process.pid} (crm load)"
        for command in (["load"], ["load", "--wait", "0.2"], ["score"], ["plan"]):
            ended = crm(tmp_path / "log", *command, "-C", shop)
            assert ended.code == 2
            says = f"{warehouse}: {who} is using this warehouse; wait until it has finished and try again"
            assert ended.err == f"crm: {says}\n"
        # Whoever only asks is answered.
        assert crm(tmp_path / "log", "query", "sales", "-m", "revenue", "-C", shop).code == 0
        assert said(shop) == before
        patient = Run(tmp_path / "patient", "load", "--wait", str(PATIENCE_SECONDS), "-C", shop)
        pipe.write("go on")
    for run in (first, patient):
        ended = run.ended()
        assert ended.code == 0, ended.err
    assert leftovers(shop) == []


def test_a_program_that_knows_nothing_of_copies_cannot_write_what_the_load_would_lose(
    shop: Path, waiting: Path, tmp_path: Path
) -> None:
    first = Run(tmp_path / "first", "load", "-C", shop)
    with waiting.open("w") as pipe:
        command = [sys.executable, "-c", WRITE_DIRECTLY, str(shop / "warehouse.duckdb")]
        refused = subprocess.run(command, capture_output=True, text=True, check=False)
        pipe.write("go on")
    assert "Conflicting lock" in refused.stderr
    assert first.ended().code == 0


def test_two_doors_of_one_process_open_on_the_same_file_both_see_what_one_of_them_loads(shop: Path) -> None:
    # DuckDB gives a second connection to a path what the first has open, even after another file took its place.
    with Project.open(shop) as mine, Project.open(shop) as other:
        before = answer(other.engine)
        held = other.engine
        other_files(shop)
        mine.load()
        after = answer(mine.engine)
        assert after != before
        assert answer(other.engine) == after
        assert answer(held) == before  # a question that is under way ends with the state it began with
