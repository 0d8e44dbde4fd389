"""What the card of a customer is made of: frozen values, complete when they are made.

Money is in `currency`; times are local, as the sources gave them.

May import: campaigns.permission.   Imported by: reports.card.*, pipeline.customer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from crm_analytics.campaigns.permission import Permission

Kind = Literal["sale", "deal", "contact", "response", "consent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who it is; empty where the sources do not say.  Name, e-mail and phone are private."""

    name: str = ""
    email: str = ""
    phone: str = ""
    country: str = ""
    registered_on: date | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One thing that happened between us: an order, a deal, a contact, an answer, a consent.

    `what` is the outcome of a deal (as of the card), the kind of a contact or answer,
    `granted` or `withdrawn` of a consent, empty of an order.  Of an order `lines`,
    `amount`, `discount` and its dearest `products` are told; `amount` is also the value
    of a deal.  A time of midnight is one of which the source knows the day alone.
    """

    happened_at: datetime
    kind: Kind
    reference: str
    what: str = ""
    channel: str = ""
    direction: str = ""
    outcome: str = ""
    campaign: str = ""
    products: tuple[str, ...] = ()
    purpose: str = ""
    proof: str = ""
    store: str = ""
    opened_on: date | None = None
    lines: int | None = None
    amount: Decimal | None = None
    discount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """All interactions of one sort for the picture: when, and for sales and deals how much (else 1)."""

    name: str
    at: tuple[datetime, ...]
    size: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """All orders together.  `gap_days` is the mean between days with an order; None with fewer than two."""

    orders: int
    lines: int
    revenue: Decimal
    discount: Decimal
    first_on: date
    last_on: date
    gap_days: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """One member of a habit: in `orders` of `of_orders` orders with something bought, last at `last_at`."""

    habit: str
    member: str
    orders: int
    of_orders: int
    lines: int
    revenue: Decimal
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDiscount:
    """Shares, 0 to 1, of what was bought on discount or coupon: of the lines, of the revenue, and money off list price.

    None where nothing was bought.
    """

    line_share: float | None
    revenue_share: float | None
    money_off_share: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one model says: a number, or a word in `label`."""

    model: str
    name: str
    value: float | None
    label: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class InSegment:
    """A saved segment that the customer is in."""

    segment: str
    saved_at: datetime
    as_of: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record of a source that is part of this customer."""

    source: str
    record_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the value of a field came from."""

    field: str
    source: str
    record_id: str
    changed_at: datetime | date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPoint:
    """One way to reach the customer, as a source gave it; private."""

    kind: str
    value: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything on the card.

    `known` is False for an id that only facts bear.  `as_of` is the first day not looked
    at, None for everything loaded.  `attributes` are what the sources say of the customer
    beyond the contract; those that `private` names say who it is.  `timeline` is the latest
    first, of `interactions` in all since `since`; `lanes` hold all of them.  `notes` are
    sentences to read before anything else.
    """

    customer_id: str
    known: bool
    person: Person
    attributes: Mapping[str, object]
    private: tuple[str, ...]
    as_of: date | None
    currency: str
    orders: Orders | None
    timeline: tuple[Interaction, ...]
    interactions: int
    since: date | None
    lanes: tuple[Lane, ...]
    habits: tuple[Habit, ...]
    on_discount: OnDiscount
    everybody_on_discount: OnDiscount
    scores: tuple[Score, ...]
    segments: tuple[InSegment, ...]
    permissions: tuple[Permission, ...]
    complaint: Interaction | None
    opt_out: Interaction | None
    notes: tuple[str, ...]
    records: tuple[Record, ...]
    origins: tuple[Origin, ...]
    contact_points: tuple[ContactPoint, ...]
