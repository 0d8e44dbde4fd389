"""A card as HTML: a part to stand in a notebook cell, and a page complete in itself.

Texts are escaped wherever they stand, and the page forbids every request and every
script, so that a customer's name cannot run or load anything.  The same card gives the
same bytes.

May import: charts, reports.card.contents, reports.card.words.   Imported by: reports.card.card.
"""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from crm_analytics.charts.timeline import Strokes, timeline
from crm_analytics.reports.card import words
from crm_analytics.reports.card.contents import Contents


def as_html(card: Contents) -> str:
    """The card as one `<article>`, with its style and its picture."""
    currency = card.currency
    return _environment().get_template("card.html.j2").render(
        card=card,
        may=words.MAY,
        permissions=words.permissions(card),
        who=words.who(card.person),
        attributes=words.attributes(card),
        orders=words.orders(card),
        heading=words.heading(card),
        objections=words.objections(card),
        left_out=words.left_out(card),
        picture=timeline([Strokes(lane.name, lane.at, lane.size) for lane in card.lanes]),
        timeline=[
            (words.when(it.happened_at), it.kind, it.channel, words.sentence(it, currency), it.reference)
            for it in card.timeline
        ],
        habits=[(words.plain(it.habit), it.member, words.habit(it)) for it in card.habits],
        on_discount=words.on_discount(card.on_discount, card.everybody_on_discount),
        scores=words.models(card),
        segments=[(it.segment, f"saved {words.when(it.saved_at)}") for it in card.segments],
        records=[(it.source, it.record_id) for it in card.records],
        origins=[
            (it.field, f"{it.source} {it.record_id}", words.when(it.changed_at) if it.changed_at else "")
            for it in card.origins
        ],
        points=[(it.kind, it.value, it.source) for it in card.contact_points],
    )  # fmt: skip


def as_page(card: Contents) -> str:
    """The card as a whole page that needs no network and no script."""
    return _environment().get_template("page.html.j2").render(card=card, inside=as_html(card))


def _part(name: str) -> str:
    return (files("crm_analytics.reports.card") / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_part),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"style": _part("card.css")}
    return environment
