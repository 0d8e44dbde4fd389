"""The golden record: one rule a field, and where each value came from."""

from datetime import date, datetime
from typing import Any

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.identity_rules import FieldRule, IdentityRules
from tests.identity.made import Rec, again, resolved

# One customer, three records.  In order of trust: crm, then shop, then till.
CRM = Rec("crm:1", "Anna Meyer", None, loyalty_id="L1", registered_on=date(2020, 1, 1), changed_at=datetime(2021, 1, 1))
SHOP = Rec("shop:2", "Anni", "new@x.example", loyalty_id="L1", registered_on=date(2019, 1, 1), city="Bonn")
TILL = Rec("till:3", "Anni", "old@x.example", loyalty_id="L1", changed_at=datetime(2018, 1, 1), city="Köln")


def golden(engine: DuckEngine, field: str) -> tuple[Any, ...]:
    """The value, and the record that it came from."""
    [(value,)] = engine.rows(f"SELECT {field} FROM customer_golden")
    source = engine.rows(
        f"SELECT source || ':' || record_id, changed_at FROM customer_golden_source WHERE field = '{field}'"
    )
    return (value, *(source[0] if source else (None, None)))


@pytest.mark.parametrize(
    ("rule", "field", "value", "record"),
    [
        ("most_recent", "name", "Anna Meyer", "crm:1"),  # told in 2021; shop counts from its registration in 2019
        ("most_recent", "email", "new@x.example", "shop:2"),  # crm has none
        ("most_frequent", "name", "Anni", "shop:2"),  # two of three; of the two the more trusted
        ("most_frequent", "city", "Bonn", "shop:2"),  # once each: the more trusted
        ("source_priority", "name", "Anna Meyer", "crm:1"),
        ("source_priority", "email", None, None),  # crm speaks alone, and has none
        ("non_empty", "email", "new@x.example", "shop:2"),
        ("earliest", "registered_on", date(2019, 1, 1), "shop:2"),
    ],
)
def test_each_rule_chooses(engine: DuckEngine, rule: FieldRule, field: str, value: object, record: str | None) -> None:
    rules = IdentityRules(sources=("crm", "shop"), golden={field: rule})
    resolved(engine, [TILL, SHOP, CRM], rules)
    assert golden(engine, field)[:2] == (value, record)


def test_the_defaults_take_the_newest_address_and_the_most_trusted_name(engine: DuckEngine) -> None:
    resolved(engine, [CRM, SHOP, TILL], IdentityRules(sources=("crm", "shop")))
    assert golden(engine, "name") == ("Anna Meyer", "crm:1", datetime(2021, 1, 1))
    assert golden(engine, "email") == ("new@x.example", "shop:2", datetime(2019, 1, 1))
    assert golden(engine, "registered_on")[0] == date(2019, 1, 1)


def test_attributes_beyond_the_contract_and_the_source_come_along(engine: DuckEngine) -> None:
    resolved(engine, [CRM._replace(colour="red"), SHOP._replace(colour="blue")], IdentityRules(sources=("crm",)))
    assert golden(engine, "colour")[:2] == ("red", "crm:1")
    assert engine.rows("SELECT customer_id, source FROM customer_golden") == [("1", "crm")]


def test_the_load_finds_its_bookkeeping_again(engine: DuckEngine) -> None:
    resolved(engine, [CRM, SHOP])
    engine.execute("ALTER TABLE customer_record ADD COLUMN part_key INTEGER DEFAULT 7")
    engine.execute("ALTER TABLE customer_record ADD COLUMN load_id INTEGER DEFAULT 9")
    engine.execute("UPDATE customer_record SET name = 'Anna Winter' WHERE source = 'crm'")
    again(engine)
    assert engine.rows("SELECT name, part_key, load_id FROM customer_golden") == [("Anna Winter", 7, 9)]
    assert engine.rows("SELECT count(*) FROM customer_golden_source WHERE field IN ('part_key', 'load_id')") == [(0,)]


def test_contact_points_are_a_set_and_all_stay(engine: DuckEngine) -> None:
    bob = Rec("till:9", "Bob Stone", "NEW@x.example", loyalty_id="L2")
    resolved(engine, [CRM, SHOP, TILL, bob], IdentityRules(sources=("crm",)))
    found = engine.rows("SELECT DISTINCT customer_id, kind, value FROM customer_contact_point ORDER BY ALL")
    assert found == [
        ("1", "email", "new@x.example"),
        ("1", "email", "old@x.example"),
        ("9", "email", "new@x.example"),
    ]
