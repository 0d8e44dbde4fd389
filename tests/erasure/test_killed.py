"""An erasure that is killed at any step is finished by the next one, and ends as if it had never been killed."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import crm_analytics as crm
from tests.erasure.made import NOW, PEOPLE, found, tables_in

ROOT = Path(__file__).parents[2]

# Every file takes its place by `Path.replace`: the warehouse, the raw files, the manifests, the proof.  The process
# kills itself right before the one of this number takes place, or right after.
FORGET = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
import crm_analytics as crm
folder, number, after = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "after"
place, seen = Path.replace, 0
def replace(self, target):
    global seen
    seen += 1
    if seen == number and not after:
        os.kill(os.getpid(), signal.SIGKILL)
    done = place(self, target)
    if seen == number:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
Path.replace = replace
with crm.open(folder) as shop:
    shop.forget("a1", "dpo", now=datetime(2024, 1, 1, 12, 0))
print(seen)
"""


def killed_at(folder: Path, number: int, when: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", FORGET, str(folder), str(number), when]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def content(folder: Path) -> dict[str, object]:
    """Every file and table but those that say when: the proof, and the log of the rollups."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".duckdb" not in path.name and "erasures" not in path.parts
    }
    tables = dict(tables_in(folder / "warehouse.duckdb"))
    return {
        **files,
        **{name: text for name, text in tables.items() if not name.startswith(("erasure_proof", "rollups"))},
    }


@pytest.mark.slow
def test_an_erasure_that_is_killed_at_any_step_is_finished_by_the_next(used: Path, tmp_path: Path) -> None:
    # The salt is drawn first, so that all copies have the same pseudonym and can be compared.
    first = tmp_path / "first"
    shutil.copytree(used, first)
    killed = killed_at(first, 1, "after")
    assert killed.returncode == -signal.SIGKILL
    whole = tmp_path / "whole"
    shutil.copytree(first, whole)
    ran = killed_at(whole, 0, "never")
    assert ran.returncode == 0, ran.stderr
    steps = int(ran.stdout.split()[-1])
    assert steps > 10
    wanted = content(whole)
    name, email, _, street = PEOPLE["a1"]
    with crm.open(whole) as shop:
        assert found(shop, [name, email, street, "a1,"]) == {}
    for number in range(1, steps + 1):
        folder = tmp_path / f"killed-{number}"
        shutil.copytree(first, folder)
        killed = killed_at(folder, number, "before" if number % 2 else "after")
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        with crm.open(folder) as shop:
            done = shop.forget("a1", "dpo", now=NOW)
            assert done.left == []
            assert [r.file for r in done.recall] == ["out/export/list.csv"], number
            assert list((shop.output / "erasures").glob("*.json")), number
        assert content(folder) == wanted, number
        shutil.rmtree(folder)


def test_nothing_half_written_is_left_behind(used: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(used, folder)
    (folder / "data" / "crm" / "raw" / "customers.csv.erasing").write_text("zoe@example.com")
    with crm.open(folder) as shop:
        shop.forget("a1", "dpo", now=NOW)
    assert not list(folder.rglob("*.erasing"))
    assert not [p for p in folder.iterdir() if p.name.startswith("warehouse.duckdb.") and p.suffix != ".lock"]
