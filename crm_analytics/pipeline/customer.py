"""`crm customer`: the card of one customer, put together from what the star says of them.

May import: errors, config, engines, warehouse, features, campaigns, reports,
pipeline.customer_timeline.   Imported by: project.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import date, datetime, time
from typing import Any

from crm_analytics.campaigns.permission import ADDRESS, UNKNOWN, Permission, permissions
from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import DataError, UnknownName
from crm_analytics.features import card as asked
from crm_analytics.features import card_habits as habits
from crm_analytics.features.card import FAR_AHEAD, Row, Whose
from crm_analytics.pipeline import customer_timeline as timeline
from crm_analytics.reports.card.card import Card
from crm_analytics.reports.card.contents import (
    ContactPoint,
    Habit,
    InSegment,
    OnDiscount,
    Orders,
    Origin,
    Person,
    Record,
    Score,
)
from crm_analytics.warehouse.consents import consents_as_of, keeps_consents
from crm_analytics.warehouse.private import is_private, looks_private

__all__ = ["LAST", "Card", "customer_card"]

LAST = 20
PRODUCTS = "dim_product"
OWN_FIELDS = ("customer_key", "customer_id", "name", "email", "phone", "country", "registered_on")
BOOKKEEPING = ("source", "part_key", "load_id")
NOT_KNOWN = "dim_customer has no customer of this id; here is what the facts say that name it"


def customer_card(
    engine: Engine,
    config: ProjectConfig,
    customer_id: str,
    now: datetime,
    as_of: date | None = None,
    since: date | None = None,
    last: int = LAST,
) -> Card:
    """The card of a customer, or of an id that only facts bear.

    Parameters
    ----------
    now   : the moment as of which consent is told, where `as_of` is None
    as_of : first day not looked at; None for everything loaded, also what came after the last sale
    since : first day on the timeline and its picture; all else looks at all days
    last  : how many interactions the timeline shows at most, the latest ones

    Raises
    ------
    DataError : no customer and no fact has this id, with the nearest ids; `last` is negative.
    UnknownName : the `item` of crm.yml is no column of dim_product.
    """
    if last < 0:
        raise DataError(f"last: needs 0 or more interactions, got {last}")
    present = engine.tables()
    whose, row, notes = _found(engine, customer_id, present)
    attributes = {n: v for n, v in row.items() if v is not None and n not in (*OWN_FIELDS, *BOOKKEEPING)}
    before = as_of or FAR_AHEAD
    lines = asked.lines_of(engine, whose, _item(engine, config.item), before, present)
    events = asked.events_of(engine, whose, before, present)
    happened = timeline.latest_first([*timeline.of_orders(habits.orders(lines)), *timeline.of_events(events)])
    shown = [it for it in happened if since is None or it.happened_at.date() >= since]
    return Card(
        customer_id=whose.customer_id,
        known=bool(row),
        person=_person(row),
        attributes=attributes,
        private=tuple(name for name, value in attributes.items() if is_private(name) or looks_private(str(value))),
        as_of=as_of,
        currency=config.currency,
        orders=Orders(**total) if (total := habits.totals(lines)) else None,
        timeline=tuple(shown[:last]),
        interactions=len(shown),
        since=since,
        lanes=timeline.lanes(shown),
        habits=tuple(Habit(**it) for it in habits.habits(lines, config.item).iter_rows(named=True)),
        on_discount=_on_discount(habits.bought(lines)),
        everybody_on_discount=_on_discount(asked.everybody(engine, before, present)),
        complaint=timeline.last_complaint(happened),
        opt_out=timeline.last_opt_out(happened),
        permissions=_permissions(engine, config, whose, row, datetime.combine(as_of, time.min) if as_of else now),
        notes=notes,
        **_kept(engine, whose, before, present),
    )


def _found(engine: Engine, customer_id: str, present: Collection[str]) -> tuple[Whose, Row, tuple[str, ...]]:
    """Who is meant, their row of dim_customer (empty where there is none), and what to say of how they were found."""
    wanted = customer_id.strip()
    if row := asked.customer_row(engine, wanted):
        return _whose(row), row, ()
    golden = asked.golden_ids(engine, wanted, present)
    if len(golden) == 1 and (row := asked.customer_row(engine, golden[0])):
        return _whose(row), row, (f"asked for record {wanted}, which is part of customer {golden[0]}",)
    if len(golden) > 1:
        raise DataError(f"record {wanted!r} is part of several customers; ask for one: {', '.join(golden)}")
    if asked.is_named_by_facts(engine, wanted, present):
        return Whose(wanted, 0), {}, (NOT_KNOWN,)
    raise _nobody(engine, wanted)


def _nobody(engine: Engine, wanted: str) -> DataError:
    # An address or a name that somebody tried must not end up in a log.
    called = "no customer has that id" if "@" in wanted or " " in wanted else f"no customer has the id {wanted!r}"
    near = [] if "@" in wanted else asked.near_ids(engine, wanted)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return DataError(f"{called}, and no fact names it.{hint}")


def _whose(row: Row) -> Whose:
    return Whose(str(row["customer_id"]), int(str(row["customer_key"])))


def _item(engine: Engine, item: str) -> str:
    known = engine.columns(PRODUCTS)
    if item not in known:
        raise UnknownName(PRODUCTS, "product attribute", item, known)
    return item


def _person(row: Mapping[str, Any]) -> Person:
    texts = {name: str(row.get(name) or "") for name in ("name", "email", "phone", "country", "source")}
    return Person(**texts, registered_on=row.get("registered_on"))


def _on_discount(bought: Row) -> OnDiscount:
    """The shares of what was bought; None of nothing."""
    lines, revenue, discount = (bought[name] or 0 for name in ("lines", "revenue", "discount"))
    return OnDiscount(
        line_share=float(bought["discounted_lines"] / lines) if lines else None,
        revenue_share=float(bought["discounted_revenue"] / revenue) if revenue > 0 else None,
        money_off_share=float(discount / (revenue + discount)) if revenue + discount > 0 else None,
    )


def _permissions(engine: Engine, config: ProjectConfig, whose: Whose, row: Row, at: datetime) -> tuple[Permission, ...]:
    if not whose.customer_key:
        return tuple(Permission(channel=channel, may=False, why=UNKNOWN) for channel in config.channels)
    words = consents_as_of(engine, at, config.marketing_purpose, whose.customer_id).to_dicts()
    addresses = [ADDRESS[channel] for channel in ("email", "phone") if row.get(channel)]
    # A register that was loaded is looked at, whatever crm.yml says of it.
    return permissions(words, config.consent == "required" or keeps_consents(engine), addresses)


def _kept(engine: Engine, whose: Whose, before: date, present: Collection[str]) -> dict[str, Any]:
    """What others keep beside the customer: models, saved segments, and the sources they were put together from."""
    identity = asked.identity_of(engine, whose, present)
    of = {
        "scores": (Score, asked.scores_of(engine, whose, before, present)),
        "segments": (InSegment, asked.segments_of(engine, whose, present)),
        "records": (Record, identity["customer_identity"]),
        "origins": (Origin, identity["customer_golden_source"]),
        "contact_points": (ContactPoint, identity["customer_contact_point"]),
    }
    # By name: a table may have more columns than the card shows.
    return {
        name: tuple(kind(**{f.name: row[f.name] for f in fields(kind)}) for row in rows)
        for name, (kind, rows) in of.items()
    }
