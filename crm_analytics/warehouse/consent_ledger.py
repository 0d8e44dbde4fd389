"""The consent ledger is added to, and never changed: new words, and an entry of kind `void` for each word taken back.

A word is found again by its content, so that loading the same rows once more
adds nothing.  Whose entry it is, only `consent_subject` says: when a customer's
row there is removed, the chain still holds and nobody can tell any more.

May import: engines, sql, warehouse.consent_chain, warehouse.consent_words, warehouse.identity.lookup.
Imported by: warehouse.load, warehouse.checks, warehouse.consents.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.sql import Query, statement
from crm_analytics.warehouse.consent_chain import (
    COVERED,
    HEADS,
    LEDGER,
    SUBJECTS,
    TABLES,
    Head,
    chained,
    entry_text,
    head,
)
from crm_analytics.warehouse.consent_words import CONTENT, said, words
from crm_analytics.warehouse.identity.lookup import candidates_of

BATCH = 100_000  # entries that are in Python's memory at once while they are chained

# Behind words: those of customers who were not spoken of before.
_UNKNOWN = f"ANTI JOIN {SUBJECTS} AS known USING (source, customer_id) WHERE customer_id IS NOT NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What a load added to the ledger, and the head to note elsewhere."""

    words: int
    voids: int
    head: Head


def append_consents(engine: Engine, load_id: int, now: datetime, salt: Callable[[], str] = token_hex) -> Appended:
    """Bring the ledger up to what the star says: once its facts are loaded, in the same transaction.

    Parameters
    ----------
    now  : when the load began; an entry says when it was noted
    salt : gives a new secret for each customer who was not spoken of before, the same for nobody else

    Returns
    -------
    How many words were added and how many taken back; both 0 where the star says what it said before.
    """
    for table in TABLES:
        engine.execute(table)
    _know_subjects(engine, salt)
    before = head(engine)
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE consent_next AS {_next()}",
        {"last": before.entries, "now": now, "load_id": load_id},
    )
    ((added, voids),) = engine.rows("SELECT count(*), count(voids) FROM consent_next")
    after = _chain(engine, before, int(str(added)))
    engine.execute("DROP TABLE consent_next")
    if after != before:
        engine.execute(
            f"INSERT INTO {HEADS} VALUES ($load_id, $now, $entries, $hash)",
            {"load_id": load_id, "now": now, "entries": after.entries, "hash": after.hash},
        )
    return Appended(words=int(str(added)) - int(str(voids)), voids=int(str(voids)), head=after)


def astray(engine: Engine) -> int:
    """How many entries the ledger lacks to say what the star says; 0 after every load."""
    strangers = f"SELECT count(*) FROM ({words()}) AS word {_UNKNOWN}"
    ((lacking,),) = engine.rows(
        f"SELECT (SELECT count(*) FROM ({_next()})) + ({strangers})", {"last": 0, "now": datetime.min, "load_id": 0}
    )
    return int(str(lacking))


def forget_subject(engine: Engine, customer_id: str) -> int:
    """Make it impossible to tell which entries were this customer's; gives how many there are.

    The salts are deleted, of every source record that is this customer.  Entries and chain
    stay as they are, and no later load voids them.  The rows of the star that they
    came from are not touched: where those stay, the next load notes them anew.  While several
    source records are one customer, `customer_identity` says which, so ask before it forgets them.
    """
    if SUBJECTS not in engine.tables():
        return 0
    whose = f"subject IN (SELECT subject FROM ({owners(engine)}) AS owner WHERE customer_id = $customer AND sure)"
    customer = {"customer": customer_id}
    ((entries,),) = engine.rows(f"SELECT count(*) FROM {LEDGER} WHERE {whose}", customer)
    engine.execute(f"DELETE FROM {SUBJECTS} WHERE {whose}", customer)
    return int(str(entries))


def owners(engine: Engine) -> str:
    """SQL for whose a subject is: `subject`, `customer_id`, the `record` whose words hang together, and `sure`.

    Where several source records are one customer, each record has its own words; otherwise
    all sources speak of the same customer in turn, and the last word counts.  A register whose id
    several customers have may mean any of them: that is not sure, and its grants do not count.
    """
    if "customer_identity" not in engine.tables():
        return f"SELECT subject, customer_id, customer_id AS record, TRUE AS sure FROM {SUBJECTS}"
    ids = f"(SELECT source, customer_id AS id FROM {SUBJECTS})"
    return (
        "SELECT owner.subject, one.customer_id, owner.subject AS record, "
        f"count(*) OVER (PARTITION BY owner.subject) = 1 AS sure FROM {SUBJECTS} AS owner "
        f"INNER JOIN ({candidates_of(ids)}) AS one ON one.source = owner.source AND one.id = owner.customer_id "
        "WHERE one.customer_id IS NOT NULL"
    )


def _next() -> str:
    """SQL for the entries that the ledger lacks, numbered on from $last."""
    text = statement("crm_analytics.warehouse", "consent_next")
    same = " AND ".join(f"said.{name} IS NOT DISTINCT FROM live.{name}" for name in CONTENT)
    return text.replace("{said}", said()).replace("{content}", ", ".join(CONTENT)).replace("{same}", same)


def _know_subjects(engine: Engine, salt: Callable[[], str]) -> None:
    """Give each customer who is spoken of for the first time a salt, and so a subject."""
    strangers = engine.frame(
        Query(f"SELECT DISTINCT source, customer_id FROM ({words()}) AS word {_UNKNOWN} ORDER BY source, customer_id")
    )
    if strangers.is_empty():
        return
    salts = pl.Series("salt", [salt() for _ in range(strangers.height)], dtype=pl.String)
    engine.write_frame("consent_stranger", strangers.with_columns(salts))
    engine.execute(
        f"INSERT INTO {SUBJECTS} SELECT source, customer_id, salt, sha256(salt || customer_id) "
        "FROM consent_stranger ORDER BY source, customer_id"
    )
    engine.execute("DROP TABLE consent_stranger")


def _chain(engine: Engine, before: Head, added: int) -> Head:
    """Hash the entries of `consent_next` in their order and put them into the ledger."""
    at = before
    text = f"SELECT {', '.join(COVERED)}, {entry_text()} AS text FROM consent_next "
    text += "WHERE seq > $after AND seq <= $last ORDER BY seq"
    while at.entries < before.entries + added:
        last = min(at.entries + BATCH, before.entries + added)
        entries = engine.frame(Query(text, {"after": at.entries, "last": last}))
        hashes = list(chained(entries["text"], at.hash))
        engine.write_frame(
            "consent_batch",
            entries.drop("text").with_columns(
                pl.Series("previous_hash", [at.hash, *hashes[:-1]]), pl.Series("hash", hashes)
            ),
        )
        engine.execute(f"INSERT INTO {LEDGER} BY NAME SELECT * FROM consent_batch ORDER BY seq")
        engine.execute("DROP TABLE consent_batch")
        at = Head(last, hashes[-1])
    return at
