"""The tiers of the made-up customers follow from their orders, by hand and in whole."""

from decimal import Decimal

import numpy as np
import polars as pl

from crm_analytics.synthetic.baskets import Lines
from crm_analytics.synthetic.orders import Orders
from crm_analytics.synthetic.tiers import LOOK_BACK_DAYS, REVIEW_DAYS, revenue_by_tier, review_tiers
from crm_analytics.synthetic.truth import TIERS
from synthetic.conftest import Shop


def test_a_tier_is_the_money_of_the_year_before_a_review() -> None:
    # One customer, three orders of one line each: 150.00 on day 90, 250.00 on day 91, 1.00 on day 460.
    # Review on day 91: 150.00 before it make silver.  On day 182: 400.00 make gold.
    # On day 455 the year begins with day 91, so that 250.00 are left: silver.  On day 546, 1.00 is left: basic.
    at = np.array([90.5, 91.0, 460.0])
    orders = Orders(customer=np.zeros(3, int), at_days=at, cents=np.zeros(3, int), campaign=np.full(3, -1))
    lines = made_lines(order=np.arange(3), cents=np.array([15000, 25000, 100]))
    tiers = review_tiers(np.array([7.0]), 600, orders, lines)
    assert list(zip(tiers.since_days.tolist(), [list(TIERS)[t] for t in tiers.tier], strict=True)) == [
        (7.0, "basic"),
        (91.0, "silver"),
        (182.0, "gold"),
        (455.0, "silver"),
        (546.0, "basic"),
    ]
    # The first was sold to a basic customer, the second on the day of the review, the third after the fall.
    assert revenue_by_tier(tiers.at_sale, lines) == {"basic": "150.00", "silver": "251.00", "gold": "0.00"}
    assert revenue_by_tier(tiers.now, lines) == {"basic": "401.00", "silver": "0.00", "gold": "0.00"}


def made_lines(order: np.ndarray, cents: np.ndarray) -> Lines:
    none = np.zeros(order.size, int)
    return Lines(
        order=order, line=none, article=none, units=none, cents=cents, rebate_cents=none, cost_cents=none
    )  # fmt: skip


def test_every_tier_is_reached_left_and_reached_again(shop: Shop) -> None:
    changes = shop.raw("customer_changes")
    assert len(changes.filter(pl.struct("customer_no", "since").is_duplicated())) == 0
    first = changes.group_by("customer_no", maintain_order=True).first()
    assert set(first["tier"]) == {"basic"}
    assert len(first) == shop.truth.customers
    moves = changes.with_columns(before=pl.col("tier").shift(1).over("customer_no")).drop_nulls()
    assert set(moves.select("before", "tier").unique().rows()) >= {
        ("basic", "silver"), ("silver", "gold"), ("gold", "silver"), ("silver", "basic"), ("basic", "gold"),
    }  # fmt: skip
    assert (moves["tier"] != moves["before"]).all()


def test_the_money_by_tier_adds_up_and_depends_on_the_day(shop: Shop) -> None:
    on_the_day, at_the_end = (
        {tier: Decimal(money) for tier, money in told.items()}
        for told in (shop.truth.revenue_by_tier, shop.truth.revenue_by_last_tier)
    )
    assert on_the_day.keys() == at_the_end.keys() == TIERS.keys()
    assert sum(on_the_day.values()) == sum(at_the_end.values()) < Decimal(shop.truth.revenue)
    # What made a customer gold was bought before: most money of today's gold was not gold's on the day.
    assert at_the_end["gold"] > on_the_day["gold"] > 0
    assert REVIEW_DAYS * 4 == LOOK_BACK_DAYS
