import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from crm_analytics.errors import DataError
from crm_analytics.mining import metrics

YES, NO = True, False


def test_auc_by_hand() -> None:
    # Yes scores 3 and 1, no scores 2 and 1: of the 4 pairs, 3>2, 3>1, 1<2, 1=1 -> (1 + 1 + 0 + 1/2)/4 = 0.625.
    assert metrics.auc(np.array([3.0, 2, 1, 1]), np.array([YES, NO, YES, NO])) == 0.625


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), min_size=2, max_size=40))
def test_auc_is_scikit_learns(rows: list[tuple[int, bool]]) -> None:
    scores, happened = np.array([s for s, _ in rows], dtype=float), np.array([h for _, h in rows])
    got = metrics.auc(scores, happened)
    if happened.all() or not happened.any():
        assert np.isnan(got)
    else:
        assert got == pytest.approx(roc_auc_score(happened, scores))


def test_lift_at_by_hand() -> None:
    # 10 customers, 2 of them yes.  The top fifth by score are 2 places: the 9 (yes), and one of the three tied 8s, of
    # which one is yes: 1 + 1/3 yes expected in 2 places, 2/3 against 2/10 overall -> lift 3.33.
    scores = np.array([9, 8, 8, 8, 1, 1, 1, 1, 1, 1], dtype=float)
    happened = np.array([YES, YES] + [NO] * 8)
    assert metrics.lift_at(scores, happened, share=0.2) == pytest.approx((4 / 3 / 2) / 0.2)
    assert metrics.lift_at(scores, happened, share=1.0) == pytest.approx(1.0)
    assert np.isnan(metrics.lift_at(scores, np.zeros(10, dtype=bool)))
    with pytest.raises(DataError, match="share must be above 0"):
        metrics.lift_at(scores, happened, share=0.0)


def test_share_of_top_by_hand() -> None:
    # The best tenth of 10 customers is the one with score 9, who brought 30 of 120.
    scores, spend = np.arange(10.0), np.array([10.0] * 9 + [30.0])
    assert metrics.share_of_top(scores, spend, share=0.1) == pytest.approx(0.25)


def test_calibration_by_hand() -> None:
    # Two bins of two: said 0.1 and 0.3 (mean 0.2), observed 0; said 0.7 and 0.9 (mean 0.8), observed 1/2.
    probability, happened = np.array([0.9, 0.1, 0.7, 0.3]), np.array([YES, NO, NO, NO])
    bins = metrics.calibration_bins(probability, happened, bins=2)
    assert bins.rows() == [(1, pytest.approx(0.2), 0.0, 2), (2, pytest.approx(0.8), 0.5, 2)]
    # (0.2 * 2 + 0.3 * 2) / 4
    assert metrics.expected_calibration_error(probability, happened, bins=2) == pytest.approx(0.25)
    # (0.01 + 0.01 + 0.49 + 0.09) / 4
    assert metrics.brier(probability, happened) == pytest.approx(0.15)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=50), st.integers(1, 10))
def test_bins_hold_everybody_once_and_part_no_ties(rows: list[tuple[int, bool]], bins: int) -> None:
    probability, happened = np.array([s / 4 for s, _ in rows]), np.array([h for _, h in rows])
    table = metrics.calibration_bins(probability, happened, bins)
    assert table.height <= bins
    assert table["customers"].sum() == len(rows)
    assert table["predicted"].is_sorted()
    assert (table["observed"] * table["customers"]).sum() == pytest.approx(happened.sum())
    assert (table["predicted"] * table["customers"]).sum() == pytest.approx(probability.sum())


def test_recall_by_hand() -> None:
    recommended = np.array([[1, 2, 3], [4, 5, -1]])
    assert metrics.recall_at_k(recommended, [{2, 9}, {4}]).tolist() == [0.5, 1.0]
    with pytest.raises(DataError, match="at least one true item"):
        metrics.recall_at_k(recommended, [{2}, set()])


def test_interval_of_a_mean_is_that_of_theory() -> None:
    # The mean of 400 draws of standard deviation 2 has the standard error 0.1: 95 % lie within 1.96 * 0.1.
    values = np.random.default_rng(5).normal(10, 2, 400)
    draws = metrics.bootstrap(lambda rows: np.array([values[rows].mean()]), 400, seed=1, draws=2000)
    low, high = metrics.interval(draws[:, 0])
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.1)
    assert low < values.mean() < high
    again = metrics.bootstrap(lambda rows: np.array([values[rows].mean()]), 400, seed=1, draws=2000)
    np.testing.assert_array_equal(draws, again)
