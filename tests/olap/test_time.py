"""Calculations over time: what is refused and why, which period is incomplete, fiscal periods, who may see what."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from crm_analytics.config import RetailCalendar
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError, QueryError, UnknownName
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.calc import Calc, How, Span, Window, parse_calc
from crm_analytics.olap.cellset import CellSet
from crm_analytics.olap.compile import compile_query
from crm_analytics.olap.filters import parse_filter
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.sql import statement
from crm_analytics.warehouse.calendar import keep_retail_calendar
from olap.conftest import CUBES, Asking
from olap.shop import Sale, shop

SALES = CubeQuery("sales")
YEAR = Span(1, "year")


@pytest.mark.parametrize(
    ("text", "calc"),
    [
        ("revenue 1 year ago", Calc("revenue", How(shifts=(YEAR,)))),
        ("contacts.minutes  12 months ago", Calc("minutes", How(shifts=(Span(12, "month"),)))),
        ("revenue change 1 year", Calc("revenue", against=YEAR)),
        ("revenue ytd growth 1 year over shipped", Calc("revenue", How(Window("year"), (), "shipped"), YEAR, True)),
        ("revenue growth 1 year ytd", Calc("revenue", How(Window("year")), YEAR, True)),
        ("revenue trailing 90 days", Calc("revenue", How(Window(trailing=Span(90, "day"))))),
        ("revenue to_date retail_year", Calc("revenue", How(Window("retail_year")))),
        ("revenue cumulative", Calc("revenue", How(Window()))),
    ],
)
def test_a_calculation_stands_behind_the_name(text: str, calc: Calc) -> None:
    name, found = parse_calc(text)
    assert (name, found) == (text.split()[0], calc)
    assert parse_calc(f"{name} {found}") == (name, found)


REFUSED = {
    "revenue last year": "measure 'revenue last year': 'last year' is no calculation over time; such are '1 year ago'",
    "revenue 1 year ago please": "'please' is no calculation over time",
    "revenue over date": "'over date' is no calculation",
    "revenue ytd mtd": "'mtd' is one calculation too many of its kind",
    "revenue 0 days ago": "'0 day' is no length of time; it takes at least 1",
    "revenu ytd": "no measure 'revenu'. Did you mean 'revenue'?",
    "revenue ytd over dat": "no dimension 'dat'. Did you mean 'date'?",
    "revenue ytd over customer": "customer is no calendar of cube 'sales': date, shipped",
    "last_sale change 1 month": "last_sale is no number, so it has no change; ask for it '1 month ago'",
}


@pytest.mark.parametrize("measure", REFUSED)
def test_a_calculation_that_means_nothing_is_one_sentence(ask: Asking, measure: str) -> None:
    with pytest.raises(CrmError) as caught:
        ask(SALES.measures(measure).by("date.month"))
    assert REFUSED[measure] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (SALES.measures("revenue ytd").by("date.weekday"), "date.weekday is no period of the calendar"),
        (
            SALES.measures("revenue ytd").by("date.month").top(2, "revenue"),
            "a top of or within date.month leaves periods",
        ),
        (
            SALES.measures("revenue ytd").by("date.month").dice("date.year = 2017 or customer.region = 'N'"),
            "one filter holds both date.year, which says what periods are shown, and customer.region",
        ),
        (
            SALES.measures("revenue ytd").by("date.month", "customer.region").dice("revenue > 50").with_totals(),
            "one filter holds both date.month, which says what periods are shown, and customer.region",
        ),
        (SALES.measures("revenue ytd").by("date.month").dice("revenue > 50 per date.month"), "and a 'per'"),
        (SALES.measures("revenue 1 month ago").by("date.week"), "weeks and 4-4-5 periods do not move by months"),
        (
            SALES.measures("revenue").by("customer.region").fill(),
            "no periods are shown; split by one, such as date.month",
        ),
        (SALES.measures("revenue").by("date.month").top(2, "revenue").fill(), "a top of date.month leaves periods out"),
        (SALES.measures("revenue to_date retail_year"), "date has no attribute of 'period: retail_year' to begin with"),
        (SALES.measures("double_ytd"), "'mtd' and 'ytd' exclude each other: one window to a number"),
        (SALES.measures("two_roles"), "a number cannot follow two calendars at once, 'shipped' and 'date'"),
    ],
)
def test_what_has_no_right_answer_over_time_is_refused(
    engine: DuckEngine, model: Model, query: CubeQuery, told: str
) -> None:
    sales = model.cubes["sales"]
    made = {
        "double_ytd": sales.measures["revenue"].under(Calc("mtd", How(Window("year")))),
        "mtd": sales.measures["revenue"].under(Calc("revenue", How(Window("month")))),
        "two_roles": sales.measures["revenue"].under(Calc("shipped", How(Window("year"), (), "date"))),
        "shipped": sales.measures["revenue"].under(Calc("revenue", How((), (YEAR,), "shipped"))),  # type: ignore[arg-type]
    }
    cubes = model.cubes | {"sales": replace(sales, measures=sales.measures | made)}
    with pytest.raises(QueryError) as caught:
        browse(engine, Model(cubes, bound=True), query)
    assert told in str(caught.value)


def test_a_cube_without_a_calendar_says_what_one_is(engine: DuckEngine, model: Model) -> None:
    sales = model.cubes["sales"]
    roles = {name: role for name, role in sales.roles.items() if name not in ("date", "shipped")}
    with pytest.raises(QueryError, match="reaches no calendar: that is a dimension with an attribute of 'period: day'"):
        browse(engine, Model({"sales": replace(sales, roles=roles)}, bound=True), SALES.measures("revenue ytd"))


def test_a_plain_question_stays_one_select(model: Model) -> None:
    text = compile_query(model, SALES.measures("revenue", "order_value").by("date.month")).query.text
    assert text.count("SELECT") == 1
    assert "WITH" not in text


def test_a_calculation_in_a_filter_ends_where_the_comparison_begins() -> None:
    condition = parse_filter("revenue  ytd growth 1 year >= 0.1 and customers 90 days ago is unknown")
    assert "revenue ytd growth 1 year" in repr(condition)
    with pytest.raises(QueryError, match="at character 9 '1' stands"):
        parse_filter("revenue 1 > 2")


def test_the_last_period_is_marked_where_the_data_ends_before_it(ask: Asking) -> None:
    # The last sale is on 5 April, the last contact on 1 March.
    found = ask(SALES.measures("revenue ytd", "contacts.minutes 1 month ago").by("date.year", "date.month"))
    assert found.incomplete == ("date.month=2017-04", "date.year=2017", "date.month=2017-03")
    assert found.notes == (
        "2017-04 is incomplete: sales end on 2017-04-05",
        "2017-01 is incomplete: contacts begin on 2017-01-02",  # and are held against other months
        "2017-03 is incomplete: contacts end on 2017-03-01",
    )
    assert "2017-04 is incomplete" in found.to_html()
    until_march = ask(SALES.measures("revenue ytd").by("date.month").dice("date.month <= '2017-03'"))
    assert (until_march.incomplete, until_march.notes) == ((), ())
    # A week in which the calendar ends is not over because the calendar is.
    assert ask(SALES.measures("revenue").by("date.week").fill()).incomplete == ("date.week=2017-W14",)
    assert ask(SALES.measures("revenue").by("date.month")).incomplete == ()


def test_buyers_of_the_year_to_date_are_one_two_three(model: Model) -> None:
    # ann in January; ann and bob in February; bob and eve in March.  The sums of the months would be 1, 3, 5.
    bought = [("ann", 1), ("ann", 2), ("bob", 2), ("bob", 3), ("eve", 3)]
    engine = shop([(f"o{i}", who, "milk", date(2017, m, 3), 10) for i, (who, m) in enumerate(bought)])
    found = browse(engine, model, SALES.measures("customers ytd", "customers").by("date.month").with_totals())
    assert found.frame["customers ytd"].to_list() == [1, 2, 3, 3]
    assert found.frame["customers"].to_list() == [1, 2, 2, 3]
    engine.close()


def test_a_balance_moves_with_its_days_and_is_unknown_where_nobody_looked(engine: DuckEngine, tmp_path: Path) -> None:
    # Of the last day of each month: 60 on 9 January, 1000 on 14 February, nothing in March, 100 on 5 April.
    cubes = shutil.copytree(CUBES, tmp_path / "cubes")
    with (cubes / "sales.yml").open("a") as file:
        file.write("  stock: {agg: sum, sql: revenue, semi_additive: {over: date, take: last}}\n")
    model = bind_model(load_model(cubes), engine)
    query = SALES.measures("stock", "stock 1 month ago", "stock change 1 month").by("date.month").with_totals()
    assert browse(engine, model, query).frame.drop("total").rows() == [
        ("2017-01", 60, None, None),
        ("2017-02", 1000, 60, 940),
        ("2017-03", None, 1000, None),
        ("2017-04", 100, None, None),
        (None, 100, 1000, -900),
    ]
    with pytest.raises(QueryError, match=r"stock is what there is on a day .* which no window adds up"):
        browse(engine, model, SALES.measures("stock ytd").by("date.month"))


def test_an_answer_says_what_the_totals_of_its_calculations_are(ask: Asking) -> None:
    query = SALES.measures("revenue 1 month ago", "revenue change 1 month", "revenue ytd", "revenue growth 1 month")
    found = ask(query.by("date.month").with_totals())
    assert [column.adds_up for column in found.measures] == [True, False, False, False]
    assert found.notes[:2] == (
        "revenue ytd: a total over time is the value as of the last period shown",
        "revenue change 1 month, revenue growth 1 month: a total sets all periods shown against those before, "
        "as far as there are data",
    )
    # Without periods a window is one stretch of days, in which every sale has one department.
    by_department = ask(SALES.measures("revenue ytd").by("product.department").with_totals())
    assert ([c.adds_up for c in by_department.measures], by_department.notes) == ([True], ())


def test_a_calendar_needs_days(engine: DuckEngine) -> None:
    model = load_model(CUBES)
    sales = model.cubes["sales"]
    calendar = sales.roles["date"].dimension
    wrong = replace(
        calendar, attributes=calendar.attributes | {"date": replace(calendar.attributes["date"], sql="year")}
    )
    roles = {name: replace(role, dimension=wrong) if name == "date" else role for name, role in sales.roles.items()}
    bound = bind_model(Model({"sales": replace(sales, roles=roles)}), engine)
    assert any("'period: day' needs a DATE, and 'date' is a INTEGER" in problem for problem in bound.problems())


@pytest.fixture(scope="module")
def fiscal() -> Iterator[Callable[[list[Sale], CubeQuery], CellSet]]:
    """The shop with the NRF's calendar, 4-5-4."""
    engine = shop()
    keep_retail_calendar(engine, RetailCalendar(weeks="4-5-4"))
    engine.execute(statement("crm_analytics.warehouse", "dim_date"), {"first_year": 2016, "last_year": 2018})
    engine.execute("ALTER TABLE dim_date RENAME iso_week TO week")
    model = load_model(CUBES)
    date_ = model.cubes["sales"].roles["date"].dimension
    periods = ("retail_year", "retail_quarter", "retail_period", "retail_week")
    more = {name: replace(date_.attributes["year"], name=name, sql=name, period=name) for name in periods}
    cubes = {
        cube.name: replace(
            cube,
            roles={
                name: replace(role, dimension=replace(date_, attributes=date_.attributes | more))
                if role.dimension == date_
                else role
                for name, role in cube.roles.items()
            },
        )
        for cube in model.cubes.values()
    }
    bound = bind_model(Model(cubes), engine)
    yield lambda sales, query: browse(shop(sales, [], into=engine), bound, query)
    engine.close()


