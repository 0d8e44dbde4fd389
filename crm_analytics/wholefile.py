"""Files that appear whole or not at all.

    with whole(path) as part:
        write(frame, part)

Written beside, brought to the disk, renamed: killed at any moment, a file is the
old one or the new one, and what lies beside it the next run writes over.

May import: errors.   Imported by: warehouse, exports, pipeline, cli.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crm_analytics.errors import cannot_write

PART = ".part"


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file to write beside `path`, which takes its place when the block ends well.

    Of several in one `with` none takes its place before all are written.  What is no
    file, a pipe or /dev/stdout, is written to as it is.

    Raises
    ------
    CannotWrite : no room, or no right; nothing is left of it then.
    """
    try:
        target = path.resolve()  # where a link stands, it goes on standing
        if target.exists() and not target.is_file():
            yield path
            return
        part = target.with_name(target.name + PART)
        try:
            yield part
            if target.exists():
                shutil.copymode(target, part)
            to_disk(part)
            part.replace(target)
            to_disk(target.parent)
        finally:
            part.unlink(missing_ok=True)
    except BrokenPipeError:  # whoever reads has seen enough
        raise
    except OSError as error:
        raise cannot_write(path, error) from None


def made(folder: Path) -> Path:
    """The folder, made where it is not there.

    Raises
    ------
    CannotWrite : it cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from None
    return folder


def to_disk(path: Path) -> None:
    """Wait until what was written to a file, or which files are in a folder, is on the disk."""
    if path.is_dir():
        if sys.platform == "win32":  # there a folder cannot be opened
            return
        handle = os.open(path, os.O_RDONLY)
    else:
        handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
