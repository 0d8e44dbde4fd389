"""Every question of tests/questions beside SQL written by hand, on integers, doubles and decimals."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.refresh import refresh
from olap import rolled
from olap.conftest import CUBES
from olap.shop import shop, type_of

QUESTIONS = Path(__file__).parents[1] / "questions"
KEYS = {"name", "cube", "measures", "by", "where", "totals", "fill", "pivot", "top", "sort", "limit", "by_hand"}


def questions() -> list[Any]:
    found = []
    for path in sorted(QUESTIONS.glob("*.yml")):
        for question in yaml.safe_load(path.read_text(encoding="utf-8")):
            assert question.keys() <= KEYS, question
            found.append(pytest.param(question, id=f"{path.stem}: {question['name']}"))
    return found


@pytest.fixture(scope="module", params=[*type_of, "decimals in rollups"])
def typed_shop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[DuckEngine, Model]]:
    """The shop with its amounts of each type; once more with rollups that answer most of the questions."""
    amounts, _, rollups = request.param.partition(" in ")
    engine = shop(amounts=amounts)
    if rollups:
        folder = rolled.cubes(tmp_path_factory.mktemp("rolled"), rolled.WIDE_SALES, rolled.WIDE_CONTACTS)
        refresh(engine, bind_model(load_model(folder), engine), lambda _: None)
        yield engine, bind_model(load_model(folder), engine)
    else:
        yield engine, bind_model(load_model(CUBES), engine)
    engine.close()


@pytest.mark.parametrize("question", questions())
def test_a_question_gives_what_the_sql_by_hand_gives(
    typed_shop: tuple[DuckEngine, Model], question: dict[str, Any]
) -> None:
    engine, model = typed_shop
    got = browse(engine, model, as_query(question)).frame
    by_hand = engine.rows(question["by_hand"])
    assert [plain(row) for row in got.rows()] == [plain(row) for row in by_hand]


def as_query(question: dict[str, Any]) -> CubeQuery:
    query = CubeQuery(question["cube"]).measures(*question["measures"]).by(*question.get("by", ()))
    query = query.dice(*question.get("where", ()))
    if question.get("totals"):
        query = query.with_totals()
    if question.get("fill"):
        query = query.fill()
    if "pivot" in question:
        query = query.pivot(question["pivot"])
    if "top" in question:
        query = query.top(**question["top"])
    for name in question.get("sort", ()):
        query = query.sort(name)
    return query.limit(question["limit"]) if "limit" in question else query


def plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A sum of integers, doubles or decimals is the same number; quotients to nine digits."""
    return tuple(
        round(float(v), 9) if isinstance(v, int | float | Decimal) and not isinstance(v, bool) else v for v in row
    )
