"""Campaigns of the made-up shop: whom they reached, what came back, and one that a coin decided.

Only customers who agreed to marketing through the channel are contacted.  No
campaign but the randomised one changes what anybody buys.

May import: arrays, synthetic.{consents,orders,truth}.   Imported by: synthetic.write.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_analytics.arrays import FloatArray, IntArray, TextArray
from crm_analytics.synthetic.consents import Consents
from crm_analytics.synthetic.contacts import DIGITAL, REACHED, draw_outcomes, pick, text_column
from crm_analytics.synthetic.orders import BoolArray, Buyers, Orders, priced
from crm_analytics.synthetic.truth import CHANNELS, GammaGamma

PLAN = ("mail", "sms", "phone", "store", "web", "email", "mail", "email")
RANDOMISED = 5
WINDOW_DAYS = 30
UPLIFT = 0.10
AUDIENCE_SHARE = 0.4
# Of those reached: who ordered answers this often, who did not answers that often.
BUYERS_ANSWER, OTHERS_ANSWER = 0.6, 0.15
OTHERS_SAY = {"click": 0.5, "reply": 0.2, "complaint": 0.1, "opt_out": 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The randomised campaign: places of the customers a coin was thrown for, who was treated, and the baseline."""

    day: int
    customer: IntArray
    treated: BoolArray
    baseline: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaigning:
    """What the campaigns left behind; `contacts` and `responses` name customers and campaigns by place."""

    orders: Orders
    consents: Consents
    contacts: pl.DataFrame
    responses: pl.DataFrame
    trial: Trial


def campaign_days(days: int) -> list[int]:
    """First day of each campaign, spread over the period."""
    return [int(day) for day in np.linspace(0.15, 0.90, len(PLAN)) * days]


def run_campaigns(
    rng: np.random.Generator, buyers: Buyers, orders: Orders, consents: Consents, days: int, money: GammaGamma
) -> Campaigning:
    """Run them one after the other; an opt-out from one is heeded by the next."""
    contacts, responses = [], []
    for number, (channel_name, day) in enumerate(zip(PLAN, campaign_days(days), strict=True)):
        channel = CHANNELS.index(channel_name)
        known = np.flatnonzero(buyers.first_days < day)
        moment = day + rng.uniform(0, 0.5, known.size)
        agreed = consents.holds("marketing", known, channel, moment)
        reach = known[agreed]
        treated = rng.random(reach.size) < (0.5 if number == RANDOMISED else AUDIENCE_SHARE)
        if number == RANDOMISED:
            extra, baseline = _planted_effect(rng, buyers, orders, reach, treated, day, money)
            orders = orders.plus(extra)
            trial = Trial(day=day, customer=reach, treated=treated, baseline=baseline)
        who, at = reach[treated], moment[agreed][treated]
        outcome = draw_outcomes(rng, np.full(who.size, channel))
        contacts.append(
            pl.DataFrame({"customer": who, "at_days": at, "outcome": text_column(outcome)}).with_columns(
                campaign=pl.lit(number), channel=pl.lit(channel_name)
            )
        )
        answers, orders = _answers(rng, orders, buyers.first_days.size, who, at, outcome, number)
        responses.append(answers)
        left = answers.filter(pl.col("kind") == "opt_out")
        consents = consents.opted_out(left["customer"].to_numpy(), channel, left["at_days"].to_numpy())
    return Campaigning(
        orders=orders, consents=consents, contacts=pl.concat(contacts), responses=pl.concat(responses), trial=trial
    )


def _planted_effect(
    rng: np.random.Generator,
    buyers: Buyers,
    orders: Orders,
    reach: IntArray,
    treated: BoolArray,
    day: int,
    money: GammaGamma,
) -> tuple[Orders, float]:
    """One more order for some of the treated who would not have ordered, and the share who would have anyway.

    The chance is set so that, over the coin, ordering rises by exactly `UPLIFT`:
    only the (1 - baseline) who would not order can be won.
    """
    orders_anyway = np.isfinite(_next_order(orders, buyers.first_days.size, day)[0][reach])
    baseline = float(orders_anyway.mean())
    won = treated & ~orders_anyway & (rng.random(reach.size) < UPLIFT / (1 - baseline))
    who = reach[won]
    at = day + rng.uniform(1, WINDOW_DAYS, who.size)
    return priced(rng, who, at, buyers.mean_order, money), baseline


def _answers(
    rng: np.random.Generator,
    orders: Orders,
    customers: int,
    who: IntArray,
    at: FloatArray,
    outcome: TextArray,
    number: int,
) -> tuple[pl.DataFrame, Orders]:
    """At most one response a contact, and the orders with those that answered booked under the campaign."""
    next_at, place = _next_order(orders, customers, at.max(initial=0.0))
    ordered_at, reached = next_at[who], np.isin(outcome, REACHED)
    bought = np.isfinite(ordered_at)
    answers = reached & (rng.random(who.size) < np.where(bought, BUYERS_ANSWER, OTHERS_ANSWER))
    says = pick(rng, OTHERS_SAY, who.size)
    says = np.where((says == "click") & (PLAN[number] not in DIGITAL), "reply", says)
    kind = np.where(bought, np.where(rng.random(who.size) < 0.5, "order", "redemption"), says)
    frame = pl.DataFrame(
        {
            "customer": who,
            "at_days": np.where(bought, ordered_at, at + rng.uniform(0.05, 5.0, who.size)),
            "kind": text_column(kind),
            "answers": answers,
        }
    ).with_columns(campaign=pl.lit(number), channel=pl.lit(PLAN[number]))
    booked = orders.campaign.copy()
    booked[place[who[answers & bought]]] = number
    booked_orders = Orders(customer=orders.customer, at_days=orders.at_days, cents=orders.cents, campaign=booked)
    return frame.filter("answers").drop("answers"), booked_orders


def _next_order(orders: Orders, customers: int, from_days: float) -> tuple[FloatArray, IntArray]:
    """(n,) time and place of each customer's first order in the window from `from_days` on; infinite, -1 for none."""
    inside = np.flatnonzero((orders.at_days >= from_days) & (orders.at_days < np.floor(from_days) + WINDOW_DAYS))
    latest_first = inside[np.argsort(-orders.at_days[inside], kind="stable")]
    at, place = np.full(customers, np.inf), np.full(customers, -1)
    # The last write wins, and that is the earliest order.
    at[orders.customer[latest_first]] = orders.at_days[latest_first]
    place[orders.customer[latest_first]] = latest_first
    return at, place
