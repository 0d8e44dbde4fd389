"""Writing beside the warehouse: a copy of its file is written to and takes its place when it is whole.

Readers are never shut out: who has the old file open goes on with it, who comes
later finds the new one.  Killed at any moment, the warehouse is the old file or
the new one.  One process writes at a time; a lock file names it.

May import: errors, sql, wholefile, engines.   Imported by: opened.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from crm_analytics.engines import Engine
from crm_analytics.errors import WarehouseError, cannot_write
from crm_analytics.sql import ident, literal
from crm_analytics.wholefile import made, to_disk

ANEW = ".anew"
LOOK_EVERY_SECONDS = 0.1
COPY_BYTES = 1 << 30  # the kernel copies at most 2 GB a call


@contextmanager
def only_writer(warehouse: Path, doing: str, wait_seconds: float = 0) -> Iterator[None]:
    """Be the only process that writes to `warehouse` for the length of the block.

    Raises
    ------
    WarehouseError : another process writes and has not ended in so many seconds.
    CannotWrite    : the folder cannot be written to.
    """
    path = beside(warehouse, ".lock")
    try:
        file = made(path.parent).joinpath(path.name).open("a+", encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error) from None
    with file:
        until = monotonic() + wait_seconds
        while not (mine := _locked(file)) and (left := until - monotonic()) > 0:
            sleep(min(left, LOOK_EVERY_SECONDS))
        if not mine:
            file.seek(0)
            who = file.read().strip() or "another process"
            raise WarehouseError(
                f"{warehouse}: {who} is using this warehouse; wait until it has finished and try again"
            )
        with suppress(OSError):  # on a full disk it is better to hold the lock without a name than not to write
            os.ftruncate(file.fileno(), 0)
            os.write(file.fileno(), f"process {os.getpid()} ({doing})".encode())
        yield


def copied(warehouse: Path) -> Path:
    """A copy to write to, `<name>.next`; what a killed process left there is swept away first.

    Raises
    ------
    CannotWrite : no room for it.
    """
    copy = beside(warehouse, ".next")
    try:
        swept(warehouse)
        if warehouse.exists():
            _copy(warehouse, copy)
    except OSError as error:
        raise cannot_write(copy, error) from None
    return copy


def swept(warehouse: Path) -> None:
    """Remove the copy and what DuckDB may have laid beside it."""
    copy = beside(warehouse, ".next")
    for file in (copy, beside(copy, ".wal"), beside(copy, ANEW), beside(copy, f"{ANEW}.wal")):
        file.unlink(missing_ok=True)
    shutil.rmtree(beside(copy, ".tmp"), ignore_errors=True)


def rewritten(engine: Engine, warehouse: Path) -> None:
    """Write every table of the open copy anew, beside it; `swapped` takes that file then.

    What is deleted from a DuckDB file stays in its free blocks, and neither CHECKPOINT nor VACUUM
    empties them.
    """
    anew = beside(beside(warehouse, ".next"), ANEW)
    ((name,),) = engine.rows("SELECT current_database()")
    engine.execute("SET preserve_insertion_order = true")  # facts lie in the order of time, and are read faster so
    engine.execute(f"ATTACH {literal(str(anew))} AS anew")
    engine.execute(f"COPY FROM DATABASE {ident(str(name))} TO anew")
    engine.execute("CHECKPOINT anew")
    engine.execute("DETACH anew")


def swapped(warehouse: Path) -> None:
    """Let the copy, closed and whole, take the place of the warehouse.

    Raises
    ------
    CannotWrite : the disk does not take it; the warehouse is as it was.
    """
    copy = beside(warehouse, ".next")
    try:
        if (anew := beside(copy, ANEW)).exists():
            anew.replace(copy)
        to_disk(copy)
        copy.replace(warehouse)
        to_disk(warehouse.parent)
    except OSError as error:
        raise cannot_write(warehouse, error) from None


def beside(file: Path, ending: str) -> Path:
    """The file of the same name with one more ending."""
    return file.with_name(file.name + ending)


def _locked(file: IO[str]) -> bool:
    if sys.platform == "win32":  # DuckDB's own lock has to do there
        return True
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _copy(source: Path, target: Path) -> None:
    """Copy within the kernel, which shares the blocks where the file system can."""
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(source, target)
        return
    with source.open("rb") as reader, target.open("wb") as writer:
        try:
            while os.copy_file_range(reader.fileno(), writer.fileno(), COPY_BYTES):
                pass
            return
        except OSError as error:
            if error.errno == 28:  # no space left: trying again another way would not help
                raise
    shutil.copyfile(source, target)
