"""What is planted can be seen: each effect within four standard errors of its truth."""

import numpy as np
import polars as pl
import pytest

from crm_analytics.synthetic.orders import draw_orders
from crm_analytics.synthetic.truth import BgNbd, GammaGamma, Rule
from synthetic.conftest import Shop

FOUR = 4.0


def share_error(share: float, of: int) -> float:
    """Standard error of a share."""
    return float(np.sqrt(share * (1 - share) / of))


def baskets(shop: Shop) -> pl.DataFrame:
    typed = shop.raw("order_lines").join(shop.raw("articles"), on="article")
    return typed.group_by("order_no").agg(pl.col("type").unique())


@pytest.mark.parametrize("number", range(3))
def test_rules_hold_with_their_confidence(shop: Shop, number: int) -> None:
    rule: Rule = shop.truth.rules[number]
    with_it = baskets(shop).filter(pl.col("type").list.contains(rule.antecedent))
    seen = with_it["type"].list.contains(rule.consequent).mean()
    assert seen == pytest.approx(rule.confidence, abs=FOUR * share_error(rule.confidence, len(with_it)))


@pytest.mark.parametrize("number", range(3))
def test_without_the_antecedent_only_the_base_remains(shop: Shop, number: int) -> None:
    rule: Rule = shop.truth.rules[number]
    without = baskets(shop).filter(~pl.col("type").list.contains(rule.antecedent))
    seen = without["type"].list.contains(rule.consequent).mean()
    assert seen == pytest.approx(rule.base, abs=FOUR * share_error(rule.base, len(without)))


def ordered_in_window(shop: Shop) -> pl.DataFrame:
    """The assignment with whether each customer ordered in the window from the day of the coin on."""
    assigned, days = shop.raw("campaign_assignment"), shop.truth.uplift.window_days
    day = pl.col("ordered_at").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).dt.date()
    start = pl.lit(shop.truth.uplift.assigned_on).str.to_date()
    inside = shop.raw("orders").filter(day >= start, day < start + pl.duration(days=days))
    return assigned.with_columns(ordered=pl.col("customer_no").is_in(inside["customer_no"].drop_nulls().to_list()))


def test_the_randomised_campaign_lifts_ordering_by_what_is_planted(shop: Shop) -> None:
    uplift = shop.truth.uplift
    arms = ordered_in_window(shop).partition_by("arm", as_dict=True)
    treated, control = arms[("treatment",)], arms[("control",)]
    assert (len(treated), len(treated) + len(control)) == (uplift.treated, uplift.eligible)
    rates = [arm["ordered"].to_list().count(True) / len(arm) for arm in (treated, control)]
    error = np.hypot(share_error(rates[0], len(treated)), share_error(rates[1], len(control)))
    assert rates[0] - rates[1] == pytest.approx(uplift.uplift, abs=FOUR * error)
    assert rates[0] - rates[1] > 2 * error
    assert rates[1] == pytest.approx(uplift.baseline, abs=FOUR * share_error(uplift.baseline, len(control)))


def test_the_treated_are_contacted_once_and_the_control_never(shop: Shop) -> None:
    contacted = shop.raw("contacts").filter(pl.col("campaign_code") == shop.truth.uplift.campaign_id)
    treated = shop.raw("campaign_assignment").filter(pl.col("arm") == "treatment")
    assert sorted(contacted["customer_no"]) == sorted(treated["customer_no"])


def test_segments_have_their_shares_and_their_baskets(shop: Shop) -> None:
    segment = shop.customers().select("customer_no", "planted_segment")
    for name, share in shop.truth.segments.items():
        seen = (segment["planted_segment"] == name).mean()
        assert seen == pytest.approx(share, abs=FOUR * share_error(share, len(segment)))
    bought = shop.raw("order_lines").join(shop.raw("articles"), on="article").join(shop.raw("orders"), on="order_no")
    by_segment = bought.join(segment, on="customer_no").group_by("planted_segment")
    baby = dict(by_segment.agg((pl.col("department") == "baby").mean()).iter_rows())
    # Families buy for babies three times as often as the average taste, all others a fifth or less of it.
    assert baby["families"] > 4 * max(share for name, share in baby.items() if name != "families")


def test_lost_deals_name_the_reasons_in_their_shares(shop: Shop) -> None:
    deals = shop.raw("deals")
    decided = deals.filter(pl.col("stage") != "Open")
    won = (decided["stage"] == "Won").mean()
    assert won == pytest.approx(shop.truth.win_share, abs=FOUR * share_error(shop.truth.win_share, len(decided)))
    lost = decided.drop_nulls("reason")
    for reason, share in shop.truth.lost_reasons.items():
        assert (lost["reason"] == reason).mean() == pytest.approx(share, abs=FOUR * share_error(share, len(lost)))


def test_the_order_process_is_bg_nbd() -> None:
    process, n, days = BgNbd(), 8000, 700
    buyers, orders = draw_orders(np.random.default_rng(5), n, days, process, GammaGamma())
    weeks_alive = (np.minimum(buyers.gone_days, days) - buyers.first_days) / 7
    repeats = np.bincount(orders.customer, minlength=n) - 1
    # Repeat orders are Poisson at each one's own rate while alive: what is seen minus what is expected
    # is a martingale whose variance is the expected number.
    expected = float((buyers.orders_per_week * weeks_alive).sum())
    assert repeats.sum() == pytest.approx(expected, abs=FOUR * np.sqrt(expected))
    # After every repeat order each one leaves with their own chance p: variance p (1 - p) an order.
    chance = buyers.dropout_probability
    gone, error = np.isfinite(buyers.gone_days).sum(), np.sqrt((repeats * chance * (1 - chance)).sum())
    assert gone == pytest.approx((repeats * chance).sum(), abs=FOUR * error)
    # The two kinds of luck: Gamma with mean r / alpha and deviation sqrt(r) / alpha, Beta with mean a / (a + b).
    error = np.sqrt(process.r / n) / process.alpha_weeks
    assert buyers.orders_per_week.mean() == pytest.approx(process.r / process.alpha_weeks, abs=FOUR * error)
    error = buyers.dropout_probability.std() / np.sqrt(n)
    assert buyers.dropout_probability.mean() == pytest.approx(process.a / (process.a + process.b), abs=FOUR * error)
    # Nobody orders after leaving, and nobody leaves right after the first order.
    assert (orders.at_days <= buyers.gone_days[orders.customer]).all()
    assert (repeats[np.isfinite(buyers.gone_days)] >= 1).all()


def test_the_money_is_gamma_gamma_and_knows_nothing_of_the_rate() -> None:
    money, n = GammaGamma(), 8000
    buyers, orders = draw_orders(np.random.default_rng(6), n, 700, BgNbd(), money)
    # 6 * 15 / (4 - 1) = 30 an order over customers.
    assert money.mean_order == 30.0
    assert buyers.mean_order.mean() == pytest.approx(30.0, abs=FOUR * buyers.mean_order.std() / np.sqrt(n))
    # Around the own mean an order varies as a Gamma of shape p: a coefficient of variation of 1 / sqrt(6).
    ratio = orders.cents / 100 / buyers.mean_order[orders.customer]
    assert ratio.mean() == pytest.approx(1.0, abs=FOUR / np.sqrt(6 * ratio.size))
    assert ratio.std() == pytest.approx(1 / np.sqrt(6), rel=0.02)
    # Drawn apart, so any correlation is luck: its standard error is 1 / sqrt(n).
    luck = np.corrcoef(np.log(buyers.orders_per_week), np.log(buyers.mean_order))[0, 1]
    assert abs(luck) < FOUR / np.sqrt(n)
