"""A star that holds nothing but what the consent ledger reads, and the ledger replayed in plain Python."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse.consent_chain import COVERED
from crm_analytics.warehouse.consent_ledger import Appended, append_consents

START = datetime(2024, 1, 1)
CHANNELS = ("mail", "sms")
CUSTOMERS = ("ann", "bob")
DDL = """
CREATE OR REPLACE TABLE dim_customer (customer_key INTEGER, customer_id VARCHAR);
CREATE OR REPLACE TABLE dim_channel (channel_key INTEGER, channel VARCHAR);
CREATE OR REPLACE TABLE dim_campaign AS SELECT 0 AS campaign_key, CAST(NULL AS VARCHAR) AS campaign_id;
CREATE OR REPLACE TABLE dim_product AS SELECT 0 AS product_key, CAST(NULL AS VARCHAR) AS product_id;
CREATE OR REPLACE TABLE fct_consent (
  consent_id VARCHAR, customer_key INTEGER, channel_key INTEGER, purpose VARCHAR, status VARCHAR,
  recorded_at TIMESTAMP, wording_version VARCHAR, proof VARCHAR, evidence VARCHAR, source VARCHAR,
  part_key INTEGER, load_id INTEGER, unresolved VARCHAR);
CREATE OR REPLACE TABLE fct_response (
  response_id VARCHAR, customer_key INTEGER, campaign_key INTEGER, product_key INTEGER, channel_key INTEGER,
  responded_at TIMESTAMP, response_kind VARCHAR, source VARCHAR,
  part_key INTEGER, load_id INTEGER, unresolved VARCHAR);
CREATE OR REPLACE TABLE rejects (load_id INTEGER, source VARCHAR, entity VARCHAR, reason VARCHAR, row_json VARCHAR);
INSERT INTO dim_customer VALUES (0, NULL), (1, 'ann'), (2, 'bob');
INSERT INTO dim_channel VALUES (0, NULL), (1, 'mail'), (2, 'sms');
DROP TABLE IF EXISTS consent_ledger;
DROP TABLE IF EXISTS consent_head;
DROP TABLE IF EXISTS consent_subject;
DROP TABLE IF EXISTS customer_identity
"""


@dataclass(frozen=True)
class Word:
    """One row of the register (granted, withdrawn) or of the responses (opt_out, complaint); days count from START."""

    id: str
    said: str
    day: float = 0
    channel: str | None = "mail"
    customer: str = "ann"
    purpose: str = "marketing"
    wording: str | None = None
    proof: str | None = None
    evidence: str | None = None
    source: str = "crm"


@dataclass
class Ledger:
    """The tiny star of one test; `load` puts words into it in place of all that were there, and tells the ledger."""

    engine: DuckEngine
    loads: int = 0
    salts: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        for statement in DDL.split(";"):
            self.engine.execute(statement)

    def load(self, words: Iterable[Word], refused: Sequence[tuple[str, str]] = (), day: float = 100) -> Appended:
        """`refused` are entities and rows of rejects; `day` is when the load is noted."""
        for table in ("fct_consent", "fct_response", "rejects"):
            self.engine.execute(f"DELETE FROM {table}")
        for word in words:
            self._put(word)
        for entity, row in refused:
            self.engine.execute(
                "INSERT INTO rejects VALUES (1, 'crm', $entity, 'broken', $row)", {"entity": entity, "row": row}
            )
        self.loads += 1
        with self.engine.transaction():
            return append_consents(self.engine, self.loads, at(day), lambda: f"salt {next(self.salts)} ")

    def entries(self) -> list[dict[str, Any]]:
        """Every entry, in order, with the customer it is about (None: forgotten)."""
        names = [*COVERED, "previous_hash", "hash", "customer_id"]
        rows = self.engine.rows(
            f"SELECT {', '.join('e.' + n for n in names[:-1])}, s.customer_id FROM consent_ledger e "
            "LEFT JOIN consent_subject s USING (subject) ORDER BY seq"
        )
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _put(self, word: Word) -> None:
        keys = {"ann": 1, "bob": 2, "mail": 1, "sms": 2}
        unresolved = {k: v for k, v in (("customer_id", word.customer), ("channel", word.channel)) if v not in keys}
        values: dict[str, Any] = {
            "id": word.id,
            "customer": keys.get(word.customer, 0),
            "channel": keys.get(word.channel or "", 0),
            "purpose": word.purpose,
            "said": word.said,
            "at": at(word.day),
            "wording": word.wording,
            "proof": word.proof,
            "evidence": word.evidence,
            "source": word.source,
            "who": unresolved.get("customer_id"),
            "through": unresolved.get("channel"),
        }
        lost = "CAST(to_json({customer_id: $who, channel: $through}) AS VARCHAR)"
        if word.said in ("granted", "withdrawn"):
            text = (
                "INSERT INTO fct_consent VALUES ($id, $customer, $channel, $purpose, $said, $at, $wording, $proof, "
                f"$evidence, $source, 1, 1, {lost})"
            )
        else:
            text = (
                f"INSERT INTO fct_response VALUES ($id, $customer, 0, 0, $channel, $at, $said, $source, 1, 1, {lost})"
            )
        self.engine.execute(text, {k: v for k, v in values.items() if f"${k}" in text})


def at(day: float) -> datetime:
    return START + timedelta(days=day)


def hashed(entry: dict[str, Any]) -> str:
    """The hash of an entry as docs/consents.md says it is made."""
    lines = []
    for name in COVERED:
        value = entry[name]
        if isinstance(value, datetime):
            value = value.isoformat(timespec="microseconds")
        lines.append(r"\N" if value is None else str(value).replace("\\", "\\\\").replace("\n", r"\n"))
    return sha256("\n".join([entry["previous_hash"], *lines]).encode()).hexdigest()


def replayed(
    entries: list[dict[str, Any]], moment: datetime, purpose: str, known: datetime | None = None
) -> dict[tuple[str, str], tuple[str, int]]:
    """Customer and channel -> status and the entry that decides: the entries read out one after the other."""
    seen = [e for e in entries if known is None or e["noted_at"] < known]
    taken_back = {e["voids"] for e in seen}
    last: dict[tuple[str, str], tuple[datetime, bool, int]] = {}
    for e in seen:
        no = e["status"] == "withdrawn"
        if e["kind"] == "void" or e["seq"] in taken_back or e["customer_id"] is None:
            continue
        if e["purpose"] not in (None, purpose):
            continue
        said = e["recorded_at"] or datetime.max
        if e["recorded_at"] is not None and said >= moment and not (no and e["noted_at"] < moment):
            continue
        known_channel = e["channel"] in CHANNELS
        for channel in (e["channel"],) if known_channel else CHANNELS if no else ():
            place = (e["customer_id"], channel)
            last[place] = max(last.get(place, (datetime.min, False, 0)), (said, no, e["seq"]))
    return {place: ("denied" if no else "granted", seq) for place, (_, no, seq) in last.items()}
