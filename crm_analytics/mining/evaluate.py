"""Is a model better than the obvious?  Every model beside plain baselines, with intervals and a verdict.

Always in time: learned from what was known on an earlier day, tested on what
happened after a later one, never on random rows.  A model that does not beat
its baseline is said not to.  All tables have the columns of `compare.COLUMNS`
unless they say otherwise.

May import: errors, arrays, mining.*.   Imported by: reports, project.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl

from crm_analytics.arrays import Features, FloatArray, IntArray, Labels, Purchases, Scores
from crm_analytics.errors import DataError
from crm_analytics.mining import churn, lifetime_value, metrics, next_offer
from crm_analytics.mining.compare import compare, described
from crm_analytics.mining.histories import Histories, best_items, histories
from crm_analytics.mining.inputs import Training, by_customer
from crm_analytics.mining.metrics import BoolArray
from crm_analytics.mining.ranks import equal_groups

SEED = 20260103
TOP = 10
TASK_VALUE = "lifetime_value"
WHAT = ("orders", "spend")
MOST_CUSTOMERS = 5_000  # of the next-offer test; more would narrow the interval below what matters


@dataclass(frozen=True, slots=True, kw_only=True)
class ChurnEvaluation:
    """`evaluation` (one row a score and metric), `calibration` (one a bin) and `churn_lift` (one a decile)."""

    evaluation: pl.DataFrame
    calibration: pl.DataFrame
    churn_lift: pl.DataFrame


def evaluate_churn(training: Training, features: Features, labels: Labels) -> ChurnEvaluation:
    """Learn on `training`, score `features` at a later `as_of`, compare with `labels`, what then happened.

    Beside the model: days since the last order (the baseline), BG/NBD's expected
    orders, and 1 - P(alive), which many tools sell as churn risk.

    Raises
    ------
    DataError : the two horizons differ, or overlap in time.
    """
    learned_days = (features.as_of - training.features.as_of).days
    if training.labels.horizon_days != labels.horizon_days or learned_days < labels.horizon_days:
        raise DataError(
            f"churn: learned on the {training.labels.horizon_days} days from {training.features.as_of}, tested on the "
            f"{labels.horizon_days} from {features.as_of}: the horizons must be equal and must not overlap"
        )
    order = by_customer(features)
    churned = labels.orders[order] == 0
    risk = churn.fit(training).risk(features)[order]
    expected = lifetime_value.forecast(features, labels.horizon_days)
    gone = 1 - expected.p_alive[order]
    base = np.full(risk.shape, float((training.labels.orders == 0).mean()))
    recency, everybody = "days since last order", "same risk for everybody"
    ranked = {
        "churn risk": risk,
        recency: features["days_since_last_order"][order],
        "fewest expected orders (BG/NBD)": -expected.orders[order],
        "1 - P(alive) (BG/NBD)": gone,
    }
    said = {"churn risk": risk, "1 - P(alive) (BG/NBD)": gone, everybody: base}

    def auc(risk: FloatArray, rows: IntArray) -> float:
        return metrics.auc(risk[rows], churned[rows])

    def lift(risk: FloatArray, rows: IntArray) -> float:
        return metrics.lift_at(risk[rows], churned[rows])

    def brier(risk: FloatArray, rows: IntArray) -> float:
        return metrics.brier(risk[rows], churned[rows])

    def calibration(risk: FloatArray, rows: IntArray) -> float:
        return metrics.expected_calibration_error(risk[rows], churned[rows])

    verdicts = {name: f"said {p.mean():.1%}, {churned.mean():.1%} came true" for name, p in said.items()}
    return ChurnEvaluation(
        evaluation=pl.concat(
            [
                compare("churn", "auc", ranked, auc, recency),
                compare("churn", "top_decile_lift", ranked, lift, recency),
                compare("churn", "brier", said, brier, everybody, goodness=lambda error: -error),
                described("churn", "calibration_error", said, calibration, verdicts),
            ]
        ),
        calibration=metrics.calibration_bins(risk, churned),
        churn_lift=_decile_table(risk, churned),
    )


def evaluate_value(
    scores: Scores, features: Features, labels: Labels, forecasts: Mapping[str, FloatArray] = MappingProxyType({})
) -> pl.DataFrame:
    """Expected orders and spend of `lifetime_value` beside "the same as in the last 90 days".

    `forecasts` names other forecasts of spend to hold beside them, each (n,) money
    in the order of `features`.

    Metrics, for orders and for spend: `_total_error` (expected / actual - 1 over
    all customers), `_error_per_customer` (mean absolute error, orders or money),
    `_of_top_decile` (share of all that then came from the tenth named best).

    Raises
    ------
    DataError : labels of another horizon than the scores', or other customers.
    """
    if labels.horizon_days != lifetime_value.HORIZON_DAYS:
        raise DataError(f"lifetime_value speaks of {lifetime_value.HORIZON_DAYS} days, labels of {labels.horizon_days}")
    if not (
        np.array_equal(scores.customer_id, labels.customer_id)
        and np.array_equal(features.customer_id, labels.customer_id)
    ):
        raise DataError(
            "lifetime_value: scores, features and labels must speak of the same customers in the same order"
        )
    order = by_customer(features)
    ours, naive = "lifetime value", "same as last 90 days"
    named = {what: (scores.values[f"bg_nbd_{what}_90d"][order], features[f"{what}_90d"][order]) for what in WHAT}
    actual = {"orders": labels.orders[order], "spend": labels.spend[order]}
    tables = []
    for what in WHAT:
        said, truth = dict(zip((ours, naive), named[what], strict=True)), actual[what]
        if what == "spend":
            said |= {name: forecast[order] for name, forecast in forecasts.items()}

        def total_error(value: FloatArray, rows: IntArray, truth: FloatArray = truth) -> float:
            return float(value[rows].sum() / truth[rows].sum() - 1) if truth[rows].any() else float("nan")

        def customer_error(value: FloatArray, rows: IntArray, truth: FloatArray = truth) -> float:
            return float(np.abs(value[rows] - truth[rows]).mean())

        def top(value: FloatArray, rows: IntArray, truth: FloatArray = truth) -> float:
            return metrics.share_of_top(value[rows], truth[rows])

        tables += [
            compare(TASK_VALUE, f"{what}_total_error", said, total_error, naive, goodness=lambda error: -abs(error)),
            compare(TASK_VALUE, f"{what}_error_per_customer", said, customer_error, naive, goodness=lambda e: -e),
            compare(TASK_VALUE, f"{what}_of_top_decile", said, top, naive),
        ]
    return pl.concat(tables)


def evaluate_next_offer(before: Purchases, after: Purchases) -> pl.DataFrame:
    """Recall@10 of each customer's next order day, for the buy-again list and for items never bought.

    `before` is what is known, `after` what was bought from `before.as_of` on.
    Customers and items are matched by name; items nobody had bought before
    cannot be foreseen by anybody and count as missed.

    Raises
    ------
    DataError : no customer of `before` bought anything after.
    """
    truth = _next_order(before, after)
    if not truth:
        raise DataError(f"next_offer: no customer known on {before.as_of} ordered again; nothing to compare with")
    known = histories(before)
    personal, everybody = "most bought by the customer", "most bought by everybody"
    ranked = np.argsort(-known.share, kind="stable")

    asked = np.array(list(truth))
    wanted = list(truth.values())
    recalls = {
        "next offer": metrics.recall_at_k(next_offer.recommend(before, TOP)[asked], wanted),
        personal: metrics.recall_at_k(_most_bought(known, asked), wanted),
        everybody: metrics.recall_at_k(np.tile(ranked[:TOP], (asked.size, 1)), wanted),
    }
    again = compare("next_offer", "recall_at_10", recalls, _mean, personal)

    owned = {c: set(known.item[known.start(c) : known.start(c + 1)].tolist()) for c in truth}
    fresh = {c: items - owned[c] for c, items in truth.items() if items - owned[c]}
    if not fresh:
        return again
    asked, wanted = np.array(list(fresh)), list(fresh.values())
    recalls = {
        "something new": metrics.recall_at_k(next_offer.recommend_new(before, TOP)[asked], wanted),
        everybody: metrics.recall_at_k(_popular_and_new(ranked, [owned[c] for c in fresh]), wanted),
    }
    return pl.concat([again, compare("next_offer", "recall_at_10_new", recalls, _mean, everybody)])


def _mean(values: FloatArray, rows: IntArray) -> float:
    return float(values[rows].mean())


def _next_order(before: Purchases, after: Purchases) -> dict[int, set[int]]:
    """Customer code to item codes of `before`, of each customer's first order day in `after`.

    An item that `before` does not know gets a code above all of its codes.  Of
    more than `MOST_CUSTOMERS` customers a seeded sample is taken.
    """
    customer_code = {name: code for code, name in enumerate(before.customer_id)}
    item_code = {name: code for code, name in enumerate(before.item_name)}
    customer = np.array([customer_code.get(name, -1) for name in after.customer_id], dtype=np.int64)[after.customer]
    unknown = before.item_name.size
    item = np.array([item_code.get(name, unknown + i) for i, name in enumerate(after.item_name)], dtype=np.int64)
    first_day = np.zeros(after.customer_id.size, dtype=np.int64)
    np.maximum.at(first_day, after.customer, after.days_ago)
    rows = np.flatnonzero((after.days_ago == first_day[after.customer]) & (customer >= 0))
    bought_before = np.unique(before.customer)
    asked = np.intersect1d(customer[rows], bought_before)
    asked = np.sort(np.random.default_rng(SEED).permutation(asked)[:MOST_CUSTOMERS])
    truth: dict[int, set[int]] = {c: set() for c in asked.tolist()}
    for c, i in zip(customer[rows].tolist(), item[after.item[rows]].tolist(), strict=True):
        if c in truth:
            truth[c].add(i)
    return truth


def _most_bought(known: Histories, asked: IntArray) -> IntArray:
    """Codes of the items each customer bought in most orders, equals by popularity, then what everybody buys."""
    lists = []
    for c in asked.tolist():
        pairs = slice(known.start(c), known.start(c + 1))
        liking = known.share * 0.5  # below 1, so it only parts equals
        liking[known.item[pairs]] += known.orders[pairs]
        lists.append(best_items(liking[None, :], TOP)[0])
    return np.vstack(lists)


def _popular_and_new(ranked: IntArray, owned: list[set[int]]) -> IntArray:
    """What everybody buys most among the items each customer never bought; -1 where too few are left."""
    lists = np.full((len(owned), TOP), -1, dtype=np.int64)
    for row, mine in enumerate(owned):
        new = [item for item in ranked[: len(mine) + TOP].tolist() if item not in mine][:TOP]
        lists[row, : len(new)] = new
    return lists


def _decile_table(risk: FloatArray, churned: BoolArray) -> pl.DataFrame:
    """One row a decile of risk, 10 the highest: `decile`, `customers`, `churners`, `rate`, `lift`."""
    decile = equal_groups(np.round(risk, 10), churn.DECILES)
    table = (
        pl.DataFrame({"decile": decile, "churned": churned})
        .group_by("decile")
        .agg(pl.len().cast(pl.Int64).alias("customers"), pl.col("churned").sum().cast(pl.Int64).alias("churners"))
    )
    rate = pl.col("churners") / pl.col("customers")
    overall = float(churned.mean())
    return table.sort("decile").with_columns(
        rate.alias("rate"), (rate / overall if overall else pl.lit(None, pl.Float64)).alias("lift")
    )
