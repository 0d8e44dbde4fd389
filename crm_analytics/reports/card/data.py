"""A card as plain data, for programs: what JSON has, and nothing else.

May import: reports.card.contents.   Imported by: reports.card.card.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal

from crm_analytics.reports.card.contents import Contents

# The picture holds the moments of every interaction; the timeline says the same of those that are shown.
LEFT_OUT = ("lanes",)


def as_data(card: Contents) -> dict[str, object]:
    """Every field but the picture; days and times in ISO form, money as numbers."""
    fields = {name: value for name, value in asdict(card).items() if name not in LEFT_OUT}
    return {name: _plain(value) for name, value in fields.items()}


def as_json(card: Contents) -> str:
    """The same as text, indented."""
    return json.dumps(as_data(card), indent=2, ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return {str(name): _plain(held) for name, held in value.items()}
        case list() | tuple():
            return [_plain(held) for held in value]
        case date():  # a datetime is one
            return value.isoformat()
        case Decimal():
            # As a double where that says the same; a longer number would change on its way.
            return float(value) if Decimal(str(float(value))) == value else str(value)
        case None | bool() | int() | str():
            return value
        case float():
            return value if abs(value) < float("inf") else None
        case _:
            return str(value)
