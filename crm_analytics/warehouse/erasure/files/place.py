"""How a file takes its own place, and what a change of it counted.

May import: wholefile.   Imported by: warehouse.erasure.files.*, pipeline.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from crm_analytics import wholefile
from crm_analytics.wholefile import to_disk

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
        to_disk(part)
        part.replace(path)
        to_disk(path.parent)
    finally:
        part.unlink(missing_ok=True)


def sweep(project: Path, output: Path) -> None:
    """Remove what a killed erasure left half-written, and below `output` what anything else left so."""
    for part in (*project.rglob(f"*{PART}"), *output.rglob(f"*{wholefile.PART}")):
        part.unlink(missing_ok=True)
