"""What the star says of one customer: the frames that their card is made of.

Looks back only: nothing on or after `as_of` is read.  The one customer may also be one
whom the star does not know, but whose id some facts bear in `unresolved`.  Not the
card: `pipeline.customer` puts the answers together, `reports.card` words them.

May import: engines, sql, warehouse.card_index.   Imported by: pipeline.customer.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.sql import Query, ident, statement
from crm_analytics.warehouse.card_index import EVERYBODY, INDEXED, SALES, days_of, everybody_by_day, is_fresh

EVENTS = {
    "fct_deal": "card_deals",
    "fct_contact": "card_contacts",
    "fct_response": "card_responses",
    "fct_consent": "card_consents",
}
IDENTITY = ("customer_identity", "customer_golden_source", "customer_contact_point")
NEAR_IDS = 3
# Later than any day the star takes: everything loaded.
FAR_AHEAD = date(2200, 1, 1)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Whose:
    """Of whom: the id, and the key that it has in the star; key 0 where only facts name it."""

    customer_id: str
    customer_key: int


def customer_row(engine: Engine, customer_id: str) -> Row | None:
    """The customer's row of dim_customer, or None where it has none."""
    text = "SELECT * FROM dim_customer WHERE customer_id = $customer_id"
    found = engine.cells(Query(text, {"customer_id": customer_id}))
    return found.row(0, named=True) if found.height else None


def near_ids(engine: Engine, customer_id: str) -> list[str]:
    """The few ids that are spelt most alike, the nearest first; none where none is."""
    text = """SELECT customer_id
FROM (SELECT customer_id, damerau_levenshtein(lower(customer_id), lower($customer_id)) AS edits FROM dim_customer)
WHERE edits <= greatest(1, length($customer_id) // 3)
ORDER BY edits, customer_id
LIMIT $most"""
    return [str(near) for (near,) in engine.rows(text, {"customer_id": customer_id, "most": NEAR_IDS})]


def is_named_by_facts(engine: Engine, customer_id: str, present: Collection[str]) -> bool:
    """Whether any fact bears this id, which dim_customer lacks."""
    facts = [f"SELECT 1 FROM {fact} AS fact WHERE {_UNRESOLVED}" for fact in INDEXED if fact in present]
    if not facts:
        return False
    ((found,),) = engine.rows(f"SELECT EXISTS ({' UNION ALL '.join(facts)})", {"customer_id": customer_id})
    return bool(found)


def lines_of(engine: Engine, whose: Whose, item: str, as_of: date, present: Collection[str]) -> pl.DataFrame:
    """The sale lines, as `card_lines.sql` has them; `item` is the attribute of dim_product that offers speak of."""
    text = _file("card_lines").replace("{item}", item.replace('"', '""'))
    return engine.cells(_about(engine, whose, SALES, text, as_of, present))


def events_of(engine: Engine, whose: Whose, as_of: date, present: Collection[str]) -> pl.DataFrame:
    """Deals, contacts, answers and consents, as `card_events.sql` has them; facts the star lacks give no rows."""
    asked = [
        _about(engine, whose, fact, _file(name), as_of, present) for fact, name in EVENTS.items() if fact in present
    ]
    if not asked:
        return pl.DataFrame()
    every = "\n".join(f"UNION ALL BY NAME\n{query.text}" for query in asked)
    return engine.cells(Query(_file("card_events").replace("{events}", every), asked[0].params))


def everybody(engine: Engine, as_of: date, present: Collection[str]) -> Row:
    """What all known customers bought before a day.

    `lines`, `revenue`, `discount`, and `discounted_lines`, `discounted_revenue` of the lines bought on discount; each
    None where nobody bought.
    """
    made = is_fresh(engine, EVERYBODY, SALES, present)
    names = ("lines", "revenue", "discount", "discounted_lines", "discounted_revenue")
    sums = ", ".join(f"sum({name}) AS {ident(name)}" for name in names)
    text = f"SELECT {sums} FROM {EVERYBODY if made else f'({everybody_by_day()})'} WHERE date_key < $before"
    return engine.cells(Query(text, {"before": int(f"{as_of:%Y%m%d}")})).row(0, named=True)


def scores_of(engine: Engine, whose: Whose, as_of: date, present: Collection[str]) -> list[Row]:
    """The latest scores of each model: model, name, value, label, as_of; none before the first scoring."""
    if "fct_score" not in present:
        return []
    query = Query(_file("card_scores"), {"customer_key": whose.customer_key, "as_of": as_of})
    rows = engine.cells(query).to_dicts()
    latest: dict[str, date] = {}
    for row in rows:
        latest[row["model"]] = max(row["as_of"], latest.get(row["model"], row["as_of"]))
    return [row for row in rows if row["as_of"] == latest[row["model"]]]


def segments_of(engine: Engine, whose: Whose, present: Collection[str]) -> list[Row]:
    """The saved segments the customer is in: segment, saved_at, as_of."""
    if "segment_member" not in present:
        return []
    text = """SELECT s.segment, s.saved_at, s.as_of
FROM segment_member AS m INNER JOIN segment AS s ON s.segment = m.segment
WHERE m.customer_id = $customer_id
ORDER BY s.segment"""
    return engine.cells(Query(text, {"customer_id": whose.customer_id})).to_dicts()


def golden_ids(engine: Engine, record_id: str, present: Collection[str]) -> list[str]:
    """The customers whom records of this id became part of: several where two sources use it for two people."""
    if IDENTITY[0] not in present:
        return []
    text = "SELECT DISTINCT customer_id FROM customer_identity WHERE record_id = $record_id ORDER BY customer_id"
    return [str(found) for (found,) in engine.rows(text, {"record_id": record_id})]


def identity_of(engine: Engine, whose: Whose, present: Collection[str]) -> dict[str, list[Row]]:
    """The source records of a customer of several sources, where each field came from, and every contact point.

    By table; one that the warehouse does not have gives no rows.
    """
    asked = {"customer_id": whose.customer_id}
    return {
        table: engine.cells(
            Query(f"SELECT * FROM {table} WHERE customer_id = $customer_id ORDER BY ALL", asked)
        ).to_dicts()
        if table in present
        else []
        for table in IDENTITY
    }


_UNRESOLVED = "fact.customer_key = 0 AND fact.unresolved ->> '$.customer_id' = $customer_id"


def _file(name: str) -> str:
    return statement("crm_analytics.features", name)


def _about(engine: Engine, whose: Whose, fact: str, text: str, as_of: date, present: Collection[str]) -> Query:
    """A statement of this folder for one customer's rows of a fact."""
    if whose.customer_key == 0:
        return Query(text.replace("{whose}", _UNRESOLVED), {"as_of": as_of, "customer_id": whose.customer_id})
    condition = "fact.customer_key = $customer_key"
    days = days_of(engine, fact, whose.customer_key, present)
    if days is not None:
        # A list, for DuckDB skips the blocks that hold none of its members; keys are numbers, so none can break out.
        condition += f" AND fact.date_key IN ({', '.join(map(str, days)) or 'NULL'})"
    return Query(text.replace("{whose}", condition), {"as_of": as_of, "customer_key": whose.customer_key})
