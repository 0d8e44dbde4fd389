"""The tier of each customer, reviewed every quarter: an attribute that changes, and what changes when it is read late.

No random number is drawn: a tier follows from the orders.  It is the textbook case
of a leak: who is gold at the end bought much before, so what gold customers "will
buy" looks easy to tell from today's tier.

May import: arrays, synthetic.{baskets,orders,truth}.   Imported by: synthetic.{raw,write}.
"""

from dataclasses import dataclass

import numpy as np

from crm_analytics.arrays import FloatArray, IntArray
from crm_analytics.synthetic.baskets import Lines
from crm_analytics.synthetic.orders import Orders
from crm_analytics.synthetic.truth import TIERS

REVIEW_DAYS = 91
LOOK_BACK_DAYS = 364


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiers:
    """One row a version, all (v,), in order of time: which customer, from which day on, and the place in `TIERS`.

    `at_sale` (lines,) is the tier on the day of each line, `now` (lines,) that of the
    end; -1 where the customer file lacks the customer.
    """

    customer: IntArray
    since_days: FloatArray
    tier: IntArray
    at_sale: IntArray
    now: IntArray


def review_tiers(registered_days: FloatArray, days: int, orders: Orders, lines: Lines) -> Tiers:
    """Everybody begins in the first tier; each review looks at the money of the `LOOK_BACK_DAYS` before its day."""
    n = registered_days.size
    reviews = np.arange(REVIEW_DAYS, days, REVIEW_DAYS)
    who, day = orders.customer[lines.order], np.floor(orders.at_days[lines.order])
    known = (who >= 0) & (who < n)
    least_cents = np.array(list(TIERS.values())) * 100
    tiers = np.zeros((reviews.size + 1, n), dtype=np.int64)
    for i, on in enumerate(reviews, start=1):
        counts = known & (day >= on - LOOK_BACK_DAYS) & (day < on)
        cents = np.bincount(who[counts], weights=lines.cents[counts], minlength=n)
        tiers[i] = np.searchsorted(least_cents, cents, side="right") - 1
    changed = np.diff(tiers, axis=0) != 0
    review, customer = np.nonzero(changed)
    someone = np.where(known, who, 0)
    return Tiers(
        customer=np.concatenate([np.arange(n), customer]),
        since_days=np.concatenate([registered_days, reviews[review].astype(float)]),
        tier=np.concatenate([tiers[0], tiers[1:][changed]]),
        at_sale=np.where(known, tiers[np.searchsorted(reviews, day, side="right"), someone], -1),
        now=np.where(known, tiers[-1, someone], -1),
    )


def revenue_by_tier(tier: IntArray, lines: Lines) -> dict[str, str]:
    """Money of the lines (lines,) in each tier, without those of unknown customers."""
    return {name: f"{int(lines.cents[tier == i].sum()) / 100:.2f}" for i, name in enumerate(TIERS)}
