"""The SQL itself for a few questions: read what changed before you renew it with CRM_UPDATE_GOLDEN=1."""

import os
from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.compile import compile_query
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery

GOLDEN = Path(__file__).parents[1] / "golden"
SALES = CubeQuery("sales")

QUESTIONS = {
    "the_whole": SALES.measures("revenue", "order_value"),
    "departments_and_quarters_with_totals": SALES.measures("revenue", "customers")
    .by("product.department", "date.quarter")
    .with_totals(),
    "the_top_departments_and_others": SALES.measures("revenue", "customers")
    .by("product.department")
    .top(2, "revenue")
    .with_totals(),
    "revenue_and_minutes_by_weekday": SALES.measures("revenue", "contacts.minutes").by("date.weekday"),
    "regions_across_quarters_sorted_by_revenue": SALES.measures("revenue")
    .by("customer.region")
    .pivot("date.quarter")
    .with_totals()
    .sort("revenue"),
    "calls_by_columns_of_the_fact": CubeQuery("contacts")
    .measures("contacts", "minutes")
    .by("contact.kind")
    .dice("contact.direction = 'inbound' and minutes > 5"),
    "a_filter_that_keeps_the_unknown": SALES.measures("revenue").dice(
        "customer.age != '30-39' and not (product.department in ('FOOD', 'Unknown product') or date.year < 2017)"
    ),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_golden_sql(name: str, model: Model, engine: DuckEngine) -> None:
    query = compile_query(model, QUESTIONS[name]).query
    path = GOLDEN / f"{name}.sql"
    if os.environ.get("CRM_UPDATE_GOLDEN") == "1":
        path.write_text(query.readable(), encoding="utf-8")
    assert query.readable() == path.read_text(encoding="utf-8")  # a missing file fails
    assert engine.rows(query.readable()) == engine.frame(query).rows()


def test_every_golden_file_has_its_question() -> None:
    assert {path.stem for path in GOLDEN.glob("*.sql")} == QUESTIONS.keys()
