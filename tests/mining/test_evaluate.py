from dataclasses import replace

import numpy as np
import pytest

from crm_analytics.errors import DataError
from crm_analytics.mining import evaluate, lifetime_value
from crm_analytics.mining.compare import COLUMNS, compare
from crm_analytics.mining.evaluate import evaluate_churn, evaluate_next_offer, evaluate_value
from tests.mining.made_up import (
    HORIZON_DAYS,
    TODAY_DAYS,
    features_of,
    labels_of,
    log,
    made_up_log,
    purchases_of,
    shop,
    training_of,
)

KNOWN = made_up_log(seed=51, customers=500)
NOW = features_of(KNOWN, TODAY_DAYS)
AFTER = labels_of(KNOWN, NOW, TODAY_DAYS)


def test_a_verdict_needs_an_interval_that_leaves_out_nought() -> None:
    rng = np.random.default_rng(2)
    base = rng.normal(0, 1, 300)
    scores = {"base": base, "higher": base + 0.5, "noise": base + rng.normal(0, 1, 300), "lower": base - 0.5}
    got = compare("t", "mean", scores, lambda values, rows: float(values[rows].mean()), "base")
    assert got.columns == list(COLUMNS)
    assert got["verdict"].to_list() == [
        "baseline",
        "better than base",
        "not distinguishable from base",
        "worse than base",
    ]
    assert (got["low"] < got["value"]).all()
    assert (got["value"] < got["high"]).all()
    # As an error, less is better.
    flipped = compare("t", "mean", scores, lambda values, rows: float(values[rows].mean()), "base", lambda v: -v)
    assert flipped["verdict"].to_list()[1] == "worse than base"


def test_churn_is_compared_with_plain_baselines() -> None:
    got = evaluate_churn(training_of(KNOWN, TODAY_DAYS - HORIZON_DAYS), NOW, AFTER)
    table = {(row["score"], row["metric"]): row for row in got.evaluation.to_dicts()}
    assert got.evaluation.columns == list(COLUMNS)
    assert table["days since last order", "auc"]["verdict"] == "baseline"
    # In this made-up shop many order once: P(alive) calls them all safe, and is worse than counting days.
    assert table["1 - P(alive) (BG/NBD)", "auc"]["verdict"] == "worse than days since last order"
    assert table["churn risk", "auc"]["value"] > table["1 - P(alive) (BG/NBD)", "auc"]["value"]
    assert table["churn risk", "brier"]["verdict"] == "better than same risk for everybody"
    assert table["churn risk", "calibration_error"]["value"] < 0.1
    assert got.calibration["customers"].sum() == len(NOW)
    assert got.churn_lift["customers"].sum() == len(NOW)
    assert got.churn_lift["churners"].sum() == (AFTER.orders == 0).sum()
    weighted = (got.churn_lift["lift"] * got.churn_lift["customers"]).sum() / len(NOW)
    assert weighted == pytest.approx(1.0)


def test_a_test_that_overlaps_what_was_learned_is_refused() -> None:
    with pytest.raises(DataError, match="must be equal and must not overlap"):
        evaluate_churn(training_of(KNOWN, TODAY_DAYS - HORIZON_DAYS + 1), NOW, AFTER)


def test_value_by_hand_when_the_naive_guess_is_exact() -> None:
    scores = lifetime_value.score(shop(KNOWN, train=False))
    exact = dict(NOW.columns) | {"orders_90d": AFTER.orders, "spend_90d": AFTER.spend}
    table = evaluate_value(scores, replace(NOW, columns=exact), AFTER)
    rows = {(row["score"], row["metric"]): row for row in table.to_dicts()}
    naive = "same as last 90 days"
    assert rows[naive, "orders_total_error"]["value"] == 0.0
    assert rows[naive, "spend_error_per_customer"]["value"] == 0.0
    ours = rows["lifetime value", "spend_error_per_customer"]
    assert ours["value"] == pytest.approx(np.abs(scores.values["bg_nbd_spend_90d"] - AFTER.spend).mean())
    assert ours["verdict"] == f"worse than {naive}"
    bias = scores.values["bg_nbd_orders_90d"].sum() / AFTER.orders.sum() - 1
    assert rows["lifetime value", "orders_total_error"]["value"] == pytest.approx(bias)


def test_value_of_another_horizon_is_refused() -> None:
    scores = lifetime_value.score(shop(KNOWN, train=False))
    with pytest.raises(DataError, match="speaks of 90 days, labels of 30"):
        evaluate_value(scores, NOW, replace(AFTER, horizon_days=30))
    with pytest.raises(DataError, match="same customers"):
        evaluate_value(scores, NOW, replace(AFTER, customer_id=AFTER.customer_id[::-1]))


def test_next_offer_by_hand() -> None:
    # Ten items are recommended, and the shop has eight: every list holds them all, so recall is 1 for each.
    table = evaluate_next_offer(purchases_of(KNOWN, 0, TODAY_DAYS), purchases_of(KNOWN, TODAY_DAYS, TODAY_DAYS + 90))
    again = table.filter(table["metric"] == "recall_at_10")
    assert again["value"].to_list() == [1.0, 1.0, 1.0]
    assert again["verdict"].to_list()[0] == "not distinguishable from most bought by the customer"


def test_the_next_order_is_the_first_day_after(monkeypatch: pytest.MonkeyPatch) -> None:
    # One item is recommended.  c0 bought item 0 thrice and 1 once; then buys 0 on day 100 and 5 on day 120: hit.
    # c1 bought 1 thrice and then buys 2: a miss for all.  c2 is not known before and does not count.
    monkeypatch.setattr(evaluate, "TOP", 1)
    known = log(
        [(0, day, 1.0, [0]) for day in (10, 20, 30)]
        + [(0, 40, 1.0, [1])]
        + [(1, day, 1.0, [1]) for day in (10, 20, 30)]
        + [(0, 100, 1.0, [0]), (0, 120, 1.0, [5]), (1, 110, 1.0, [2]), (2, 100, 1.0, [0])]
    )
    table = evaluate_next_offer(purchases_of(known, 0, 100), purchases_of(known, 100, 130))
    rows = {(row["score"], row["metric"]): row["value"] for row in table.to_dicts()}
    assert rows["most bought by the customer", "recall_at_10"] == 0.5
    # Everybody's most bought is item 1 (4 orders of 7): a miss for both.
    assert rows["most bought by everybody", "recall_at_10"] == 0.0
    assert rows["next offer", "recall_at_10"] == 0.5


def test_nobody_came_back_is_refused() -> None:
    known = log([(0, 10, 1.0, [0]), (1, 110, 1.0, [0])])
    with pytest.raises(DataError, match="ordered again"):
        evaluate_next_offer(purchases_of(known, 0, 100), purchases_of(known, 100, 130))
