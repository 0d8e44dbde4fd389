from dataclasses import replace

import numpy as np
import pytest

from crm_analytics.errors import DataError
from crm_analytics.mining import churn
from crm_analytics.mining.metrics import auc
from tests.mining.made_up import HORIZON_DAYS, TODAY_DAYS, labels_of, made_up_log, shop

KNOWN = made_up_log(seed=31, customers=800)
INPUTS = shop(KNOWN)


def test_the_risk_ranks_and_is_calibrated_a_quarter_later() -> None:
    got = churn.score(INPUTS).values["churn_risk"]
    gone = labels_of(KNOWN, INPUTS.features, TODAY_DAYS).orders == 0
    assert ((got >= 0) & (got <= 1)).all()
    assert auc(got, gone) > 0.75
    # 800 customers: the standard error of the share of churners is 0.018.
    assert got.mean() == pytest.approx(gone.mean(), abs=0.06)


def test_deciles_follow_the_risk() -> None:
    values = churn.score(INPUTS).values
    assert set(values["churn_decile"]) == set(range(1, 11))
    order = np.argsort(values["churn_risk"], kind="stable")
    assert (np.diff(values["churn_decile"][order]) >= 0).all()


def test_equal_customers_share_risk_and_decile() -> None:
    twice = np.repeat(np.arange(len(INPUTS.features)), 2)
    columns = {name: values[twice] for name, values in INPUTS.features.columns.items()}
    ids = np.array([f"t{i:05d}" for i in range(twice.size)], dtype=object)
    features = replace(INPUTS.features, customer_id=ids, columns=columns)
    got = churn.score(replace(INPUTS, features=features)).values
    np.testing.assert_array_equal(got["churn_decile"][::2], got["churn_decile"][1::2])
    np.testing.assert_allclose(got["churn_risk"][::2], got["churn_risk"][1::2], rtol=1e-12)


def test_a_planted_driver_is_found() -> None:
    # Who was silent for more than 60 days never comes back, everybody else does: nothing else matters.
    assert INPUTS.training is not None
    silent = INPUTS.training.features["days_since_last_order"]
    labels = replace(INPUTS.training.labels, orders=np.where(silent > 60, 0.0, 1.0))
    table = churn.score(replace(INPUTS, training=replace(INPUTS.training, labels=labels))).tables["churn_drivers"]
    assert table.columns == ["feature", "auc_lost", "risk_when_low", "risk_when_high"]
    assert table["auc_lost"].is_sorted(descending=True)
    assert "days_since_last_order" in table["feature"][0]  # itself or its ratio to the customer's gap
    top = table.filter(table["feature"] == "days_since_last_order").to_dicts()[0]
    assert top["risk_when_high"] > 0.9
    assert top["risk_when_low"] < 0.1


def test_no_outcome_to_learn_from_is_refused() -> None:
    with pytest.raises(DataError, match="no earlier outcome to learn from"):
        churn.score(replace(INPUTS, training=None))


@pytest.mark.parametrize(("orders", "word"), [(0.0, "none"), (2.0, "all")])
def test_one_kind_of_outcome_is_refused(orders: float, word: str) -> None:
    assert INPUTS.training is not None
    labels = replace(INPUTS.training.labels, orders=np.full(len(INPUTS.training.features), orders))
    with pytest.raises(DataError, match=f"{word} of the .* customers known on 2024-09-27 ordered in the 90 days"):
        churn.score(replace(INPUTS, training=replace(INPUTS.training, labels=labels)))


def test_values_outside_the_training_range_count_as_the_nearest_seen() -> None:
    assert INPUTS.training is not None
    model = churn.fit(INPUTS.training)
    columns = dict(INPUTS.features.columns)
    columns["contacts_90d"] = np.full(len(INPUTS.features), 1e9)
    seen = dict(INPUTS.features.columns)
    seen["contacts_90d"] = np.full(len(INPUTS.features), INPUTS.training.features["contacts_90d"].max())
    far, near = (model.risk(replace(INPUTS.features, columns=c)) for c in (columns, seen))
    np.testing.assert_allclose(far, near, rtol=1e-12)


def test_the_horizon_is_that_of_the_labels() -> None:
    assert INPUTS.training is not None
    assert churn.fit(INPUTS.training).horizon_days == HORIZON_DAYS
