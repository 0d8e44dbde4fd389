"""Values, labels and times out of a frame, as Plotly wants them.

Not arithmetic: a value is passed on, worded, or put in its place in a grid.

May import: formats.   Imported by: charts.
"""

import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from textwrap import wrap

import polars as pl

from crm_analytics.formats import format_value, unit

NO_MEMBER = "(none)"
LINE_LENGTH = 18

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-\d{2}")
_OTHER_PERIOD = re.compile(r"\d{4}(-?[QW]\d{1,2})?")


def plain(value: object) -> str:
    """`value` as text that Plotly shows as it stands: it reads `<b>` and `&amp;` in labels as HTML."""
    text = NO_MEMBER if value is None else str(value)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def labels(values: Sequence[object]) -> list[str]:
    """Tick labels of several members: two short lines at most, so that a phone keeps room for the picture.

    The whole text stands in the hover and in the table.  Each label is
    different, for Plotly would put equal ones on one mark.
    """
    out: dict[str, None] = {}
    for value in values:
        text = NO_MEMBER if value is None else str(value)
        cut = "<br>".join(map(plain, wrap(text, LINE_LENGTH, max_lines=2, placeholder="…")))
        while cut in out:
            # A zero-width space tells two equal labels apart for Plotly, and not for the eye.
            cut += "\u200b"
        out[cut] = None
    return list(out)


def number(value: object) -> float | int | None:
    """`value` as a number that JSON has: nothing for null, NaN and infinity."""
    match value:
        case bool() | None:
            return None
        case int():
            return value
        case float() | Decimal():
            as_float = float(value)
            return as_float if abs(as_float) < float("inf") else None
        case _:
            return None


def numbers(frame: pl.DataFrame, column: str) -> list[float | int | None]:
    """A column as numbers; an unknown name is Polars' own error."""
    return [number(value) for value in frame[column]]


def quantity(value: object, fmt: str, currency: str = "") -> str:
    """A number with its unit, for a sentence or a hover: '1,234.50 USD', '12.3 %', '30 days', never broken in two."""
    text = format_value(value, fmt, currency)
    if number(value) is None:
        return text
    # `format_value` writes the % itself.
    sign = "" if fmt == "percent" else unit(fmt, currency)
    return f"{text} {sign}".rstrip().replace(" ", "\u00a0")


def with_unit(title: str, fmt: str, currency: str = "") -> str:
    """A title that says its unit: 'Revenue, USD'."""
    sign = unit(fmt, currency)
    return plain(f"{title}, {sign}" if sign else title)


def hovers(names: Sequence[object], facts: Sequence[tuple[str, Sequence[object], str]], currency: str) -> list[str]:
    """One hover text a mark: its name in bold, then each fact as (title, values, format) with its unit."""
    return [
        "<br>".join(
            [
                f"<b>{plain(name)}</b>",
                *(f"{plain(title)}: {plain(quantity(values[i], fmt, currency))}" for title, values, fmt in facts),
            ]
        )
        for i, name in enumerate(names)
    ]


def times(values: Sequence[object], name: str) -> tuple[str, list[str]] | None:
    """The kind ('month', 'date' or 'category') and the values of a time-like dimension; nothing if it is not one.

    Days and months stand on a date axis, where a gap in time shows as a gap.
    Weeks, quarters and years keep their own names, in the order of the rows.
    """
    present = [value for value in values if value is not None]
    if not present or len(present) < len(values):
        return None
    if all(isinstance(value, date) for value in present):  # a datetime is a date
        return "date", [value.isoformat() for value in present if isinstance(value, date | datetime)]
    texts = [str(value) for value in present]
    if all(_DAY.fullmatch(text) for text in texts):
        return "date", texts
    if all(_MONTH.fullmatch(text) for text in texts):
        return "month", [f"{text}-01" for text in texts]
    named_for_time = name.rsplit(".", 1)[-1].endswith(("year", "quarter", "week"))
    if all(_OTHER_PERIOD.fullmatch(text) for text in texts) and (named_for_time or "-" in texts[0]):
        return "category", texts
    return None


def grid(
    frame: pl.DataFrame, row: str, column: str, value: str
) -> tuple[list[object], list[object], list[list[object]]]:
    """A pivot in the order of first appearance: row members, column members, and values[row][column]."""
    cells = {(r, c): v for r, c, v in frame.select(row, column, value).iter_rows()}
    rows = list(dict.fromkeys(frame[row]))
    columns = list(dict.fromkeys(frame[column]))
    return rows, columns, [[cells.get((r, c)) for c in columns] for r in rows]
