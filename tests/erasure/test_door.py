"""At the door of a load: who was erased comes in under the pseudonym, everybody else as they are."""

from collections.abc import Iterator
from datetime import date

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse.erasure.door import clean_rejects, marks, pseudonymised
from crm_analytics.warehouse.erasure.log import drawn_salt, pseudonym, remember
from crm_analytics.warehouse.erasure.needles import Needle, Needles
from crm_analytics.warehouse.erasure.person import Person, find_person
from crm_analytics.warehouse.erasure.tables import erase_tables
from crm_analytics.warehouse.tables import ENTITIES
from tests.erasure.made import NOW

CUSTOMERS, CONTACTS, PRODUCTS = (ENTITIES[name] for name in ("customers", "contacts", "products"))
COME = """(SELECT 'a1' AS customer_id, 'Ann Lee' AS name, 'ann@x.de' AS email, NULL AS phone,
  DATE '2020-01-01' AS registered_on, 'crm' AS source, 1 AS part_key, NULL AS _reason
UNION ALL SELECT 'b2', 'Bob', 'bob@x.de', NULL, DATE '2020-01-01', 'crm', 1, NULL
UNION ALL SELECT 'c3', 'A. Lee', ' ANN@x.de', NULL, NULL, 'web', 2, NULL
UNION ALL SELECT 'd4', 'Ann', 'ann@x.de', NULL, DATE '2024-02-01', 'web', 2, NULL
UNION ALL SELECT 'e5', 'Kid', 'kid@x.de', '0049 170-1234567', NULL, 'web', 2, NULL)"""
SAID = """(SELECT 'k1' AS contact_id, 'a1' AS customer_id, 'told ANN  LEE, twice' AS outcome, 'crm' AS source
UNION ALL SELECT 'k2', 'b2', 'Ann Lee is away', 'crm' UNION ALL SELECT 'k3', 'c3', 'tea', 'web')"""


@pytest.fixture
def engine() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    engine.execute(
        "CREATE TABLE dim_customer AS SELECT 1 AS customer_key, 'b2' AS customer_id, CAST(NULL AS VARCHAR) AS name, "
        "CAST(NULL AS VARCHAR) AS email, CAST(NULL AS VARCHAR) AS phone"
    )
    yield engine
    engine.close()


def erase_ann(engine: DuckEngine) -> str:
    name = pseudonym(drawn_salt(engine), "a1")
    needles = (Needle("email", "ann@x.de"), Needle("phone", "+49 170 1234567"), Needle("name", "Ann Lee"))
    remember(engine, marks(Person("a1", {"a1": name}, needles=Needles(needles))), date(2024, 1, 1))
    return name


def test_it_costs_nothing_while_nobody_was_erased(engine: DuckEngine) -> None:
    assert pseudonymised(engine, CUSTOMERS, COME) is COME
    drawn_salt(engine)
    assert pseudonymised(engine, CUSTOMERS, COME) is COME


def test_customers_are_known_by_id_and_until_the_erasure_by_address(engine: DuckEngine) -> None:
    name = erase_ann(engine)
    got = engine.rows(
        f"SELECT customer_id, name, email, source, part_key FROM {pseudonymised(engine, CUSTOMERS, COME)}"
    )
    # c3 has her e-mail, e5 her phone; d4 registered after the erasure and is somebody new.
    assert sorted(got, key=repr) == [
        ("b2", "Bob", "bob@x.de", "crm", 1),
        ("d4", "Ann", "ann@x.de", "web", 2),
        (name, None, None, "crm", 1),
        (name, None, None, "web", 2),
        (name, None, None, "web", 2),
    ]


def test_a_customer_of_today_who_takes_over_an_address_stays(engine: DuckEngine) -> None:
    erase_ann(engine)
    engine.execute("INSERT INTO dim_customer VALUES (2, 'c3', NULL, NULL, NULL)")
    got = engine.rows(f"SELECT customer_id FROM {pseudonymised(engine, CUSTOMERS, COME)} WHERE name = 'A. Lee'")
    assert got == [("c3",)]


def test_facts_follow_and_texts_that_name_the_person_go_from_theirs(engine: DuckEngine) -> None:
    name = erase_ann(engine)
    pseudonymised(engine, CUSTOMERS, COME)
    got = engine.rows(
        f"SELECT contact_id, customer_id, outcome FROM {pseudonymised(engine, CONTACTS, SAID)} ORDER BY 1"
    )
    assert got == [("k1", name, None), ("k2", "b2", "Ann Lee is away"), ("k3", name, "tea")]
    assert pseudonymised(engine, PRODUCTS, SAID) is SAID


