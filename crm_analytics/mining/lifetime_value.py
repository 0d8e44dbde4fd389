"""Lifetime value: what each customer is expected to order and spend in the next 90 days.

BG/NBD for how often and Gamma-Gamma for how much (`clv` has the mathematics),
fitted on the customers themselves: no outcome is needed.  `p_alive` is given
because analysts ask for it; it is no churn score (see `clv.p_alive`), `churn`
is.

May import: errors, arrays, mining.inputs, mining.clv.   Imported by: mining (by name), mining.evaluate.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_analytics.arrays import Features, FloatArray, Scores
from crm_analytics.mining import clv
from crm_analytics.mining.inputs import ModelInputs, by_customer, finite, rows_in

HORIZON_DAYS = 90
DAYS_A_WEEK = 7.0
FEWEST_REPEATERS = 10
SHARED_DAYS = 5.0

Note = tuple[str, float, str]  # name, value, note: one row of `clv_parameters`


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is expected of each customer, all (n,) and finite, aligned with the features asked for."""

    p_alive: FloatArray
    orders: FloatArray
    order_value: FloatArray
    parameters: pl.DataFrame

    @property
    def spend(self) -> FloatArray:
        """Expected spend in the horizon, money."""
        return self.orders * self.order_value


def score(inputs: ModelInputs) -> Scores:
    """`p_alive`, `bg_nbd_orders_90d`, `bg_nbd_spend_90d`, `expected_order_value`; table `clv_parameters`."""
    expected = forecast(inputs.features, HORIZON_DAYS)
    return Scores(
        model="lifetime_value",
        as_of=inputs.features.as_of,
        customer_id=inputs.features.customer_id,
        values={
            "p_alive": expected.p_alive,
            "bg_nbd_orders_90d": expected.orders,
            "bg_nbd_spend_90d": expected.spend,
            "expected_order_value": expected.order_value,
        },
        tables={"clv_parameters": expected.parameters},
    )


def forecast(features: Features, horizon_days: int) -> Forecast:
    """Fit on these customers, then say what each will do in the next `horizon_days`.

    BG/NBD counts days with an order; a day may hold several orders, so the
    expectation is scaled by the customer's orders per order day, drawn towards
    everybody's as if `SHARED_DAYS` of everybody's days had been seen as well.
    """
    order = by_customer(features)
    ordered = rows_in(features, order)
    x, t_x, age = (finite(ordered, name) for name in ("repeat_days", "repeat_span_days", "age_days"))
    t_x, age = t_x / DAYS_A_WEEK, age / DAYS_A_WEEK
    params = clv.fit_bg_nbd(x, t_x, age)
    orders, order_days = finite(ordered, "orders"), finite(ordered, "order_days")
    everybody = float(orders.sum() / order_days.sum())
    per_day = (orders + SHARED_DAYS * everybody) / (order_days + SHARED_DAYS)
    value, value_notes = _value_per_day(ordered, x)

    back = np.empty_like(order)
    back[order] = np.arange(order.size)
    days = clv.expected_orders(x, t_x, age, horizon_days / DAYS_A_WEEK, params)
    notes = [*_rate_notes(params, x), ("orders per order day", everybody, "everybody's"), *value_notes]
    return Forecast(
        p_alive=clv.p_alive(x, t_x, age, params)[back],
        orders=(days * per_day)[back],
        order_value=(value / per_day)[back],
        parameters=pl.DataFrame(
            notes, schema={"name": pl.String, "value": pl.Float64, "note": pl.String}, orient="row"
        ),
    )


def _rate_notes(params: clv.BgNbdParams, x: FloatArray) -> list[Note]:
    if not (x > 0).any():
        verdict = "nobody ordered on a second day: how often anyone returns cannot be known from these customers"
    elif params.a / (params.a + params.b) < 1e-3:
        verdict = "no drop-out detected: every customer counts as active"
    else:
        verdict = "time in weeks"
    return [
        ("BG/NBD r", params.r, verdict),
        ("BG/NBD alpha", params.alpha, "weeks"),
        ("BG/NBD a", params.a, ""),
        ("BG/NBD b", params.b, ""),
        ("orders a week while active", params.r / params.alpha, "mean of customers, first order not counted"),
        ("drop-out after an order", params.a / (params.a + params.b), "mean of customers, as a share"),
    ]


def _value_per_day(features: Features, x: FloatArray) -> tuple[FloatArray, list[Note]]:
    """Expected spend per order day (n,), and how it was found.

    Repeat days that brought no money (returns, gifts) say nothing to
    Gamma-Gamma: such a customer counts as not yet known.
    """
    m = features["mean_repeat_value"]
    known = (x > 0) & (m > 0)
    if known.sum() >= FEWEST_REPEATERS and np.ptp(m[known]) > 1e-9 * float(m[known].max()):
        params = clv.fit_gamma_gamma(x[known], m[known])
        if params.q > 1:
            value = clv.expected_value(np.where(known, x, 0.0), m, params)
            return value, [
                ("Gamma-Gamma p", params.p, f"from {int(known.sum())} customers with repeat orders"),
                ("Gamma-Gamma q", params.q, ""),
                ("Gamma-Gamma gamma", params.gamma, "money"),
                (
                    "mean spend per order day",
                    params.p * params.gamma / (params.q - 1),
                    "money, a customer not yet known",
                ),
            ]
        why = "the spread of spend is too wide for Gamma-Gamma (q <= 1)"
    elif known.sum() >= FEWEST_REPEATERS:
        why = "every repeat customer spends the same"
    else:
        why = f"fewer than {FEWEST_REPEATERS} customers with repeat orders"
    mean = max(float(finite(features, "spend").sum() / finite(features, "order_days").sum()), 0.0)
    return np.full(x.shape, mean), [("mean spend per order day", mean, f"money, used for every customer: {why}")]
