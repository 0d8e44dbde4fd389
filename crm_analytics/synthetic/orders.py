"""When the made-up customers order and for how much: BG/NBD and Gamma-Gamma, forwards.

Times are days since the start of the period, as floats; money is whole cents.

May import: arrays, synthetic.truth.   Imported by: synthetic.*.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_analytics.arrays import FloatArray, IntArray
from crm_analytics.synthetic.truth import BgNbd, GammaGamma

BoolArray = NDArray[np.bool_]

DAYS_A_WEEK = 7
# New customers arrive evenly over the first part of the period, so that ages differ and all can be watched a while.
ARRIVALS_SHARE = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyers:
    """The hidden truth of each customer; all (n,).

    `gone_days` is when they dropped out, infinite for who never did.
    """

    orders_per_week: FloatArray
    dropout_probability: FloatArray
    mean_order: FloatArray
    first_days: FloatArray
    gone_days: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """All (m,): who ordered, when, for how many cents, and the campaign it is booked under (-1 for none).

    `customer` is -1 for a guest and `n` or more for someone the customer file lacks.
    """

    customer: IntArray
    at_days: FloatArray
    cents: IntArray
    campaign: IntArray

    def plus(self, more: "Orders") -> "Orders":
        """These orders and then `more`; places of the former stay as they are."""
        return Orders(
            customer=np.concatenate([self.customer, more.customer]),
            at_days=np.concatenate([self.at_days, more.at_days]),
            cents=np.concatenate([self.cents, more.cents]),
            campaign=np.concatenate([self.campaign, more.campaign]),
        )

    def in_time(self) -> "Orders":
        """Sorted by time, then customer."""
        by = np.lexsort((self.customer, self.at_days))
        return Orders(
            customer=self.customer[by], at_days=self.at_days[by], cents=self.cents[by], campaign=self.campaign[by]
        )


def draw_orders(
    rng: np.random.Generator, customers: int, days: int, process: BgNbd, money: GammaGamma
) -> tuple[Buyers, Orders]:
    """`customers` buyers and all their orders in `days` days.

    The clock of each customer starts with their first order.  Then gaps are
    exponential at their own rate, and after every *repeat* order they are gone
    with their own chance: the assumptions of BG/NBD, one by one.
    """
    rate = rng.gamma(process.r, 1 / process.alpha_weeks, customers)
    dropout = rng.beta(process.a, process.b, customers)
    first = rng.uniform(0, ARRIVALS_SHARE * days, customers)
    nu = rng.gamma(money.q, 1 / money.gamma, customers)
    gone = np.full(customers, np.inf)

    who, at = np.arange(customers), first
    all_who, all_at = [who], [at]
    while who.size:
        at = at + rng.exponential(DAYS_A_WEEK / rate[who])
        inside = at < days
        who, at = who[inside], at[inside]
        all_who.append(who)
        all_at.append(at)
        leaves = rng.random(who.size) < dropout[who]
        gone[who[leaves]] = at[leaves]
        who, at = who[~leaves], at[~leaves]

    buyers = Buyers(
        orders_per_week=rate,
        dropout_probability=dropout,
        mean_order=money.p / nu,
        first_days=first,
        gone_days=gone,
    )
    return buyers, priced(rng, np.concatenate(all_who), np.concatenate(all_at), buyers.mean_order, money)


def priced(
    rng: np.random.Generator, customer: IntArray, at_days: FloatArray, mean_order: FloatArray, money: GammaGamma
) -> Orders:
    """Orders at the given times (m,), each worth Gamma(p) around its customer's own mean in `mean_order` (n,)."""
    amount = rng.gamma(money.p, mean_order[customer] / money.p)
    return Orders(
        customer=customer,
        at_days=at_days,
        cents=np.maximum(np.rint(amount * 100), 1).astype(np.int64),
        campaign=np.full(customer.size, -1),
    )
