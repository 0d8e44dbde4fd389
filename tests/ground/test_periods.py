from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.errors import DataError
from crm_analytics.periods import Window, after, parse_date, parse_window


@given(st.dates(max_value=date(9000, 1, 1)), st.integers(1, 2000))
def test_the_window_after_a_day_begins_with_it_and_has_that_many_days(as_of: date, days: int) -> None:
    window = after(as_of, days)
    assert (window.start, window.days) == (as_of, days)
    assert window.end == as_of + timedelta(days=days)  # the first day that does not belong to it


@pytest.mark.parametrize("end", [date(2017, 1, 1), date(2016, 12, 31)])
def test_a_window_must_end_after_it_starts(end: date) -> None:
    with pytest.raises(DataError, match=rf"a window must end after it starts, got 2017-01-01 to {end}"):
        Window(date(2017, 1, 1), end)


def test_no_days_are_no_window() -> None:
    with pytest.raises(DataError, match="must end after it starts"):
        after(date(2017, 1, 1), 0)


def test_a_day_is_read() -> None:
    assert parse_date("2016-02-29") == date(2016, 2, 29)


@pytest.mark.parametrize("text", ["2017-02-29", "29.02.2016", "2017-1-1", "", "today", "2017-01-01 10:00"])
def test_what_is_no_day_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_date(text, "as_of")
    assert str(caught.value) == f"as_of: {text!r} is not a day such as 2017-10-01"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2016", date(2016, 1, 1), date(2017, 1, 1)),
        ("2016-Q4", date(2016, 10, 1), date(2017, 1, 1)),
        ("2016-02", date(2016, 2, 1), date(2016, 3, 1)),
        ("2016-12", date(2016, 12, 1), date(2017, 1, 1)),
        ("2015-W53", date(2015, 12, 28), date(2016, 1, 4)),
        ("2016-02-29", date(2016, 2, 29), date(2016, 3, 1)),
        ("2016-02-28..2016-03-01", date(2016, 2, 28), date(2016, 3, 2)),  # both ends are in
        ("2016-Q1 .. 2016-04", date(2016, 1, 1), date(2016, 5, 1)),
    ],
)
def test_a_period_is_read_as_its_days(text: str, start: date, end: date) -> None:
    assert parse_window(text) == Window(start, end)


@pytest.mark.parametrize(
    "text", ["", "Q2", "2017-Q5", "2016-W53", "2017-13", "2017-00", "2017-W00", "20170401", "2017-02-30", ".."]
)
def test_what_is_no_period_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(DataError, match=r"from: .* is not a period; write it like 2017, 2017-Q2, 2017-04, 2017-W14"):
        parse_window(text, "from")


def test_a_range_must_not_end_before_it_starts() -> None:
    with pytest.raises(DataError, match=r"'2017-05\.\.2017-04' ends before it starts"):
        parse_window("2017-05..2017-04")
    with pytest.raises(DataError, match="is outside the years 1900 to 2199"):
        parse_window("1850")
