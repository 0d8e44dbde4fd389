"""Histories, bridges and trees: every question of tests/questions/kinds beside SQL by hand, and what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from olap.members import members
from olap.shop import type_of
from olap.test_cube_questions import as_query, plain

KINDS = Path(__file__).parent / "kinds"
QUESTIONS = Path(__file__).parents[1] / "questions" / "kinds"


def questions() -> list[Any]:
    return [
        pytest.param(question, id=f"{path.stem}: {question['name']}")
        for path in sorted(QUESTIONS.glob("*.yml"))
        for question in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


@pytest.fixture(scope="module", params=list(type_of))
def typed_shop(request: pytest.FixtureRequest) -> Iterator[tuple[DuckEngine, Model]]:
    engine = members(request.param)
    yield engine, bind_model(load_model(KINDS), engine)
    engine.close()


@pytest.mark.parametrize("question", questions())
def test_a_question_gives_what_the_sql_by_hand_gives(
    typed_shop: tuple[DuckEngine, Model], question: dict[str, Any]
) -> None:
    engine, model = typed_shop
    query = as_query(question)
    query = query.as_of(question["as_of"]) if "as_of" in question else query
    cells = browse(engine, model, query)
    by_hand = [plain(row) for row in engine.rows(question["by_hand"])]
    assert [plain(row) for row in cells.frame.rows()] == by_hand
    assert len(engine.rows(cells.sql)) == len(by_hand)  # the statement with its values written in runs too
