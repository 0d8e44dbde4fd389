"""The tables that identity keeps in the warehouse, and what a record must have.

`customer_record` is the load's; everything else here is written by `resolve`
anew each time, but for `identity_decision`, to which rows are only added.

May import: errors, sql, engines, identity_rules, warehouse.tables.   Imported by: warehouse.identity.*.
"""

from collections.abc import Mapping

from crm_analytics.engines import Engine
from crm_analytics.errors import UnknownName, WarehouseError
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.sql import literal
from crm_analytics.warehouse.tables import ENTITIES, RECORDS

GOLDEN = "customer_golden"
BOOKKEEPING = ("part_key", "load_id")

TABLES = (
    # Which customer a source record is, by which rule and through which other record of that customer.
    """CREATE TABLE IF NOT EXISTS customer_identity (
  source VARCHAR, record_id VARCHAR, customer_id VARCHAR,
  rule VARCHAR, other_source VARCHAR, other_record VARCHAR, since TIMESTAMP)""",
    # What people decided (accept, reject, split) and what rules changed (merge, unmerge).  Only ever added to.
    """CREATE TABLE IF NOT EXISTS identity_decision (
  decision_id INTEGER, decided_at TIMESTAMP, kind VARCHAR, source VARCHAR, record_id VARCHAR,
  other_source VARCHAR, other_record VARCHAR, customer_id VARCHAR, who VARCHAR, why VARCHAR)""",
    # Every pair that shares a key or scores enough to be looked at; ids and levels of agreement, no private value.
    """CREATE TABLE IF NOT EXISTS identity_pair (
  source VARCHAR, record_id VARCHAR, other_source VARCHAR, other_record VARCHAR,
  rule VARCHAR, score DOUBLE, agreement VARCHAR)""",
    # The pairs that somebody should look at: one for each two customers.
    """CREATE TABLE IF NOT EXISTS identity_review (
  source VARCHAR, record_id VARCHAR, other_source VARCHAR, other_record VARCHAR,
  score DOUBLE, agreement VARCHAR, reason VARCHAR)""",
    """CREATE TABLE IF NOT EXISTS customer_golden_source (
  customer_id VARCHAR, field VARCHAR, source VARCHAR, record_id VARCHAR, changed_at TIMESTAMP)""",
    """CREATE TABLE IF NOT EXISTS customer_contact_point (
  customer_id VARCHAR, kind VARCHAR, value VARCHAR, source VARCHAR, record_id VARCHAR)""",
    "CREATE TABLE IF NOT EXISTS identity_state (records VARCHAR, last_decision INTEGER)",
)

# What follows from records, rules and decisions.
DERIVED = (
    GOLDEN,
    "customer_identity",
    "identity_pair",
    "identity_review",
    "customer_golden_source",
    "customer_contact_point",
    "identity_state",
)


def drop_derived(engine: Engine) -> None:
    """Drop what nobody brings up to date any more; the decisions of people stay."""
    for table in DERIVED:
        engine.execute(f"DROP TABLE IF EXISTS {table}")


def make_tables(engine: Engine) -> None:
    """Make those that are not there yet."""
    for table in TABLES:
        engine.execute(table)


def record_columns(engine: Engine, rules: IdentityRules) -> dict[str, str]:
    """The columns of `customer_record` and their types, the load's own bookkeeping left out.

    Raises
    ------
    WarehouseError : there is no such table.
    UnknownName : the rules speak of a column that no record has.
    """
    if RECORDS not in engine.tables():
        raise WarehouseError("identity: no source record was loaded with the identity rules of crm.yml; run: crm load")
    own = (*BOOKKEEPING, "unresolved")
    columns = {name: kind for name, kind in engine.columns(RECORDS).items() if name not in own}
    named = [rule.column for rule in rules.keys] + [*rules.conflicts, *rules.golden]
    for name in named:
        if name not in columns:
            raise UnknownName("crm.yml: identity", "column of customers", name, columns)
    return columns


def source_place(rules: IdentityRules) -> str:
    """SQL for the place of the column `source` in the order of trust; sources that are not named share the last."""
    listed = ", ".join(literal(name) for name in rules.sources)
    return f"coalesce(list_position([{listed}]::VARCHAR[], source), {len(rules.sources) + 1})"


def fields(columns: Mapping[str, str]) -> list[str]:
    """The columns that a golden record has, in the order of the contract and then by name."""
    contract = [c.name for c in ENTITIES["customers"].columns]
    extras = sorted(set(columns) - set(contract) - {"source"})
    return [name for name in (*contract, *extras) if name != "customer_id" and name in columns]
