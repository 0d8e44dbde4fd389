"""Scoring, evaluating and planning keep to what was known on the day, and say so where it is too little."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

import crm_analytics as crm
from crm_analytics.errors import CrmError, DataError, WarehouseError
from crm_analytics.features.margin import margin_share
from crm_analytics.mining import MODELS
from crm_analytics.project import Project

DAY = date(2017, 9, 1)


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic project, loaded and nothing more."""
    folder = tmp_path_factory.mktemp("steps") / "shop"
    with crm.init(folder, "synthetic") as shop:
        shop.load()
    return folder


@pytest.fixture
def shop(loaded: Path, tmp_path: Path) -> Project:
    """A copy of it that a test may change."""
    return crm.open(shutil.copytree(loaded, tmp_path / "shop"))


def scores(shop: Project) -> list[tuple[object, ...]]:
    text = "SELECT model, score_name, customer_key, value, label FROM fct_score ORDER BY ALL"
    found = shop.engine.rows(text)
    shop.close()
    return found


def test_nothing_on_or_after_as_of_changes_a_score(shop: Project) -> None:
    shop.score(DAY)
    before = scores(shop)
    with shop.writing() as engine:
        for table, column in (
            ("fct_sale", "sold_at"),
            ("fct_contact", "contacted_at"),
            ("fct_response", "responded_at"),
        ):
            engine.execute(f"DELETE FROM {table} WHERE {column} >= $day", {"day": DAY})
    shop.score(DAY)
    assert scores(shop) == before
    assert {row[0] for row in before} == set(MODELS)


def test_a_day_that_the_sales_do_not_reach_is_not_learned_from(shop: Project) -> None:
    late = shop.next_day() + timedelta(days=30)
    told: list[str] = []
    shop.score(late, say=told.append)
    assert told[0].startswith("note: the sales end before")
    assert any(line.startswith("churn") and "not scored: the sales end before" in line for line in told)
    assert {row[0] for row in scores(shop)} == set(MODELS) - {"churn"}
    with pytest.raises(DataError, match="the sales end before"):
        shop.evaluate(late)
    with pytest.raises(DataError, match="needs the scores churn_risk"):
        shop.plan(late)


def test_a_model_asked_for_by_name_says_why_it_refuses_and_the_others_are_kept(shop: Project) -> None:
    early = date(2016, 2, 15)  # sales begin on 2016-01-01: there is no earlier look to learn churn from
    with pytest.raises(CrmError):
        shop.score(early, ["rfm", "churn"])
    assert {row[0] for row in scores(shop)} == {"rfm"}


def test_planning_needs_scores_of_that_day(shop: Project) -> None:
    shop.score(DAY)
    with pytest.raises(WarehouseError, match="nothing is scored as of 2017-08-31"):
        shop.plan(DAY - timedelta(days=1))
    listed = shop.plan(DAY)
    assert listed["rank"].to_list() == list(range(1, listed.height + 1))
    assert listed["expected_value_90d"].is_sorted(descending=True)
    assert listed.filter(pl.col("next_offer_reason").is_null()).is_empty()
    ranked = shop.engine.rows("SELECT count(*) FROM dim_score WHERE priority_rank IS NOT NULL")
    assert ranked == [(listed.height,)]


def test_a_company_that_sells_below_cost_is_ranked_by_spend(shop: Project) -> None:
    assert (known := margin_share(shop.engine, DAY)) is not None
    assert 0 < known < 1
    with shop.writing() as engine:
        engine.execute("UPDATE fct_sale SET cost = 2 * abs(revenue) + 1")
        assert margin_share(engine, DAY) is None


def test_the_mailing_list_of_a_project_without_sales_is_refused(shop: Project) -> None:
    with shop.writing() as engine:
        engine.execute("DELETE FROM fct_sale")
    for step in (shop.score, shop.evaluate, shop.plan, shop.report):
        with pytest.raises(WarehouseError, match="no sales yet"):
            step()
