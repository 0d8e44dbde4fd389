"""`crm evaluate`: learn on an earlier past, score a later one, and compare with what then happened.

                 learned on            tested on
    |--- past ---|--- horizon ---|--- horizon ---|
              first           second           as_of

May import: config, engines, features, mining.   Imported by: project.
"""

from collections.abc import Callable
from datetime import date, timedelta

import polars as pl

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.features.coverage import must_cover
from crm_analytics.features.customers import customer_features
from crm_analytics.features.labels import labels, purchases_after
from crm_analytics.features.purchases import purchases
from crm_analytics.mining import ModelInputs, Training, churn, lifetime_value
from crm_analytics.mining.evaluate import evaluate_churn, evaluate_next_offer, evaluate_value
from crm_analytics.mining.expected_value import expected_spend
from crm_analytics.mining.rules import lift_later, mine_rules
from crm_analytics.pipeline.kept import keep

Say = Callable[[str], None]
TWO_PART = "expected value, as the list ranks"
# The scores that we would have people use, and the measures that say most about them.
OURS = ("churn risk", "lifetime value", TWO_PART, "next offer", "something new")
TITLES = {
    "auc": "AUC",
    "top_decile_lift": "lift in the top decile",
    "calibration_error": "calibration error",
    "spend_error_per_customer": "error of spend per customer",
    "recall_at_10": "recall at 10",
    "recall_at_10_new": "recall at 10 of items never bought before",
}


def evaluate(engine: Engine, config: ProjectConfig, as_of: date, say: Say) -> pl.DataFrame:
    """Every model beside its baselines, one row a score and metric; kept as `mined_evaluation`.

    Raises
    ------
    DataError : fewer than two horizons of history before `as_of`, or sales that end before it.
    """
    must_cover(engine, as_of)
    days = lifetime_value.HORIZON_DAYS
    second = as_of - timedelta(days=days)
    first = second - timedelta(days=days)
    say(f"learned as of {first}, tested on the {days} days from {second}")
    earlier, later = customer_features(engine, first), customer_features(engine, second)
    training = Training(features=earlier, labels=labels(engine, first, days, earlier.customer_id))
    outcome = labels(engine, second, days, later.customer_id)
    held = evaluate_churn(training, later, outcome)
    before, after = purchases(engine, None, second, config.item), purchases_after(engine, second, days, config.item)
    scores = lifetime_value.score(ModelInputs(features=later, purchases=before, training=training))
    two_part = {TWO_PART: expected_spend(later, churn.fit(training).risk(later))}
    value = evaluate_value(scores, later, outcome, two_part)
    table = pl.concat(
        [held.evaluation, value, evaluate_next_offer(before, after)],
        how="vertical_relaxed",
    )
    rules = lift_later(mine_rules(before), after).rename({"later lift": "lift_later", "later orders": "orders_later"})
    with engine.transaction():
        keep(engine, "evaluation", table, as_of)
        keep(engine, "calibration", held.calibration, as_of)
        keep(engine, "churn_lift", held.churn_lift, as_of)
        keep(engine, "rule_later", rules, as_of)
    for sentence in sentences(table):
        say(sentence)
    return table


def sentences(table: pl.DataFrame) -> list[str]:
    """What the evaluation comes to: each score of ours on its main measures, beside its baseline.

    >>> rows = [("churn", "churn risk", "auc", 0.9, 0.8, 1.0, "better than guessing"),
    ...         ("churn", "guessing", "auc", 0.5, 0.5, 0.5, "baseline")]
    >>> names = ["task", "score", "metric", "value", "low", "high", "verdict"]
    >>> sentences(pl.DataFrame(rows, schema=names, orient="row"))
    ['churn risk: AUC 0.900 (0.800 to 1.000), better than guessing (0.500)']
    """
    said = []
    for (_, metric), rows in table.group_by("task", "metric", maintain_order=True):
        title = TITLES.get(str(metric))
        baselines = rows.filter(pl.col("verdict") == "baseline")["value"].to_list()
        ours = rows.filter(pl.col("score").is_in(OURS))
        for row in ours.iter_rows(named=True) if title else ():
            beside = f" ({baselines[0]:.3f})" if baselines else ""
            said.append(
                f"{row['score']}: {title} {row['value']:.3f} ({row['low']:.3f} to {row['high']:.3f}), "
                f"{row['verdict']}{beside}"
            )
    return said
