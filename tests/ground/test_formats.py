from datetime import date, datetime
from decimal import Decimal

import pytest

from crm_analytics.formats import FORMATS, MISSING, format_value, unit

CASES: list[tuple[object, str, str]] = [
    (Decimal("4596039.58"), "money", "4,596,039.58"),
    (-0.005, "money", "-0.01"),
    (1469307, "count", "1,469,307"),
    (2.6, "days", "3"),
    (0.1234, "percent", "12.3 %"),
    (1, "percent", "100.0 %"),
    (1.23456, "ratio", "1.235"),
    (1234, "number", "1,234"),
    (1234.5, "number", "1,234.50"),
    (2017, "text", "2017"),  # a year is no amount
    (float("nan"), "money", MISSING),
    (Decimal("NaN"), "money", MISSING),
    (float("inf"), "ratio", "inf"),
    (None, "money", MISSING),
    (True, "count", "yes"),
    (False, "text", "no"),
    (date(2017, 1, 2), "date", "2017-01-02"),
    (datetime(2017, 1, 2, 3, 4, 5), "date", "2017-01-02 03:04"),
    ("tea", "text", "tea"),
    ("", "text", ""),
]


@pytest.mark.parametrize(("value", "fmt", "shown"), CASES, ids=str)
def test_a_value_is_written_for_people(value: object, fmt: str, shown: str) -> None:
    assert format_value(value, fmt) == shown


@pytest.mark.parametrize("fmt", FORMATS)
def test_nothing_is_a_dash_in_every_format(fmt: str) -> None:
    assert format_value(None, fmt) == MISSING
    assert format_value(float("nan"), fmt) == MISSING


def test_units_stand_beside_names_only_where_a_number_needs_one() -> None:
    assert {fmt: unit(fmt, "USD") for fmt in FORMATS if unit(fmt, "USD")} == {
        "money": "USD",
        "percent": "%",
        "days": "days",
    }
