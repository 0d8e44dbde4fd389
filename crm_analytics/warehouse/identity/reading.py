"""What identity has to say to people: pairs to look at, why records are one customer, the log.

Names, e-mails and phones are private: they come masked unless they are asked for.

May import: errors, sql, engines, identity_rules, warehouse.identity.{decisions,tables}.
Imported by: pipeline.identity.
"""

from dataclasses import dataclass

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import WarehouseError
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.sql import Query
from crm_analytics.warehouse.identity import decisions
from crm_analytics.warehouse.tables import RECORDS

PRIVATE = ("name", "email", "phone")
_MASKS = {
    "name": r"regexp_replace({0}, '(\p{{L}})[\p{{L}}'']*', '\1.', 'g')",
    "email": "left({0}, 1) || '...@' || regexp_extract({0}, '[^.]*$')",
    "phone": "'...' || right({0}, 2)",
}


@dataclass(frozen=True, slots=True)
class Explained:
    """One customer: its `records` (record, rule, through, since, and the private columns) and `fields`.

    `fields` says of each column of the golden record which record gave it, and when that record was told.
    """

    customer_id: str
    records: pl.DataFrame
    fields: pl.DataFrame


def review(engine: Engine, show: bool = False) -> pl.DataFrame:
    """The pairs to look at, contradictions first, then by score.

    Columns: record, other (`source:id`), score, agreement, reason, and of both records name, email
    and phone, those of the second as other_name and so on; masked unless `show`.
    """
    _must_exist(engine)
    ours = ", ".join(f"{_private('a', c, show)} AS {c}" for c in PRIVATE)
    theirs = ", ".join(f"{_private('b', c, show)} AS other_{c}" for c in PRIVATE)
    return engine.frame(
        Query(
            f"SELECT p.source || ':' || p.record_id AS record, p.other_source || ':' || p.other_record AS other, "
            f"p.score, p.agreement, p.reason, {ours}, {theirs} FROM identity_review p "
            f"JOIN {RECORDS} a ON a.source = p.source AND a.customer_id = p.record_id "
            f"JOIN {RECORDS} b ON b.source = p.other_source AND b.customer_id = p.other_record "
            "ORDER BY p.reason = 'between the thresholds', p.score DESC, 1, 2"
        )
    )


def shared_keys(engine: Engine, rules: IdentityRules) -> list[tuple[str, int, int]]:
    """Kind, number of values and of their records, of contact points that too many records share to be a key."""
    _must_exist(engine)
    found = engine.rows(
        "SELECT kind, count(*), sum(n) FROM (SELECT kind, count(*) AS n FROM customer_contact_point "
        "GROUP BY kind, value HAVING count(*) > $most) GROUP BY 1 ORDER BY 1",
        {"most": rules.most_records},
    )
    return [(str(kind), int(str(values)), int(str(records))) for kind, values, records in found]


def explain(engine: Engine, customer: str, show: bool = False) -> Explained:
    """Why the records of a customer, named by its id or by one of its records, are one.

    Raises
    ------
    DataError : there is no such customer or record.
    """
    _must_exist(engine)
    known = decisions.records_of(engine, customer)
    customer_id = customer if known else decisions.customer_of(engine, decisions.find_record(engine, customer))
    private = ", ".join(f"{_private('r', c, show)} AS {c}" for c in PRIVATE)
    records = engine.frame(
        Query(
            "SELECT i.source || ':' || i.record_id AS record, i.rule, "
            f"i.other_source || ':' || i.other_record AS through, i.since, {private} "
            f"FROM customer_identity i JOIN {RECORDS} r ON r.source = i.source AND r.customer_id = i.record_id "
            "WHERE i.customer_id = $id ORDER BY i.rule IS NOT NULL, 1",
            {"id": customer_id},
        )
    )
    fields = engine.frame(
        Query(
            "SELECT field, source || ':' || record_id AS record, changed_at FROM customer_golden_source "
            "WHERE customer_id = $id ORDER BY 1",
            {"id": customer_id},
        )
    )
    return Explained(customer_id, records, fields)


def log(engine: Engine, newest: int = 50) -> pl.DataFrame:
    """The last decisions, newest first: decision_id, decided_at, kind, record, other, customer_id, who, why."""
    _must_exist(engine)
    return engine.frame(
        Query(
            "SELECT decision_id, decided_at, kind, source || ':' || record_id AS record, "
            "other_source || ':' || other_record AS other, customer_id, who, why "
            "FROM identity_decision ORDER BY decision_id DESC LIMIT $newest",
            {"newest": newest},
        )
    )


def _private(row: str, column: str, show: bool) -> str:
    value = f"{row}.{column}"
    return value if show else _MASKS[column].format(value)


def _must_exist(engine: Engine) -> None:
    if "customer_identity" not in engine.tables():
        raise WarehouseError("identity: no source record was loaded with the identity rules of crm.yml; run: crm load")
