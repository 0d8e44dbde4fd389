"""A card that does not say who it is, for a screen that others look at.

Hidden are name, e-mail, phone and contact points; the attributes that `private` names;
the same values wherever else they stand, such as in the proof of a
consent; and whatever looks like an e-mail address.

May import: reports.card.contents.   Imported by: reports.card.card.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar

from crm_analytics.reports.card.contents import Contents

HIDDEN = "•••"
_EMAIL = re.compile(r"[^\s@<>(),;:]+@[^\s@<>(),;:]+")
LEAST_LETTERS = 3  # a shorter name would hide parts of other words

T = TypeVar("T")


def masked(card: T) -> T:
    """The same card, and the same class, without what is private."""
    assert isinstance(card, Contents)
    who = card.person
    person = replace(
        who, name=HIDDEN if who.name else "", email=HIDDEN if who.email else "", phone=HIDDEN if who.phone else ""
    )
    attributes = {name: HIDDEN if name in card.private else value for name, value in card.attributes.items()}
    points = tuple(replace(point, value=HIDDEN) for point in card.contact_points)
    hidden = replace(card, person=person, attributes=attributes, contact_points=points)
    texts = _private_texts(card)
    return _everywhere(hidden, lambda text: _scrubbed(text, texts))


def _private_texts(card: Contents) -> list[str]:
    """What is hidden as it was written, the longest first: a part of one may be another."""
    values = [card.person.name, card.person.email, card.person.phone]
    values += [point.value for point in card.contact_points]
    values += [str(value) for name, value in card.attributes.items() if name in card.private]
    return sorted({value for value in values if len(value) >= LEAST_LETTERS}, key=lambda text: (-len(text), text))


def _scrubbed(text: str, private: list[str]) -> str:
    for value in private:
        text = re.sub(re.escape(value), HIDDEN, text, flags=re.IGNORECASE)
    return _EMAIL.sub(HIDDEN, text)


def _everywhere(value: T, scrub: Callable[[str], str]) -> T:
    """`value` with every text in it scrubbed, however deep."""
    found: object = value
    match found:
        case str():
            found = scrub(found)
        case tuple():
            found = tuple(_everywhere(held, scrub) for held in found)
        case Mapping():
            found = {name: _everywhere(held, scrub) for name, held in found.items()}
        case _ if is_dataclass(found) and not isinstance(found, type):
            found = replace(found, **{f.name: _everywhere(getattr(found, f.name), scrub) for f in fields(found)})
    return found  # type: ignore[return-value]
