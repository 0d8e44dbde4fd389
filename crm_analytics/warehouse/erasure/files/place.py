"""How a file takes its own place, and what a change of it counted.

May import: nothing of ours.   Imported by: warehouse.erasure.files.*, pipeline.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PART = ".erasing"  # what a killed process leaves under this ending is swept away by the next erasure


@dataclass(slots=True)
class Changed:
    """Rows in which something changed, rows that went, and the person's rows as they were."""

    changed: int = 0
    gone: int = 0
    rows: list[dict[str, object]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A file to write beside `path`, which takes its place when the block ends well."""
    part = path.with_name(path.name + PART)
    try:
        yield part
        shutil.copymode(path, part)
        _to_disk(part, os.O_RDWR)
        part.replace(path)
        if sys.platform != "win32":  # there a folder cannot be opened
            _to_disk(path.parent, os.O_RDONLY)
    finally:
        part.unlink(missing_ok=True)


def sweep(project: Path) -> None:
    """Remove what a killed erasure left half-written."""
    for part in project.rglob(f"*{PART}"):
        part.unlink(missing_ok=True)


def _to_disk(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