def test_fiscal_years_are_moved_by_52_weeks_and_begin_the_year_to_date(
    fiscal: Callable[[list[Sale], CubeQuery], CellSet],
) -> None:
    # Fiscal 2016 begins on 31 January 2016, 2017 on 29 January 2017, 2018 on 4 February 2018.
    # 2017 has 53 weeks: week 5 of 2017 (26 February to 4 March) is 52 weeks before week 4 of 2018 (25 February).
    sales: list[Sale] = [
        ("a", "ann", "milk", date(2017, 1, 28), 1),
        ("b", "ann", "milk", date(2017, 1, 29), 10),
        ("c", "bob", "milk", date(2017, 2, 27), 100),
        ("d", "bob", "milk", date(2018, 2, 26), 1000),
    ]
    query = SALES.measures("revenue", "revenue 1 year ago", "revenue ytd", "customers ytd")
    weeks = query.by("date.retail_week").dice("date.retail_week in ('2016-W52', '2017-W01', '2017-W05', '2018-W04')")
    assert fiscal(sales, weeks).frame.rows() == [
        ("2016-W52", 1, None, 1, 1),
        ("2017-W01", 10, None, 10, 1),
        ("2017-W05", 100, None, 110, 2),
        ("2018-W04", 1000, 100, 1000, 1),
    ]
    assert fiscal(sales, query.by("date.retail_year")).frame.rows() == [
        (2016, 1, None, 1, 1),
        (2017, 110, 11, 110, 2),  # 28 and 29 January 2017 come to 27 and 28 January 2018: still fiscal 2017
        (2018, 1000, 100, 1000, 1),
    ]


