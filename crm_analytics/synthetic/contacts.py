"""Contacts outside campaigns, both ways, and what comes of a contact in each channel.

May import: arrays, synthetic.{consents,truth}.   Imported by: synthetic.*.
"""

from collections.abc import Mapping

import numpy as np
import polars as pl

from crm_analytics.arrays import FloatArray, IntArray, TextArray
from crm_analytics.synthetic.consents import Consents
from crm_analytics.synthetic.truth import CHANNELS

OUTCOMES: dict[str, dict[str, float]] = {
    "store": {"talked": 0.8, "declined": 0.2},
    "web": {"shown": 0.8, "clicked": 0.2},
    "mail": {"delivered": 0.96, "returned": 0.04},
    "email": {"delivered": 0.55, "opened": 0.40, "bounced": 0.05},
    "phone": {"answered": 0.55, "no answer": 0.40, "wrong number": 0.05},
    "sms": {"delivered": 0.97, "failed": 0.03},
}
REACHED = ("talked", "shown", "clicked", "delivered", "opened", "answered")
DIGITAL = ("web", "email", "sms")
COST_CENTS = {"store": 0, "web": 0, "mail": 60, "email": 1, "phone": 250, "sms": 7}
INBOUND_KINDS = {"question": 0.5, "complaint": 0.15, "visit": 0.2, "praise": 0.05, "address change": 0.1}
OUTBOUND_KINDS = {"delivery notice": 0.6, "survey": 0.2, "service call": 0.2}
INBOUND_OUTCOMES = {"solved": 0.75, "passed on": 0.20, "open": 0.05}
PER_CUSTOMER = 2.5
OUTBOUND_SHARE = 0.45


def pick(rng: np.random.Generator, shares: Mapping[str, float], size: int) -> TextArray:
    """(size,) names drawn by their shares."""
    names = np.array(list(shares), dtype=np.object_)
    return names[rng.choice(names.size, size, p=list(shares.values()))]


def text_column(values: TextArray) -> pl.Series:
    """Names and Nones as a column of text; left alone, Polars would keep them as Python objects."""
    return pl.Series(values.tolist(), dtype=pl.String)


def draw_outcomes(rng: np.random.Generator, channel: IntArray) -> TextArray:
    """(k,) what came of outbound contacts through these channels."""
    outcome = np.empty(channel.size, dtype=np.object_)
    for i, name in enumerate(CHANNELS):
        there = np.flatnonzero(channel == i)
        outcome[there] = pick(rng, OUTCOMES[name], there.size)
    return outcome


def draw_everyday_contacts(
    rng: np.random.Generator, consents: Consents, registered_days: FloatArray, days: int
) -> pl.DataFrame:
    """Questions, complaints, notices, surveys: any time after registering, outbound only where service is agreed to."""
    customers = registered_days.size
    who = rng.integers(0, customers, int(PER_CUSTOMER * customers))
    channel = rng.integers(0, len(CHANNELS), who.size)
    at = registered_days[who] + (days - registered_days[who]) * rng.random(who.size)
    agreed = np.zeros(who.size, dtype=bool)
    for i in range(len(CHANNELS)):
        there = np.flatnonzero(channel == i)
        agreed[there] = consents.holds("service", who[there], i, at[there])
    outbound = agreed & (rng.random(who.size) < OUTBOUND_SHARE)
    kind = np.where(outbound, pick(rng, OUTBOUND_KINDS, who.size), pick(rng, INBOUND_KINDS, who.size))
    outcome = np.where(outbound, draw_outcomes(rng, channel), pick(rng, INBOUND_OUTCOMES, who.size))
    return pl.DataFrame(
        {
            "customer": who,
            "at_days": at,
            "channel": np.array(CHANNELS)[channel],
            "direction": np.where(outbound, "outbound", "inbound"),
            "kind": text_column(kind),
            "outcome": text_column(outcome),
        }
    )
