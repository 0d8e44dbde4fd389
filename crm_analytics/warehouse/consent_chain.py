"""The chain of the consent ledger: how an entry becomes text, how entries are chained, where the chain breaks.

Each entry has the hash of the one before it, and its own hash covers that one and
every column of the entry.  Whoever changes, removes, adds or reorders entries
breaks the chain there, unless they hash all that follows anew; a head that was
noted elsewhere finds that too.  It does not know what entries mean.

May import: errors, sql, engines.   Imported by: warehouse.*, pipeline.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError, WarehouseError
from crm_analytics.sql import ident, statement

LEDGER, HEADS, SUBJECTS = "consent_ledger", "consent_head", "consent_subject"

# Every column that the hash covers, in the order in which it covers them.
COVERED = {
    "seq": "BIGINT",
    "kind": "VARCHAR",
    "noted_at": "TIMESTAMP",
    "load_id": "INTEGER",
    "subject": "VARCHAR",
    "source": "VARCHAR",
    "reference": "VARCHAR",
    "channel": "VARCHAR",
    "purpose": "VARCHAR",
    "status": "VARCHAR",
    "recorded_at": "TIMESTAMP",
    "wording_version": "VARCHAR",
    "evidence_hash": "VARCHAR",
    "voids": "BIGINT",
}
TABLES = (
    f"CREATE TABLE IF NOT EXISTS {LEDGER} "
    f"({', '.join(f'{name} {kind}' for name, kind in COVERED.items())}, previous_hash VARCHAR, hash VARCHAR)",
    f"CREATE TABLE IF NOT EXISTS {HEADS} (load_id INTEGER, noted_at TIMESTAMP, entries BIGINT, hash VARCHAR)",
    f"CREATE TABLE IF NOT EXISTS {SUBJECTS} (source VARCHAR, customer_id VARCHAR, salt VARCHAR, subject VARCHAR)",
)
BEGINNING = "0" * 64  # what the first entry has as the hash of the one before it
SHOWN_BREAKS = 5

_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Head:
    """How far the ledger goes: the number of entries and the hash of the last one."""

    entries: int = 0
    hash: str = BEGINNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found: the head, and a sentence for each place where the chain breaks (the first few of `broken`).

    `noted` is the number of entries up to the head that was noted elsewhere; None where none was given or found.
    """

    head: Head
    broken: int
    breaks: tuple[str, ...]
    noted: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the ledger is as it was written."""
        return not self.broken


def lines(expressions: Iterable[str]) -> str:
    r"""SQL for several values as one text, a value a line, such that no two rows of values give the same text.

    A backslash is written `\\`, a line feed `\n` and an absent value `\N`.
    """
    written = (f"coalesce(replace(replace({value}, '\\', '\\\\'), chr(10), '\\n'), '\\N')" for value in expressions)
    return f"concat_ws(chr(10), {', '.join(written)})"


def entry_text() -> str:
    """SQL for the text of an entry that its hash covers."""
    return lines(_as_text(name, kind) for name, kind in COVERED.items())


def chained(texts: Iterable[str], previous: str) -> Iterator[str]:
    """The hash of each entry: SHA-256 of the hash before it, a line feed, and its text."""
    for text in texts:
        previous = sha256(f"{previous}\n{text}".encode()).hexdigest()
        yield previous


def head(engine: Engine) -> Head:
    """Where the ledger ends now.

    Raises
    ------
    WarehouseError : the warehouse has no ledger.
    """
    must_have_ledger(engine)
    found = engine.rows(f"SELECT seq, hash FROM {LEDGER} ORDER BY seq DESC LIMIT 1")
    return Head(int(str(found[0][0])), str(found[0][1])) if found else Head()


def must_have_ledger(engine: Engine) -> None:
    """Refuse a warehouse of the time before the ledger, or one whose ledger was removed."""
    if missing := {LEDGER, HEADS, SUBJECTS} - engine.tables():
        raise WarehouseError(f"the warehouse has no {', '.join(sorted(missing))}; run: crm load")


def verify(engine: Engine, noted: str = "") -> Verified:
    """Compute every hash anew and hold the ledger to its heads, and to the head that was `noted` elsewhere, if any.

    Raises
    ------
    DataError : `noted` is no hash.
    WarehouseError : the warehouse has no ledger.
    """
    if noted and not _HASH.fullmatch(noted):
        raise DataError(f"--head: {noted!r} is no head; one is 64 of the signs 0-9 and a-f")
    now = head(engine)
    text = statement("crm_analytics.warehouse", "consent_breaks").replace("{text}", entry_text())
    found = engine.rows(text, {"beginning": BEGINNING, "shown": SHOWN_BREAKS})
    broken = int(str(found[0][0])) if found else 0
    breaks = [str(says) for _, says in found]
    seq = _entry_of(engine, noted) if noted else None
    if noted and seq is None:
        broken += 1
        breaks.insert(0, "no entry has the head that was noted: this is not the ledger it was then")
    return Verified(head=now, broken=broken, breaks=tuple(breaks), noted=seq)


def _entry_of(engine: Engine, hash: str) -> int | None:
    if hash == BEGINNING:
        return 0
    found = engine.rows(f"SELECT min(seq) FROM {LEDGER} WHERE hash = $hash", {"hash": hash})
    return None if found[0][0] is None else int(str(found[0][0]))


def _as_text(name: str, kind: str) -> str:
    if kind == "VARCHAR":
        return ident(name)
    return (
        f"strftime({ident(name)}, '%Y-%m-%dT%H:%M:%S.%f')" if kind == "TIMESTAMP" else f"CAST({ident(name)} AS VARCHAR)"
    )
