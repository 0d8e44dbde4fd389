"""What may be sent to one customer through each channel, and why not.

The same rule as the plan and the door of the exports have (`campaigns.consent`), said of
one person with the word that it rests on.  Missing means no.

May import: campaigns.consent.   Imported by: pipeline.customer, reports.card.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crm_analytics.campaigns.consent import GRANTED

ASK_ELSEWHERE = "the sources keep no consents: check elsewhere before anything is sent"
UNKNOWN = "not in dim_customer, so nothing is known of consent"
ADDRESS = {"email": "e-mail address", "phone": "phone number", "sms": "phone number"}

Word = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Whether the customer may be contacted through a channel.  `may` is None where nobody knows; `why` is a clause."""

    channel: str
    may: bool | None
    why: str


def permissions(words: Sequence[Word], asked: bool, addresses: Collection[str]) -> tuple[Permission, ...]:
    """One permission a channel, in the order of `words`.

    Parameters
    ----------
    words     : a row a channel for this customer, as `warehouse.consents.consents_as_of` has them
    asked     : whether consent is recorded: crm.yml requires it, or a register of it was loaded all the same
    addresses : those of `ADDRESS` that are known; a channel without one may be allowed and still be of no use
    """
    if asked:
        decided = [Permission(channel=w["channel"], may=w["status"] == GRANTED, why=_why(w)) for w in words]
    else:
        # Nobody was asked, but some have said no all the same, and there is no telling for which other channels.
        no = next((w for w in words if w["status"] != GRANTED and w["entry"] is not None), None)
        may, why = (None, ASK_ELSEWHERE) if no is None else (False, _why(no))
        decided = [Permission(channel=w["channel"], may=may, why=why) for w in words]
    return tuple(_reachable(permission, addresses) for permission in decided)


def _why(word: Word) -> str:
    """`granted on 2017-01-02 (wording v3)`."""
    on = f" on {word['since']:%Y-%m-%d}" if word["since"] else ""
    wording = f" (wording {word['wording_version']})" if word["wording_version"] else ""
    return f"{word['reason']}{on}{wording}"


def _reachable(permission: Permission, addresses: Collection[str]) -> Permission:
    needed = ADDRESS.get(permission.channel, "")
    if permission.may is False or not needed or needed in addresses:
        return permission
    return replace(permission, why=f"{permission.why}; no {needed} is known")
