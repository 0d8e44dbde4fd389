"""How numbers are written for people, and the unit that goes with each.

Tables, charts and the report share these, so that a number reads the same
wherever it stands.  Files for machines (CSV, Parquet) carry the bare value.

May import: nothing.   Imported by: olap, charts, exports, reports, notebook, cli.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

Format = Literal["money", "count", "number", "percent", "days", "ratio", "date", "text"]
FORMATS: tuple[str, ...] = get_args(Format)

MISSING = "–"


def format_value(value: object, fmt: str, currency: str = "") -> str:
    """`value` as people read it; a dash for nothing.

    Examples
    --------
    >>> format_value(1234.5, "money", "USD")
    '1,234.50'
    >>> format_value(0.1234, "percent")
    '12.3 %'
    >>> format_value(None, "count")
    '–'
    """
    match value:
        case None:
            return MISSING
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal():
            return MISSING if value != value else _number(value, fmt)
        case datetime():
            return value.isoformat(sep=" ", timespec="minutes")
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _number(value: int | float | Decimal, fmt: str) -> str:
    match fmt:
        case "money":
            return f"{value:,.2f}"
        case "count" | "days":
            return f"{value:,.0f}"
        case "percent":
            return f"{float(value) * 100:,.1f} %"
        case "ratio":
            return f"{value:,.3f}"
        case "text" | "date":
            return str(value)
        case _:
            return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def unit(fmt: str, currency: str = "") -> str:
    """The unit to write beside a name: '' where the number needs none."""
    return {"money": currency, "percent": "%", "days": "days"}.get(fmt, "")
