"""Calendar periods by the labels that members of a date have: `2017`, `2017-Q1`, `2017-03`, `2017-W05`.

May import: nothing.   Imported by: olap.cohorts.
"""

from datetime import date, timedelta

_MONTHS = {"year": 12, "quarter": 3, "month": 1}


def start(period: str, label: object) -> date:
    """The first day of the period with this label."""
    text = str(label)
    match period:
        case "year":
            return date(int(text), 1, 1)
        case "quarter":
            return date(int(text[:4]), 3 * int(text[-1]) - 2, 1)
        case "month":
            return date(int(text[:4]), int(text[5:]), 1)
        case _:
            return date.fromisocalendar(int(text[:4]), int(text[6:]), 1)


def later(period: str, first: date, number: int) -> date:
    """The first day of the period that begins `number` periods after the one that begins on `first`."""
    if period == "week":
        return first + timedelta(weeks=number)
    months = first.year * 12 + first.month - 1 + number * _MONTHS[period]
    return date(months // 12, months % 12 + 1, 1)
