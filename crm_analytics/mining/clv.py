"""BG/NBD and Gamma-Gamma: how often will a customer order again, and for how much.

The mathematics only, in the papers' own names: x repeat order days, t_x time
of the last one, T age, all in one unit of time (weeks here), m mean spend per
repeat order day.  `lifetime_value` turns it into scores.

BG/NBD: Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way,
Marketing Science 24(2).  Gamma-Gamma: Fader & Hardie (2013),
brucehardie.com/notes/025.

Both fits are maximum a posteriori under very wide log-normal priors.  On
ordinary data the priors move a parameter by less than its thousandth part; where the data
cannot tell (nobody ever drops out, everybody spends the same) the likelihood
rises for ever and a plain fit runs off to infinity, while this one stops.

May import: errors, arrays.   Imported by: mining.lifetime_value.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln, hyp2f1

from crm_analytics.arrays import FloatArray
from crm_analytics.errors import DataError

PRIOR_SD = 10.0  # of the log of each parameter: a factor of 22,000 either way is one standard deviation
NEAR_POLE = 1e-6


@dataclass(frozen=True, slots=True)
class BgNbdParams:
    """Orders while active: rate ~ Gamma(r, alpha).  Drop-out after an order: p ~ Beta(a, b)."""

    r: float
    alpha: float
    a: float
    b: float


@dataclass(frozen=True, slots=True)
class GammaGammaParams:
    """Spend per order day ~ Gamma(p, nu), nu ~ Gamma(q, gamma) across customers."""

    p: float
    q: float
    gamma: float


def fit_bg_nbd(x: FloatArray, t_x: FloatArray, T: FloatArray) -> BgNbdParams:
    """Fit BG/NBD.

    Parameters
    ----------
    x   : (n,) repeat order days, the first order not counted; whole, >= 0
    t_x : (n,) time from first to last order; 0 where x is 0
    T   : (n,) time from first order to `as_of`, > 0 and >= t_x

    Raises
    ------
    DataError : some t_x > T, or no customer at all.
    """
    if (bad := np.flatnonzero((t_x > T) | (T <= 0))).size:
        i = int(bad[0])
        raise DataError(f"row {i}: last order at {t_x[i]:g}, age {T[i]:g} weeks; is as_of too early?")
    # A million customers hold about a hundred thousand distinct histories.
    unique, weight = np.unique(np.column_stack([x, t_x, T]), axis=0, return_counts=True)
    scale = float(np.average(unique[:, 2], weights=weight))  # T of order 1 keeps alpha of order 1 as well
    times = unique[:, 1] / scale, unique[:, 2] / scale

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = bg_nbd_log_likelihood(unique[:, 0], *times, BgNbdParams(*np.exp(theta)))
        return -float(weight @ value), -(weight @ gradient)

    r, alpha, a, b = _most_likely(loss, np.zeros(4), int(weight.sum()))
    return BgNbdParams(r, alpha * scale, a, b)


def bg_nbd_log_likelihood(
    x: FloatArray, t_x: FloatArray, T: FloatArray, params: BgNbdParams
) -> tuple[FloatArray, FloatArray]:
    """Log-likelihood of each history, and its slope along the log of each parameter.

    Returns
    -------
    ((n,), (n, 4)) with columns r, alpha, a, b.  Source: the paper, equation (6).
    """
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    # L = A1 * A2 * (stayed + left): stayed = (alpha+T)^-(r+x); left, only for
    # x > 0, = a/(b+x-1) * (alpha+t_x)^-(r+x).  Summed in logs against overflow.
    past = np.maximum(b + np.maximum(x, 1) - 1, 1e-300)
    log_stayed = -(r + x) * np.log(alpha + T)
    log_left = np.where(x > 0, np.log(a) - np.log(past) - (r + x) * np.log(alpha + t_x), -np.inf)
    log_either = np.logaddexp(log_stayed, log_left)
    left = np.exp(log_left - log_either)  # probability of having left, given the history
    value = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + log_either
    value += gammaln(a + b) - gammaln(a + b + x) + gammaln(b + x) - gammaln(b)
    mean_log = (1 - left) * np.log(alpha + T) + left * np.log(alpha + t_x)
    both = digamma(a + b) - digamma(a + b + x)
    slope = np.column_stack(
        [
            r * (digamma(r + x) - digamma(r) + np.log(alpha) - mean_log),
            r - alpha * (r + x) * ((1 - left) / (alpha + T) + left / (alpha + t_x)),
            a * both + left,
            b * (both + digamma(b + x) - digamma(b) - left / past),
        ]
    )
    return value, slope


def p_alive(x: FloatArray, t_x: FloatArray, T: FloatArray, params: BgNbdParams) -> FloatArray:
    """Probability that each customer is still active at T.

    Returns
    -------
    (n,) in [0, 1].  Exactly 1 where x is 0: in BG/NBD a customer can drop out
    only right after a repeat order.  So it is *not* a churn score: one-time
    buyers, who mostly never return, would rank as the safest of all.

    Source: Fader, Hardie & Lee (2008), brucehardie.com/notes/021.
    """
    # Log form: ((alpha+T)/(alpha+t_x))**(r+x) overflows float64 for heavy buyers.
    log_odds_gone = (params.r + x) * np.log((params.alpha + T) / (params.alpha + t_x))
    log_odds_gone += np.log(params.a / (params.b + np.maximum(x, 1) - 1))
    return np.where(x == 0, 1.0, expit(-log_odds_gone))


def expected_orders(x: FloatArray, t_x: FloatArray, T: FloatArray, horizon: float, params: BgNbdParams) -> FloatArray:
    """Order days expected in the `horizon` from T on, (n,) >= 0.

    Source: the paper, equation (10).  The printed form multiplies a huge power
    by a tiny 2F1; Euler's transformation 2F1(A,B;C;z) = (1-z)^(C-A-B)
    2F1(C-A,C-B;C;z) turns it into one whose 2F1 stays near 1 for heavy buyers.
    """
    r, alpha, a, b = params.r, params.alpha, params.a, params.b
    # At a = 1 and a+b+x = 1 the form is 0/0 with a finite limit: step beside it.
    a = a + NEAR_POLE if abs(a - 1) < NEAR_POLE else a
    c = a + b + x - 1
    c = np.where(np.abs(c) < NEAR_POLE, NEAR_POLE, c)
    z = horizon / (alpha + T + horizon)
    series = hyp2f1(c - r - x, a - 1, c, z)
    if_alive = c / (a - 1) * (1 - np.exp((a - 1) * np.log1p(-z)) * series)
    # Never more than if nobody left; fmin also takes that bound where 2F1 gave up (NaN).
    if_alive = np.fmin(if_alive, (r + x) / (alpha + T) * horizon)
    return np.maximum(if_alive * p_alive(x, t_x, T, params), 0.0)


def fit_gamma_gamma(x: FloatArray, m: FloatArray) -> GammaGammaParams:
    """Fit Gamma-Gamma.

    Parameters
    ----------
    x : (n,) repeat order days, >= 1
    m : (n,) mean spend per repeat order day, > 0
    """
    scale = float(np.exp(np.mean(np.log(m))))

    def loss(theta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = gamma_gamma_log_likelihood(x, m / scale, GammaGammaParams(*np.exp(theta)))
        return -float(value.sum()), -gradient.sum(axis=0)

    p, q, gamma = _most_likely(loss, np.zeros(3), x.size)
    return GammaGammaParams(p, q, gamma * scale)


def gamma_gamma_log_likelihood(x: FloatArray, m: FloatArray, params: GammaGammaParams) -> tuple[FloatArray, FloatArray]:
    """Log-likelihood of each mean spend, and its slope along the log of each parameter: ((n,), (n, 3)).

    Source: Fader & Hardie (2013), equation (1a).
    """
    p, q, gamma = params.p, params.q, params.gamma
    px, total = p * x, gamma + m * x
    value = gammaln(px + q) - gammaln(px) - gammaln(q) + q * np.log(gamma)
    value += (px - 1) * np.log(m) + px * np.log(x) - (px + q) * np.log(total)
    slope = np.column_stack(
        [
            px * (digamma(px + q) - digamma(px) + np.log(m) + np.log(x) - np.log(total)),
            q * (digamma(px + q) - digamma(q) + np.log(gamma) - np.log(total)),
            q - gamma * (px + q) / total,
        ]
    )
    return value, slope


def expected_value(x: FloatArray, m: FloatArray, params: GammaGammaParams) -> FloatArray:
    """Expected spend per order day, (n,): between the customer's own mean `m` and everybody's, by how much is known.

    `m` is not looked at where x is 0.  Needs q > 1, or everybody's mean is infinite.

    Source: Fader & Hardie (2013), equation (5).
    """
    p, q, gamma = params.p, params.q, params.gamma
    return p * (gamma + np.where(x > 0, m, 0.0) * x) / (p * x + q - 1)


def _most_likely(
    loss: Callable[[FloatArray], tuple[float, FloatArray]], start: FloatArray, customers: int
) -> list[float]:
    """Parameters of the least loss under the priors; the search is over their logs."""

    def penalised(theta: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = loss(theta)
        prior = float(theta @ theta) / (2 * PRIOR_SD**2)
        # Per customer, so that the stopping rule means the same for 10 and for 10 million.
        return (value + prior) / customers, (gradient + theta / PRIOR_SD**2) / customers

    found = minimize(
        penalised,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(-25.0, 25.0)] * start.size,
        options={"maxiter": 1000, "ftol": 1e-14, "gtol": 1e-9},
    )
    return [float(v) for v in np.exp(found.x)]
