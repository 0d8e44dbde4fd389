"""The one family of errors, and the one "did you mean".

Everything a user can get wrong ends as a `CrmError`: one sentence that says
where, what, the nearest right name and the known ones.  The command line turns
it into exit code 2; a traceback means a defect of ours.

May import: nothing.   Imported by: everything.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

SHOWN_NAMES = 12


class CrmError(Exception):
    """Anything the user can mend: bad input, a missing file, a busy warehouse."""


class ConfigError(CrmError):
    """A YAML file or setting that cannot be used as it stands."""


class DataError(CrmError):
    """Data that breaks the rule of the step that reads it."""


class QueryError(CrmError):
    """A question a cube cannot answer rightly; says why."""


class AccessError(CrmError):
    """Something that the role for which a project is open may not do."""


class WarehouseError(CrmError):
    """A warehouse that is missing, busy, or not loaded yet."""


class CannotWrite(WarehouseError):
    """A file that cannot be written: the disk is full, or the place is not ours to write to."""


class UnknownName(CrmError):
    """A cube, measure, dimension, model or column name that does not exist."""

    def __init__(self, where: str, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        super().__init__(f"{where}: no {kind} {name!r}.{did_you_mean(name, known)} Known: {shortened(known)}.")


def cannot_write(path: Path, error: OSError) -> CannotWrite:
    """The error to raise for what the operating system said of a file."""
    # Polars gives no number, only a text that ends in it.
    why = error.strerror or str(error).split(" (os error", 1)[0]
    return CannotWrite(f"{path}: cannot be written: {why}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """' Did you mean X?' for the nearest known name, or nothing.  Case is ignored."""
    by_lower = {k.lower(): k for k in known}
    near = get_close_matches(name.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""


def shortened(known: Iterable[str]) -> str:
    """The known names in one line, cut after a dozen so that the sentence stays readable."""
    names = list(known)
    more = f", and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return (", ".join(names[:SHOWN_NAMES]) or "none") + more
