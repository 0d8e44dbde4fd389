"""One row a score and metric: the value, its interval, and whether it beats the baseline.

May import: errors, arrays, mining.metrics.   Imported by: mining.evaluate.
"""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl

from crm_analytics.arrays import FloatArray, IntArray
from crm_analytics.mining.metrics import bootstrap, interval

SEED = 20260104
COLUMNS = {
    "task": pl.String,
    "score": pl.String,
    "metric": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "verdict": pl.String,
}

Statistic = Callable[[FloatArray, IntArray], float]  # a score (n,) and row numbers to a value


def compare(
    task: str,
    metric: str,
    scores: Mapping[str, FloatArray],
    statistic: Statistic,
    baseline: str,
    goodness: Callable[[float], float] = float,
) -> pl.DataFrame:
    """Each score beside the baseline, one row each with the columns of `COLUMNS`.

    Parameters
    ----------
    scores    : name to (n,), one value a customer, the baseline among them
    statistic : the metric on some of the customers
    goodness  : more of it is better; for an error, its negative

    `low` and `high` hold the middle 95 % of resampled customers.  A verdict of
    better or worse needs the interval of the difference, taken on the same
    resampled customers, to leave out 0.
    """
    values, draws = _measured(scores, statistic)
    good = np.array([[goodness(float(value)) for value in row] for row in draws])
    reference = list(scores).index(baseline)
    verdicts = {}
    for j, name in enumerate(scores):
        low, high = interval(good[:, j] - good[:, reference])
        word = "better than" if low > 0 else "worse than" if high < 0 else "not distinguishable from"
        verdicts[name] = "baseline" if name == baseline else f"{word} {baseline}"
    return _rows(task, metric, values, draws, verdicts)


def described(
    task: str, metric: str, scores: Mapping[str, FloatArray], statistic: Statistic, verdicts: Mapping[str, str]
) -> pl.DataFrame:
    """The same rows with verdicts already in words, for a metric on which a baseline means nothing."""
    return _rows(task, metric, *_measured(scores, statistic), verdicts)


def _measured(scores: Mapping[str, FloatArray], statistic: Statistic) -> tuple[dict[str, float], FloatArray]:
    """The value of each score on all customers, and (draws, scores) on resampled ones."""
    customers = next(iter(scores.values())).size

    def all_of(rows: IntArray) -> FloatArray:
        return np.array([statistic(score, rows) for score in scores.values()])

    values = all_of(np.arange(customers))
    return dict(zip(scores, values.tolist(), strict=True)), bootstrap(all_of, customers, SEED)


def _rows(
    task: str, metric: str, values: Mapping[str, float], draws: FloatArray, verdicts: Mapping[str, str]
) -> pl.DataFrame:
    rows = [
        (task, name, metric, value, *interval(draws[:, j]), verdicts[name])
        for j, (name, value) in enumerate(values.items())
    ]
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")