def test_refused_rows_are_cleaned_too(engine: DuckEngine) -> None:
    name = erase_ann(engine)
    engine.execute(
        "CREATE TABLE rejects AS SELECT 3 AS load_id, 'x' AS reason, 'crm' AS source, 'customers' AS entity, "
        """'{"customer_id":"a1","email":"ann@x.de"}' AS row_json """
        """UNION ALL SELECT 3, 'x', 'crm', 'contacts', '{"customer_id":"a1","outcome":"by Ann Lee","cost":1.10}' """
        """UNION ALL SELECT 3, 'x', 'crm', 'contacts', '{"customer_id":"b2","outcome":"x"}'"""
    )
    for entity in (CUSTOMERS, CONTACTS):
        clean_rejects(engine, entity, 3)
    assert engine.rows("SELECT row_json FROM rejects ORDER BY entity, row_json") == [
        ('{"customer_id":"b2","outcome":"x"}',),
        (f'{{"customer_id":"{name}","outcome":null,"cost":1.1}}',),
        (f'{{"customer_id":"{name}","email":null}}',),
    ]


IDENTITY = """
CREATE TABLE customer_identity AS SELECT * FROM (VALUES
  ('crm', '17', '17', NULL, NULL, NULL), ('web', 'w1', '17', 'email', 'crm', '17'),
  ('web', '17', 'x9', NULL, NULL, NULL)
) t(source, record_id, customer_id, rule, other_source, other_record);
CREATE TABLE customer_record AS SELECT * FROM (VALUES
  ('crm', '17', 'Ann Lee', 'ann@x.de', 1), ('web', 'w1', 'A. Lee', 'a.lee@x.de', 1), ('web', '17', 'Bob', 'bob@x.de', 1)
) t(source, customer_id, name, email, load_id);
CREATE TABLE customer_contact_point AS SELECT * FROM (VALUES
  ('17', 'phone', '+49 170 1234567', 'crm', '17'), ('x9', 'phone', '+49 170 7654321', 'web', '17')
) t(customer_id, kind, value, source, record_id);
CREATE TABLE identity_decision AS SELECT 1 AS decision_id, TIMESTAMP '2023-01-01' AS decided_at, 'merge' AS kind,
  'web' AS source, 'w1' AS record_id, 'crm' AS other_source, '17' AS other_record, '17' AS customer_id,
  'rules' AS who, 'by email, was w1' AS why;
CREATE TABLE fct_contact AS SELECT * FROM (VALUES
  ('k1', 1, 'crm', 1.10, NULL), ('k2', 1, 'web', 0.20, '{"customer_id":"w1","campaign_id":null,"channel":null}'),
  ('k3', 0, 'web', 3, '{"customer_id":"17","campaign_id":null,"channel":null}')
) t(contact_id, customer_key, source, cost, unresolved);
CREATE TABLE consent_subject AS SELECT * FROM (VALUES
  ('crm', '17', 's1'), ('web', '17', 's2')
) t(source, customer_id, salt);
UPDATE dim_customer SET customer_id = '17';
"""


def test_an_id_means_the_record_of_its_own_source(engine: DuckEngine) -> None:
    # 17 of the CRM and w1 of the web shop are one customer; 17 of the web shop is Bob.
    for statement in IDENTITY.split(";\n"):
        if statement.strip():
            engine.execute(statement)
    salt = drawn_salt(engine)
    ann, shop = pseudonym(salt, "17"), pseudonym(salt, "w1")
    person = find_person(engine, [], "17", lambda text: pseudonym(salt, text))
    assert {n.text for n in person.needles.all} == {"Ann Lee", "A. Lee", "ann@x.de", "a.lee@x.de", "+49 170 1234567"}
    erase_tables(engine, person, NOW)
    assert engine.rows("SELECT source, customer_id, name FROM customer_record ORDER BY ALL") == [
        ("crm", ann, None),
        ("web", "17", "Bob"),
        ("web", shop, None),
    ]
    identity = "SELECT source, record_id, customer_id, other_record FROM customer_identity ORDER BY ALL"
    assert engine.rows(identity) == [("crm", ann, ann, None), ("web", "17", "x9", None), ("web", shop, ann, ann)]
    assert engine.rows("SELECT customer_id, value FROM customer_contact_point") == [("x9", "+49 170 7654321")]
    assert engine.rows("SELECT source, customer_id FROM consent_subject") == [("web", "17")]
    facts = "SELECT contact_id, unresolved->>'$.customer_id' FROM fct_contact ORDER BY 1"
    assert engine.rows(facts) == [("k1", None), ("k2", shop), ("k3", "17")]
    # Without their attributes nothing says that the records are one customer, but a decision.
    decisions = (
        "SELECT kind, source, record_id, other_record, customer_id, why FROM identity_decision ORDER BY decision_id"
    )
    assert engine.rows(decisions) == [
        ("merge", "web", shop, ann, ann, None),
        ("accept", "crm", ann, shop, ann, "were one customer"),
    ]
    remember(engine, marks(person), NOW.date())
    come = (
        "(SELECT 'crm' AS source, '17' AS customer_id, 'Ann' AS name UNION ALL SELECT 'web', '17', 'Bob' "
        "UNION ALL SELECT 'web', 'w1', 'A. Lee')"
    )
    got = engine.rows(f"SELECT source, customer_id, name FROM {pseudonymised(engine, CUSTOMERS, come)} ORDER BY ALL")
    assert got == [("crm", ann, None), ("web", "17", "Bob"), ("web", shop, None)]
