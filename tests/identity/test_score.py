"""The score of a pair: worked out by hand, and on names as people write them."""

from datetime import date

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.warehouse.identity.weights import COMPARISONS, TYPICAL
from tests.identity.made import Rec, clusters, resolved

BORN = date(1980, 2, 3)
EVERY = IdentityRules(keys=(), review_above=1e-9)  # keeps the score of every pair that is looked at


def score(engine: DuckEngine, a: Rec, b: Rec) -> tuple[float, str]:
    resolved(engine, [a, b], EVERY)
    [(value, agreement)] = engine.rows("SELECT score, agreement FROM identity_pair")
    return float(str(value)), str(agreement)


def test_the_score_by_hand(engine: DuckEngine) -> None:
    # Equal first name, family name and postcode.  With 2 records chance is that of a typical country:
    #   same      = 0.85/0.004 * 0.88/0.0005 * 0.82/0.0005 = 212.5 * 1760 * 1640 = 613_360_000
    #   household = 0.01/0.004 * 0.75/0.0005 * 0.90/0.0005 = 2.5 * 1500 * 1800   =   6_750_000
    #   odds = 0.8/1002 * same / (1 + 1/1002 * household)  = 489_708.58 / 6_737.527 = 72.684
    #   score = odds / (1 + odds) = 0.98643
    value, agreement = score(
        engine, Rec("a:1", "Anna Meyer", postcode="10115"), Rec("b:2", "Meyer, Anna", postcode="10115")
    )
    assert value == pytest.approx(0.98643, abs=1e-5)
    assert agreement == "given equal, family equal, postcode equal"


def test_relatives_share_much_and_are_not_one(engine: DuckEngine) -> None:
    home = {"phone": "+49 30 1234567", "postcode": "10115", "city": "Berlin"}
    value, agreement = score(engine, Rec("a:1", "Anna Meyer", **home), Rec("b:2", "Bob Meyer", **home))
    assert value < 0.05
    assert agreement == "given different, family equal, phone equal, postcode equal"


@pytest.mark.parametrize(
    ("name", "other", "given", "family"),
    [
        ("Robert Stone", "Bob Stone", "equal", "equal"),
        ("Günther Müller", "Guenther Mueller", "equal", "equal"),
        ("Dr. Anna Meyer", "MEYER, ANNA", "equal", "equal"),
        ("Anna Maria Meyer", "Anna Meyer", "equal", "equal"),
        ("Meyer Anna", "Anna Meyer", "equal", "equal"),
        ("Anna Meyer", "A. Meyer", "initial", "equal"),
        ("B. Stone", "Robert Stone", "different", "equal"),
        ("Bob Stone", "B. Stone", "initial", "equal"),
        ("Michael Lindner", "Micheal Lindnre", "slip", "slip"),
        ("Oliver Stone", "Oli Stone", "near", "equal"),
        ("Anna Meyer", "Anna Winter", "equal", "different"),
    ],
)
def test_names_are_compared_as_people_write_them(
    engine: DuckEngine, name: str, other: str, given: str, family: str
) -> None:
    _, agreement = score(engine, Rec("a:1", name, birth_date=BORN), Rec("b:2", other, birth_date=BORN, postcode="1"))
    assert agreement == f"given {given}, family {family}, birth_date equal"


def test_a_typo_in_the_name_with_the_same_birth_date_and_postcode_is_one_customer(engine: DuckEngine) -> None:
    records = [
        Rec("a:1", "Anna Meyer", birth_date=BORN, postcode="10115"),
        Rec("b:2", "Anna Mayer", birth_date=BORN, postcode="10115"),
        Rec("b:3", "Anna Meyer", postcode="80331"),
    ]
    assert clusters(resolved(engine, records)) == {frozenset({"a:1", "b:2"}), frozenset({"b:3"})}


def test_a_value_that_everybody_has_says_little(engine: DuckEngine) -> None:
    # Anna, Meyer and the postcode are each those of 1,002 or more of 2,002 records: with them all equal two
    # records are strangers more often than not.
    pair = [Rec("a:1", "Anna Meyer", postcode="10115"), Rec("b:2", "Anna Meyer", postcode="10115")]
    crowd = [Rec(f"c:{i}", f"Anna Stone{i}", postcode="10115") for i in range(1000)]
    crowd += [Rec(f"d:{i}", f"Greta{i} Meyer", postcode="10115") for i in range(1000)]
    assert len(clusters(resolved(engine, pair))) == 1
    found = resolved(engine, [*pair, *crowd], IdentityRules(keep_ids=False))
    assert found["a:1"] != found["b:2"]


def test_between_the_thresholds_a_pair_waits(engine: DuckEngine) -> None:
    pair = [Rec("a:1", "Anna Meyer", postcode="10115"), Rec("b:2", "Anna Meyer", postcode="10115")]
    found = resolved(engine, pair, IdentityRules(merge_above=0.99))  # it scores 0.986, see above
    assert len(clusters(found)) == 2
    assert engine.rows("SELECT record_id, other_record, reason FROM identity_review") == [
        ("1", "2", "between the thresholds")
    ]


def test_the_shares_of_a_comparison_add_up_for_each_class() -> None:
    for comparison in COMPARISONS:
        assert sum(level.same for level in comparison.levels) == pytest.approx(1, abs=0.02), comparison.name
        assert sum(level.household for level in comparison.levels) == pytest.approx(1, abs=0.02), comparison.name
        strangers = [TYPICAL[comparison.name] if lv.stranger is None else lv.stranger for lv in comparison.levels]
        assert sum(strangers) == pytest.approx(1, abs=0.02), comparison.name
