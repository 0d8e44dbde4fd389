"""What may be sent to one person, as the plan and the door of the exports would say it."""

from datetime import datetime
from typing import Any

from crm_analytics.campaigns.permission import ASK_ELSEWHERE, permissions


def word(
    channel: str, status: str, reason: str, day: int | None = None, entry: int | None = 1, wording: str | None = None
) -> dict[str, Any]:
    return {
        "channel": channel,
        "status": status,
        "reason": reason,
        "since": day and datetime(2017, 1, day),
        "entry": entry,
        "wording_version": wording,
    }


ASKED = [
    word("store", "granted", "granted", 1, wording="v3"),
    word("email", "denied", "opted out of a campaign", 3),
    word("web", "denied", "a refused row may be a withdrawal"),
    word("app", "denied", "never asked", entry=None),
]


def decided(
    words: list[dict[str, Any]], asked: bool = True, reach: str = "e-mail address"
) -> dict[str, tuple[bool | None, str]]:
    return {p.channel: (p.may, p.why) for p in permissions(words, asked, reach.split(","))}


def test_each_channel_is_told_with_the_word_that_counts() -> None:
    assert decided(ASKED) == {
        "store": (True, "granted on 2017-01-01 (wording v3)"),
        "email": (False, "opted out of a campaign on 2017-01-03"),
        "web": (False, "a refused row may be a withdrawal"),
        "app": (False, "never asked"),
    }


def test_a_channel_that_cannot_be_reached_says_so() -> None:
    granted = [word("email", "granted", "granted", 1), word("sms", "denied", "never asked", entry=None)]
    assert decided(granted, reach="")["email"] == (True, "granted on 2017-01-01; no e-mail address is known")
    assert decided(granted)["email"] == (True, "granted on 2017-01-01")
    assert decided(granted, reach="")["sms"] == (False, "never asked")


def test_where_nobody_was_asked_nobody_can_say() -> None:
    never = [word("store", "denied", "never asked", entry=None), word("web", "denied", "never asked", entry=None)]
    assert set(decided(never, asked=False).values()) == {(None, ASK_ELSEWHERE)}


def test_where_nobody_was_asked_one_no_is_for_every_channel() -> None:
    found = decided(ASKED, asked=False)
    assert set(found.values()) == {(False, "opted out of a campaign on 2017-01-03")}
