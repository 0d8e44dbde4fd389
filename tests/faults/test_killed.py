"""`kill -9` at any moment: the warehouse and each file are the old one or the new one, and the next run completes."""

import os
import random
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.faults.made import DAYS, failed_checks, leftovers, other_files, paused, said, written
from tests.faults.process import Limits, Run, crm

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "10"))  # make faults: 200


def test_a_run_that_is_killed_at_a_random_moment_leaves_the_old_state_or_the_new_one(
    shop: Path, tmp_path: Path
) -> None:
    chance = random.Random(5)
    lasts = {"load": 1.0, "score": 1.5, "plan": 0.5, "export": 0.3, "report": 1.0}
    for number in range(KILLS):
        # Three of five are loads, scorings and plans in turn, so that each has something to do.
        command = ("load", "score", "plan", "report", "export")[number % 5]
        words = _words(command, number, shop)
        before, files = said(shop), written(shop)
        if command == "load":
            other_files(shop)
        run = Run(tmp_path / "log", *words)
        time.sleep(chance.uniform(0, lasts[command]))
        run.kill()
        assert run.ended().code in (-signal.SIGKILL, 0)

        left, left_files = said(shop), written(shop)
        if command == "load" and left == before:
            other_files(shop)  # what is loaded is held to the files that it was loaded from
            assert failed_checks(shop) == []
            other_files(shop)
        else:
            assert failed_checks(shop) == []

        started = time.monotonic()
        ended = crm(tmp_path / "log", *words)
        lasts[command] = time.monotonic() - started
        assert ended.code == 0, ended.err
        done, done_files = said(shop), written(shop)
        assert left in (before, done), f"kill {number}, of {command}"
        assert all(left_files[name] in (files.get(name), done_files[name]) for name in left_files)
        assert leftovers(shop) == []


@pytest.mark.parametrize("command", ["load", "plan", "export", "report"])
def test_a_run_that_is_killed_right_before_it_writes_or_renames_a_file_leaves_the_old_state_or_the_new_one(
    command: str, worked: Path, shop: Path, tmp_path: Path
) -> None:
    old = said(shop), written(shop)
    if command == "load":
        other_files(shop)
    left = []
    for step in range(1, 100):
        ended = Run(tmp_path / "log", *_words(command, 1, shop), steps_until_killed=step).ended()
        left.append((said(shop), written(shop)))
        if ended.code == 0:  # that was one step more than there are
            break
        assert ended.code == -signal.SIGKILL
        # The old state again, beside what the killed run left lying.
        shutil.copy2(worked / "warehouse.duckdb", shop)
        shutil.copytree(worked / "out", shop / "out", dirs_exist_ok=True)
    assert leftovers(shop) == []
    new = left[-1]
    assert len(left) > 4
    assert old != new
    for warehouse, files in left:
        assert warehouse in (old[0], new[0])
        assert all(files[name] in (old[1].get(name), new[1][name]) for name in files)


def _words(command: str, number: int, shop: Path) -> list[object]:
    """The command with a day that is not the one of the last time, so that it changes something."""
    day = DAYS[number // 5 % 2]
    more = {"score": ["--as-of", day], "plan": ["--as-of", day], "report": ["--today", DAYS[-1]]}
    return [command, *more.get(command, []), "-C", shop]


def test_copies_of_raw_files_that_a_killed_load_left_are_swept_by_the_next(shop: Path, tmp_path: Path) -> None:
    # In Latin-1 DuckDB reads no file, so that the load reads a copy; then it waits for a pipe and is killed.
    source = shop / "data" / "crm"
    people = source / "raw" / "customers.csv"
    people.write_bytes(people.read_text().replace("Customer 0001", "Jürgen").encode("latin-1"))
    listed = source / "source.yml"
    latin = "{path: raw/customers.csv, encoding: latin-1}"
    listed.write_text(listed.read_text().replace("{path: raw/customers.csv}", latin))
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with paused(shop) as pipe:
        run = Run(tmp_path / "log", "load", "-C", shop, limits=Limits(temporary=temporary))
        with pipe.open("w"):
            assert [p.name for p in temporary.glob("*/*.csv")]
            run.kill()
            assert run.ended().code == -signal.SIGKILL
    assert [p.name for p in temporary.glob("*/*.csv")]
    assert crm(tmp_path / "log", "load", "-C", shop, limits=Limits(temporary=temporary)).code == 0
    assert not list(temporary.iterdir())
