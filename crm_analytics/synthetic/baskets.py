"""What is in each order: articles, segments with tastes of their own, and the planted rules.

Every article type goes into an order by a coin of its own, so two types meet
more often than chance only where customers share a taste or a rule is planted.

May import: arrays, synthetic.orders, synthetic.truth.   Imported by: synthetic.*.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_analytics.arrays import FloatArray, IntArray
from crm_analytics.synthetic.orders import BoolArray, Orders
from crm_analytics.synthetic.truth import RULES

# department, category, type, chance to be in an order
TYPES = (
    ("drinks", "hot drinks", "coffee", 0.22),
    ("drinks", "hot drinks", "tea", 0.10),
    ("drinks", "cold drinks", "juice", 0.15),
    ("drinks", "alcohol", "wine", 0.08),
    ("drinks", "alcohol", "beer", 0.10),
    ("household", "kitchen", "coffee filters", 0.03),
    ("household", "kitchen", "dish soap", 0.08),
    ("household", "living", "candles", 0.05),
    ("baby", "care", "diapers", 0.08),
    ("baby", "care", "baby wipes", 0.02),
    ("baby", "food", "baby food", 0.06),
    ("fresh", "vegetables", "salad", 0.18),
    ("fresh", "dairy", "cheese", 0.16),
    ("fresh", "fish counter", "fish", 0.08),
    ("fresh", "bakery", "bread", 0.25),
    ("snacks", "salty", "crisps", 0.14),
    ("snacks", "sweet", "chocolate", 0.16),
    ("snacks", "salty", "nuts", 0.08),
    ("pantry", "dry food", "pasta", 0.18),
    ("pantry", "jars", "tomato sauce", 0.04),
    ("pantry", "dry food", "rice", 0.09),
    ("pantry", "jars", "spices", 0.06),
    ("stationery", "desk", "pens", 0.04),
    ("stationery", "desk", "paper", 0.05),
)
TASTES = {  # how many times likelier a segment buys from a department; 1 where it is not named
    "families": {"baby": 3.0, "pantry": 1.4, "stationery": 0.5},
    "gourmets": {"fresh": 1.9, "drinks": 1.4, "snacks": 0.4, "baby": 0.2},
    "office": {"stationery": 5.0, "drinks": 1.3, "fresh": 0.5, "baby": 0.1},
    "students": {"snacks": 2.0, "pantry": 1.3, "fresh": 0.6, "baby": 0.05},
}
NAMES = tuple(name for _, _, name, _ in TYPES)
BRANDS = ("House", "Alba", "Bruno", "Corvus", "Delphi")
PER_TYPE = len(BRANDS)
ARTICLES = len(TYPES) * PER_TYPE
CONSEQUENTS = [NAMES.index(rule.consequent) for rule in RULES]
RULE_TYPES = [*CONSEQUENTS, *(NAMES.index(rule.antecedent) for rule in RULES)]
FAVOURITE_SHARE = 0.7
DISCOUNTED_SHARE = 0.2
COST_SHARE = 0.62


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """One row a line, all (k,), sorted by order: place of the order, number in it, article, units, cents."""

    order: IntArray
    line: IntArray
    article: IntArray
    units: IntArray
    cents: IntArray
    rebate_cents: IntArray
    cost_cents: IntArray


def article_ids() -> list[str]:
    """The article number of each code in `Lines.article`."""
    return [f"A{1000 + i}" for i in range(ARTICLES)]


def articles() -> pl.DataFrame:
    """The article file."""
    rows = [(*kind[:3], f"{brand} {kind[2]}", brand) for kind in TYPES for brand in BRANDS]
    frame = pl.DataFrame(rows, schema=["department", "category", "type", "label", "brand"], orient="row")
    return frame.insert_column(0, pl.Series("article", article_ids()))


def draw_lines(rng: np.random.Generator, orders: Orders, segment: IntArray, segments: list[str]) -> Lines:
    """Fill every order; its lines add up to its cents exactly.

    `segment` (n,) is the place of each customer's segment in `segments`; the
    orders of guests are filled by the taste of the first customer.
    """
    customer = np.where(orders.customer < segment.size, np.maximum(orders.customer, 0), 0)
    held = _types_in_order(rng, customer, _chances(rng, segment, segments))
    order, kind = np.nonzero(held)
    favourite = rng.integers(0, PER_TYPE, (segment.size, len(TYPES)))
    brand = np.where(
        rng.random(order.size) < FAVOURITE_SHARE,
        favourite[customer[order], kind],
        rng.integers(0, PER_TYPE, order.size),
    )
    units = 1 + rng.poisson(0.3, order.size)
    starts = np.flatnonzero(np.diff(order, prepend=-1))
    cents = _split(orders.cents, order, starts, units * rng.lognormal(0, 0.5, order.size))
    rebate = np.where(rng.random(order.size) < DISCOUNTED_SHARE, rng.uniform(0.05, 0.3, order.size), 0)
    return Lines(
        order=order,
        line=np.arange(order.size) - starts[order] + 1,
        article=kind * PER_TYPE + brand,
        units=units,
        cents=cents,
        rebate_cents=np.rint(cents * rebate).astype(np.int64),
        cost_cents=np.rint(cents * COST_SHARE).astype(np.int64),
    )


def _chances(rng: np.random.Generator, segment: IntArray, segments: list[str]) -> FloatArray:
    """(n, types): how likely each customer puts each type into an order.

    Consequents of planted rules are left alone: their base must be the same for
    everyone, or segments would change the confidence.
    """
    base = np.array([chance for *_, chance in TYPES])
    taste = np.array([[TASTES[s].get(department, 1.0) for department, *_ in TYPES] for s in segments])
    own = rng.gamma(2.0, 0.5, (segment.size, len(TYPES)))
    chances: FloatArray = np.minimum(base * taste[segment] * own, 0.9)
    chances[:, CONSEQUENTS] = [rule.base for rule in RULES]
    return chances


def _types_in_order(rng: np.random.Generator, customer: IntArray, chances: FloatArray) -> BoolArray:
    """(m, types) of bool, at least one True a row."""
    held = rng.random((customer.size, len(TYPES))) < chances[customer]
    free = np.setdiff1d(np.arange(len(TYPES)), RULE_TYPES)
    empty = np.flatnonzero(~held.any(axis=1))
    held[empty, free[rng.integers(0, free.size, empty.size)]] = True
    for rule in RULES:
        brings = rng.random(customer.size) < rule.added
        held[:, NAMES.index(rule.consequent)] |= held[:, NAMES.index(rule.antecedent)] & brings
    return held


def _split(total: IntArray, order: IntArray, starts: IntArray, weight: FloatArray) -> IntArray:
    """Split `total` cents of each order over its lines by weight, at least one cent each; the first takes the rest."""
    count = np.diff(starts, append=order.size)
    spare = np.maximum(total - count, 0)
    weight_sum = np.add.reduceat(weight, starts)
    cents: IntArray = 1 + np.floor(spare[order] * weight / weight_sum[order]).astype(np.int64)
    cents[starts] += np.maximum(total, count) - np.add.reduceat(cents, starts)
    return cents
