"""One thing of a card in words: an interaction, a habit, a score, a share.

May import: formats, reports.card.contents.   Imported by: reports.card.text, reports.card.html.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from crm_analytics.formats import format_value
from crm_analytics.reports.card.contents import Contents, Habit, Interaction, OnDiscount, Person, Score

MAY = {True: "yes", False: "no", None: "ask first"}
DIRECTIONS = {"outbound": "we: ", "inbound": "they: "}
PROBABILITIES = ("churn_risk", "p_alive")
LEAST_SAID = 0.005  # "0 %" would promise too much


def when(at: datetime | date) -> str:
    """The day, and the time where the source knew one."""
    if isinstance(at, datetime) and (at.hour or at.minute or at.second):
        return f"{at:%Y-%m-%d %H:%M}"
    return f"{at:%Y-%m-%d}"


def money(amount: Decimal | float, currency: str) -> str:
    """`1,234.50 EUR`."""
    return f"{format_value(amount, 'money')} {currency}".rstrip()


def share(value: float | None) -> str:
    """`42 %`, or a dash for nothing."""
    return format_value(value, "percent") if value is None else f"{value * 100:.0f} %"


def count(number: int, one: str, many: str = "") -> str:
    """`1 order`, `1,207 orders`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def sentence(it: Interaction, currency: str) -> str:
    """What happened, without its time, kind and channel."""
    match it.kind:
        case "sale":
            said = list(_sale(it, currency))
        case "deal":
            said = list(_deal(it, currency))
        case "contact":
            said = [DIRECTIONS.get(it.direction, "") + it.what, it.outcome]
        case "response":
            said = [it.what.replace("_", "-"), *it.products]
        case _:
            said = [f"{it.what} for {it.purpose}", it.proof]
    said.append(f"campaign {it.campaign}" if it.campaign else "")
    return ", ".join(filter(None, said))


def _sale(it: Interaction, currency: str) -> Iterator[str]:
    yield f"{money(it.amount or Decimal(0), currency)} for {count(it.lines or 0, 'line')}"
    if it.discount:
        yield f"{format_value(it.discount, 'money')} off"
    if it.store:
        yield f"store {it.store}"
    if it.products:
        yield " + ".join(it.products)


def _deal(it: Interaction, currency: str) -> Iterator[str]:
    yield it.what + (f" because of {it.outcome}" if it.outcome else "")
    yield money(it.amount or Decimal(0), currency)
    yield from it.products
    if it.opened_on and it.opened_on < it.happened_at.date():
        days = (it.happened_at.date() - it.opened_on).days
        yield f"{count(days, 'day')} after it was opened"


def orders(card: Contents) -> str:
    """All orders in one clause."""
    if card.orders is None:
        return "no orders"
    o = card.orders
    span = f"on {o.first_on}" if o.first_on == o.last_on else f"from {o.first_on} to {o.last_on}"
    every = "" if o.gap_days is None else f", one every {o.gap_days:,.0f} days"
    return f"{count(o.orders, 'order')} of {money(o.revenue, card.currency)} {span}{every}"


def who(person: Person) -> list[str]:
    """What is known of the person, each part by itself."""
    since = f"registered {person.registered_on}" if person.registered_on else ""
    return [part for part in (person.name, person.email, person.phone, person.country, since) if part]


def attributes(card: Contents) -> str:
    """What the sources say beyond the contract: `income: 35-49K, age: 65+`."""
    return ", ".join(f"{plain(name)}: {value}" for name, value in card.attributes.items())


def plain(name: str) -> str:
    """A column's name as people write it."""
    return name.replace("_", " ")


def permissions(card: Contents) -> list[tuple[str, bool | None, str]]:
    """Channels, whether they may be used, and why: those that follow each other and have the same answer as one."""
    same = groupby(card.permissions, key=lambda it: (it.may, it.why))
    return [(", ".join(it.channel for it in those), may, why) for (may, why), those in same]


def objections(card: Contents) -> list[str]:
    """The last complaint, and the last word against being contacted."""
    said = []
    if it := card.complaint:
        said.append(_objection("complained", it, it.outcome))
    if it := card.opt_out:
        against = f"took consent back for {it.purpose}" if it.kind == "consent" else "opted out"
        said.append(_objection(against, it, it.campaign))
    return said


def _objection(what: str, it: Interaction, more: str) -> str:
    through = f" ({it.channel})" if it.channel else ""
    return f"last {what} on {it.happened_at:%Y-%m-%d}{through}" + (f": {more}" if more else "")


def habit(it: Habit) -> str:
    """`12 of 23 orders, last 2017-12-20`."""
    return f"{it.orders:,} of {count(it.of_orders, 'order')}, last {it.last_at:%Y-%m-%d}"


def on_discount(own: OnDiscount, everybody: OnDiscount) -> str:
    """How much is bought on discount, beside everybody."""
    if own.line_share is None:
        return ""
    said = [
        f"{share(own.line_share)} of lines (everybody {share(everybody.line_share)})",
        f"{share(own.revenue_share)} of revenue (everybody {share(everybody.revenue_share)})",
        f"{share(own.money_off_share)} off list price (everybody {share(everybody.money_off_share)})",
    ]
    return ", ".join(said)


def score(it: Score, currency: str) -> str:
    """`churn risk 42 %`, or the label alone where that is all the model says."""
    if it.label:
        return it.label if it.name == it.model.rstrip("s") else f"{plain(it.name)}: {it.label}"
    return f"{plain(it.name)} {_number(it, currency)}"


def _number(it: Score, currency: str) -> str:
    if it.value is None:
        return format_value(None, "number")
    if it.name in PROBABILITIES:
        return "under 1 %" if it.value < LEAST_SAID else share(it.value)
    if "spend" in it.name or it.name.endswith(("_value", "_revenue")):
        return money(it.value, currency)
    return f"{it.value:,.0f}" if it.value == int(it.value) else f"{it.value:,.2f}"


def models(card: Contents) -> list[tuple[str, str, str]]:
    """Each model, as of which day, and what it says, its words first."""
    by_model: dict[str, list[Score]] = {}
    for it in card.scores:
        by_model.setdefault(it.model, []).append(it)
    return [
        (
            plain(model),
            f"{said[0].as_of}",
            "; ".join(score(it, card.currency) for it in sorted(said, key=_without_label)),
        )
        for model, said in by_model.items()
    ]


def _without_label(it: Score) -> bool:
    return not it.label


def left_out(card: Contents) -> str:
    """How many interactions the timeline does not show; nothing where it shows all."""
    rest = card.interactions - len(card.timeline)
    return f"{count(rest, 'earlier one')} not shown" if rest else ""


def heading(card: Contents) -> str:
    """What the timeline holds: `Last 20 of 71 interactions since 2017-01-01`."""
    since = f" since {card.since}" if card.since else ""
    if len(card.timeline) < card.interactions:
        return f"Last {len(card.timeline):,} of {count(card.interactions, 'interaction')}{since}"
    return f"{count(card.interactions, 'interaction')}{since}"
