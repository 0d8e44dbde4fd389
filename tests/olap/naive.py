"""The same questions answered slowly and plainly, row by row in Python: what the compiler is held to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from olap.shop import Contact, Sale

CUSTOMER = {
    None: {},
    "ann": {"customer_id": "ann", "region": "N", "age": "30-39", "segment": "loyal"},
    "bob": {"customer_id": "bob", "region": "S", "age": None, "segment": "loyal"},
    "eve": {"customer_id": "eve", "region": "W", "age": "40-49", "segment": None},
}
PRODUCT = {
    None: {},
    "bread": {"department": "FOOD", "category": "BAKERY", "article": "bread"},
    "milk": {"department": "FOOD", "category": "DAIRY", "article": "milk"},
    "ball": {"department": "TOYS", "category": "OUTDOOR", "article": "ball"},
    "gift": {"department": None, "category": None, "article": "gift"},
    "Others": {"department": "Others", "category": "Others", "article": "Others"},
}


@dataclass(frozen=True)
class Line:
    """One row of a fact with the members it leads to."""

    members: dict[str, object]
    amount: int
    customer: str | None
    order: str = ""


def _calendar(day: date | None) -> dict[str, object]:
    if day is None:
        return {}
    return {"date.month": f"{day:%Y-%m}", "date.year": day.year, "date.date": day}


def _line(customer: str | None, article: str | None, day: date | None, amount: int, order: str) -> Line:
    members: dict[str, object] = {
        **{f"{'score' if k == 'segment' else 'customer'}.{k}": v for k, v in CUSTOMER[customer].items()},
        **{f"product.{k}": v for k, v in PRODUCT[article].items()},
        **_calendar(day),
    }
    return Line(members, amount, customer, order)


def sale_lines(sales: Iterable[Sale]) -> list[Line]:
    return [_line(customer, article, day, amount, order) for order, customer, article, day, amount in sales]


def contact_lines(contacts: Iterable[Contact]) -> list[Line]:
    return [_line(customer, None, day, minutes, "") for customer, day, _, minutes in contacts]


def total(lines: Sequence[Line]) -> int | None:
    return sum(line.amount for line in lines) if lines else None


def people(lines: Sequence[Line]) -> int:
    return len({line.customer for line in lines} - {None})


def orders(lines: Sequence[Line]) -> int:
    return len({line.order for line in lines})


Place = tuple[object, ...]


def cells(lines: Iterable[Line], by: Sequence[str], measure: Callable[[Sequence[Line]], object]) -> dict[Place, object]:
    """The measure for each combination of members that occurs; None is the unknown member."""
    groups: dict[Place, list[Line]] = {}
    for line in lines:
        groups.setdefault(tuple(line.members.get(ref) for ref in by), []).append(line)
    return {place: measure(group) for place, group in groups.items()}
