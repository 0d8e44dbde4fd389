"""A few source records in a warehouse in memory, and what became of them."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

import polars as pl

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.warehouse.identity.resolve import Resolved, resolve

NOW = datetime(2024, 1, 1, 12, 0)
RULES = IdentityRules(region="DE")
SCHEMA = {
    "source": pl.String(),
    "customer_id": pl.String(),
    "name": pl.String(),
    "email": pl.String(),
    "phone": pl.String(),
    "country": pl.String(),
    "registered_on": pl.Date(),
    "loyalty_id": pl.String(),
    "birth_date": pl.Date(),
    "postcode": pl.String(),
    "city": pl.String(),
    "changed_at": pl.Datetime("us"),
    "colour": pl.String(),  # an attribute beyond the contract
}


class Rec(NamedTuple):
    """One source record; `id` is written source:id."""

    id: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    country: str | None = None
    registered_on: date | None = None
    loyalty_id: str | None = None
    birth_date: date | None = None
    postcode: str | None = None
    city: str | None = None
    changed_at: datetime | None = None
    colour: str | None = None


def write_records(engine: DuckEngine, records: Iterable[Rec]) -> None:
    rows = [(*r.id.split(":", 1), *r[1:]) for r in records]
    engine.write_frame("customer_record", pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def fresh(engine: DuckEngine) -> None:
    """Forget every table."""
    for table in engine.tables():
        engine.execute(f'DROP TABLE "{table}"')


def resolved(
    engine: DuckEngine, records: Iterable[Rec], rules: IdentityRules = RULES, now: datetime = NOW
) -> dict[str, str]:
    """The customer of each record, after these are all there is."""
    write_records(engine, records)
    resolve(engine, rules, now)
    return customers(engine)


def customers(engine: DuckEngine) -> dict[str, str]:
    return dict(engine.rows("SELECT source || ':' || record_id, customer_id FROM customer_identity ORDER BY 1"))  # type: ignore[arg-type]


def clusters(found: Mapping[str, str]) -> set[frozenset[str]]:
    """The records of each customer, whatever it is called."""
    members: dict[str, set[str]] = {}
    for record, customer in found.items():
        members.setdefault(customer, set()).add(record)
    return {frozenset(m) for m in members.values()}


def again(engine: DuckEngine, rules: IdentityRules = RULES, now: datetime = NOW) -> Resolved:
    """Resolve as if nothing had been kept of the pairs."""
    engine.execute("DELETE FROM identity_state")
    return resolve(engine, rules, now)


def everything(engine: DuckEngine) -> dict[str, list[tuple[Any, ...]]]:
    """What identity says, in every table that it writes."""
    tables = sorted(t for t in engine.tables() if t != "customer_record")
    return {t: sorted(engine.rows(f"SELECT * FROM {t}"), key=repr) for t in tables}
