"""Something new: items a customer never bought that go with what was bought lately.

Two items are alike when the same customers buy both (cosine).  A new item is
hard to foresee: on Complete Journey recall@10 of the new items of the last
basket is 0.071 against 0.063 for popularity, and on another day the two cannot
be told apart.  No method measured there does better, and the evaluation says so.

May import: errors, arrays, mining.histories.   Imported by: mining.next_offer, mining.evaluate.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from crm_analytics.arrays import FloatArray, IntArray, Purchases
from crm_analytics.mining.histories import Histories

MOST_ITEMS = 3_000  # each likeness of all pairs is kept in memory: 3,000 items are 36 MB
ORDINARY_ORDERS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How the `items` (k,) with the most buyers go together: `cosine` and `lift`, both (k, k).

    `cosine` of the customers who bought them; `lift`, how many times as often
    orders with the one hold the other, compared with all orders.  `place` (m,)
    is the row of an item, -1 for an item left out.
    """

    items: IntArray
    place: IntArray
    cosine: NDArray[np.float32]
    lift: NDArray[np.float32]


def likeness(known: Histories, purchases: Purchases) -> Likeness:
    """From which items the same customers buy, and which share an order.

    A few shared orders prove little: lift is drawn towards 1 as if
    `ORDINARY_ORDERS` more orders of each item were like everybody's.
    """
    items = np.sort(np.argsort(-known.buyers, kind="stable")[:MOST_ITEMS])
    place = np.full(known.buyers.size, -1, dtype=np.int64)
    place[items] = np.arange(items.size)

    buyers = np.maximum(known.buyers[items], 1.0)
    cosine = _shared(known.customer, place[known.item], known.customer_id.size, items.size)
    cosine /= np.sqrt(np.outer(buyers, buyers))
    np.fill_diagonal(cosine, 0.0)

    lift = _shared(purchases.order, place[purchases.item], purchases.n_orders, items.size)
    orders, share = np.diag(lift).copy(), np.maximum(known.share[items], 1e-12)
    lift += ORDINARY_ORDERS * share
    lift /= (orders + ORDINARY_ORDERS)[:, None] * share
    return Likeness(items=items, place=place, cosine=cosine.astype(np.float32), lift=lift.astype(np.float32))


def _shared(row: IntArray, column: IntArray, rows: int, columns: int) -> FloatArray:
    """In how many rows two columns meet, (columns, columns); entries with column -1 are left out."""
    kept = column >= 0
    cells = (np.ones(int(kept.sum())), (row[kept], column[kept]))
    matrix = csr_array(cells, shape=(rows, columns))
    return np.asarray((matrix.T @ matrix).todense())


def new_item_scores(known: Histories, like: Likeness, first: int, end: int) -> FloatArray:
    """Likeness of each kept item to what each customer bought lately, (end - first, k); -inf where already bought."""
    lo, hi = known.start(first), known.start(end)
    column = like.place[known.item[lo:hi]]
    kept = column >= 0
    cells = (known.customer[lo:hi][kept] - first, column[kept])
    recent = csr_array((known.recent[lo:hi][kept], cells), shape=(end - first, like.items.size))
    scores: FloatArray = np.asarray(recent @ like.cosine, dtype=np.float64)
    scores[cells] = -np.inf
    return scores
