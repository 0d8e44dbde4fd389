"""The exact rules: which records share a key, and what keeps them apart all the same."""

from datetime import date

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import UnknownName, WarehouseError
from crm_analytics.identity_rules import IdentityRules, KeyRule
from crm_analytics.warehouse.identity.phone import e164
from crm_analytics.warehouse.identity.resolve import resolve
from tests.identity.made import NOW, RULES, Rec, clusters, resolved

ONE, OTHER = date(1980, 2, 3), date(1975, 5, 6)


def test_capitals_and_blanks_make_no_other_email(engine: DuckEngine) -> None:
    found = resolved(engine, [Rec("crm:1", "Anna Meyer", " Anna@X.example"), Rec("shop:9", None, "anna@x.example ")])
    assert found == {"crm:1": "1", "shop:9": "1"}


def test_a_phone_is_the_same_however_it_is_written(engine: DuckEngine) -> None:
    # Read as a German number, 030 1234567 is +49 30 1234567; read as a French one it is another.
    records = [
        Rec("a:1", "Anna Meyer", phone="030 / 123 45 67", country="DE"),
        Rec("b:2", "A. Meyer", phone="+49 (0)30 1234567", country="FR"),
        Rec("c:3", "Anna Meyer", phone="0049301234567"),
        Rec("d:4", "Anna Meyer", phone="0301234567", country="FR"),
    ]
    assert clusters(resolved(engine, records)) == {frozenset({"a:1", "b:2", "c:3"}), frozenset({"d:4"})}
    assert engine.rows("SELECT DISTINCT value FROM customer_contact_point WHERE customer_id = '1'") == [
        ("+49301234567",)
    ]


@pytest.mark.parametrize("number", ["", "ask Bob", "12", "030 1234567 1234567 1234567"])
def test_what_no_phone_can_be_is_none(number: str) -> None:
    assert e164(number, "DE") is None


def test_a_phone_that_a_family_shares_joins_nobody(engine: DuckEngine) -> None:
    shared = [Rec(f"a:{name}", f"{name} Meyer", phone="030 1234567") for name in ("Anna", "Bob", "Carl")]
    assert len(clusters(resolved(engine, shared))) == 3
    # A record without a name could be any of them.
    assert len(clusters(resolved(engine, [*shared, Rec("a:x", phone="030 1234567")]))) == 4


def test_one_loyalty_card_is_one_customer_whatever_the_name(engine: DuckEngine) -> None:
    found = resolved(engine, [Rec("a:1", "Anna Meyer", loyalty_id="L7"), Rec("b:2", "Greta Winter", loyalty_id="l7 ")])
    assert len(clusters(found)) == 1


def test_two_cards_or_two_birth_dates_keep_records_apart_along_every_chain(engine: DuckEngine) -> None:
    # a - b share an e-mail, b - c a phone; but a and c were born on different days.
    a = Rec("s:a", "Anna Meyer", "anna@x.example", birth_date=ONE)
    b = Rec("s:b", "Anna Meyer", "anna@x.example", "030 1234567")
    c = Rec("s:c", "Anna Meyer", phone="030 1234567", birth_date=OTHER)
    assert clusters(resolved(engine, [a, b, c])) == {frozenset({"s:a", "s:b"}), frozenset({"s:c"})}
    assert engine.rows("SELECT record_id, other_record, reason FROM identity_review") == [
        ("b", "c", "another record has different birth_date")
    ]


def test_a_contradiction_waits_for_somebody_to_look_at_it(engine: DuckEngine) -> None:
    resolved(
        engine,
        [
            Rec("s:a", "Anna Meyer", "anna@x.example", loyalty_id="L1"),
            Rec("s:b", "Anna Meyer", "anna@x.example", loyalty_id="L2"),
        ],
    )
    assert engine.rows("SELECT record_id, other_record, reason FROM identity_review") == [
        ("a", "b", "different loyalty_id")
    ]


def test_a_value_that_too_many_share_is_no_key(engine: DuckEngine) -> None:
    rules = IdentityRules(most_records=3, matcher="none")
    three = [Rec(f"s:{i}", "Anna Meyer", "info@firm.example") for i in range(3)]
    assert len(clusters(resolved(engine, three, rules))) == 1
    assert len(clusters(resolved(engine, [*three, Rec("s:3", "Anna Meyer", "info@firm.example")], rules))) == 4


def test_google_reads_past_dots_and_plus_where_the_project_says_so(engine: DuckEngine) -> None:
    two = [Rec("s:1", "A", "Anna.Meyer+shop@gmail.com"), Rec("s:2", "A", "annameyer@googlemail.com")]
    plus = [Rec("s:3", "A", "b.c+x@mail.example"), Rec("s:4", "A", "bc@mail.example")]
    assert len(clusters(resolved(engine, [*two, *plus], IdentityRules(matcher="none")))) == 4
    found = resolved(engine, [*two, *plus], IdentityRules(matcher="none", gmail=True))
    assert clusters(found) == {frozenset({"s:1", "s:2"}), frozenset({"s:3"}), frozenset({"s:4"})}


def test_sources_that_share_their_numbers_say_so_and_the_others_do_not(engine: DuckEngine) -> None:
    rules = IdentityRules(keys=(KeyRule("customer_id", sources=("crm", "shop")),), matcher="none")
    records = [Rec("crm:7", "Anna Meyer"), Rec("shop:7", "Anna Winter"), Rec("till:7", "Bob Stone")]
    found = resolved(engine, records, rules)
    assert found["crm:7"] == found["shop:7"]
    assert found["till:7"] == "till:7"  # 7 alone would be two people


def test_any_column_may_be_a_key_or_a_contradiction(engine: DuckEngine) -> None:
    records = [Rec("s:1", "Anna Meyer", colour="red"), Rec("s:2", "Bob Stone", colour="Red")]
    assert len(clusters(resolved(engine, records, IdentityRules(keys=(KeyRule("colour"),))))) == 1
    same = [r._replace(email="x@y.example", name="Anna Meyer", colour=str(i)) for i, r in enumerate(records)]
    assert len(clusters(resolved(engine, same, IdentityRules(conflicts=("colour",))))) == 2


def test_a_column_that_no_record_has_is_named_with_the_nearest(engine: DuckEngine) -> None:
    with pytest.raises(UnknownName, match=r"no column of customers 'loyality_id'. Did you mean 'loyalty_id'"):
        resolved(engine, [Rec("s:1")], IdentityRules(conflicts=("loyality_id",)))


def test_without_records_the_sentence_says_to_load(engine: DuckEngine) -> None:
    with pytest.raises(WarehouseError, match="run: crm load"):
        resolve(engine, RULES, NOW)


def test_no_records_are_no_customers(engine: DuckEngine) -> None:
    assert resolved(engine, []) == {}
    assert engine.rows("SELECT count(*) FROM customer_golden") == [(0,)]
