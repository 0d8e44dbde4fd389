"""Rollups of dimensions with a history or a tree, and beside time calculations: the questions of tests/questions."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import ConfigError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.refresh import refresh
from crm_analytics.olap.why import why
from olap import rolled
from olap.members import members
from olap.shop import shop
from olap.test_cube_kinds import KINDS, questions
from olap.test_cube_questions import as_query, plain

ATTRIBUTES = (
    "customer.customer_id, customer.region, customer.age, range.division, range.aisle, range.item, range.organic, "
    "date.year, date.quarter, date.month, date.date, shipped.month"
)
ROLLUPS = f"rollups: {{all: {{by: [{ATTRIBUTES}], measures: [revenue, lines, average]}}}}\n"
SALES = CubeQuery("sales").measures("revenue")


def kinds(folder: Path, default: str) -> Path:
    """The cubes of histories, bridges and trees with a rollup, their history read as of `default`."""
    copytree(KINDS, folder / "kinds")
    shared = folder / "kinds" / "dimensions.yml"
    shared.write_text(
        shared.read_text().replace("attributes: [region]}", f"attributes: [region], default: {default}}}")
    )
    assert f"default: {default}" in shared.read_text()
    with (folder / "kinds" / "sales.yml").open("a") as file:
        file.write(ROLLUPS)
    return folder / "kinds"


@pytest.fixture(scope="module", params=["today", "sale"])
def rolled_kinds(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[DuckEngine, Model, str]]:
    folder = kinds(tmp_path_factory.mktemp("kinds"), request.param)
    engine = members()
    assert [done.problem for done in refresh(engine, bind_model(load_model(folder), engine), lambda _: None)] == [""]
    yield engine, bind_model(load_model(folder), engine), request.param
    engine.close()


@pytest.mark.parametrize("question", questions())
def test_a_rollup_gives_what_the_sql_by_hand_gives(
    rolled_kinds: tuple[DuckEngine, Model, str], question: dict[str, Any]
) -> None:
    engine, model, _ = rolled_kinds
    query = as_query(question).as_of(question.get("as_of", "today"))
    cells = browse(engine, model, query)
    assert [plain(row) for row in cells.frame.rows()] == [plain(row) for row in engine.rows(question["by_hand"])]


def test_a_history_is_stored_as_it_is_read_by_default(rolled_kinds: tuple[DuckEngine, Model, str]) -> None:
    engine, model, default = rolled_kinds
    other = {"today": "sale", "sale": "today"}[default]
    by_region = SALES.by("customer.region")
    assert browse(engine, model, by_region).source.startswith("answered by rollup all")
    assert browse(engine, model, by_region.as_of(default)).source.startswith("answered by rollup all")
    told = f"from the rows: rollup all does not store customer.region as of {other}"
    assert browse(engine, model, by_region.as_of(other)).source == told
    assert browse(engine, model, SALES.by("range.division").as_of(other)).source.startswith("answered by rollup all")


def test_a_rollup_by_what_a_row_has_several_of_is_refused(tmp_path: Path) -> None:
    folder = kinds(tmp_path, "today")
    text = (folder / "sales.yml").read_text().replace("by: [customer.customer_id", "by: [club.kind")
    (folder / "sales.yml").write_text(text)
    with pytest.raises(ConfigError, match=r"sales\.yml:\d+: club.kind: a row may belong to several members of 'club'"):
        load_model(folder)


def test_why_leaves_out_attributes_of_which_a_row_has_several(rolled_kinds: tuple[DuckEngine, Model, str]) -> None:
    engine, model, _ = rolled_kinds
    (fact,) = why(engine, model, SALES.by("club.kind", "range.organic")).facts
    assert (fact.rows, list(fact.unknown)) == (engine.rows("SELECT count(*) FROM fct_sale")[0][0], ["range.organic"])


def test_only_what_is_taken_of_its_own_period_comes_from_a_rollup(tmp_path: Path) -> None:
    engine = shop()
    folder = rolled.cubes(tmp_path, rolled.WIDE_SALES, rolled.WIDE_CONTACTS)
    refresh(engine, bind_model(load_model(folder), engine), lambda _: None)
    model = bind_model(load_model(folder), engine)
    query = SALES.measures("revenue 1 month ago").by("date.month")
    cells = browse(engine, model, query)
    assert cells.source == (
        "sales: answered by rollup wide (7 rows); "
        "sales, 1 month ago: from the rows: rollup wide cannot give revenue 1 month ago, for which each day counts"
    )
    plainly = browse(engine, bind_model(load_model(rolled.CUBES), engine), query)
    assert cells.frame.equals(plainly.frame)
    assert [(fact.cube, fact.rows) for fact in why(engine, model, query).facts] == [("sales", 7)]
    engine.close()
