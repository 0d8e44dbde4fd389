"""The tables that remember erasures without a personal word: hashes, pseudonyms, proofs.

A hash is made with a salt that is drawn once for each warehouse.  Whoever has
the warehouse and already knows an id or an address can ask whether it was
erased; without one, the hashes say nothing.

May import: sql, engines.   Imported by: warehouse.erasure.*, pipeline.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from crm_analytics.engines import Engine

SALT, ERASED, PROOF = "erasure_salt", "erased", "erasure_proof"
PSEUDONYM = "erased-"  # how the id of an erased customer begins
TABLES = (
    f"CREATE TABLE IF NOT EXISTS {SALT} (salt VARCHAR)",
    # kind: id, email, phone, or text (words of one of these, as they may stand in a free text)
    f"""CREATE TABLE IF NOT EXISTS {ERASED} (
  kind VARCHAR, source VARCHAR, hash VARCHAR, words INTEGER, pseudonym VARCHAR, erased_on DATE)""",
    f"""CREATE TABLE IF NOT EXISTS {PROOF} (
  proof_id VARCHAR, erased_at TIMESTAMP, erased_by VARCHAR, pseudonym VARCHAR, proof VARCHAR)""",
)


@dataclass(frozen=True, slots=True)
class Mark:
    """One text by which a later load knows the person: an id, e-mail or phone, or the words of one in a text.

    `name` stands for the person then.  An id counts in one `source` alone where records of others bear it elsewhere.
    """

    kind: str
    text: str
    name: str
    source: str = ""


def known_salt(engine: Engine) -> str:
    """The salt, or '' where nobody was erased yet."""
    found = engine.rows(f"SELECT salt FROM {SALT}") if SALT in engine.tables() else []
    return str(found[0][0]) if found else ""


def drawn_salt(engine: Engine) -> str:
    """The salt; drawn, and the tables made, where there is none yet."""
    for table in TABLES:
        engine.execute(table)
    if not known_salt(engine):
        engine.execute(f"INSERT INTO {SALT} VALUES ($salt)", {"salt": secrets.token_hex(16)})
    return known_salt(engine)


def hashed(salt: str, kind: str, text: str) -> str:
    """The hash of a text; `hash_sql` gives the same."""
    return hashlib.sha256(f"{salt}{kind}:{text}".encode()).hexdigest()


def hash_sql(salt: str, kind: str, text: str) -> str:
    """SQL for the hash of the text that the SQL `text` gives."""
    return f"sha256('{salt}{kind}:' || {text})"


def pseudonym(salt: str, customer_id: str) -> str:
    """What stands for a customer from now on: the same each time, so that an erasure that was cut off can go on."""
    return PSEUDONYM + hashed(salt, "pseudonym", customer_id)[:16]


def remember(engine: Engine, marks: Sequence[Mark], day: date) -> None:
    """Keep the hashes by which a later load knows the person, each once."""
    salt = known_salt(engine)
    for mark in marks:
        engine.execute(
            f"INSERT INTO {ERASED} SELECT $kind, $source, $hash, $words, $name, $day WHERE NOT EXISTS "
            f"(SELECT 1 FROM {ERASED} WHERE kind = $kind AND source = $source AND hash = $hash)",
            {
                "kind": mark.kind,
                "source": mark.source,
                "hash": hashed(salt, mark.kind, mark.text),
                "words": len(mark.text.split(" ")) if mark.kind == "text" else None,
                "name": mark.name,
                "day": day,
            },
        )


def erased_before(engine: Engine, customer_id: str) -> str | None:
    """The pseudonym of somebody who was erased under this id, or None."""
    if not (salt := known_salt(engine)):
        return None
    found = engine.rows(
        f"SELECT pseudonym FROM {ERASED} WHERE kind = 'id' AND hash = $hash LIMIT 1",
        {"hash": hashed(salt, "id", customer_id)},
    )
    return str(found[0][0]) if found else None
