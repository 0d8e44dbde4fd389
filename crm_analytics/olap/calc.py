"""Time calculations on a measure: `revenue ytd growth 1 year`, as a value and as text.

Which days stand behind a number, and what it is held against.  Not which
calendar that is (`olap.timing`) and not SQL (`olap.spine`).

May import: errors.   Imported by: olap.measure and every module of olap that knows calculations.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast, get_args

from crm_analytics.errors import QueryError

Unit = Literal["day", "week", "month", "quarter", "year"]
Period = Literal[
    "day", "week", "month", "quarter", "year", "retail_week", "retail_period", "retail_quarter", "retail_year"
]
PERIODS: tuple[str, ...] = get_args(Period)
TO_DATE = {"ytd": "year", "qtd": "quarter", "mtd": "month", "wtd": "week"}

_SPAN = r"(\d{1,4})\s+(day|week|month|quarter|year)s?\b"
_PARTS = (
    ("ago", re.compile(rf"{_SPAN}\s+ago\b")),
    ("change", re.compile(rf"change\s+{_SPAN}")),
    ("growth", re.compile(rf"growth\s+{_SPAN}")),
    ("trailing", re.compile(rf"trailing\s+{_SPAN}")),
    ("to_date", re.compile(rf"({'|'.join(TO_DATE)})\b")),
    ("to_date", re.compile(rf"to_date\s+({'|'.join(PERIODS)})\b")),
    ("cumulative", re.compile(r"cumulative\b")),
    ("over", re.compile(r"over\s+([a-z]\w*)")),
)
EXAMPLES = "'1 year ago', 'change 1 month', 'growth 1 year', 'ytd', 'trailing 90 days', 'cumulative', 'over closed'"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time: `3 months`."""

    n: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.n} {self.unit}{'' if self.n == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Window:
    """The days behind a number, up to the last day of its period.

    `to_date`: from the first day of this period; `trailing`: that long; neither: from the first day there is.
    """

    to_date: str = ""
    trailing: Span | None = None

    def __str__(self) -> str:
        if self.trailing:
            return f"trailing {self.trailing}"
        short = {period: word for word, period in TO_DATE.items()}
        return short.get(self.to_date, f"to_date {self.to_date}") if self.to_date else "cumulative"


@dataclass(frozen=True, slots=True)
class How:
    """Which rows are taken for a period: its own, those of a window that ends with it, those of as long ago.

    `over` names the role of the calendar that is meant; empty: that of the question.
    """

    window: Window | None = None
    shifts: tuple[Span, ...] = ()
    over: str = ""

    def __bool__(self) -> bool:
        return self.window is not None or bool(self.shifts)

    def __str__(self) -> str:
        parts = [str(self.window)] if self.window else []
        parts += [f"{span} ago" for span in self.shifts]
        return " ".join([*parts, f"over {self.over}"] if self.over and parts else parts)

    def of(self, inner: "How") -> "How":
        """Both at once, of a number that is itself taken as `inner` says: the window first, then all shifts."""
        if self.window and inner.window:
            raise QueryError(f"'{inner.window}' and '{self.window}' exclude each other: one window to a number")
        if self.over and inner.over and self.over != inner.over:
            raise QueryError(f"a number cannot follow two calendars at once, {inner.over!r} and {self.over!r}")
        return How(self.window or inner.window, (*inner.shifts, *self.shifts), self.over or inner.over)


PLAIN = How()


@dataclass(frozen=True, slots=True)
class Calc:
    """A calculation on the measure `of`: its value taken `how`, or held `against` the same as long ago.

    `relative` gives the change as a share of the earlier value.
    """

    of: str
    how: How = PLAIN
    against: Span | None = None
    relative: bool = False

    @property
    def before(self) -> How:
        """How the earlier value is taken."""
        assert self.against
        return How(shifts=(self.against,), over=self.how.over).of(How(self.how.window, self.how.shifts))

    def __str__(self) -> str:
        parts = [str(How(self.how.window, self.how.shifts))] if self.how else []
        if self.against:
            parts.append(f"{'growth' if self.relative else 'change'} {self.against}")
        return " ".join([*parts, f"over {self.how.over}"] if self.how.over else parts)


def read_span(text: str) -> Span | None:
    """`3 months`; None where it is none."""
    found = re.fullmatch(rf"\s*{_SPAN}\s*", text)
    return _span(found[1], found[2]) if found else None


def calc_ends(text: str, start: int) -> int:
    """Where the calculation ends that begins at `start`; `start` where none does."""
    for _, found in _parts(text, start):
        start = found.end()
    return start


def parse_calc(ref: str) -> tuple[str, Calc]:
    """`revenue ytd growth 1 year` as the name of the measure and the calculation.

    Raises
    ------
    QueryError : what follows the name is no calculation, or says one thing twice.
    """
    text = ref.strip()
    name = text.split()[0]
    window: Window | None = None
    shifts: tuple[Span, ...] = ()
    against: Span | None = None
    relative = False
    over, end = "", len(name)
    for kind, found in _parts(text, end):
        end = found.end()
        match kind:
            case "ago":
                shifts += (_span(found[1], found[2]),)
                continue
            case "over" if not over:
                over = found[1]
                continue
            case "change" | "growth" if not against:
                against, relative = _span(found[1], found[2]), kind == "growth"
                continue
            case "trailing" if not window:
                window = Window(trailing=_span(found[1], found[2]))
                continue
            case "to_date" if not window:
                window = Window(TO_DATE.get(found[1], found[1]))
                continue
            case "cumulative" if not window:
                window = Window()
                continue
        raise QueryError(f"measure {ref!r}: {found[0]!r} is one calculation too many of its kind")
    if text[end:].strip() or not (window or shifts or against):
        rest = text[end:].strip() or text[len(name) :].strip()
        raise QueryError(f"measure {ref!r}: {rest!r} is no calculation over time; such are {EXAMPLES}")
    how = How(window, shifts, over)
    return name, Calc(name.rpartition(".")[2], how, against, relative)


def _parts(text: str, start: int) -> Iterator[tuple[str, re.Match[str]]]:
    while True:
        start += len(text[start:]) - len(text[start:].lstrip())
        for kind, pattern in _PARTS:
            if found := pattern.match(text, start):
                yield kind, found
                start = found.end()
                break
        else:
            return


def _span(n: str, unit: str) -> Span:
    if int(n) < 1:
        raise QueryError(f"'{n} {unit}' is no length of time; it takes at least 1")
    return Span(int(n), cast(Unit, unit))
