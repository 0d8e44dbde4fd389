"""From changing raw rows to cubes: revenue by tier as it was on the day, against as it is now."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

import crm_analytics as crm
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.project import Project
from crm_analytics.warehouse.sources import read_source
from olap.test_cube_questions import as_query, plain

QUESTIONS = Path(__file__).parents[1] / "questions" / "loaded" / "tiers.yml"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A synthetic project, loaded; its raw files are open beside the star."""
    with crm.init(tmp_path_factory.mktemp("tiers") / "shop", "synthetic") as project:
        project.load()
        read_source(project.folder / "data" / "crm").open_views(project.engine)
        yield project


def questions() -> list[Any]:
    found = yaml.safe_load(QUESTIONS.read_text(encoding="utf-8"))
    return [pytest.param(question, id=question["name"]) for question in found]


@pytest.mark.parametrize("question", questions())
def test_a_question_gives_what_the_sql_by_hand_gives(shop: Project, question: dict[str, Any]) -> None:
    query = as_query(question)
    query = query.as_of(question["as_of"]) if "as_of" in question else query
    cells = browse(shop.engine, bind_model(shop.model, shop.engine), query)
    by_hand = [plain(row) for row in shop.engine.rows(question["by_hand"])]
    assert [plain(row) for row in cells.frame.rows()] == by_hand
    assert by_hand


@pytest.mark.parametrize(
    ("as_of", "planted"), [("sale", "revenue_by_tier"), ("today", "revenue_by_last_tier")], ids=["sale", "today"]
)
def test_the_planted_money_of_each_tier_is_found_to_the_cent(shop: Project, as_of: str, planted: str) -> None:
    truth = yaml.safe_load((shop.folder / "data/crm/raw/truth.json").read_text(encoding="utf-8"))
    answer = shop.cube("sales").measures("revenue").by("customer.tier").as_of(as_of)
    found = {tier: money for tier, money in answer.frame.rows() if tier in truth["tiers"]}
    assert found == {tier: Decimal(money) for tier, money in truth[planted].items()}


def test_the_history_passes_the_check(shop: Project) -> None:
    told = [check for check in shop.check() if check.kind == "history"]
    assert {check.table for check in told} >= {"dim_customer_history", "fct_sale", "fct_contact"}
    assert all(check.ok for check in told)
