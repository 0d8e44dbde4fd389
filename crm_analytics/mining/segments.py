"""Segments: customers who buy alike, found by k-means and named in plain words.

How many there are is chosen by silhouette, how they are told apart is written
beside them: a segment nobody can describe cannot be served.  Descriptive only,
it forecasts nothing.

May import: errors, arrays, mining.inputs.   Imported by: mining (by name).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from threadpoolctl import threadpool_limits

from crm_analytics.arrays import Features, FloatArray, IntArray, Scores
from crm_analytics.mining.inputs import ModelInputs, by_customer, finite, rows_in

SEED = 20260101
FEWEST, MOST = 3, 8
STARTS = 10
SILHOUETTE_SAMPLE = 5_000
FIT_SAMPLE = 20_000
PLAIN = 0.25  # standard deviations: nearer to the average than this is not worth a word

# Feature: what to call much of it, what to call little of it.
WORDS = {
    "orders": ("frequent", "few orders"),
    "spend": ("high spend", "low spend"),
    "days_since_last_order": ("long away", "seen lately"),
    "mean_order_value": ("large orders", "small orders"),
    "departments": ("wide range", "narrow range"),
    "discount_share": ("buys on discount", "pays full price"),
}
# Feature: how the profile's sentence says its median.
PHRASES = {
    "orders": "{:,.0f} orders",
    "spend": "{:,.0f} spent",
    "days_since_last_order": "last seen {:,.0f} days ago",
    "mean_order_value": "{:,.2f} an order",
    "departments": "{:,.0f} departments",
    "discount_share": "{:.0%} off list price",
}
MEDIAN_NAMES = {
    "orders": "median_orders",
    "spend": "median_spend_money",
    "days_since_last_order": "median_days_since_last_order",
    "mean_order_value": "median_order_value_money",
    "departments": "median_departments",
    "discount_share": "median_discount_share",
}


@dataclass(frozen=True, slots=True)
class Split:
    """One way to cut the customers: k groups, how well they are told apart (-1 to 1), the group of each."""

    k: int
    silhouette: float
    group: IntArray


def score(inputs: ModelInputs) -> Scores:
    """`segment_no` (1 = highest mean spend), `segment`; tables `segment_profile` and `segment_choice`.

    Fewer than `FEWEST` kinds of customer make one segment, "All customers".
    """
    order = by_customer(inputs.features)
    features = rows_in(inputs.features, order)
    z = standardised(features)
    splits = split_each_way(z)
    # max takes the first of equals: the fewest segments that do as well.
    best = max(splits, key=lambda split: split.silhouette) if splits else Split(1, 0.0, np.zeros(len(features), int))
    group = _by_mean_spend(best.group, finite(features, "spend"))
    names = segment_names(z, group)

    segment_no = np.empty(len(features), dtype=np.int64)
    segment_no[order] = group
    return Scores(
        model="segments",
        as_of=inputs.features.as_of,
        customer_id=inputs.features.customer_id,
        values={"segment_no": (segment_no + 1).astype(np.float64)},
        labels={"segment": np.array(names, dtype=object)[segment_no]},
        tables={"segment_profile": _profile(features, group, names), "segment_choice": _choice(splits, best)},
    )


def standardised(features: Features) -> dict[str, FloatArray]:
    """Each feature as log1p, mean 0 and standard deviation 1; features that are the same for everybody left out.

    Spend and counts are skewed: without the log, k-means finds the ten biggest
    customers and calls the rest one segment.
    """
    z: dict[str, FloatArray] = {}
    for name in WORDS:
        logged: FloatArray = np.log1p(np.maximum(finite(features, name), 0.0))
        if (sd := float(logged.std())) > 1e-9:
            z[name] = (logged - float(logged.mean())) / sd
    return z


def split_each_way(z: dict[str, FloatArray]) -> list[Split]:
    """K-means for each k from `FEWEST` to `MOST` that the data can hold, judged by silhouette.

    Silhouette needs all distances, so above `SILHOUETTE_SAMPLE` customers it is
    taken on a sample, the same for every k; centres are found on at most
    `FIT_SAMPLE` customers.  Everybody is then put with the nearest centre.
    """
    if not z:
        return []
    points = np.column_stack(list(z.values()))
    kinds = len(np.unique(np.round(points, 9), axis=0))
    shuffled = np.random.default_rng(SEED).permutation(len(points))
    fitted, sample = np.sort(shuffled[:FIT_SAMPLE]), np.sort(shuffled[:SILHOUETTE_SAMPLE])
    splits = []
    # One thread: several add up in any order, so that centres would differ in their last digits from run to run,
    # and on a busy machine they wait for each other (twenty times slower, measured on two cores).
    with threadpool_limits(limits=1):
        for k in range(FEWEST, min(MOST, kinds - 1) + 1):
            centres = KMeans(n_clusters=k, n_init=STARTS, random_state=SEED).fit(points[fitted])
            # Numbered from 0 without a gap, even where a centre of the sample attracts nobody.
            group = np.unique(centres.predict(points), return_inverse=True)[1].astype(np.int64)
            if 1 < np.unique(group[sample]).size < sample.size:
                splits.append(Split(k, round(float(silhouette_score(points[sample], group[sample])), 4), group))
    return splits


def segment_names(z: dict[str, FloatArray], group: IntArray) -> list[str]:
    """A name for each group from what sets it furthest apart, unlike every other group's name.

    Two words where two are enough; more where two groups would share a name; a
    number where words run out.
    """
    groups = int(group.max()) + 1
    if groups == 1:
        return ["All customers"]
    words = [
        _words_apart({name: float(values[group == g].mean()) for name, values in z.items()}) for g in range(groups)
    ]
    used = [2] * groups
    for length in range(2, len(WORDS)):
        names = [", ".join(own[:length]) for own, length in zip(words, used, strict=True)]
        used = [length + 1 if names.count(name) > 1 else used[g] for g, name in enumerate(names)]
    names = [(", ".join(own[:length]) or "average").capitalize() for own, length in zip(words, used, strict=True)]
    return [
        name if names.count(name) == 1 else f"{name} ({names[: g + 1].count(name)})" for g, name in enumerate(names)
    ]


def _words_apart(means: dict[str, float]) -> list[str]:
    """Words for one group, the most telling first."""
    telling = sorted((name for name in means if abs(means[name]) >= PLAIN), key=lambda name: -abs(means[name]))
    return [WORDS[name][0 if means[name] > 0 else 1] for name in telling]


def _by_mean_spend(group: IntArray, spend: FloatArray) -> IntArray:
    """The same groups numbered by mean spend, highest first: k-means numbers them at random."""
    count = np.bincount(group)
    order = np.argsort(-np.bincount(group, spend) / count, kind="stable")
    number = np.empty_like(order)
    number[order] = np.arange(order.size)
    return number[group].astype(np.int64)


def _profile(features: Features, group: IntArray, names: list[str]) -> pl.DataFrame:
    spend, total = features["spend"], float(features["spend"].sum())
    rows = []
    for g, name in enumerate(names):
        mine = group == g
        medians = {feature: float(np.median(features[feature][mine])) for feature in WORDS}
        share, spend_share = float(mine.mean()), float(spend[mine].sum()) / total if total else 0.0
        phrases = ", ".join(PHRASES[feature].format(value) for feature, value in medians.items())
        rows.append(
            {
                "segment": name,
                "customers": int(mine.sum()),
                "customer_share": share,
                "spend_share": spend_share,
                **{MEDIAN_NAMES[feature]: value for feature, value in medians.items()},
                "in_words": f"{share:.0%} of customers, {spend_share:.0%} of spend. The median customer: {phrases}.",
            }
        )
    return pl.DataFrame(rows)


def _choice(splits: list[Split], best: Split) -> pl.DataFrame:
    rows: list[tuple[int, float | None, bool]] = [(s.k, s.silhouette, s.k == best.k) for s in splits]
    schema = {"segments": pl.Int64, "silhouette": pl.Float64, "chosen": pl.Boolean}
    return pl.DataFrame(rows or [(1, None, True)], schema=schema, orient="row")
