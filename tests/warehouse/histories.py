"""What the tests of histories share: declared histories, and the versions of one customer."""

from datetime import date, datetime
from typing import Any

from crm_analytics.config import Tracked
from tests.warehouse.made import Shop

EVER, NEVER = date(1, 1, 1), date(9999, 12, 31)
DATED = {"customers": Tracked(track=("city",), changed="since")}
RETRACTABLE = {"customers": Tracked(track=("city",), changed="since", retracted="void")}
UNDATED = {"customers": Tracked(track=("city",))}
HEAD = "customer_id,since,city\n"


def spells(shop: Shop, member: str = "ann") -> list[tuple[Any, ...]]:
    """From, to and city of each version of a customer."""
    text = "SELECT valid_from, valid_to, city FROM dim_customer_history WHERE customer_id = $member ORDER BY 1"
    return shop.engine.rows(text, {"member": member})


def on(day: int) -> datetime:
    return datetime(2024, 1, day, 3, 0)


def see(shop: Shop, day: int, **cities: str) -> None:
    """Load customers who live in these cities now, on that day of January."""
    rows = "".join(f"{name},{city}\n" for name, city in cities.items())
    shop.source("crm", {"customers": f"customer_id,city\n{rows}"})
    shop.load(history=UNDATED, now=on(day))
