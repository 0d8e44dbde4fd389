"""Dates and half-open windows.

`as_of` is the first day that is *not* looked at: everything before it is known,
nothing on or after it is.  A window is `[start, end)`, so that windows that
meet neither overlap nor leave a gap.

May import: errors.   Imported by: config, warehouse, features, campaigns, project.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from crm_analytics.errors import DataError

# Days outside this range are typing errors: one of them would stretch the calendar by millennia.
FIRST_YEAR, LAST_YEAR = 1900, 2199


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
