"""A folder that may only be read: what writes says so in one sentence, what asks goes on answering."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.faults.made import DAYS, leftovers, other_files, said, written
from tests.faults.process import Limits, crm
from tests.faults.test_no_room import may_mount

pytestmark = pytest.mark.slow

WRITES = {
    "load": ["load"],
    "score": ["score", "--as-of", DAYS[0]],
    "plan": ["plan", "--as-of", DAYS[0]],
    "export": ["export", "--to", "jsonl"],
    "report": ["report", "--today", DAYS[-1]],
    "query": ["query", "sales", "-m", "revenue", "--format", "csv", "--out", "revenue.csv"],
}
ASKS = [["check", "--today", DAYS[-1]], ["query", "sales", "-m", "revenue"], ["loads"], ["rejects"]]


@contextmanager
def protected(shop: Path) -> Iterator[Limits]:
    """Files and folders that nobody may write to."""
    places = [shop, *shop.rglob("*")]
    modes = [path.stat().st_mode for path in places]
    for path, mode in zip(places, modes, strict=True):
        path.chmod(mode & ~0o222)
    try:
        yield Limits(plain=True)
    finally:
        for path, mode in zip(places, modes, strict=True):
            path.chmod(mode)


@contextmanager
def mounted(shop: Path) -> Iterator[Limits]:
    """A disk that is mounted to be read."""
    subprocess.run(["mount", "--bind", str(shop), str(shop)], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(shop)], check=True)
        yield Limits()
    finally:
        subprocess.run(["umount", "--lazy", str(shop)], check=True)


@pytest.mark.parametrize("way", [protected, *([mounted] if may_mount() else [])])
def test_what_writes_to_a_folder_that_may_only_be_read_says_so_and_what_asks_answers(
    way: Callable[[Path], AbstractContextManager[Limits]], shop: Path, tmp_path: Path
) -> None:
    other_files(shop)
    log = tmp_path / "log"
    with way(shop) as limits:
        before = said(shop), written(shop)
        for words in WRITES.values():
            ended = crm(log, *words, limits=limits, folder=shop)
            assert ended.code == 2, ended.err
            assert ended.err.startswith("crm: ")
            assert ended.err.count("\n") == 1
            assert "cannot be written: " in ended.err
            assert (said(shop), written(shop), leftovers(shop)) == (*before, [])
        for words in ASKS:
            ended = crm(log, *words, limits=limits, folder=shop)
            assert ended.err == ""
            assert ended.out
    assert crm(log, "load", "-C", shop).code == 0
