"""Planted duplicates are found: the floors of the benchmark, on a twentieth of its records."""

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.synthetic.duplicates import duplicates
from crm_analytics.warehouse.identity.resolve import resolve
from tests.identity.made import NOW, RULES

PAIRS = "SELECT sum(n * (n - 1) // 2) FROM (SELECT count(*) AS n FROM found GROUP BY {})"


def measured(engine: DuckEngine, rules: IdentityRules) -> tuple[float, float]:
    """Pairwise precision and recall on 5,000 records."""
    frame = duplicates(5000)
    engine.write_frame("truth", frame.select("source", "customer_id", "person"))
    engine.write_frame("customer_record", frame.drop("person"))
    resolve(engine, rules, NOW)
    engine.execute(
        "CREATE TABLE found AS SELECT t.person, i.customer_id FROM customer_identity i "
        "JOIN truth t ON t.source = i.source AND t.customer_id = i.record_id"
    )
    joined, true, right = (
        float(str(engine.rows(PAIRS.format(by))[0][0])) for by in ("customer_id", "person", "person, customer_id")
    )
    return right / joined, right / true


def test_planted_duplicates_are_found(engine: DuckEngine) -> None:
    precision, recall = measured(engine, RULES)
    assert precision >= 0.99
    assert recall >= 0.95


def test_keys_alone_would_miss_a_third_of_them(engine: DuckEngine) -> None:
    # The records are not such that the exact rules do all the work.
    precision, recall = measured(engine, IdentityRules(region="DE", matcher="none"))
    assert precision >= 0.99
    assert recall < 0.7


def test_the_same_seed_gives_the_same_records() -> None:
    assert duplicates(300, seed=3).equals(duplicates(300, seed=3))
    assert not duplicates(300, seed=3).equals(duplicates(300, seed=4))


def test_splink_scores_where_it_is_installed(engine: DuckEngine) -> None:
    pytest.importorskip("splink")
    precision, recall = measured(engine, IdentityRules(region="DE", matcher="splink"))
    assert precision >= 0.9
    assert recall >= 0.8
