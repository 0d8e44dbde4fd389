"""Churn: the probability that a customer places no order in the coming days.

In retail nobody cancels, so churn is "no order in the horizon", learned from an
earlier `as_of` whose horizon has passed, then asked of today's customers.
A logistic regression on logged features: on Complete Journey, trained and
tested a quarter apart, it ranks as well as boosted trees and its probabilities
need no second calibration.  `evaluate` measures it beside plain baselines.

May import: errors, arrays, mining.inputs, mining.metrics, mining.ranks.
Imported by: mining (by name), mining.evaluate.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from crm_analytics.arrays import Features, FloatArray, Scores
from crm_analytics.errors import DataError
from crm_analytics.mining.inputs import ModelInputs, Training, by_customer, finite, rows_in
from crm_analytics.mining.metrics import auc
from crm_analytics.mining.ranks import equal_groups

SEED = 20260102
DECILES = 10
PENALTY = 0.03  # C of the logistic regression; from 0.01 to 1 the AUC moves by less than 0.01
DRIVER_SAMPLE = 5_000
DRIVER_SHUFFLES = 5
DRIVER_COLUMNS = ("auc_lost", "risk_when_low", "risk_when_high")

# All are counts, days or money, >= 0.  Totals since the first order are left out
# on purpose: they grow with the history on record, which is longer today than it
# was at the earlier as_of (and the AUC a quarter later fell when they were in).
LOGGED = (
    "days_since_last_order",
    "orders_30d",
    "orders_90d",
    "orders_180d",
    "spend_30d",
    "spend_90d",
    "spend_180d",
    "mean_order_value",
    "contacts_90d",
    "responses_180d",
)


@dataclass(frozen=True, slots=True)
class ChurnModel:
    """A fitted churn model; `low` and `high` are the range of each feature seen in training."""

    pipeline: Pipeline
    low: FloatArray
    high: FloatArray
    horizon_days: int

    def risk(self, features: Features) -> FloatArray:
        """Probability of no order in the `horizon_days` from `features.as_of` on, (n,)."""
        return self.risk_of(np.column_stack(list(predictors(features).values())))

    def risk_of(self, matrix: FloatArray) -> FloatArray:
        """The same from the predictors, (n, p).  Values never seen in training count as the nearest seen."""
        risk: FloatArray = self.pipeline.predict_proba(np.clip(matrix, self.low, self.high))[:, 1]
        return risk


def score(inputs: ModelInputs) -> Scores:
    """`churn_risk` (0 to 1) and `churn_decile` (1 lowest risk to 10 highest); table `churn_drivers`.

    The horizon is that of the training labels.  Equal risks share a decile.

    Raises
    ------
    DataError : no earlier outcome to learn from, or all customers fared the same.
    """
    if inputs.training is None:
        raise DataError("churn: no earlier outcome to learn from; load a longer history or choose a later as_of")
    model = fit(inputs.training)
    risk = model.risk(inputs.features)
    return Scores(
        model="churn",
        as_of=inputs.features.as_of,
        customer_id=inputs.features.customer_id,
        # Ten decimals: equal customers must tie whatever row of the matrix product they were in.
        values={"churn_risk": risk, "churn_decile": equal_groups(np.round(risk, 10), DECILES).astype(float)},
        tables={"churn_drivers": drivers(model, inputs.training)},
    )


def fit(training: Training) -> ChurnModel:
    """Learn from the customers of an earlier `as_of` who did not order in the days from it on.

    Raises
    ------
    DataError : all of them ordered, or none did.
    """
    order = by_customer(training.features)
    matrix = np.column_stack(list(predictors(rows_in(training.features, order)).values()))
    churned = training.labels.orders[order] == 0
    if churned.all() or not churned.any():
        raise DataError(
            f"churn: {'none' if churned.all() else 'all'} of the {churned.size} customers known on "
            f"{training.features.as_of} ordered in the {training.labels.horizon_days} days after; "
            "both kinds are needed to learn from"
        )
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=5000))
    pipeline.fit(matrix, churned)
    return ChurnModel(pipeline, matrix.min(axis=0), matrix.max(axis=0), training.labels.horizon_days)


def predictors(features: Features) -> dict[str, FloatArray]:
    """What the model looks at, each (n,) and finite, counts and money on a log scale.

    Who ordered on one day only has no gap between orders: the days since stand
    in for it, the shortest that the gap can still become.
    """
    found = {name: np.log1p(np.maximum(finite(features, name), 0.0)) for name in LOGGED}
    since_first = finite(features, "age_days")
    gap = _known_or(features["gap_mean_days"], since_first)
    longest = _known_or(features["gap_max_days"], since_first)
    found["gap_mean_days"] = np.log1p(gap)
    found["gap_sd_days"] = np.log1p(_known_or(features["gap_sd_days"], gap))
    found["gap_max_days"] = np.log1p(longest)
    since_last = np.log(np.maximum(features["days_since_last_order"], 1.0))
    found["days_since_last_order / gap_mean_days"] = since_last - np.log(np.maximum(gap, 1.0))
    found["days_since_last_order / gap_max_days"] = since_last - np.log(np.maximum(longest, 1.0))
    found["discount_share"] = _known_or(features["discount_share"], np.zeros(len(features)))
    found["one_order_day"] = (finite(features, "order_days") <= 1).astype(float)
    return found


def drivers(model: ChurnModel, training: Training) -> pl.DataFrame:
    """What the risk hangs on, the strongest first.

    Columns: `feature`; `auc_lost`, how much worse the ranking of the training
    customers gets when only this feature is shuffled among them (features that
    tell the same tale stand in for each other and share it); `risk_when_low`,
    `risk_when_high`, mean risk of the fifth of customers with the lowest and
    highest value.
    """
    order = by_customer(training.features)
    rng = np.random.default_rng(SEED)
    rows = order[np.sort(rng.permutation(order.size)[:DRIVER_SAMPLE])]
    columns = predictors(rows_in(training.features, rows))
    matrix, churned = np.column_stack(list(columns.values())), training.labels.orders[rows] == 0
    if churned.all() or not churned.any():
        return pl.DataFrame(schema={"feature": pl.String, **dict.fromkeys(DRIVER_COLUMNS, pl.Float64)})
    risk = model.risk_of(matrix)
    full = auc(risk, churned)
    found = []
    for j, (name, values) in enumerate(columns.items()):
        lost = []
        for _ in range(DRIVER_SHUFFLES):
            shuffled = matrix.copy()
            shuffled[:, j] = rng.permutation(values)
            lost.append(full - auc(model.risk_of(shuffled), churned))
        fifth = equal_groups(values, 5)
        low, high = risk[fifth == fifth.min()].mean(), risk[fifth == fifth.max()].mean()
        found.append((name, round(float(np.mean(lost)), 6), round(float(low), 6), round(float(high), 6)))
    table = pl.DataFrame(found, schema=["feature", *DRIVER_COLUMNS], orient="row")
    return table.sort("auc_lost", descending=True, maintain_order=True)


def _known_or(values: FloatArray, otherwise: FloatArray) -> FloatArray:
    return np.where(np.isfinite(values), values, otherwise)