def test_a_fiscal_year_that_the_calendar_cuts_off_is_incomplete(
    fiscal: Callable[[list[Sale], CubeQuery], CellSet],
) -> None:
    # The calendar ends with 2018, fiscal 2018 with 2 February 2019; fiscal 2017 was whole on 3 February 2018.
    query = SALES.measures("revenue ytd").by("date.retail_year", "date.retail_week")
    found = fiscal([("a", "ann", "milk", date(2018, 12, 31), 1)], query)
    assert found.incomplete == ("date.retail_week=2018-W48", "date.retail_year=2018")
    assert fiscal([("a", "ann", "milk", date(2018, 2, 3), 1)], query).incomplete == ()


def test_days_are_hidden_before_they_are_moved(engine: DuckEngine, model: Model) -> None:
    # A role that may see February only must not see January a month later.
    guard = (parse_filter("date.month = '2017-02'"),)
    held = Model({"sales": replace(model.cubes["sales"], guard=guard)}, bound=True)
    query = SALES.measures("revenue", "revenue 1 month ago", "revenue ytd").by("date.month")
    assert browse(engine, held, query).frame.rows() == [("2017-02", 1200, None, 1200)]
    march = browse(engine, held, SALES.measures("revenue 1 month ago").by("date.quarter"))
    assert march.frame.rows() == [("2017-Q1", 1200)]
    mixed = (parse_filter("date.month = '2017-02' or customer.region = 'N'"),)
    both = Model({"sales": replace(model.cubes["sales"], guard=mixed)}, bound=True)
    with pytest.raises(QueryError, match="depend on the day and on more at once"):
        browse(engine, both, query)


def test_an_unknown_role_is_told_the_nearest(ask: Asking) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'shipped'"):
        ask(SALES.measures("revenue ytd over shiped"))
