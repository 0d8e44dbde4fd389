"""Next best offer: one item for each customer, to buy again or as something new, and why.

Two lists, because they are two questions.  *Buy again* ranks by how likely the
next order is to hold the item, from the customer's own orders; association
rules are far worse at that (recall@10 of 0.12 against 0.24 on Complete
Journey).  *Something new* ranks items never bought by what was bought lately.

Which of the two is offered: an item that comes back on its own needs no offer,
so a customer is offered what is overdue by the customer's own rhythm, else
something new.  A rule of ours, not a fitted one: only a campaign with a holdout
can say what an offer adds.

May import: errors, arrays, mining.inputs, mining.histories, mining.cross_sell.
Imported by: mining (by name), mining.evaluate.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crm_analytics.arrays import FloatArray, IntArray, Purchases, Scores, TextArray
from crm_analytics.mining.cross_sell import Likeness, likeness, new_item_scores
from crm_analytics.mining.histories import (
    SHARED_ORDERS,
    Histories,
    best_items,
    histories,
    next_order_share,
    pair_share,
)
from crm_analytics.mining.inputs import ModelInputs

BoolArray = NDArray[np.bool_]

BUY_AGAIN, SOMETHING_NEW = "buy again", "something new"
BLOCK = 2_000  # customers at a time, so that memory does not grow with their number
HABIT_ORDERS = 3  # fewer orders of an item show no rhythm
HABIT_SHARE = 0.1  # an item expected in fewer of the next orders is no habit
OVERDUE, GIVEN_UP = 1.25, 4.0  # days since the last order of the item, in mean gaps
SHORTLIST = 10
LATELY_DAYS = 90
TELLING_LIFT = 1.5  # a weaker tie between two items is no reason worth telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """One offer for each customer of a `Histories`, all (c,): item code, chance in the next order, kind, reason."""

    item: IntArray
    chance: FloatArray
    kind: TextArray
    reason: TextArray


def score(inputs: ModelInputs) -> Scores:
    """`offer_score`; `next_offer` (item name), `next_offer_kind`, `next_offer_reason`.

    `offer_score` is the estimated chance that the customer's next order holds
    the item without our doing (0 to 1), the same measure for both kinds.

    Raises
    ------
    DataError : no item was ever bought.
    """
    known = histories(inputs.purchases)
    offers = choose(known, likeness(known, inputs.purchases))
    place = {name: i for i, name in enumerate(known.customer_id)}
    # Customers whose orders hold no item share one row at the end: the item most people buy.
    rows = np.array([place.get(name, known.customer_id.size) for name in inputs.features.customer_id])
    favourite = int(known.share.argmax())
    return Scores(
        model="next_offer",
        as_of=inputs.features.as_of,
        customer_id=inputs.features.customer_id,
        values={"offer_score": np.append(offers.chance, known.share[favourite])[rows]},
        labels={
            "next_offer": known.item_name[np.append(offers.item, favourite)[rows]],
            "next_offer_kind": np.append(offers.kind, SOMETHING_NEW)[rows],
            "next_offer_reason": np.append(offers.reason, _popular(known, favourite))[rows],
        },
    )


def recommend(purchases: Purchases, n: int) -> IntArray:
    """The `n` items most likely in each customer's next order, codes (c, at most n), best first."""
    known = histories(purchases)
    return np.vstack([best_items(next_order_share(known, first, end), n) for first, end in _blocks(known)])


def recommend_new(purchases: Purchases, n: int) -> IntArray:
    """The `n` never bought items that go best with each customer's recent ones, codes (c, at most n), best first."""
    known = histories(purchases)
    like = likeness(known, purchases)
    return np.vstack(
        [like.items[best_items(new_item_scores(known, like, first, end), n)] for first, end in _blocks(known)]
    )


def choose(known: Histories, like: Likeness) -> Offers:
    """An overdue habit, else something new, else what the customer buys most, else what everybody buys."""
    chance = pair_share(known)
    habit = (known.orders >= HABIT_ORDERS) & (chance >= HABIT_SHARE)
    due = _best_of(known.customer, np.where(habit & _overdue(known), chance, 0.0), known.customer_id.size)
    most = _best_of(known.customer, chance, known.customer_id.size)
    new_item, because = _new_items(known, like)

    again = np.where(due >= 0, due, np.where(new_item >= 0, -1, most))
    favourite = int(known.share.argmax())
    item = np.where(again >= 0, known.item[again], np.where(new_item >= 0, new_item, favourite))
    unseen = SHARED_ORDERS * known.share[item] / (known.faded_orders + SHARED_ORDERS)
    return Offers(
        item=item.astype(np.int64),
        chance=np.where(again >= 0, chance[again], unseen),
        kind=np.where(again >= 0, BUY_AGAIN, SOMETHING_NEW).astype(object),
        reason=_reasons(known, like, item, again, due, because),
    )


