"""Dates and half-open windows.

`as_of` is the first day that is *not* looked at: everything before it is known,
nothing on or after it is.  A window is `[start, end)`, so that windows that
meet neither overlap nor leave a gap.

May import: errors.   Imported by: config, warehouse, olap, features, campaigns, project.
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from crm_analytics.errors import DataError

# Days outside this range are typing errors: one of them would stretch the calendar by millennia.
FIRST_YEAR, LAST_YEAR = 1900, 2199

_NAMED = re.compile(r"(?P<year>\d{4})(?:-(?:Q(?P<quarter>[1-4])|W(?P<week>\d\d)|(?P<month>\d\d)(?:-(?P<day>\d\d))?))?")


@dataclass(frozen=True, slots=True)
class Window:
    """The days `start <= day < end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise DataError(f"a window must end after it starts, got {self.start} to {self.end}")

    @property
    def days(self) -> int:
        """Length in days."""
        return (self.end - self.start).days


def parse_date(text: str, what: str = "date") -> date:
    """`2017-10-01` as a date.

    Raises
    ------
    DataError : anything that is not a calendar day in ISO form, or a year that no customer lives in.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{what}: {text!r} is not a day such as 2017-10-01") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise DataError(f"{what}: {text} is outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


def after(as_of: date, days: int) -> Window:
    """The `days` days from `as_of` on; only `features.labels` looks at such a window."""
    return Window(as_of, as_of + timedelta(days=days))


def parse_window(text: str, what: str = "period") -> Window:
    """The days of a year, quarter, month, ISO week or day, or of a range of them with both ends in.

    Examples
    --------
    >>> parse_window("2017-Q2")
    Window(start=datetime.date(2017, 4, 1), end=datetime.date(2017, 7, 1))
    >>> parse_window("2017-W01")
    Window(start=datetime.date(2017, 1, 2), end=datetime.date(2017, 1, 9))
    >>> parse_window("2017-04-03..2017-05").days
    59

    Raises
    ------
    DataError : it is none of these, or the range ends before it starts.
    """
    first, dots, last = text.strip().partition("..")
    start = _named_window(first.strip(), text, what)
    end = _named_window(last.strip(), text, what).end if dots else start.end
    if end <= start.start:
        raise DataError(f"{what}: {text!r} ends before it starts")
    return Window(start.start, end)


def _named_window(name: str, text: str, what: str) -> Window:
    found = _NAMED.fullmatch(name)
    try:
        window = _of_calendar(int(found["year"]), found["quarter"], found["week"], found["month"]) if found else None
        if found and found["day"]:
            day = date.fromisoformat(name)
            window = Window(day, day + timedelta(days=1))
    except ValueError:
        window = None
    if window is None:
        kinds = "2017, 2017-Q2, 2017-04, 2017-W14, 2017-04-01 or a range such as 2017-04-01..2017-06-30"
        raise DataError(f"{what}: {text!r} is not a period; write it like {kinds}")
    if window.start.year < FIRST_YEAR or window.end.year > LAST_YEAR + 1:
        raise DataError(f"{what}: {text} is outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return window


def _of_calendar(year: int, quarter: str | None, week: str | None, month: str | None) -> Window:
    if week:
        start = date.fromisocalendar(year, int(week), 1)
        return Window(start, start + timedelta(days=7))
    months = 3 if quarter else 1 if month else 12
    first = 3 * int(quarter) - 2 if quarter else int(month or 1)
    over = first + months - 1
    return Window(date(year, first, 1), date(year + over // 12, over % 12 + 1, 1))
