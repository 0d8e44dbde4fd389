"""One customer from several records: the golden record, field by field, and where each value came from.

    customer_record + customer_identity --> customer_golden, customer_golden_source

Each rule is an order of records; of a customer's records the first in that order
with a value gives it.  The same order serves value and provenance, so the two
cannot differ.

May import: sql, engines, identity_rules, warehouse.identity.tables.   Imported by: warehouse.identity.resolve.
"""

from collections.abc import Mapping, Sequence

from crm_analytics.engines import Engine
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.identity.tables import BOOKKEEPING, GOLDEN, fields, source_place
from crm_analytics.warehouse.tables import RECORDS

_RECENT = "_told DESC NULLS LAST, _source_place, source, record_id"
_TRUST = f"_source_place, source, {_RECENT}"


def write_golden(engine: Engine, rules: IdentityRules, columns: Mapping[str, str]) -> None:
    """Write the golden records, one a customer, and their provenance, one row a customer and field with a value."""
    names = fields(columns)
    kept = [name for name in BOOKKEEPING if name in engine.columns(RECORDS)]
    engine.execute(f"CREATE OR REPLACE TEMP TABLE golden_record AS {_ordered(rules, names, kept)}")
    engine.execute(f"CREATE OR REPLACE TEMP TABLE golden_chosen AS {_chosen(names, kept)}")
    places = ", ".join(f"place_{i}" for i in range(len(names)))
    engine.execute(f"CREATE OR REPLACE TABLE {GOLDEN} AS SELECT * EXCLUDE ({places}) FROM golden_chosen ORDER BY 1")
    engine.execute("DELETE FROM customer_golden_source")
    sources = "\nUNION ALL\n".join(
        f"SELECT c.customer_id, {literal(name)} AS field, r.source, r.record_id, r._told "
        f"FROM golden_chosen c JOIN golden_record r ON r.order_{i} = c.place_{i} AND r.customer_id = c.customer_id"
        for i, name in enumerate(names)
    )
    engine.execute(f"INSERT INTO customer_golden_source SELECT * FROM ({sources}) ORDER BY customer_id, field")
    for table in ("golden_chosen", "golden_record"):
        engine.execute(f"DROP TABLE {table}")


def _ordered(rules: IdentityRules, names: Sequence[str], kept: Sequence[str]) -> str:
    """Every record with its customer and, for each field, its place in the order of that field's rule."""
    columns = ", ".join(ident(n) for n in (*names, *kept))
    counts = "".join(
        f", count(*) OVER (PARTITION BY customer_id, {ident(n)}) AS count_{i}"
        for i, n in enumerate(names)
        if rules.rule_of(n) == "most_frequent"
    )
    orders = ", ".join(f"{_order(rules, n, i)} AS order_{i}" for i, n in enumerate(names))
    # A record without changed_at was last known to be right when it was registered.
    return f"""WITH placed AS (
  SELECT source, customer_id AS record_id, {columns}, {source_place(rules)} AS _source_place,
    coalesce(changed_at, CAST(registered_on AS TIMESTAMP)) AS _told
  FROM {RECORDS}
),
counted AS (
  SELECT *, (_source_place, source) = min((_source_place, source)) OVER (PARTITION BY customer_id) AS _lead{counts}
  FROM placed JOIN customer_identity USING (source, record_id)
)
SELECT *, row_number() OVER (ORDER BY {_TRUST}) AS _first, {orders} FROM counted"""


def _order(rules: IdentityRules, name: str, i: int) -> str:
    """The place of each record for one field; NULL where its value does not come into question."""
    match rules.rule_of(name):
        case "most_recent":
            order, also = _RECENT, ""
        case "most_frequent":
            order, also = f"count_{i} DESC, {_TRUST}", ""
        case "earliest":
            order, also = f"{ident(name)}, {_TRUST}", ""
        case "source_priority":  # the most trusted source alone, even where it has no value
            order, also = _TRUST, " AND _lead"
        case "non_empty":
            order, also = _TRUST, ""
    return f"CASE WHEN {ident(name)} IS NOT NULL{also} THEN row_number() OVER (ORDER BY {order}) END"


def _chosen(names: Sequence[str], kept: Sequence[str]) -> str:
    """One row a customer: the value of each field, its place, and the source and bookkeeping of the first record."""
    # arg_min passes over the records whose place is NULL.
    values = ", ".join(f"arg_min({ident(n)}, order_{i}) AS {ident(n)}" for i, n in enumerate(names))
    places = ", ".join(f"min(order_{i}) AS place_{i}" for i in range(len(names)))
    first = ", ".join(f"arg_min({ident(n)}, _first) AS {ident(n)}" for n in ("source", *kept))
    return f"SELECT customer_id, {values}, {first}, {places} FROM golden_record GROUP BY 1"
