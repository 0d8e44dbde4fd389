"""How good is a score: ranking, calibration, recall, and an interval around each.

Each metric takes arrays of one value a customer.  Ties count half, so no metric
depends on the order of rows.

May import: errors, arrays.   Imported by: mining.churn, mining.compare, mining.evaluate.
"""

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crm_analytics.arrays import FloatArray, IntArray
from crm_analytics.errors import DataError

BoolArray = NDArray[np.bool_]
DRAWS = 200
LEVEL = 0.95


def auc(scores: FloatArray, happened: BoolArray) -> float:
    """Chance that someone to whom it happened scores above someone to whom it did not; ties count half.

    0.5 is guessing, 1 perfect; NaN where it happened to all or to none.
    """
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    middle_rank = (np.cumsum(count) - (count - 1) / 2)[place]
    yes = int(happened.sum())
    no = happened.size - yes
    if not yes or not no:
        return float("nan")
    return float((middle_rank[happened].sum() - yes * (yes + 1) / 2) / (yes * no))


def lift_at(scores: FloatArray, happened: BoolArray, share: float = 0.1) -> float:
    """How many times as often it happened among the top `share` of scores as among all.

    Customers tied at the border count in part.  At most 1 / share; NaN where it
    happened to nobody.
    """
    if not 0 < share <= 1:
        raise DataError(f"lift_at: share must be above 0 and at most 1, got {share:g}")
    rate = happened.mean() if happened.size else 0.0
    if not rate:
        return float("nan")
    return share_of_top(scores, happened.astype(float), share) / share


def share_of_top(scores: FloatArray, amount: FloatArray, share: float = 0.1) -> float:
    """Part of the whole `amount` that the top `share` of scores hold, customers tied at the border in part."""
    _, place, count = np.unique(-scores, return_inverse=True, return_counts=True)
    taken = np.clip(share * scores.size - (np.cumsum(count) - count), 0, count)
    total = amount.sum()
    return float(taken / count @ np.bincount(place, amount) / total) if total else float("nan")


def brier(probability: FloatArray, happened: BoolArray) -> float:
    """Mean squared error of a probability: 0 is perfect, 0.25 is saying one half of everything."""
    return float(np.mean((probability - happened) ** 2))


def calibration_bins(probability: FloatArray, happened: BoolArray, bins: int = 10) -> pl.DataFrame:
    """Predicted and observed share in `bins` groups of about equal size, lowest first.

    Columns: `bin` (1 ..), `predicted`, `observed`, `customers`.  Equal
    probabilities are never parted, so there may be fewer groups.
    """
    distinct, place, count = np.unique(probability, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - count / 2
    group = np.floor(bins * middle / max(probability.size, 1)).astype(np.int64)
    group = np.unique(group, return_inverse=True)[1]
    size = np.bincount(group, count)
    observed = np.bincount(group, np.bincount(place, happened)) / size
    predicted = np.bincount(group, distinct * count) / size
    return pl.DataFrame(
        {
            "bin": np.arange(1, size.size + 1),
            "predicted": predicted,
            "observed": observed,
            "customers": size.astype(np.int64),
        }
    )


def expected_calibration_error(probability: FloatArray, happened: BoolArray, bins: int = 10) -> float:
    """Mean distance of predicted from observed share over the bins, weighted by customers; 0 is perfect."""
    table = calibration_bins(probability, happened, bins)
    distance = np.abs(table["predicted"].to_numpy() - table["observed"].to_numpy())
    return float(np.average(distance, weights=table["customers"].to_numpy()))


def recall_at_k(recommended: IntArray, truth: list[set[int]]) -> FloatArray:
    """Share of each customer's true items that were recommended, (c,).

    Parameters
    ----------
    recommended : (c, k) item codes; negative = none
    truth       : c sets of item codes, none empty
    """
    if not all(truth):
        raise DataError("recall: every customer needs at least one true item")
    found = [len(items.intersection(row)) / len(items) for items, row in zip(truth, recommended.tolist(), strict=True)]
    return np.array(found, dtype=float)


def bootstrap(
    statistics: Callable[[IntArray], FloatArray], customers: int, seed: int, draws: int = DRAWS
) -> FloatArray:
    """The statistics of `draws` samples of customers with replacement, (draws, s).

    Parameters
    ----------
    statistics : row numbers (customers,) to (s,) values; all of one draw see the
        same customers, so that differences between them are paired
    """
    rng = np.random.default_rng(seed)
    return np.vstack([statistics(rng.integers(0, customers, customers)) for _ in range(draws)])


def interval(draws: FloatArray) -> tuple[float, float]:
    """The middle 95 % of the draws (NaN left out): low, high."""
    known = draws[np.isfinite(draws)]
    if not known.size:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
