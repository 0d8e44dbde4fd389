"""The report of a real project: what the warehouse answers is what the page shows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import crm_analytics as crm
from crm_analytics.pipeline.reporting import overview_inputs
from crm_analytics.project import Project
from crm_analytics.warehouse.checks import unknown_members


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A synthetic project, loaded and scored, neither evaluated nor planned."""
    with crm.init(tmp_path_factory.mktemp("scored") / "shop", "synthetic") as shop:
        shop.load()
        shop.score()
        yield shop


def test_a_project_that_was_not_evaluated_has_a_report_and_the_same_each_time(shop: Project) -> None:
    first = Path(shop.report()).read_bytes()
    assert b"No score has been compared yet" in first
    assert b"There is no priority list yet" in first
    assert Path(shop.report()).read_bytes() == first


def test_the_statement_of_the_unknown_members_gives_the_numbers_of_the_checks(shop: Project) -> None:
    told = overview_inputs(shop.engine, shop.model, shop.config).unknown
    assert told is not None
    by_check = {(c.table, c.says.partition(":")[0]): c.rows for c in unknown_members(shop.engine)}
    assert {row[:2]: row[2] for row in told.frame.iter_rows()} == by_check
    assert by_check
    assert shop.engine.rows(told.sql) == told.frame.rows()
