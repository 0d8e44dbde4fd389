"""A card as lines of text.

May import: reports.card.contents, reports.card.words.   Imported by: reports.card.card.
"""

from collections.abc import Iterable, Iterator

from crm_analytics.reports.card import words
from crm_analytics.reports.card.contents import Contents

INDENT = "  "


def as_text(card: Contents) -> str:
    """The whole card; no line is broken, and there is no newline at the end."""
    return "\n".join(_lines(card))


def _lines(card: Contents) -> Iterator[str]:
    yield " · ".join([f"Customer {card.customer_id}", *words.who(card.person)])
    if card.attributes:
        yield words.attributes(card)
    yield words.orders(card) + (f"; as of {card.as_of}" if card.as_of else "")
    yield from (f"! {note}" for note in card.notes)
    yield from _section("May be sent", _permissions(card))
    yield from _section("Habits", _habits(card))
    yield from _section(words.heading(card), _timeline(card))
    yield from _section("Scores", _columns(words.models(card)))
    yield from _section("Segments", _columns((s.segment, f"saved {words.when(s.saved_at)}") for s in card.segments))
    yield from _section("Source records", _columns((r.source, r.record_id) for r in card.records))
    yield from _section("Where each field came from", _columns(_origins(card)))
    yield from _section("Contact points", _columns((c.kind, c.value, c.source) for c in card.contact_points))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    lines = list(lines)
    if lines:
        yield ""
        yield title
        yield from (f"{INDENT}{line}" for line in lines)


def _timeline(card: Contents) -> Iterator[str]:
    rows = (
        (words.when(it.happened_at), it.kind, it.channel, f"{words.sentence(it, card.currency)} [{it.reference}]")
        for it in card.timeline
    )
    yield from _columns(rows)
    if rest := words.left_out(card):
        yield rest


def _permissions(card: Contents) -> Iterator[str]:
    yield from _columns((channels, words.MAY[may], why) for channels, may, why in words.permissions(card))
    yield from words.objections(card)


def _habits(card: Contents) -> Iterator[str]:
    yield from _columns((words.plain(it.habit), it.member, words.habit(it)) for it in card.habits)
    if said := words.on_discount(card.on_discount, card.everybody_on_discount):
        yield f"on discount: {said}"


def _origins(card: Contents) -> Iterator[tuple[str, ...]]:
    for it in card.origins:
        yield it.field, f"{it.source} {it.record_id}", words.when(it.changed_at) if it.changed_at else ""


def _columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Each column as wide as its widest text, but for the last."""
    held = [[" ".join(text.split()) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*held, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in held]
