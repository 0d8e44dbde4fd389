"""From the frames of one customer to interactions, and to the lanes of their picture.

May import: reports.   Imported by: pipeline.customer.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl

from crm_analytics.reports.card.contents import Interaction, Lane

# In the order in which they stand below each other.
LANES = ("Orders", "Deals", "We spoke", "They spoke", "Answers", "Consents")


def of_orders(orders: pl.DataFrame) -> Iterator[Interaction]:
    """One interaction an order; the frame is that of `features.card_habits.orders`."""
    for row in orders.iter_rows(named=True):
        yield Interaction(
            happened_at=row["happened_at"],
            kind="sale",
            reference=row["order_id"],
            channel=row["channel"] or "",
            campaign=row["campaign"] or "",
            store=row["store"] or "",
            products=tuple(row["products"]),
            lines=row["lines"],
            amount=row["revenue"],
            discount=row["discount"],
        )


def of_events(events: pl.DataFrame) -> Iterator[Interaction]:
    """One interaction an event; the frame is that of `features.card.events_of`."""
    for row in events.iter_rows(named=True):
        yield Interaction(
            happened_at=row["happened_at"],
            kind=row["kind"],
            reference=row["reference"],
            what=row["what"],
            channel=row["channel"] or "",
            direction=row["direction"] or "",
            outcome=row["outcome"] or "",
            campaign=row["campaign"] or "",
            products=(row["product"],) if row["product"] else (),
            purpose=row["purpose"] or "",
            proof=row["proof"] or "",
            opened_on=row["opened_on"],
            amount=row["amount"],
        )


def latest_first(interactions: Sequence[Interaction]) -> list[Interaction]:
    """By time, those of one moment by kind and id, so that the order does not depend on how they were read."""
    return sorted(sorted(interactions, key=lambda it: (it.kind, it.reference)), key=_time, reverse=True)


def lanes(interactions: Sequence[Interaction]) -> tuple[Lane, ...]:
    """The lanes that hold anything; the size of an order or deal is its amount."""
    held: dict[str, list[Interaction]] = {name: [] for name in LANES}
    for it in interactions:
        held[_lane(it)].append(it)
    return tuple(
        Lane(
            name=name,
            at=tuple(it.happened_at for it in found),
            size=tuple(1.0 if it.amount is None else float(it.amount) for it in found),
        )
        for name, found in held.items()
        if found
    )


def last_complaint(interactions: Sequence[Interaction]) -> Interaction | None:
    """The latest of `interactions`, the latest first, that complains: as a contact of theirs, or as an answer."""
    kinds = ("contact", "response")
    complaints = (
        it for it in interactions if it.what == "complaint" and it.kind in kinds and it.direction != "outbound"
    )
    return next(complaints, None)


def last_opt_out(interactions: Sequence[Interaction]) -> Interaction | None:
    """The latest that says no: an opt-out, or a consent taken back."""
    return next((it for it in interactions if (it.kind, it.what) in _NO), None)


_NO = {("response", "opt_out"), ("consent", "withdrawn")}


def _lane(it: Interaction) -> str:
    match it.kind:
        case "sale":
            return "Orders"
        case "deal":
            return "Deals"
        case "contact":
            return "They spoke" if it.direction == "inbound" else "We spoke"
        case "response":
            return "Answers"
        case _:
            return "Consents"


def _time(it: Interaction) -> Any:
    return it.happened_at