def _overdue(known: Histories) -> BoolArray:
    """Pairs whose item has not been seen for longer than its rhythm, but not so long that it was given up, (p,)."""
    gaps = known.days_since / np.maximum(known.gap_days, 1.0)  # NaN after one order: never overdue
    return (gaps >= OVERDUE) & (gaps <= GIVEN_UP)


def _best_of(customer: IntArray, scores: FloatArray, customers: int) -> IntArray:
    """Index of each customer's entry with the highest score above 0, the first of equals; -1 for none, (customers,).

    `customer` (p,) is sorted, `scores` (p,).
    """
    best = np.full(customers, -1, dtype=np.int64)
    if customer.size:
        begins = np.flatnonzero(np.diff(customer, prepend=-1))
        highest = np.repeat(np.maximum.reduceat(scores, begins), np.diff(np.append(begins, scores.size)))
        at = np.flatnonzero((scores == highest) & (scores > 0))
        owner, first = np.unique(customer[at], return_index=True)
        best[owner] = at[first]
    return best


def _new_items(known: Histories, like: Likeness) -> tuple[IntArray, IntArray]:
    """A never bought item for each customer, and the pair that speaks for it; -1 for none, both (c,).

    Of the `SHORTLIST` items that go best with what was bought lately, the one
    with the strongest tie to one of those: the very best is often what everybody buys.
    """
    lately = (known.days_since <= LATELY_DAYS) & (like.place[known.item] >= 0)
    column = np.full(known.customer_id.size, -1, dtype=np.int64)
    because = column.copy()
    for first, end in _blocks(known):
        scores = new_item_scores(known, like, first, end)
        shortlist = best_items(scores, SHORTLIST)
        shortlist[np.take_along_axis(scores, shortlist, axis=1) <= 0] = -1
        column[first:end] = shortlist[:, 0]
        pairs = known.start(first) + np.flatnonzero(lately[known.start(first) : known.start(end)])
        customer, bought = known.customer[pairs] - first, like.place[known.item[pairs]]
        strongest = np.full(end - first, TELLING_LIFT)
        for candidate in shortlist.T:
            offered = candidate[customer]
            tie = np.where(offered >= 0, like.lift[bought, offered], 0.0)
            best = _best_of(customer, tie, end - first)
            row = np.flatnonzero(best >= 0)
            row = row[tie[best[row]] > strongest[row]]
            strongest[row] = tie[best[row]]
            column[first + row], because[first + row] = candidate[row], pairs[best[row]]
    return np.where(column >= 0, like.items[column], -1), because


def _reasons(
    known: Histories, like: Likeness, item: IntArray, again: IntArray, due: IntArray, because: IntArray
) -> TextArray:
    """In words, (c,)."""
    reasons = np.empty(item.size, dtype=object)
    for c, code in enumerate(item):
        name, pair = known.item_name[code], int(because[c])
        if due[c] >= 0:
            every, since = _spans(float(known.gap_days[due[c]]), float(known.days_since[due[c]]))
            reasons[c] = f"buys {name} every {every}, not seen for {since}"
        elif again[c] >= 0:
            reasons[c] = f"buys {name} most often, in {known.orders[again[c]]:.0f} orders so far"
        elif pair >= 0:
            lift = like.lift[like.place[known.item[pair]], like.place[code]]
            reasons[c] = f"buyers of {known.item_name[known.item[pair]]} often add {name} (lift {lift:.1f})"
        else:
            reasons[c] = _popular(known, int(code))
    return reasons


def _spans(gap_days: float, since_days: float) -> tuple[str, str]:
    """`('3 weeks', '5')`: the rhythm and the silence, in weeks from a fortnight on, else in days."""
    unit, length = ("weeks", 7.0) if round(gap_days) >= 14 else ("days", 1.0)
    gap, since = round(gap_days / length), round(since_days / length)
    return ("day", f"{since} days") if gap <= 1 else (f"{gap} {unit}", f"{since}")


def _popular(known: Histories, item: int) -> str:
    return f"{known.item_name[item]} is bought by {known.buyers[item] / known.customer_id.size:.0%} of customers"


def _blocks(known: Histories) -> Iterator[tuple[int, int]]:
    """First and end customer code of each block."""
    customers = known.customer_id.size
    for first in range(0, customers, BLOCK):
        yield first, min(first + BLOCK, customers)
