"""Which rollup answers, why the others do not, and that no rollup gives a role more than its rows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.access import Viewer, seen_by
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.cellset import CellSet
from crm_analytics.olap.filters import parse_filter
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.refresh import refresh
from crm_analytics.olap.why import why
from crm_analytics.olap.words import in_words
from olap import rolled
from olap.shop import shop

SALES = CubeQuery("sales").measures("revenue")
ACCESS = "access: {manager: {where: 'customer.region in (:regions)'}}\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rolled.cubes(tmp_path_factory.mktemp("rolled"), rolled.SALES + ACCESS, rolled.CONTACTS + ACCESS)


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[DuckEngine]:
    """The shop with its rollups built: 7 lines in `everything`, the months 01, 02 and 04 in `months`."""
    engine = shop()
    refresh(engine, bind_model(load_model(folder), engine), lambda _: None)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def model(folder: Path, engine: DuckEngine) -> Model:
    return bind_model(load_model(folder), engine)


@pytest.mark.parametrize(
    ("query", "source"),
    [
        (SALES, "answered by rollup months (3 rows)"),  # of several that can the smallest
        (SALES.by("date.month").measures("each"), "answered by rollup months (3 rows)"),
        (SALES.by("date.month").measures("big"), "answered by rollup everything (7 rows)"),
        (SALES.dice("customer.region = 'N'"), "answered by rollup everything (7 rows)"),  # filtered, not shown
        (
            SALES.by("date.quarter"),  # every month lies in one quarter, but only the warehouse could say so
            "from the rows: rollup everything stores no date.quarter; rollup months stores no date.quarter",
        ),
        (
            SALES.by("date.month").measures("middle"),
            "from the rows: rollup everything cannot give middle, which is a median, which does not follow from its "
            "parts; rollup months cannot give middle, which is a median, which does not follow from its parts",
        ),
        (
            SALES.by("customer.region").measures("contacts.people"),
            "sales: answered by rollup everything (7 rows); contacts: from the rows: rollup kinds cannot give "
            "contacts.people, which is a distinct count, which does not follow from its parts (with 'sketch: hll' an "
            "estimate does)",
        ),
        (
            CubeQuery("contacts").measures("minutes").dice("sales.revenue > 100 per customer.region"),
            "answered by rollup kinds (4 rows)",
        ),
    ],
)
def test_an_answer_says_where_it_comes_from(engine: DuckEngine, model: Model, query: CubeQuery, source: str) -> None:
    assert browse(engine, model, query).source == source


def test_a_plain_question_to_a_rollup_is_one_select(engine: DuckEngine, model: Model) -> None:
    cells = browse(engine, model, SALES.by("date.month"))
    assert cells.sql == (
        "-- sales: revenue by date.month\n"
        "SELECT\n"
        """  coalesce("rollup_sales_months"."date.month", 'Unknown day') AS "date.month",\n"""
        '  sum("rollup_sales_months"."revenue") AS "revenue"\n'
        'FROM "rollup_sales_months"\n'
        'GROUP BY "rollup_sales_months"."date.month"\n'
        "ORDER BY\n"
        '  "rollup_sales_months"."date.month" NULLS LAST\n'
    )
    assert cells.frame.rows() == [("2017-01", 240), ("2017-02", 1200), ("2017-04", 100)]


def as_manager(folder: Path, engine: DuckEngine, query: CubeQuery) -> CellSet:
    return browse(engine, bind_model(seen_by(load_model(folder), Viewer("manager", {"regions": ["N"]})), engine), query)


def test_a_role_gets_its_rows_from_a_rollup_that_tells_them_apart(folder: Path, engine: DuckEngine) -> None:
    # North's manager may see ann alone, 380 of 1,540; the rollup by month does not know whose a sale was.
    cells = as_manager(folder, engine, SALES.measures("buyers").by("date.month").with_totals())
    assert cells.source == "answered by rollup everything"  # without its size, which counts the rows of others
    assert cells.frame.rows() == [("2017-01", "", 180, 1), ("2017-02", "", 200, 1), (None, "all", 380, 1)]
    # Without the rollup that does, the rows answer.
    by_article = as_manager(folder, engine, SALES.measures("units").by("product.department"))
    assert by_article.source.startswith("from the rows: rollup everything stores no product.department")
    assert by_article.frame.rows() == [("FOOD", 180, 2), ("TOYS", 200, 1)]


def test_why_tells_a_role_nothing_of_the_rows_of_others(folder: Path, engine: DuckEngine) -> None:
    seen = bind_model(seen_by(load_model(folder), Viewer("manager", {"regions": ["N"]})), engine)
    told = why(engine, seen, SALES.by("product.article"))
    assert told.row_filters == ("customer.region in ('N')",)
    assert [(fact.cube, fact.rows) for fact in told.facts] == [("sales", 3)]
    assert str(told.facts[0].last_days["date.date"]) == "2017-02-07"  # bob bought in April
    assert told.scans == ()


def test_why_counts_the_rows_of_each_fact_under_steps_and_filters(engine: DuckEngine, model: Model) -> None:
    # Of the regions with contacts of more than 5 minutes, N and W, sales know N: ann's three lines.
    query = SALES.measures("contacts.minutes").by("customer.age").dice("contacts.minutes > 5 per customer.region")
    told = why(engine, model, query)
    assert [(fact.cube, fact.rows, dict(fact.unknown)) for fact in told.facts] == [
        ("sales", 3, {"customer.age": 0}),
        ("contacts", 3, {"customer.age": 0}),
    ]
    assert told.row_filters == ("contacts.minutes > 5 per customer.region",)
    assert why(engine, model, SALES.by("customer.age")).facts[0].unknown == {"customer.age": 4}  # bob 3, nobody 1


@pytest.mark.parametrize(
    "text",
    [
        "product.department = 'it''s'",
        "date.year = 2017 and not (product.organic = true)",
        "customer.age is unknown or (date.year between 2016 and 2017 and customer.region like 'N%')",
        "not (customer.region in ('N', 'S'))",
        "(revenue > 1.50 or quantity < -2) per (customer.region, date.month)",
        "contacts.minutes >= 3 per customer.customer_id",
    ],
)
def test_a_filter_is_told_in_the_words_that_it_is_typed_in(text: str) -> None:
    assert in_words(parse_filter(text)) == text


def test_words_for_members_given_as_values() -> None:
    query = SALES.slice("customer.age", None).slice("product.organic", True).slice("date.year", 2017)
    assert [in_words(part) for part in query.conditions] == [
        "customer.age is unknown",
        "product.organic = true",
        "date.year = 2017",
    ]
