"""Association rules between two items: who buys this also buys that.

For reading and for laying out a catalogue, not for choosing offers: on repeat
purchases rules recommend worse than plain popularity (`next_offer` does that).
Pairs only, by one sparse matrix product; column names are mlxtend's.

May import: errors, arrays.   Imported by: reports, project.
"""

import numpy as np
import polars as pl
from scipy.sparse import coo_array, csr_array

from crm_analytics.arrays import Purchases
from crm_analytics.errors import DataError

COLUMNS = {
    "antecedents": pl.String,
    "consequents": pl.String,
    "antecedent support": pl.Float64,
    "consequent support": pl.Float64,
    "support": pl.Float64,
    "confidence": pl.Float64,
    "lift": pl.Float64,
    "leverage": pl.Float64,
    "conviction": pl.Float64,
    "orders": pl.Int64,
}


def mine_rules(
    purchases: Purchases, min_support: float = 0.001, min_confidence: float = 0.1, max_rules: int = 1_000
) -> pl.DataFrame:
    """Rules "an order with the antecedent also holds the consequent", the highest lift first.

    Parameters
    ----------
    min_support    : share of orders that hold both, 0 < min_support <= 1
    min_confidence : share of the antecedent's orders that hold the consequent, 0 to 1
    max_rules      : at most so many rules, >= 1

    Returns
    -------
    One row a rule.  `antecedents`, `consequents`: an item each.  `antecedent
    support`, `consequent support`, `support`: share of orders with the one, the
    other, both (0 to 1).  `confidence`: support / antecedent support (0 to 1).
    `lift`: confidence / consequent support; 1 = no connection, 0 to infinity.
    `leverage`: support less what chance alone would give (-0.25 to 0.25).
    `conviction`: how many times as often the rule would fail by chance (0 to
    infinity, infinity for a rule that never fails).  `orders`: orders with both.

    Raises
    ------
    DataError : a threshold outside its range.

    Source: Agrawal & Srikant (1994); conviction: Brin et al. (1997).
    """
    if not (0 < min_support <= 1 and 0 <= min_confidence <= 1 and max_rules >= 1):
        raise DataError(
            "rules: need 0 < min_support <= 1, 0 <= min_confidence <= 1 and max_rules >= 1, "
            f"got {min_support:g}, {min_confidence:g} and {max_rules}"
        )
    if not purchases.item.size:
        return pl.DataFrame(schema=COLUMNS)
    matrix = _order_by_item(purchases)
    n_orders = int(np.unique(purchases.order).size)
    alone = np.asarray(matrix.sum(axis=0)).ravel()
    # An item in too few orders is in no pair: leave it out before the product.
    kept = np.flatnonzero(alone >= min_support * n_orders - 1e-9)
    pairs: coo_array = coo_array(matrix[:, kept].T @ matrix[:, kept])
    left, right = kept[pairs.row], kept[pairs.col]
    good = (left != right) & (pairs.data >= min_support * n_orders - 1e-9)
    left, right, both = left[good], right[good], pairs.data[good].astype(np.int64)
    names = purchases.item_name
    table = _measures(
        pl.DataFrame(
            {
                "antecedents": [str(name) for name in names[left]],
                "consequents": [str(name) for name in names[right]],
                "antecedent support": alone[left] / n_orders,
                "consequent support": alone[right] / n_orders,
                "support": both / n_orders,
                "orders": both,
            },
            schema={name: COLUMNS[name] for name in (*list(COLUMNS)[:5], "orders")},
        )
    )
    return (
        table.filter(pl.col("confidence") >= min_confidence - 1e-12)
        .sort(["lift", "support", "antecedents", "consequents"], descending=[True, True, False, False])
        .head(max_rules)
        .select(*COLUMNS)
    )


def lift_later(rules: pl.DataFrame, later: Purchases) -> pl.DataFrame:
    """The same rules counted again on later purchases: a rule found by chance falls back to lift 1.

    Returns
    -------
    `rules`, row for row, with `later orders` (orders with both) and `later lift`
    (null where the antecedent or the consequent no longer sells).
    """
    n_orders = int(np.unique(later.order).size)
    code = {str(name): i for i, name in enumerate(later.item_name)}
    left = np.array([code.get(name, -1) for name in rules["antecedents"]], dtype=np.int64)
    right = np.array([code.get(name, -1) for name in rules["consequents"]], dtype=np.int64)
    sold = (left >= 0) & (right >= 0)
    both, lift = np.zeros(left.size, dtype=np.int64), np.full(left.size, np.nan)
    if n_orders and sold.any():
        matrix = _order_by_item(later)
        alone = np.asarray(matrix.sum(axis=0)).ravel().astype(float)
        needed, place = np.unique(np.concatenate([left[sold], right[sold]]), return_inverse=True)
        together = csr_array(matrix[:, needed].T @ matrix[:, needed])
        a, b = place[: sold.sum()], place[sold.sum() :]
        both[sold] = np.asarray(together[a, b]).ravel()
        chance = alone[left[sold]] * alone[right[sold]]
        lift[sold] = np.divide(
            both[sold] * float(n_orders), chance, out=np.full(chance.shape, np.nan), where=chance > 0
        )
    return rules.with_columns(
        pl.Series("later orders", both, dtype=pl.Int64), pl.Series("later lift", lift, dtype=pl.Float64).fill_nan(None)
    )


def _order_by_item(purchases: Purchases) -> csr_array:
    """1 where the order holds the item, (orders, items)."""
    cells = (np.ones(purchases.item.size, dtype=np.int64), (purchases.order, purchases.item))
    matrix = csr_array(cells, shape=(purchases.n_orders, purchases.item_name.size))
    matrix.data[:] = 1  # entries given twice were summed
    return matrix


def _measures(pairs: pl.DataFrame) -> pl.DataFrame:
    first, second, both = pl.col("antecedent support"), pl.col("consequent support"), pl.col("support")
    return pairs.with_columns((both / first).alias("confidence")).with_columns(
        (pl.col("confidence") / second).alias("lift"),
        (both - first * second).alias("leverage"),
        pl.when(pl.col("confidence") < 1 - 1e-12)
        .then((1 - second) / (1 - pl.col("confidence")))
        .otherwise(float("inf"))
        .alias("conviction"),
    )
