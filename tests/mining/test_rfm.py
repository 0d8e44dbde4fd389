from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.arrays import Features
from crm_analytics.errors import DataError
from crm_analytics.mining.ranks import equal_groups
from crm_analytics.mining.rfm import CLASS_TABLE, rfm_class, score
from tests.mining.made_up import ModelInputs, log, purchases_of

NOTHING = purchases_of(log([(0, 1, 1.0, [0])]), 0, 2)


def test_five_groups_by_hand() -> None:
    # 10 values.  2 twice: places 0.2 .. 0.4, middle of the run at 2/10 -> floor(5 * 0.2) + 1 = 2.
    # 7 four times: before it 3 values, middle (3 + 2)/10 = 0.5 -> floor(2.5) + 1 = 3.
    # 9 three times: before it 7, middle 8.5/10 -> floor(4.25) + 1 = 5.  1 once: middle 0.5/10 -> 1.
    values = np.array([7, 9, 2, 7, 1, 9, 7, 2, 9, 7], dtype=float)
    # 2: before it 1, middle (1 + 1)/10 = 0.2 -> floor(1.0) + 1 = 2
    assert equal_groups(values, 5).tolist() == [3, 5, 2, 3, 1, 5, 3, 2, 5, 3]


def test_ten_different_values_fill_ten_groups_one_each() -> None:
    assert equal_groups(np.arange(10.0)[::-1], 10).tolist() == list(range(10, 0, -1))


@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.integers(1, 10), st.randoms())
def test_groups_keep_order_part_no_ties_and_ignore_row_order(values: list[int], groups: int, random: object) -> None:
    array = np.array(values, dtype=float)
    got = equal_groups(array, groups)
    assert got.min() >= 1
    assert got.max() <= groups
    for group, value in zip(got, array, strict=True):
        assert (got[array == value] == group).all()
        assert (got[array < value] <= group).all()
    order = np.random.default_rng(len(values)).permutation(array.size)
    np.testing.assert_array_equal(equal_groups(array[order], groups), got[order])
    # Turned upside down the groups mirror, up to a tie that sits exactly on a border.
    assert np.abs(equal_groups(-array, groups) - (groups + 1 - got)).max() <= 1


def test_scores_and_classes_by_hand() -> None:
    # Five customers, everything different: ranks are the scores.  Fewest days since the last order = 5.
    columns = {
        "days_since_last_order": np.array([1.0, 100, 10, 50, 20]),
        "orders": np.array([50.0, 40, 1, 2, 10]),
        "spend": np.array([900.0, 800, 10, 20, 300]),
    }
    features = Features(as_of=date(2024, 1, 1), customer_id=np.array(list("abcde"), dtype=object), columns=columns)
    got = score(ModelInputs(features=features, purchases=NOTHING))
    assert got.values["r_score"].tolist() == [5, 1, 4, 2, 3]
    assert got.values["f_score"].tolist() == [5, 4, 1, 2, 3]
    assert got.values["m_score"].tolist() == [5, 4, 1, 2, 3]
    assert got.labels["rfm_class"].tolist() == [
        "Champions",
        "At risk",
        "New or occasional",
        "Hibernating",
        "Needs attention",
    ]


def test_every_combination_has_a_class_and_every_class_a_combination() -> None:
    r, f, m = (grid.ravel() for grid in np.meshgrid(*[np.arange(1, 6)] * 3, indexing="ij"))
    classes = rfm_class(r, f, m)
    assert classes.size == 125
    assert set(classes) == {name for row in CLASS_TABLE.values() for name in row}
    # f 2 and m 3 make 2.5, rounded up to 3: with r 5 that is "Potential loyal".
    assert rfm_class(np.array([5]), np.array([2]), np.array([3])).tolist() == ["Potential loyal"]


def test_an_undefined_feature_is_refused_with_the_customer_named() -> None:
    columns = {name: np.array([1.0, np.nan]) for name in ("days_since_last_order", "orders", "spend")}
    features = Features(as_of=date(2024, 1, 1), customer_id=np.array(["a", "b"], dtype=object), columns=columns)
    with pytest.raises(DataError, match="'days_since_last_order' is undefined for 1 customers, the first is 'b'"):
        score(ModelInputs(features=features, purchases=NOTHING))
