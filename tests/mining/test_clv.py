"""BG/NBD and Gamma-Gamma: numbers by hand, by simulation, and as printed in the papers."""

from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import check_grad
from scipy.special import roots_jacobi

from crm_analytics.arrays import FloatArray
from crm_analytics.errors import DataError
from crm_analytics.mining import clv
from crm_analytics.mining.clv import BgNbdParams, GammaGammaParams
from crm_analytics.mining.metrics import auc

ONES = BgNbdParams(1.0, 1.0, 1.0, 1.0)


def one(*values: float) -> list[FloatArray]:
    return [np.array([value]) for value in values]


def test_p_alive_by_hand() -> None:
    # x=1, t_x=1, age=3, all parameters 1:
    #   odds of being gone = a/(b+x-1) * ((alpha+age)/(alpha+t_x))**(r+x) = 1 * (4/2)**2 = 4
    #   p_alive = 1 / (1 + 4) = 0.2
    assert clv.p_alive(*one(1, 1, 3), ONES) == pytest.approx([0.2])


def test_who_never_repeated_counts_as_alive() -> None:
    assert clv.p_alive(*one(0, 0, 1000), ONES).tolist() == [1.0]


def test_p_alive_of_a_heavy_buyer_does_not_overflow() -> None:
    # 5,000 repeats, silent for 51 weeks: gone.  Last seen today: the odds of being gone are a/(b+x-1) = 1/5000.
    got = clv.p_alive(np.array([5000.0, 5000.0]), np.array([1.0, 52.0]), np.array([52.0, 52.0]), ONES)
    assert got[0] == 0.0
    assert got[1] == pytest.approx(5000 / 5001)


def test_log_likelihood_by_hand() -> None:
    # x=1, t_x=1, age=3, all parameters 1.  With r=a=b=1 and alpha=1 (the paper, equation 6):
    #   Gamma(2)/Gamma(1) * 1 = 1
    #   stayed: B(a,b+x)/B(a,b)     * (alpha+age)^-(r+x)   = (1/2)/1 * 4^-2 = 1/32
    #   left:   B(a+1,b+x-1)/B(a,b) * (alpha+t_x)^-(r+x) = (1/2)/1 * 2^-2 = 1/8
    #   L = 1/32 + 4/32 = 5/32
    value, _ = clv.bg_nbd_log_likelihood(*one(1, 1, 3), ONES)
    assert value == pytest.approx([np.log(5 / 32)])
    # x=0, age=3: no repeat in 3 weeks, (alpha/(alpha+age))^r = 1/4.
    value, _ = clv.bg_nbd_log_likelihood(*one(0, 0, 3), ONES)
    assert value == pytest.approx([np.log(1 / 4)])


