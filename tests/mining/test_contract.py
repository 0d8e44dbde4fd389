"""What every registered model is held to, by being registered."""

import subprocess
import sys

import numpy as np
import pytest

from crm_analytics.arrays import Scores
from crm_analytics.errors import DataError, UnknownName
from crm_analytics.mining import MODELS, ModelInputs, model
from tests.mining.made_up import log, made_up_log, shop, shuffled

INPUTS = shop(made_up_log(seed=7, customers=300))

FEW = {
    "one customer": [(0, 10, 20.0, [0]), (0, 40, 30.0, [0, 1]), (0, 100, 25.0, [1]), (0, 400, 5.0, [1])],
    "one customer, one order": [(0, 10, 20.0, [0])],
    "all equal": [(c, day, 20.0, [0]) for c in range(12) for day in (10, 100, 200)],
    "one-time buyers only": [(c, 10 + 20 * c, 5.0 + c, [c % 8]) for c in range(12)],
    "one-time buyers, some came back": [
        order for c in range(12) for order in [(c, 10 + 20 * c, 5.0 + c, [c % 8])] + [(c, 300, 9.0, [0])] * (c % 2)
    ],
    "free of charge": [(c, day, 0.0, [c % 8]) for c in range(12) for day in (10 + c, 100 + 2 * c, 280 + c)],
}


def same(first: Scores, second: Scores, order: slice | np.ndarray, tolerance: float = 1e-9) -> None:
    assert list(first.values) == list(second.values)
    for name, values in first.values.items():
        np.testing.assert_allclose(second.values[name], values[order], rtol=tolerance, atol=1e-12)
    for name, texts in first.labels.items():
        np.testing.assert_array_equal(second.labels[name], texts[order])


@pytest.mark.parametrize("name", MODELS)
def test_one_finite_score_per_customer_whatever_the_row_order(name: str) -> None:
    straight = model(name)(INPUTS)
    assert straight.model == name
    assert straight.as_of == INPUTS.features.as_of
    np.testing.assert_array_equal(straight.customer_id, INPUTS.features.customer_id)
    for values in straight.values.values():
        assert values.shape == (len(INPUTS.features),)
        assert values.dtype == np.float64
        assert np.isfinite(values).all()
    for texts in straight.labels.values():
        assert texts.shape == (len(INPUTS.features),)
        assert all(isinstance(text, str) and text for text in texts)
    moved, order = shuffled(INPUTS, seed=1)
    same(straight, model(name)(moved), order)


@pytest.mark.parametrize("name", MODELS)
def test_same_inputs_same_scores(name: str) -> None:
    first, second = model(name)(INPUTS), model(name)(INPUTS)
    same(first, second, slice(None))
    for table, frame in first.tables.items():
        assert frame.equals(second.tables[table], null_equal=True)


@pytest.mark.parametrize("orders", FEW.values(), ids=FEW)
@pytest.mark.parametrize("name", MODELS)
def test_few_or_equal_customers_are_scored_or_refused_in_a_sentence(
    name: str, orders: list[tuple[int, int, float, list[int]]]
) -> None:
    inputs = shop(log(orders))
    assert inputs.training is not None
    if name == "churn" and np.unique(inputs.training.labels.orders > 0).size < 2:
        with pytest.raises(DataError, match="both kinds are needed to learn from"):
            model(name)(inputs)
        return
    scores = model(name)(inputs)
    for values in scores.values.values():
        assert values.shape == (len(inputs.features),)
        assert np.isfinite(values).all()


def test_names_of_values_and_labels_are_unique_across_models() -> None:
    names = [name for scores in (model(m)(INPUTS) for m in MODELS) for name in (*scores.values, *scores.labels)]
    # The report, the lists and the cubes use these names.
    assert names == [
        "r_score",
        "f_score",
        "m_score",
        "rfm_class",
        "segment_no",
        "segment",
        "p_alive",
        "bg_nbd_orders_90d",
        "bg_nbd_spend_90d",
        "expected_order_value",
        "churn_risk",
        "churn_decile",
        "offer_score",
        "next_offer",
        "next_offer_kind",
        "next_offer_reason",
    ]


def test_the_order_of_customer_ids_does_not_matter_to_a_model() -> None:
    # A model that looked at the id, or at the row number, would change its mind when the ids are turned round.
    turned = {name: f"x{len(INPUTS.features) - i:05d}" for i, name in enumerate(INPUTS.features.customer_id)}
    for name in ("rfm", "churn", "lifetime_value"):
        ids = np.array([turned[old] for old in INPUTS.features.customer_id], dtype=object)
        features = type(INPUTS.features)(as_of=INPUTS.features.as_of, customer_id=ids, columns=INPUTS.features.columns)
        renamed = ModelInputs(features=features, purchases=INPUTS.purchases, training=INPUTS.training)
        # The fits see the rows in another order, so they may stop one rounding step elsewhere.
        same(model(name)(INPUTS), model(name)(renamed), slice(None), tolerance=1e-6)


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'churn'"):
        model("chrun")


def test_importing_mining_does_not_import_scikit_learn() -> None:
    code = "import sys, crm_analytics.mining; print([m for m in ('sklearn', 'scipy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_made_up_shop_has_both_kinds_of_customer() -> None:
    assert INPUTS.training is not None
    gone = (INPUTS.training.labels.orders == 0).mean()
    assert 0.2 < gone < 0.8
