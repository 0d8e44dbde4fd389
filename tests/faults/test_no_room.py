"""A disk that fills up: one sentence, nothing half written, nothing left lying, the old data as they were."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.made import DAYS, failed_checks, leftovers, other_files, said, written
from tests.faults.process import Ended, Limits, crm

pytestmark = pytest.mark.slow

COMMANDS = {
    "load": ["load"],
    "load anew": ["load", "--full"],
    "score": ["score", "--as-of", DAYS[0]],
    "plan": ["plan", "--as-of", DAYS[0]],
    "export": ["export", "--to", "jsonl"],
    "report": ["report", "--today", DAYS[-1]],
    "query": ["query", "sales", "-m", "revenue", "-b", "date.day", "--format", "csv", "--out"],
}
MB = 1_000_000
# Room for nothing; for the first page of a file; for the copy of the warehouse but not for what is written to it; ...
ROOM = (0, 8192, 11.3 * MB, 12 * MB, 13 * MB, 14 * MB)


def may_mount() -> bool:
    """Whether this process may mount a disk of its own."""
    return os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """64 MB in memory that end where 64 MB end."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(place)], check=True)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.skipif(not may_mount(), reason="a disk can only be mounted by root; the limit on files below needs no right")
def test_a_full_disk_is_told_in_one_sentence_and_changes_nothing(worked: Path, small_disk: Path, tmp_path: Path) -> None:
    shop = Path(shutil.copytree(worked, small_disk / "shop"))
    other_files(shop)

    def run(words: list[object], room: float) -> Ended:
        with filled(small_disk, int(room)):
            return crm(tmp_path / "log", *words)
