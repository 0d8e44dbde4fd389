"""Which customer each source record is, written anew from the records and the decisions: what a load calls.

    customer_record --pairs--> identity_pair ┐
    identity_decision ──────────────────────┴--cluster--> customer_identity --golden--> customer_golden

The result depends on the records, the rules and the decisions, and on the ids
that customers had before; not on the order in which records came.  Pairs are
scored again only where records or rules changed, and nothing is done where
nothing did.

May import: sql, engines, identity_rules, warehouse.identity.*.   Imported by: warehouse.load, pipeline.identity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.sql import Query, ident
from crm_analytics.warehouse.identity import decisions
from crm_analytics.warehouse.identity.cluster import Clusters, Edge, Pair, cluster
from crm_analytics.warehouse.identity.decisions import Entry, Record, Word
from crm_analytics.warehouse.identity.golden import write_golden
from crm_analytics.warehouse.identity.naming import customer_ids, joined_through
from crm_analytics.warehouse.identity.pairs import write_pairs
from crm_analytics.warehouse.identity.review import write_review
from crm_analytics.warehouse.identity.tables import make_tables, record_columns, source_place
from crm_analytics.warehouse.tables import RECORDS

RULES = "rules of crm.yml"  # who decided, where nobody did
MODEL = 1  # counted up when the score is changed, so that stored pairs are scored again


@dataclass(frozen=True, slots=True)
class Resolved:
    """How many source records are how many customers, and how many pairs wait to be looked at.

    `changed` is false where records, rules and decisions were what they had been.
    """

    records: int
    customers: int
    to_review: int
    changed: bool = True

    def __str__(self) -> str:
        return f"{self.records:,} records are {self.customers:,} customers; {self.to_review:,} to review"


def resolve(engine: Engine, rules: IdentityRules, now: datetime) -> Resolved:
    """Bring every table of identity up to date; to be called inside the caller's transaction.

    `customer_record` has one row a source and customer_id.  `now` is when a record that changes
    its customer did so.

    Raises
    ------
    WarehouseError : there is no table of records.
    UnknownName : the rules name a column that no record has.
    """
    columns = record_columns(engine, rules)
    make_tables(engine)
    state, last = _state(engine, rules, columns)
    ((stored, decided),) = engine.rows("SELECT max(records), max(last_decision) FROM identity_state")
    if (stored, decided) == (state, last):
        return replace(_counted(engine), changed=False)
    if stored != state:
        write_pairs(engine, rules)
    records = _records(engine, rules)
    number = {record: r for r, record in enumerate(zip(records["source"], records["record_id"], strict=True))}
    accepted, apart = _decided(engine, number)
    values = {name: records[f"held_{name}"].to_list() for name in rules.conflicts}
    clusters = cluster(records.height, accepted, _edges(engine, rules, number), values, apart)
    _write_identity(engine, records, clusters, rules, now)
    write_golden(engine, rules, columns)
    write_review(engine, number, clusters, apart)
    _, last = _state(engine, rules, columns)
    engine.execute("DELETE FROM identity_state")
    engine.execute("INSERT INTO identity_state VALUES ($state, $last)", {"state": state, "last": last})
    return _counted(engine)


def _counted(engine: Engine) -> Resolved:
    ((records, customers),) = engine.rows("SELECT count(*), count(DISTINCT customer_id) FROM customer_identity")
    ((waiting,),) = engine.rows("SELECT count(*) FROM identity_review")
    return Resolved(int(str(records)), int(str(customers)), int(str(waiting)))


def _state(engine: Engine, rules: IdentityRules, columns: Mapping[str, str]) -> tuple[str, int]:
    """A word for what the records and rules are now, and the number of the last decision of a person."""
    names = ", ".join(ident(name) for name in sorted(columns))
    ((rows, total, mixed),) = engine.rows(
        f"SELECT count(*), CAST(sum(CAST(h AS HUGEINT)) AS VARCHAR), bit_xor(h) "
        f"FROM (SELECT hash({names}) AS h FROM {RECORDS})"
    )
    ((last,),) = engine.rows(
        "SELECT coalesce(max(decision_id), 0) FROM identity_decision WHERE kind IN ('accept', 'reject', 'split')"
    )
    return f"{MODEL} {rows} {total} {mixed} {names} {rules!r}", int(str(last))


def _records(engine: Engine, rules: IdentityRules) -> pl.DataFrame:
    """Source, id, former customer and conflicting values of each record, the most trusted first."""
    order = f"{source_place(rules)}, registered_on NULLS LAST, source, customer_id"
    held = "".join(
        f", nullif(lower(trim(CAST(c.{ident(name)} AS VARCHAR))), '') AS {ident('held_' + name)}"
        for name in rules.conflicts
    )
    return engine.frame(
        Query(
            f"SELECT c.source, c.customer_id AS record_id, i.customer_id AS former{held} FROM "
            f"(SELECT *, row_number() OVER (ORDER BY {order}) AS _r FROM {RECORDS}) c "
            f"LEFT JOIN customer_identity i ON i.source = c.source AND i.record_id = c.customer_id ORDER BY c._r"
        )
    )


def _decided(engine: Engine, number: Mapping[Record, int]) -> tuple[list[Pair], list[Pair]]:
    """The pairs that somebody accepted, and those kept apart; of records that are there."""
    accepted: list[Pair] = []
    apart: list[Pair] = []
    for kind, a, b in decisions.last_words(engine):
        if a in number and b in number:
            (accepted if kind == "accept" else apart).append((number[a], number[b]))
    return accepted, apart


def _edges(engine: Engine, rules: IdentityRules, number: Mapping[Record, int]) -> list[Edge]:
    """Pairs to join, and pairs to look at behind them: by rule, then by score, then by record."""
    found = engine.rows(
        "SELECT source, record_id, other_source, other_record, rule, score FROM identity_pair "
        f"WHERE rule IS NOT NULL OR score >= {rules.merge_above!r}"
    )
    ranked = []
    for source, record, other_source, other_record, rule, score in found:
        a, b = number[str(source), str(record)], number[str(other_source), str(other_record)]
        place = int(str(rule)) if rule is not None else len(rules.keys)
        ranked.append((place, -float(str(score)), min(a, b), max(a, b)))
    named = [*(rule.column for rule in rules.keys), "score"]
    return [Edge(a, b, named[place]) for place, _, a, b in sorted(ranked)]


def _write_identity(
    engine: Engine, records: pl.DataFrame, clusters: Clusters, rules: IdentityRules, now: datetime
) -> None:
    """Write customer_identity, and into the log what changed in it."""
    named: list[Record] = list(zip(records["source"], records["record_id"], strict=True))
    former = {r: str(c) for r, c in zip(named, records["former"], strict=True) if c is not None}
    customers = customer_ids(named, clusters.root, former if rules.keep_ids else {})
    through = joined_through(clusters.root, clusters.used)
    by = [through.get(r) for r in range(len(named))]
    others = [named[found[1]] if found else (None, None) for found in by]
    engine.write_frame(
        "identity_new",
        pl.DataFrame(
            {
                "source": records["source"],
                "record_id": records["record_id"],
                "customer_id": pl.Series(customers, dtype=pl.String),
                "rule": pl.Series([found and found[0] for found in by], dtype=pl.String),
                "other_source": pl.Series([o[0] for o in others], dtype=pl.String),
                "other_record": pl.Series([o[1] for o in others], dtype=pl.String),
            }
        ),
    )
    engine.execute(
        "CREATE OR REPLACE TABLE customer_identity AS SELECT n.*, "
        "CASE WHEN i.customer_id = n.customer_id THEN i.since ELSE $now END AS since "
        "FROM identity_new n LEFT JOIN customer_identity i USING (source, record_id) ORDER BY n.source, n.record_id",
        {"now": now},
    )
    engine.execute("DROP TABLE identity_new")
    engine.execute(
        "UPDATE customer_contact_point p SET customer_id = i.customer_id FROM customer_identity i "
        "WHERE i.source = p.source AND i.record_id = p.record_id"
    )
    decisions.write(engine, _changes(named, former, customers, by), Word(RULES, now))


def _changes(
    named: list[Record], former: Mapping[Record, str], customers: list[str], by: list[tuple[str, int] | None]
) -> list[Entry]:
    """Each record that changed its customer, and each new one that joined another record."""
    living, found = set(customers), []
    for r, record in enumerate(named):
        before, reason = former.get(record), by[r]
        if before == customers[r] or (before is None and reason is None):
            continue
        if before is not None and before in living:
            found.append(Entry("unmerge", record, None, customers[r], f"was {before}"))
        else:
            why = f"by {reason[0]}" if reason else "most trusted record"
            why += f", was {before}" if before is not None else ""
            found.append(Entry("merge", record, named[reason[1]] if reason else None, customers[r], why))
    return found
