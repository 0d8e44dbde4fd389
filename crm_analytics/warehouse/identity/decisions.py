"""What people decided about pairs of records, and what became of customers by rules: a log that only grows.

The last word on a pair counts: `accept` makes it one customer, `reject` and
`split` keep it apart.  A word is about records, not customers, so that it
outlives every load, also one that takes the record away and another that brings it back.

May import: errors, sql, engines, warehouse.identity.tables.
Imported by: warehouse.identity.{resolve,reading}, pipeline.identity.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError
from crm_analytics.warehouse.tables import RECORDS

Record = tuple[str, str]  # source, and the source's own id


@dataclass(frozen=True, slots=True)
class Word:
    """Who decides, when, and why; `why` may be empty."""

    who: str
    at: datetime
    why: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log; `other` is empty where no second record had a part in it."""

    kind: str
    record: Record
    other: Record | None
    customer_id: str
    why: str


def write(engine: Engine, entries: Iterable[Entry], word: Word) -> None:
    """Add rows to the log; the reason of an entry goes before that of the word."""
    rows = [
        (*(e.kind, *e.record), *(e.other or (None, None)), e.customer_id, word.who, e.why or word.why) for e in entries
    ]
    if not rows:
        return
    names = ("kind", "source", "record_id", "other_source", "other_record", "customer_id", "who", "why")
    engine.write_frame("identity_new", pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row"))
    engine.execute(
        f"INSERT INTO identity_decision SELECT (SELECT coalesce(max(decision_id), 0) FROM identity_decision) "
        f"+ row_number() OVER (ORDER BY rowid), $at, {', '.join(names)} FROM identity_new",
        {"at": word.at},
    )
    engine.execute("DROP TABLE identity_new")


def last_words(engine: Engine) -> list[tuple[str, Record, Record]]:
    """Kind and records of the last decision on each pair, in the order of time."""
    found = engine.rows(
        """SELECT kind, source, record_id, other_source, other_record FROM identity_decision
        WHERE kind IN ('accept', 'reject', 'split')
        QUALIFY row_number() OVER (PARTITION BY
          least((source, record_id), (other_source, other_record)),
          greatest((source, record_id), (other_source, other_record)) ORDER BY decision_id DESC) = 1
        ORDER BY decision_id"""
    )
    return [(str(kind), (str(s), str(r)), (str(os), str(o))) for kind, s, r, os, o in found]


def find_record(engine: Engine, name: str) -> Record:
    """The record that `name` stands for: `source:id`, an id that one source has, or a customer (its best record).

    Raises
    ------
    DataError : there is none, or several sources have that id.
    """
    named = engine.rows(
        f"SELECT source, customer_id FROM {RECORDS} WHERE source || ':' || customer_id = $name ORDER BY 1",
        {"name": name},
    )
    plain = named or engine.rows(
        f"SELECT source, customer_id FROM {RECORDS} WHERE customer_id = $name ORDER BY 1", {"name": name}
    )
    if not plain:
        plain = engine.rows(
            "SELECT source, record_id FROM customer_identity WHERE customer_id = $name "
            "ORDER BY other_record IS NOT NULL, source, record_id LIMIT 1",
            {"name": name},
        )
    if not plain:
        raise DataError(f"identity: no record and no customer {name!r}; a record is written source:id, such as crm:17")
    if len(plain) > 1:
        known = ", ".join(f"{source}:{record}" for source, record in plain)
        raise DataError(f"identity: {name!r} is a record of several sources; say which: {known}")
    ((source, record),) = plain
    return str(source), str(record)


def customer_of(engine: Engine, record: Record) -> str:
    """The customer that a record is.

    Raises
    ------
    DataError : the record was never loaded.
    """
    found = engine.rows(
        "SELECT customer_id FROM customer_identity WHERE source = $source AND record_id = $record",
        {"source": record[0], "record": record[1]},
    )
    if not found:
        raise DataError(f"identity: no record {record[0]}:{record[1]} is loaded")
    return str(found[0][0])


def records_of(engine: Engine, customer_id: str) -> list[Record]:
    """The records of one customer, in the order of their names."""
    found = engine.rows(
        "SELECT source, record_id FROM customer_identity WHERE customer_id = $id ORDER BY 1, 2", {"id": customer_id}
    )
    return [(str(source), str(record)) for source, record in found]


def accept(engine: Engine, a: Record, b: Record, word: Word) -> None:
    """Say that a and b are one customer; what kept records of their two customers apart is taken back."""
    if a == b:
        raise DataError(f"identity: {a[0]}:{a[1]} is named twice; accepting needs two records")
    ours, theirs = (set(records_of(engine, customer_of(engine, r))) for r in (a, b))
    entries = [Entry("accept", a, b, customer_of(engine, a), "")]
    for kind, x, y in last_words(engine):
        between = (x in ours and y in theirs) or (x in theirs and y in ours)
        if kind != "accept" and between and {x, y} != {a, b}:
            entries.append(Entry("accept", x, y, customer_of(engine, a), ""))
    write(engine, entries, word)


def reject(engine: Engine, a: Record, b: Record, word: Word) -> None:
    """Say that a and b are two customers."""
    if a == b:
        raise DataError(f"identity: {a[0]}:{a[1]} is named twice; rejecting needs two records")
    write(engine, [Entry("reject", a, b, customer_of(engine, a), "")], word)


def split(engine: Engine, customer_id: str, leaving: Sequence[Record], word: Word) -> None:
    """Take records out of a customer; together they become another one.

    Raises
    ------
    DataError : a record is not of this customer, or none would stay.
    """
    held = records_of(engine, customer_id)
    if not held:
        raise DataError(f"identity: no customer {customer_id!r}")
    for record in leaving:
        if record not in held:
            raise DataError(f"identity: {record[0]}:{record[1]} is no record of customer {customer_id!r}")
    staying = [record for record in held if record not in leaving]
    if not staying:
        raise DataError(f"identity: customer {customer_id!r} has only these records; one of them has to stay")
    entries = [Entry("split", a, b, customer_id, "") for a in dict.fromkeys(leaving) for b in staying]
    write(engine, entries, word)