def test_slopes_are_those_of_the_likelihoods() -> None:
    x, t_x, age = np.array([0.0, 1, 2, 40]), np.array([0.0, 1, 9, 30]), np.array([5.0, 3, 10, 39])
    m = np.array([3.0, 10.0, 25.0, 4.0])

    def bg(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        return clv.bg_nbd_log_likelihood(x, t_x, age, BgNbdParams(*np.exp(theta)))

    def gg(theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        return clv.gamma_gamma_log_likelihood(x + 1, m, GammaGammaParams(*np.exp(theta)))

    for function, at in ((bg, np.array([-1.4, 1.5, -0.2, 0.9])), (gg, np.array([1.8, 1.3, 2.7]))):
        error = check_grad(lambda t, f=function: f(t)[0].sum(), lambda t, f=function: f(t)[1].sum(axis=0), at)
        assert error < 1e-4


@pytest.mark.parametrize("a", [0.793, 1.0, 0.2, 3.0])
@pytest.mark.parametrize(("x", "t_x", "age"), [(0, 0, 30), (2, 20, 38), (250, 38, 39)])
def test_expected_orders_equal_the_integral_they_stand_for(x: int, t_x: float, age: float, a: float) -> None:
    # Given alive: rate ~ Gamma(r+x, alpha+age), drop-out p ~ Beta(a, b+x).  Orders until drop-out or the end of the
    # horizon t have the mean (1 - (1 + p t/(alpha+age))^-(r+x)) / p; its mean over p by Gauss-Jacobi quadrature.
    params, horizon = BgNbdParams(0.243, 4.414, a, 2.426), 13.0
    node, weight = roots_jacobi(80, params.b + x - 1, a - 1)
    p = (node + 1) / 2
    inner = (1 - (1 + p * horizon / (params.alpha + age)) ** -(params.r + x)) / p
    by_integral = weight @ inner / weight.sum() * clv.p_alive(*one(x, t_x, age), params)
    got = clv.expected_orders(*one(x, t_x, age), horizon, params)
    assert got == pytest.approx(by_integral, rel=1e-6)


def simulated(seed: int, customers: int, params: BgNbdParams, weeks: float, further: float) -> list[FloatArray]:
    """x, t_x, age of customers who live as BG/NBD says, and their orders in the `further` weeks."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(params.r, 1 / params.alpha, customers)
    leave = rng.beta(params.a, params.b, customers)
    age = weeks * rng.uniform(0.5, 1.0, customers)
    x, t_x, later = np.zeros(customers), np.zeros(customers), np.zeros(customers)
    now, alive = np.zeros(customers), np.ones(customers, dtype=bool)
    while alive.any():
        now = now + np.where(alive, rng.exponential(1 / rate), 0)
        alive &= now < age + further
        inside, after = alive & (now <= age), alive & (now > age)
        x[inside] += 1
        t_x[inside] = now[inside]
        later[after] += 1
        alive &= rng.random(customers) >= leave
    return [x, t_x, age, later]


def test_parameters_of_made_up_customers_are_recovered() -> None:
    truth = BgNbdParams(r=0.8, alpha=3.0, a=0.9, b=3.0)
    x, t_x, age, later = simulated(11, 20_000, truth, weeks=52, further=13)
    found = clv.fit_bg_nbd(x, t_x, age)
    # 20,000 customers pin the mean rate r/alpha and the mean drop-out a/(a+b) to a few per cent.
    assert found.r / found.alpha == pytest.approx(truth.r / truth.alpha, rel=0.05)
    assert found.a / (found.a + found.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.05)
    assert (found.r, found.alpha, found.a, found.b) == pytest.approx((0.8, 3.0, 0.9, 3.0), rel=0.15)
    assert clv.expected_orders(x, t_x, age, 13.0, found).sum() == pytest.approx(later.sum(), rel=0.03)


def test_spend_parameters_of_made_up_customers_are_recovered() -> None:
    rng = np.random.default_rng(12)
    p, q, gamma = 6.0, 4.0, 15.0
    x = rng.integers(1, 20, 20_000).astype(float)
    m = rng.gamma(p * x, 1 / (rng.gamma(q, 1 / gamma, x.size) * x))
    found = clv.fit_gamma_gamma(x, m)
    assert (found.p, found.q, found.gamma) == pytest.approx((p, q, gamma), rel=0.1)
    assert clv.expected_value(np.zeros(1), np.zeros(1), found) == pytest.approx([p * gamma / (q - 1)], rel=0.02)


def test_expected_value_by_hand() -> None:
    # p=2, q=3, gamma=10: a customer not yet known is worth p*gamma/(q-1) = 10 a day.
    # After x=4 days at m=25: p*(gamma + m*x)/(p*x + q - 1) = 2*(10 + 100)/(8 + 2) = 22, between 10 and 25.
    got = clv.expected_value(np.array([0.0, 4.0]), np.array([np.nan, 25.0]), GammaGammaParams(2.0, 3.0, 10.0))
    assert got == pytest.approx([10.0, 22.0])


def test_customers_who_never_leave_do_not_send_the_fit_to_infinity() -> None:
    # One rate for all and no drop-out: without priors r, alpha and b grow without end.
    rng = np.random.default_rng(13)
    x = rng.poisson(8, 2_000).astype(float)
    t_x = np.where(x > 0, 40 * rng.random(2_000) ** (1 / np.maximum(x, 1)), 0.0)
    params = clv.fit_bg_nbd(x, t_x, np.full(2_000, 40.0))
    assert params.r / params.alpha == pytest.approx(8 / 40, rel=0.02)
    assert params.a / (params.a + params.b) < 0.001
    # 8 orders in 40 weeks are 2 in 10.
    assert clv.expected_orders(x, t_x, np.full(2_000, 40.0), 10.0, params).mean() == pytest.approx(2, rel=0.02)


def test_an_order_after_as_of_is_refused() -> None:
    with pytest.raises(DataError, match="row 1: last order at 7, age 3 weeks"):
        clv.fit_bg_nbd(np.array([0.0, 2.0]), np.array([0.0, 7.0]), np.array([4.0, 3.0]))


def cdnow() -> list[FloatArray]:
    """x, t_x, age, m and later orders of the 2,357 CDNOW customers, 39 weeks to 1997-09-30, 39 after.

    The purchase log is a text file in the package `lifetimes`, found without importing it.
    """
    package = find_spec("lifetimes")
    if package is None or package.origin is None:
        pytest.fail("the oracle package `lifetimes` (requirements-oracle.txt) is missing; make env installs it")
    lines = (Path(package.origin).parent / "datasets" / "CDNOW_sample.txt").read_text().split("\n")
    spend: dict[int, dict[int, float]] = {}
    for _, customer, day, _, money in (line.split() for line in lines if line.strip()):
        at = date(int(day[:4]), int(day[4:6]), int(day[6:])).toordinal()
        days = spend.setdefault(int(customer), {})
        days[at] = days.get(at, 0.0) + float(money)
    end = date(1997, 9, 30).toordinal()
    rows = []
    for days in spend.values():
        first, *repeats = sorted(day for day in days if day <= end)
        last = repeats[-1] if repeats else first
        mean = float(np.mean([days[day] for day in repeats])) if repeats else np.nan
        later = sum(day > end for day in days)
        rows.append((len(repeats), (last - first) / 7, (end - first) / 7, mean, later))
    return list(np.array(rows, dtype=float).T)


def test_cdnow_as_printed_in_fader_hardie_lee_2005() -> None:
    x, t_x, age, m, later = cdnow()
    assert (x.size, (x == 0).sum(), later.sum()) == (2357, 1411, 1882)
    params = clv.fit_bg_nbd(x, t_x, age)
    # Printed: r .243, alpha 4.414, a .793, b 2.426, log-likelihood -9582.4; the priors cost less than a thousandth.
    assert (params.r, params.alpha, params.a, params.b) == pytest.approx((0.2426, 4.4136, 0.7929, 2.4259), rel=1e-3)
    value, _ = clv.bg_nbd_log_likelihood(x, t_x, age, params)
    assert value.sum() == pytest.approx(-9582.43, abs=0.01)
    expected = clv.expected_orders(x, t_x, age, 39.0, params)
    assert np.corrcoef(expected, later)[0, 1] == pytest.approx(0.626, abs=0.001)
    repeat = (x > 0) & (m > 0)
    spend = clv.fit_gamma_gamma(x[repeat], m[repeat])
    # Printed in note 025: p 6.25, q 3.74, gamma 15.44, on the 946 who repeated.
    assert repeat.sum() == 946
    assert (spend.p, spend.q, spend.gamma) == pytest.approx((6.25, 3.74, 15.44), rel=2e-3)


def test_cdnow_p_alive_is_no_churn_score() -> None:
    # "No order in the next 39 weeks": P(alive) ranks worse than a coin, the expected orders of the same fit do not.
    x, t_x, age, _, later = cdnow()
    params = clv.fit_bg_nbd(x, t_x, age)
    assert auc(1 - clv.p_alive(x, t_x, age, params), later == 0) < 0.35
    assert auc(-clv.expected_orders(x, t_x, age, 39.0, params), later == 0) > 0.75
