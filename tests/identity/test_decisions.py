"""What people decide, and what customers are called: it outlives loads, and can be taken back."""

from datetime import date, datetime

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import DataError
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.warehouse.identity import decisions
from crm_analytics.warehouse.identity.decisions import Word
from crm_analytics.warehouse.identity.lookup import customers_of
from crm_analytics.warehouse.identity.resolve import resolve
from tests.identity.made import NOW, RULES, Rec, clusters, customers, resolved

LATER = datetime(2024, 2, 1)
WORD = Word("ann", LATER, "called")
ANNA = Rec("crm:1", "Anna Meyer", "a@x.example", registered_on=date(2020, 1, 1))
SAME = Rec("shop:2", "Anna Meyer", "a@x.example", registered_on=date(2021, 1, 1))
BOB = Rec("shop:3", "Bob Stone", "b@x.example", registered_on=date(2021, 1, 1))


def kinds(engine: DuckEngine) -> list[tuple[object, ...]]:
    return engine.rows("SELECT kind, source || ':' || record_id, customer_id, why FROM identity_decision ORDER BY 1, 2")


def test_the_log_says_which_rule_joined_a_record(engine: DuckEngine) -> None:
    resolved(engine, [ANNA, SAME, BOB])
    assert kinds(engine) == [("merge", "shop:2", "1", "by email")]
    assert engine.rows(
        "SELECT rule, other_source, other_record, since FROM customer_identity WHERE record_id = '2'"
    ) == [("email", "crm", "1", NOW)]


def test_accepting_joins_strangers_and_outlives_the_next_load(engine: DuckEngine) -> None:
    resolved(engine, [ANNA, BOB])
    decisions.accept(engine, ("crm", "1"), ("shop", "3"), WORD)
    resolve(engine, RULES, LATER)
    assert len(clusters(customers(engine))) == 1
    found = resolved(engine, [BOB._replace(name="Bobby Stone"), SAME, ANNA], now=LATER)
    assert clusters(found) == {frozenset({"crm:1", "shop:2", "shop:3"})}
    assert set(found.values()) == {"1"}
    assert ("accept", "crm:1", "1", "called") in kinds(engine)


def test_a_rejected_pair_stays_apart_and_does_not_come_back_to_the_queue(engine: DuckEngine) -> None:
    resolved(engine, [ANNA, SAME])
    decisions.reject(engine, ("crm", "1"), ("shop", "2"), WORD)
    resolve(engine, RULES, LATER)
    assert customers(engine) == {"crm:1": "1", "shop:2": "2"}
    assert engine.rows("SELECT count(*) FROM identity_review") == [(0,)]
    assert kinds(engine)[-1] == ("unmerge", "shop:2", "2", "was 1")


def test_accepting_goes_before_a_contradiction(engine: DuckEngine) -> None:
    born = [ANNA._replace(birth_date=date(1980, 2, 3)), SAME._replace(birth_date=date(1980, 3, 2))]
    assert len(clusters(resolved(engine, born))) == 2
    decisions.accept(engine, ("crm", "1"), ("shop", "2"), WORD)
    resolve(engine, RULES, LATER)
    assert len(clusters(customers(engine))) == 1
    # A third record with either of the two dates still finds its place; one with another date does not.
    third = Rec("till:4", "Anna Meyer", "a@x.example", birth_date=date(1980, 3, 2))
    assert len(clusters(resolved(engine, [*born, third]))) == 1
    assert len(clusters(resolved(engine, [*born, third._replace(birth_date=date(1999, 1, 1))]))) == 2


def test_a_split_record_stays_out_when_more_records_come(engine: DuckEngine) -> None:
    resolved(engine, [ANNA, SAME])
    decisions.split(engine, "1", [("shop", "2")], WORD)
    resolve(engine, RULES, LATER)
    more = Rec("till:4", "Anna Meyer", "a@x.example", registered_on=date(2022, 1, 1))
    found = resolved(engine, [ANNA, SAME, more])
    # It shares the e-mail with both, and they must not meet: it goes to the more trusted one.
    assert found == {"crm:1": "1", "shop:2": "2", "till:4": "1"}


