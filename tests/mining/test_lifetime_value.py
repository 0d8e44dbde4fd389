from dataclasses import replace

import numpy as np
import pytest

from crm_analytics.mining.lifetime_value import forecast, score
from tests.mining.made_up import HORIZON_DAYS, TODAY_DAYS, features_of, labels_of, log, made_up_log, shop

KNOWN = made_up_log(seed=21, customers=600)


def test_expected_totals_are_near_what_then_happened() -> None:
    features = features_of(KNOWN, TODAY_DAYS)
    after = labels_of(KNOWN, features, TODAY_DAYS)
    got = score(shop(KNOWN, train=False)).values
    # 600 customers who live as the model says: the standard error of both totals is below 10 %.
    assert got["bg_nbd_orders_90d"].sum() == pytest.approx(after.orders.sum(), rel=0.2)
    assert got["bg_nbd_spend_90d"].sum() == pytest.approx(after.spend.sum(), rel=0.2)
    assert np.corrcoef(got["bg_nbd_spend_90d"], after.spend)[0, 1] > 0.6


def test_spend_is_orders_times_order_value() -> None:
    got = score(shop(KNOWN, train=False)).values
    np.testing.assert_allclose(
        got["bg_nbd_spend_90d"], got["bg_nbd_orders_90d"] * got["expected_order_value"], rtol=1e-12
    )
    assert ((got["p_alive"] >= 0) & (got["p_alive"] <= 1)).all()


def test_a_longer_horizon_holds_more_orders() -> None:
    features = features_of(KNOWN, TODAY_DAYS)
    short, long = forecast(features, HORIZON_DAYS), forecast(features, 2 * HORIZON_DAYS)
    assert (long.orders > short.orders).all()
    assert (long.orders < 2 * short.orders).all()  # some leave meanwhile


def test_two_orders_on_each_day_are_two_orders() -> None:
    single = [(c, day, 10.0, [0]) for c in range(30) for day in range(c, 350, 20 + c)]
    once, twice = (forecast(features_of(log(orders), TODAY_DAYS), 90) for orders in (single, single * 2))
    # The same days, so twice the orders at half the day's value each: the day is worth 20 and not 10.
    np.testing.assert_allclose(twice.orders, 2 * once.orders, rtol=1e-6)
    np.testing.assert_allclose(twice.order_value, once.order_value, rtol=1e-6)


@pytest.mark.parametrize(
    ("orders", "name", "note"),
    [
        ([(c, 10 + 20 * c, 5.0 + c, [0]) for c in range(12)], "BG/NBD r", "nobody ordered on a second day"),
        ([(c, 10 + 20 * c, 5.0 + c, [0]) for c in range(12)], "mean spend per order day", "fewer than 10 customers"),
        (
            [(c, day, 20.0, [0]) for c in range(12) for day in (10, 100 + c)],
            "mean spend per order day",
            "every repeat customer spends the same",
        ),
    ],
)
def test_a_fallback_is_said_in_the_table(orders: list[tuple[int, int, float, list[int]]], name: str, note: str) -> None:
    scores = score(shop(log(orders), train=False))
    table = scores.tables["clv_parameters"]
    assert note in table.filter(table["name"] == name)["note"].item()
    if name.startswith("mean"):
        # Everybody's mean per order day: (5 + 6 + .. + 16) / 12 = 10.5 in the first, 20 in the second case.
        expected = 10.5 if "fewer" in note else 20.0
        np.testing.assert_allclose(scores.values["expected_order_value"], expected)


def test_returns_do_not_lead_to_negative_values() -> None:
    features = features_of(KNOWN, TODAY_DAYS)
    columns = dict(features.columns)
    columns["mean_repeat_value"] = np.where(np.arange(len(features)) % 7 == 0, -50.0, columns["mean_repeat_value"])
    got = forecast(replace(features, columns=columns), HORIZON_DAYS)
    assert (got.order_value > 0).all()
