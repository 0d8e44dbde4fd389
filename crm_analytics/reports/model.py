"""What a report is made of: words, tables and figures that are ready to be shown.

Not a template and not a query: a `Report` is complete when it is made, and
`reports.html` only writes it down.

May import: charts, formats, errors.   Imported by: reports, project.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from crm_analytics.charts import Figure
from crm_analytics.errors import DataError, UnknownName
from crm_analytics.formats import FORMATS, unit

NEEDS_UNIT = ("number", "ratio")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its name in the frame, its heading, and how its values are written.

    `unit` is for what `fmt` does not tell ("×", "items"); a number or ratio
    must have one, for a bare 0.73 in a report could be anything.  `detail`
    names a second column whose text stands small below each value.  `worded`
    is for numbers that are text already, because their unit changes from row
    to row.
    """

    name: str
    title: str
    fmt: str = "text"
    unit: str = ""
    detail: str = ""
    worded: bool = False

    def __post_init__(self) -> None:
        if self.fmt not in FORMATS:
            raise UnknownName(f"column {self.name!r}", "format", self.fmt, FORMATS)
        if self.fmt in NEEDS_UNIT and not self.unit:
            raise DataError(f"column {self.name!r}: a {self.fmt} in a report needs its unit")

    @property
    def is_number(self) -> bool:
        """Whether the values stand at the right."""
        return self.worded or self.fmt not in ("text", "date")

    def heading(self, currency: str) -> str:
        """The title with its unit: 'Revenue, USD'.  Counts need none, their title says what is counted."""
        sign = self.unit or unit(self.fmt, currency)
        return f"{self.title}, {sign}" if sign else self.title


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """Rows under headings.

    `total_rows` are positions of rows to be set apart as totals; `groups` are
    headings in the midst of the rows, each by the position of the row that it
    stands above.  `cards`: on a phone every row becomes a card, for a table
    whose sentences matter more than the comparison down a column.
    """

    columns: tuple[Column, ...]
    rows: pl.DataFrame
    caption: str
    sql: str = ""
    total_rows: frozenset[int] = frozenset()
    groups: Mapping[int, str] = field(default_factory=dict)
    cards: bool = False

    def __post_init__(self) -> None:
        for name in (name for column in self.columns for name in (column.name, column.detail) if name):
            if name not in self.rows.columns:
                raise UnknownName(f"table {self.caption!r}", "column", name, self.rows.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number that is told before all others; a `warning` stands out among them."""

    label: str
    value: object
    fmt: str
    note: str = ""
    sql: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chart:
    """A picture; `alt` tells in one sentence what it shows to who cannot see it.

    `sql` is for a picture whose numbers no table of its section shows.
    """

    title: str
    alt: str
    figure: Figure
    sql: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One thing and what is said of it, in a list of such."""

    term: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Section:
    """One question answered: the sentence first, then picture, points and table.

    `id` is the section's address in the page: lower-case letters, digits, hyphens.
    `warning` is what must be read before anything here is acted on.
    """

    id: str
    title: str
    sentence: str
    warning: str = ""
    charts: tuple[Chart, ...] = ()
    points: tuple[Point, ...] = ()
    tables: tuple[Table, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """Everything on the page, in order."""

    title: str
    subtitle: str
    as_of: date
    currency: str
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    footnotes: tuple[str, ...] = ()
