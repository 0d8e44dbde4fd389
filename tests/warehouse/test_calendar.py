"""`dim_date` at the edges: years, ISO weeks, the unknown day."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.config import RetailCalendar
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.sql import statement
from crm_analytics.warehouse.calendar import keep_retail_calendar
from tests.warehouse.made import Shop


def sold_on(*days: str) -> dict[str, str]:
    lines = "".join(f"o,{i},{day},1\n" for i, day in enumerate(days))
    return {"sales": "order_id,line_id,sold_at,revenue\n" + lines}


DAYS = {  # year, quarter, month, ISO week, weekday and its number, weekend
    "2016-12-31": (2016, "2016-Q4", "2016-12", "2016-W52", "Saturday", 6, True),
    "2017-01-01": (2017, "2017-Q1", "2017-01", "2016-W52", "Sunday", 7, True),  # still the old ISO year
    "2017-01-02": (2017, "2017-Q1", "2017-01", "2017-W01", "Monday", 1, False),
    "2017-03-31": (2017, "2017-Q1", "2017-03", "2017-W13", "Friday", 5, False),
    "2018-12-31": (2018, "2018-Q4", "2018-12", "2019-W01", "Monday", 1, False),  # already the new one
    "2020-02-29": (2020, "2020-Q1", "2020-02", "2020-W09", "Saturday", 6, True),
    "2020-12-31": (2020, "2020-Q4", "2020-12", "2020-W53", "Thursday", 4, False),
}


@pytest.mark.parametrize("day", DAYS)
def test_a_day_belongs_to_the_right_year_week_and_weekday(day: str, shop: Shop) -> None:
    shop.source("till", sold_on(day))
    shop.load()
    columns = "d.year, d.quarter, d.month, d.iso_week, d.weekday, d.weekday_no, d.is_weekend"
    assert shop.rows(f"SELECT {columns} FROM fct_sale JOIN dim_date d USING (date_key)") == [DAYS[day]]


def test_the_calendar_has_every_day_of_every_year_that_a_fact_speaks_of(shop: Shop) -> None:
    shop.source("till", sold_on("2016-12-31 23:59:59.999", "2019-01-01 00:00:00"))
    shop.load()
    # 366 + 365 + 365 + 365 days of 2016 to 2019, and the unknown day
    assert shop.rows("SELECT count(*), count(date), min(date), max(date) FROM dim_date") == [
        (1462, 1461, date(2016, 1, 1), date(2019, 12, 31))
    ]
    assert shop.rows("SELECT date_key FROM fct_sale ORDER BY 1") == [(20161231,), (20190101,)]


def test_a_day_that_is_not_given_is_the_unknown_day(shop: Shop) -> None:
    deals = "deal_id,opened_on,closed_on,status,amount\nd,2017-05-01,,open,1\n"
    shop.source("crm", {"deals": deals})
    shop.load()
    assert shop.rows("SELECT date_key, closed_date_key FROM fct_deal") == [(20170501, 0)]
    assert shop.rows("SELECT * EXCLUDE (date_key) FROM dim_date WHERE date_key = 0") == [(None,) * 17]
    shop.load()
    assert shop.rows("SELECT date_key, closed_date_key FROM fct_deal") == [(20170501, 0)]


@pytest.fixture(scope="module")
def calendar() -> Iterator[DuckEngine]:
    """All 300 years that a fact may speak of."""
    engine = DuckEngine.open(None, threads=1)
    keep_retail_calendar(engine, RetailCalendar(weeks="4-5-4"))
    engine.execute(statement("crm_analytics.warehouse", "dim_date"), {"first_year": 1900, "last_year": 2199})
    yield engine
    engine.close()


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_any_day_is_what_python_says_it_is(calendar: DuckEngine, day: date) -> None:
    iso = day.isocalendar()
    columns = "date, year, month_no, quarter_no, iso_week, weekday_no, weekday, month_name"
    assert calendar.rows(f"SELECT {columns} FROM dim_date WHERE date_key = {day:%Y%m%d}") == [
        (
            day,
            day.year,
            day.month,
            (day.month + 2) // 3,
            f"{iso.year}-W{iso.week:02}",
            iso.weekday,
            f"{day:%A}",
            f"{day:%B}",
        )
    ]


def test_300_years_of_days_lack_none(calendar: DuckEngine) -> None:
    days = (date(2200, 1, 1) - date(1900, 1, 1)) // timedelta(days=1)
    assert calendar.rows("SELECT count(*), count(DISTINCT date_key), count(date) FROM dim_date") == [
        (days + 1, days + 1, days)
    ]


# First and last days as the National Retail Federation publishes them (nrf.com/resources/4-5-4-calendar).
NRF = {
    2016: (date(2016, 1, 31), date(2017, 1, 28)),
    2017: (date(2017, 1, 29), date(2018, 2, 3)),  # 53 weeks
    2018: (date(2018, 2, 4), date(2019, 2, 2)),
    2019: (date(2019, 2, 3), date(2020, 2, 1)),
    2020: (date(2020, 2, 2), date(2021, 1, 30)),
    2021: (date(2021, 1, 31), date(2022, 1, 29)),
    2022: (date(2022, 1, 30), date(2023, 1, 28)),
    2023: (date(2023, 1, 29), date(2024, 2, 3)),  # 53 weeks
}


@pytest.mark.parametrize("year", NRF)
def test_a_fiscal_year_begins_and_ends_when_the_nrf_says(calendar: DuckEngine, year: int) -> None:
    ends = calendar.rows(f"SELECT min(date), max(date) FROM dim_date WHERE retail_year = {year}")
    assert ends == [NRF[year]]


def test_the_years_of_53_weeks_are_those_of_the_nrf(calendar: DuckEngine) -> None:
    long = calendar.rows("SELECT retail_year FROM dim_date WHERE retail_week_no = 53 GROUP BY 1 ORDER BY 1")
    known = [2000, 2006, 2012, 2017, 2023, 2028, 2034, 2040, 2045]
    assert [year for (year,) in long if 2000 <= int(str(year)) <= 2045] == known


def test_periods_are_4_5_and_4_weeks_and_the_53rd_week_is_in_the_last(calendar: DuckEngine) -> None:
    text = "SELECT count(DISTINCT retail_week) FROM dim_date WHERE retail_year = {} "
    text += "GROUP BY retail_period_no ORDER BY retail_period_no"
    assert [n for (n,) in calendar.rows(text.format(2016))] == [4, 5, 4] * 4
    assert [n for (n,) in calendar.rows(text.format(2017))] == [4, 5, 4] * 3 + [4, 5, 5]


@pytest.mark.parametrize(
    ("retail", "day", "expected"),
    [
        # 4-4-5: fiscal March is weeks 5 to 8, from 26 February 2017
        (RetailCalendar(), "2017-02-26", (2017, "2017-Q1", "2017-P02", "2017-W05", 2, 5)),
        (RetailCalendar(), "2018-02-03", (2017, "2017-Q4", "2017-P12", "2017-W53", 12, 53)),
        # 5-4-4 from the last Monday up to 1 July 2016, which is 27 June; called 2017 after the year it ends in
        (
            RetailCalendar(fiscal_month=7, first_weekday="monday", begins="before", named_after="end", weeks="5-4-4"),
            "2016-07-31",
            (2017, "2017-Q1", "2017-P01", "2017-W05", 1, 5),
        ),
        # the first Saturday from 1 January on: 2 January 2016 and 7 January 2017, so 2016 has 53 weeks
        (
            RetailCalendar(fiscal_month=1, first_weekday="saturday", begins="after"),
            "2017-01-06",
            (2016, "2016-Q4", "2016-P12", "2016-W53", 12, 53),
        ),
    ],
)
def test_a_day_belongs_to_the_fiscal_period_that_the_settings_say(
    retail: RetailCalendar, day: str, expected: tuple[object, ...]
) -> None:
    engine = DuckEngine.open(None, threads=1)
    keep_retail_calendar(engine, retail)
    engine.execute(statement("crm_analytics.warehouse", "dim_date"), {"first_year": 2016, "last_year": 2018})
    columns = "retail_year, retail_quarter, retail_period, retail_week, retail_period_no, retail_week_no"
    assert engine.rows(f"SELECT {columns} FROM dim_date WHERE date = DATE '{day}'") == [expected]
    engine.close()
