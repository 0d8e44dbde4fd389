"""Who bought which item how often, and how likely the next order is to hold it.

The counting beneath `next_offer` and its evaluation.  One entry of the pair
arrays is one customer and one item that customer has bought.

May import: errors, arrays.   Imported by: mining.next_offer, mining.cross_sell, mining.evaluate.
"""

from dataclasses import dataclass

import numpy as np

from crm_analytics.arrays import FloatArray, IntArray, Purchases, TextArray
from crm_analytics.errors import DataError

HALF_LIFE_DAYS = 120.0  # a shorter memory (30 d) forgets what is bought monthly and loses to plain counting
SHARED_ORDERS = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """Pair arrays (p,) sorted by customer, then item; customer arrays (c,), item arrays (m,).

    pair : `customer`, `item` codes; `orders` with the item; `days_since` the
        last of them; `gap_days` mean days between them (NaN for one order);
        `faded` orders, each worth one half after `HALF_LIFE_DAYS`; `recent` the
        same with a half-life of 30 days.
    customer : `faded_orders`, all orders, faded likewise.
    item : `share` of all orders that hold it; `buyers`, customers who ever did.
    """

    customer_id: TextArray
    item_name: TextArray
    customer: IntArray
    item: IntArray
    orders: FloatArray
    days_since: FloatArray
    gap_days: FloatArray
    faded: FloatArray
    recent: FloatArray
    faded_orders: FloatArray
    share: FloatArray
    buyers: FloatArray

    def start(self, customer: int) -> int:
        """Where the pairs of this customer begin (those of the one before end)."""
        return int(np.searchsorted(self.customer, customer))


def histories(purchases: Purchases) -> Histories:
    """Count the purchases, whatever order their rows come in.

    Raises
    ------
    DataError : there is none.
    """
    if not purchases.item.size:
        raise DataError(f"no item was bought before {purchases.as_of}: nothing to learn offers from")
    # Sums of floats depend on the order of their terms; equal data must give equal offers.
    rows = np.lexsort((purchases.order, purchases.item, purchases.customer))
    customer, item, order = purchases.customer[rows], purchases.item[rows], purchases.order[rows]
    days = purchases.days_ago[rows].astype(float)
    faded = 0.5 ** (days / HALF_LIFE_DAYS)

    begins = np.flatnonzero(np.diff(customer, prepend=-1) | np.diff(item, prepend=-1))
    count = np.diff(np.append(begins, rows.size)).astype(float)
    first, last = np.maximum.reduceat(days, begins), np.minimum.reduceat(days, begins)
    gap = np.full(count.shape, np.nan)
    np.divide(first - last, count - 1, out=gap, where=count > 1)

    _, line = np.unique(order, return_index=True)  # one line of each order
    return Histories(
        customer_id=purchases.customer_id,
        item_name=purchases.item_name,
        customer=customer[begins],
        item=item[begins],
        orders=count,
        days_since=last,
        gap_days=gap,
        faded=np.add.reduceat(faded, begins),
        recent=np.add.reduceat(0.5 ** (days / 30.0), begins),
        faded_orders=np.bincount(customer[line], faded[line], minlength=purchases.customer_id.size).astype(float),
        share=np.bincount(item, minlength=purchases.item_name.size) / line.size,
        buyers=np.bincount(item[begins], minlength=purchases.item_name.size).astype(float),
    )


def next_order_share(known: Histories, first: int, end: int) -> FloatArray:
    """Estimated chance that the next order of each customer holds each item, (end - first, m).

    The share of the customer's own orders that held it, recent orders counting
    more, as if `SHARED_ORDERS` more orders had been seen that are like
    everybody's.  So one order does not make a habit, and an item never bought
    still has the little chance it has with everybody.
    """
    lo, hi = known.start(first), known.start(end)
    chance = np.tile(SHARED_ORDERS * known.share, (end - first, 1))
    chance[known.customer[lo:hi] - first, known.item[lo:hi]] += known.faded[lo:hi]
    chance /= (known.faded_orders[first:end] + SHARED_ORDERS)[:, None]
    return chance


def pair_share(known: Histories) -> FloatArray:
    """The same chance for the pairs only, (p,)."""
    own = known.faded + SHARED_ORDERS * known.share[known.item]
    return own / (known.faded_orders[known.customer] + SHARED_ORDERS)


def best_items(scores: FloatArray, n: int) -> IntArray:
    """Codes of the `n` highest scores of each row, best first, equal scores by code: (rows, at most n)."""
    n = min(n, scores.shape[1])
    top = np.sort(np.argpartition(-scores, n - 1, axis=1)[:, :n], axis=1)
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1).astype(np.int64)
