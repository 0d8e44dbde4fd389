"""The report of a real project: what the warehouse answers is what the page shows."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import polars as pl
import pytest

import crm_analytics as crm
from crm_analytics.olap.model import Model
from crm_analytics.pipeline.reporting import overview_inputs
from crm_analytics.project import Project
from crm_analytics.reports.inputs import OverviewInputs
from crm_analytics.reports.overview import overview
from crm_analytics.warehouse.checks import unknown_members

TODAY = date(2018, 1, 1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A synthetic project, loaded and scored, neither evaluated nor planned."""
    with crm.init(tmp_path_factory.mktemp("scored") / "shop", "synthetic") as shop:
        shop.load()
        shop.score()
        yield shop


def asked(shop: Project, today: date = TODAY) -> OverviewInputs:
    return overview_inputs(shop.engine, shop.model, shop.config, shop.folder / "data", today)


def test_a_project_that_was_not_evaluated_has_a_report_and_the_same_each_time(shop: Project) -> None:
    first = Path(shop.report()).read_bytes()
    assert b"No score has been compared yet" in first
    assert b"There is no priority list yet" in first
    assert Path(shop.report()).read_bytes() == first


def test_the_statement_of_the_unknown_members_gives_the_numbers_of_the_checks(shop: Project) -> None:
    told = asked(shop).unknown
    assert told is not None
    by_check = {(c.table, c.says.partition(":")[0]): c.rows for c in unknown_members(shop.engine)}
    assert {row[:2]: row[2] for row in told.frame.iter_rows()} == by_check
    assert by_check
    assert shop.engine.rows(told.sql) == told.frame.rows()


def test_the_expectations_of_the_report_are_those_of_the_check(shop: Project) -> None:
    told = asked(shop).expectations
    assert told is not None
    words = {True: "holds", False: "fails", None: "nothing to look at"}
    checks = [c for c in shop.check(TODAY) if c.kind == "quality"]
    assert [row["verdict"] for row in told.frame.iter_rows(named=True)] == [
        "warning" if c.warning else words[c.ok] for c in checks
    ]
    # Twenty lines of the made-up shop name an article that does not exist; of this the project is warned.
    by_verdict = told.frame.filter(verdict="warning")
    assert by_verdict["expected"].to_list() == ["product_id is known"]
    assert by_verdict["failing"].to_list() == [20]
    assert told.frame.filter(verdict="fails").is_empty()


def test_deals_contacts_and_responses_are_those_of_the_star(shop: Project) -> None:
    inputs = asked(shop)
    assert inputs.deals
    assert inputs.lost_reasons
    assert inputs.contacts
    assert inputs.responses
    ((won, lost, worth),) = shop.engine.rows(
        "SELECT count(*) FILTER (WHERE status = 'won'), count(*) FILTER (WHERE status = 'lost'), "
        "sum(amount) FILTER (WHERE status = 'won') FROM fct_deal"
    )
    assert inputs.deals.frame.select("won", "lost", "won_amount").sum().row(0) == (won, lost, worth)
    assert inputs.lost_reasons.frame["lost"].sum() == lost
    for told, table, measure in (
        (inputs.contacts, "fct_contact", "contacts"),
        (inputs.responses, "fct_response", "responses"),
    ):
        ((rows,),) = shop.engine.rows(f"SELECT count(*) FROM {table}")
        assert told.frame[measure].sum() == rows
    # By hand, for one channel: how often we wrote e-mails, and to how many customers.
    ((outbound, customers),) = shop.engine.rows(
        "SELECT count(*), count(DISTINCT customer_key) FILTER (WHERE customer_key > 0) "
        "FROM fct_contact JOIN dim_channel USING (channel_key) WHERE direction = 'outbound' AND channel = 'email'"
    )
    (row,) = inputs.contacts.frame.filter(pl.col("channel.channel") == "email").iter_rows(named=True)
    assert (row["outbound"], row["customers_contacted"]) == (outbound, customers)


def test_a_project_without_a_cube_of_deals_has_a_report_without_them(shop: Project) -> None:
    fewer = Model({name: cube for name, cube in shop.model.cubes.items() if name == "sales" or name == "promotions"})
    inputs = overview_inputs(shop.engine, fewer, shop.config, shop.folder / "data", TODAY)
    assert (inputs.deals, inputs.lost_reasons, inputs.contacts, inputs.responses) == (None, None, None, None)
    assert not {"deals", "contacts", "responses"} & {part.id for part in overview(inputs).sections}
