from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from crm_analytics.arrays import Features
from crm_analytics.mining import ModelInputs
from crm_analytics.mining.segments import WORDS, score, segment_names
from tests.mining.made_up import log, made_up_log, purchases_of, shop

NOTHING = purchases_of(log([(0, 1, 1.0, [0])]), 0, 2)


def planted(seed: int, each: int) -> tuple[ModelInputs, np.ndarray]:
    """Three kinds of customer that nobody could mistake, and which is which."""
    rng = np.random.default_rng(seed)
    kind = np.repeat([0, 1, 2], each)
    centres = {  # big regulars, lapsed small ones, rare large orders
        "orders": [80, 5, 4],
        "spend": [4000, 60, 1200],
        "days_since_last_order": [4, 200, 30],
        "mean_order_value": [50, 12, 300],
        "departments": [20, 3, 6],
        "discount_share": [0.1, 0.3, 0.02],
    }
    columns = {
        name: np.maximum(np.array(values)[kind] * rng.lognormal(0, 0.15, kind.size), 0.0)
        for name, values in centres.items()
    }
    ids = np.array([f"c{i:04d}" for i in range(kind.size)], dtype=object)
    return ModelInputs(
        features=Features(as_of=date(2024, 1, 1), customer_id=ids, columns=columns), purchases=NOTHING
    ), kind


def test_planted_kinds_are_found_counted_and_named() -> None:
    inputs, kind = planted(seed=3, each=60)
    got = score(inputs)
    segment_no = got.values["segment_no"]
    # Numbered by mean spend: the regulars (4000) first, then the large orders (1200), then the lapsed (60).
    np.testing.assert_array_equal(segment_no, np.array([1.0, 3.0, 2.0])[kind])
    profile, choice = got.tables["segment_profile"], got.tables["segment_choice"]
    assert choice.filter("chosen")["segments"].to_list() == [3]
    assert profile["customers"].to_list() == [60, 60, 60]
    assert profile["customer_share"].sum() == pytest.approx(1)
    assert profile["spend_share"].sum() == pytest.approx(1)
    assert profile["segment"].to_list() == [got.labels["segment"][np.flatnonzero(kind == k)[0]] for k in (0, 2, 1)]
    assert "requent" in profile["segment"][0]
    assert "arge orders" in profile["segment"][1]
    assert "ong away" in profile["segment"][2] or "ow spend" in profile["segment"][2]
    assert profile["in_words"][0].startswith("33% of customers, 76% of spend")
    middle = np.median(inputs.features["orders"][kind == 0])
    assert profile["median_orders"][0] == pytest.approx(middle)


def test_names_are_unique_and_say_what_sets_apart() -> None:
    # Four groups of one customer.  The first two differ only in the third word, the last two in nothing.
    z = {
        "orders": np.array([2.0, 2.0, -1.0, -1.0]),
        "spend": np.array([1.5, 1.5, -0.5, -0.5]),
        "departments": np.array([1.0, -1.0, 0.0, 0.0]),
    }
    assert segment_names(z, np.arange(4)) == [
        "Frequent, high spend, wide range",
        "Frequent, high spend, narrow range",
        "Few orders, low spend (1)",
        "Few orders, low spend (2)",
    ]


def test_a_group_near_the_middle_is_average() -> None:
    z = {"orders": np.array([0.1, 2.0]), "spend": np.array([-0.2, 0.0])}
    assert segment_names(z, np.arange(2)) == ["Average", "Frequent"]


def test_the_smallest_segment_count_is_not_forced_on_equal_customers() -> None:
    inputs, _ = planted(seed=3, each=5)
    same = {name: np.full(15, 2.0) for name in WORDS}
    features = Features(as_of=date(2024, 1, 1), customer_id=inputs.features.customer_id, columns=same)
    got = score(replace(inputs, features=features))
    assert set(got.labels["segment"]) == {"All customers"}
    assert got.tables["segment_choice"].rows() == [(1, None, True)]


def test_chosen_number_has_the_best_silhouette() -> None:
    choice = score(shop(made_up_log(seed=5, customers=120), train=False)).tables["segment_choice"]
    assert choice["segments"].to_list() == [3, 4, 5, 6, 7, 8]
    assert choice.filter("chosen")["silhouette"].to_list() == [choice["silhouette"].max()]