@pytest.mark.parametrize(
    ("customer", "leaving", "sentence"),
    [
        ("1", ["crm:1", "shop:2"], "has only these records; one of them has to stay"),
        ("1", ["shop:3"], "shop:3 is no record of customer '1'"),
        ("7", ["shop:3"], "no customer '7'"),
    ],
)
def test_what_cannot_be_split_is_one_sentence(
    engine: DuckEngine, customer: str, leaving: list[str], sentence: str
) -> None:
    resolved(engine, [ANNA, SAME, BOB])
    named = [decisions.find_record(engine, name) for name in leaving]
    with pytest.raises(DataError, match=sentence):
        decisions.split(engine, customer, named, WORD)


def test_a_record_is_named_by_source_and_id_or_by_an_id_that_one_source_has(engine: DuckEngine) -> None:
    resolved(engine, [ANNA, BOB, Rec("till:3", "Carl Wood")])
    assert decisions.find_record(engine, "shop:3") == ("shop", "3")
    assert decisions.find_record(engine, "1") == ("crm", "1")
    with pytest.raises(DataError, match="several sources; say which: shop:3, till:3"):
        decisions.find_record(engine, "3")
    with pytest.raises(DataError, match="no record and no customer '99'"):
        decisions.find_record(engine, "99")


def test_the_id_of_the_most_trusted_record_is_the_customers(engine: DuckEngine) -> None:
    assert set(resolved(engine, [ANNA, SAME], IdentityRules(sources=("shop", "crm"))).values()) == {"2"}


def test_a_customer_keeps_its_id_when_a_more_trusted_record_comes(engine: DuckEngine) -> None:
    assert resolved(engine, [SAME]) == {"shop:2": "2"}
    assert set(resolved(engine, [SAME, ANNA], now=LATER).values()) == {"2"}
    assert engine.rows("SELECT record_id, since FROM customer_identity ORDER BY 1") == [("1", LATER), ("2", NOW)]
    # Where ids are not kept, they are what they would be had everything come at once.
    assert set(resolved(engine, [SAME, ANNA], IdentityRules(keep_ids=False)).values()) == {"1"}


def test_two_people_with_one_number_get_the_source_before_it(engine: DuckEngine) -> None:
    assert resolved(engine, [Rec("a:1", "Anna Meyer"), Rec("b:1", "Bob Stone")]) == {"a:1": "a:1", "b:1": "b:1"}


def test_who_was_there_first_keeps_the_number(engine: DuckEngine) -> None:
    resolved(engine, [Rec("b:1", "Bob Stone")])
    assert resolved(engine, [Rec("a:1", "Anna Meyer"), Rec("b:1", "Bob Stone")]) == {"a:1": "a:1", "b:1": "1"}


def test_an_id_that_looks_like_source_and_id_is_not_mistaken(engine: DuckEngine) -> None:
    found = resolved(engine, [Rec("a:1", "Anna Meyer"), Rec("b:1", "Bob Stone"), Rec("c:a:1", "Carl Wood")])
    assert found == {"a:1": "a:1", "b:1": "b:1", "c:a:1": "c:a:1"}


def test_an_id_is_looked_up_in_its_own_source_first_and_nobody_is_guessed(engine: DuckEngine) -> None:
    resolved(engine, [ANNA, SAME, BOB, Rec("till:3", "Carl Wood")])
    engine.execute(
        "CREATE TABLE ids AS SELECT * FROM (VALUES ('shop', '2'), ('orders', '1'), ('orders', '2'), ('orders', '3'), "
        "('orders', 'till:3'), ('orders', '99')) t(source, id)"
    )
    assert engine.rows(f"SELECT id, customer_id FROM ({customers_of('ids')}) ORDER BY source, id") == [
        ("1", "1"),
        ("2", "1"),  # the shop's record of Anna
        ("3", None),  # Bob of the shop, or Carl of the till
        ("99", None),
        ("till:3", "till:3"),
        ("2", "1"),
    ]
