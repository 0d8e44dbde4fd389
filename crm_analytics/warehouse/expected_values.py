"""What may stand behind each test of quality.yml, and the sentence for what may not.

May import: nothing of ours.   Imported by: warehouse.expectations.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any

Given = int | float | str | bool | date | None


def kind_of(value: object) -> str:
    """'number', 'day', 'text' or 'yes or no'; '' for what no column of the star holds."""
    match value:
        case bool():
            return "yes or no"
        case int() | float():
            return "number" if isfinite(value) else ""
        case datetime():
            return ""
        case date():
            return "day"
        case str():
            return "text"
        case _:
            return ""


def _between(value: Any) -> str:
    if not isinstance(value, list) or len(value) != 2:
        return f"needs the lowest and the highest value, such as [0, 100], got {value!r}"
    kinds = {kind_of(bound) for bound in value if bound is not None}
    if kinds not in ({"number"}, {"day"}):
        return f"needs two numbers or two days, or null for no bound, got {value!r}"
    if None not in value and value[0] > value[1]:
        return f"nothing lies between {value[0]} and {value[1]}; the lower bound stands first"
    return ""


def _in(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return f"needs a list, such as [store, web], got {value!r}"
    kinds = {kind_of(one) for one in value}
    if "yes or no" in kinds and len(kinds) > 1:
        return f"YAML reads a bare yes, no, on and off as true and false; put quotes around them, got {value!r}"
    if len(kinds) > 1 or "" in kinds:
        return f"needs values of one kind: texts, numbers, days, or true and false, got {value!r}"
    return ""


def _text(value: Any) -> str:
    return "" if isinstance(value, str) and value.strip() else f"must be text, got {value!r}"


def _true(value: Any) -> str:
    return "" if value is True else f"can only be true; leave the line out otherwise, got {value!r}"


def _share(value: Any) -> str:
    if kind_of(value) == "number" and 0 < value <= 1:
        return ""
    return f"needs a share above 0 and up to 1, such as 0.95, got {value!r}"


def _columns(value: Any) -> str:
    names = value if isinstance(value, list) else [value]
    if names and all(isinstance(name, str) and name for name in names) and len(set(names)) == len(names):
        return ""
    return f"needs a column, or a list of columns that are unique together, got {value!r}"


def _days(value: Any) -> str:
    return "" if type(value) is int and value >= 0 else f"needs a whole number of days, got {value!r}"


def _times(value: Any) -> str:
    if (fault := _between(value)) or {kind_of(bound) for bound in value} - {"number", ""}:
        return fault or f"needs two numbers, such as [0.5, 2], got {value!r}"
    return "" if all(bound is None or bound >= 0 for bound in value) else f"needs no number below 0, got {value!r}"


def _loads(value: Any) -> str:
    return "" if type(value) is int and value >= 1 else f"needs a number of loads, 1 or more, got {value!r}"


FAULTS: Mapping[str, Callable[[Any], str]] = {
    "between": _between,
    "in": _in,
    "matches": _text,
    "not_future": _true,
    "filled_share": _share,
    "known_share": _share,
    "share": _share,
    "sql": _text,
    "unique": _columns,
    "fresh_within_days": _days,
    "rows_within": _times,
    "of_last": _loads,
}
