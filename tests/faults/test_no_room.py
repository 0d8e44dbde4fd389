"""A disk that fills up: one sentence, nothing half written, nothing left lying, the old data as they were."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crm_analytics.engines import connect
from crm_analytics.errors import CannotWrite
from tests.faults.made import DAYS, failed_checks, leftovers, other_files, said, written
from tests.faults.process import Limits, crm

pytestmark = pytest.mark.slow

COMMANDS = {
    "load": ["load"],
    "score": ["score", "--as-of", DAYS[0]],
    "plan": ["plan", "--as-of", DAYS[0]],
    "export": ["export", "--to", "jsonl"],
    "report": ["report", "--today", DAYS[-1]],
    "query": ["query", "sales", "-m", "revenue", "-b", "date.date", "--format", "csv", "--out", "out/days.csv"],
}


def held(shop: Path, words: list[object], log: Path, why: str, limits: Limits) -> bool:
    """Run a command; true where there was room.  Otherwise it must have told why not and left no trace."""
    before, files = said(shop), written(shop)
    ended = crm(log, *words, limits=limits, folder=shop)
    if ended.code == 0:
        return True
    assert ended.code == 2, ended.err
    assert ended.err.startswith("crm: ")
    assert ended.err.count("\n") == 1
    assert f"cannot be written: {why}" in ended.err
    assert (said(shop), written(shop), leftovers(shop)) == (before, files, [])
    return False


@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_may_not_grow_is_told_in_one_sentence_and_changes_nothing(
    command: str, shop: Path, tmp_path: Path
) -> None:
    # Needs no right to mount: the system refuses every file more than so many bytes.
    if command == "load":
        other_files(shop)
    size = (shop / "warehouse.duckdb").stat().st_size
    writes = command in ("load", "score", "plan")
    # Half of the warehouse's copy; the copy and not a byte more; the copy and a little of what is new.  A plan may go
    # through with that, where it finds free blocks in the copy.
    rooms = [size // 2, size, size + 100_000] if writes else [1000, 2000]
    done = [held(shop, COMMANDS[command], tmp_path / "log", "File too large", Limits(file_bytes=n)) for n in rooms]
    assert not done[0]
    assert held(shop, COMMANDS[command], tmp_path / "log", "", Limits())
    assert failed_checks(shop) == []


def may_mount() -> bool:
    """Whether this process may mount a disk: root outside of a container that forbids it."""
    return os.geteuid() == 0 and not subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode


@contextmanager
def small_disk(place: Path) -> Iterator[Path]:
    """64 MB in memory."""
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def filled(disk: Path, room: int) -> Iterator[None]:
    """Leave so many bytes free."""
    found = os.statvfs(disk)
    with (disk / "ballast").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(found.f_bavail * found.f_frsize - room, 1))
    try:
        yield
    finally:
        (disk / "ballast").unlink()


# Without the right to mount there is nothing to test here; the limit above needs none.
@pytest.mark.parametrize("command", COMMANDS if may_mount() else [])
def test_a_full_disk_is_told_in_one_sentence_and_changes_nothing(command: str, worked: Path, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        shop = Path(shutil.copytree(worked, disk / "shop"))
        if command == "load":
            other_files(shop)
        size = (shop / "warehouse.duckdb").stat().st_size
        writes = command in ("load", "score", "plan")
        rooms = [0, 100_000, size // 2, size + 100_000] if writes else [0]
        done = []
        for room in rooms:
            with filled(disk, room):
                done.append(held(shop, COMMANDS[command], tmp_path / "log", "No space left on device", Limits()))
        assert not done[0]
        assert held(shop, COMMANDS[command], tmp_path / "log", "", Limits())
        assert failed_checks(shop) == []


@pytest.mark.parametrize("room", [1_000_000] if may_mount() else [])
def test_what_fits_neither_into_memory_nor_onto_the_disk_is_told(room: int, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        engine = connect(disk / "warehouse.duckdb", memory_limit="30MB", threads=1)
        big = "CREATE TEMP TABLE t AS SELECT range AS n, md5(CAST(range AS VARCHAR)) AS text FROM range(3_000_000)"
        with filled(disk, room), pytest.raises(CannotWrite, match=r"no room for what does not fit into memory_limit"):
            engine.execute(big)
        engine.close()
        assert [p.name for p in disk.iterdir()] == ["warehouse.duckdb"]
