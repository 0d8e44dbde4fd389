"""How a file takes its own place, and what a change of it counted.

May import: errors, wholefile, warehouse.readers.text.   Imported by: warehouse.erasure.files.*, pipeline.
"""

import gzip
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from crm_analytics import wholefile
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.readers.text import PACKED, marked_encoding
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


@contextmanager
def opened(path: Path, encoding: str, *, writing: bool = False, like: Path | None = None) -> Iterator[TextIO]:
    """The text of a file, packed by gzip or not as the name (of `like`) says; every byte comes back as it was.

    Raises
    ------
    CrmError : it is packed in another way.
    """
    ending = (like or path).suffix.lower()
    if ending in PACKED and ending != ".gz":
        raise CrmError(f"is packed as {ending}, in which nothing can be changed here; unpack it")
    open_text: Callable[..., Any] = gzip.open if ending == ".gz" else open
    mode = "wt" if writing else "rt"
    with open_text(path, mode, encoding=encoding, errors="surrogateescape", newline="") as file:
        yield file


def encoding_of(path: Path) -> str:
    """What a byte order mark says; else UTF-8, whose wrong bytes are kept as they are."""
    return marked_encoding(path) or "utf-8"


def sweep(project: Path, output: Path) -> None:
    """Remove what a killed erasure left half-written, and below `output` what anything else left so."""
    for part in (*project.rglob(f"*{PART}"), *output.rglob(f"*{wholefile.PART}")):
        part.unlink(missing_ok=True)
