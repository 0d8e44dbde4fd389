"""The rest of the made-up shop: stores, where orders are placed, promotions, coupons and deals.

May import: arrays, synthetic.{baskets,campaigns,contacts,truth}.   Imported by: synthetic.write.
"""

import numpy as np
import polars as pl

from crm_analytics.arrays import FloatArray, IntArray, TextArray
from crm_analytics.synthetic.baskets import ARTICLES
from crm_analytics.synthetic.campaigns import PLAN, WINDOW_DAYS, campaign_days
from crm_analytics.synthetic.contacts import pick, text_column
from crm_analytics.synthetic.truth import CHANNELS, LOST_REASONS, WIN_SHARE

REGIONS = ("north", "south", "west")
CUSTOMERS_A_STORE = 350
ORDER_CHANNELS = {"store": 0.55, "web": 0.35, "phone": 0.10}
HABIT_SHARE = 0.8
PROMOTED_SHARE = 0.02
DISPLAYS = {"none": 0.3, "shelf end": 0.4, "entrance": 0.3}
MAILERS = {"none": 0.4, "front page": 0.1, "inside page": 0.5}
COUPONS_A_CAMPAIGN, ARTICLES_A_COUPON = 3, 4
DEALS_A_CUSTOMER = 0.3
DEAL_DAYS = 45


def stores(customers: int) -> pl.DataFrame:
    """The store file; bigger shops have more stores."""
    count = max(4, customers // CUSTOMERS_A_STORE)
    return pl.DataFrame(
        {
            "store_no": [f"S{i + 1:02d}" for i in range(count)],
            "store_name": [f"Store {i + 1}" for i in range(count)],
            "region": [REGIONS[i % len(REGIONS)] for i in range(count)],
            "city": [f"Town {i + 1}" for i in range(count)],
        }
    )


def draw_order_places(
    rng: np.random.Generator, customer: IntArray, customers: int, store_no: TextArray
) -> tuple[TextArray, TextArray]:
    """(m,) channel and store of each order; most follow the customer's habit, and only orders in a store name one."""
    habit = pick(rng, ORDER_CHANNELS, customers)
    home = rng.integers(0, store_no.size, customers)
    who = np.where(customer < customers, np.maximum(customer, 0), 0)
    channel = np.where(rng.random(who.size) < HABIT_SHARE, habit[who], pick(rng, ORDER_CHANNELS, who.size))
    store = np.where(rng.random(who.size) < HABIT_SHARE, home[who], rng.integers(0, store_no.size, who.size))
    place = store_no[store]
    place[channel != "store"] = None
    return channel, place


def draw_promotions(rng: np.random.Generator, store_no: TextArray, days: int) -> pl.DataFrame:
    """Articles promoted per store and week, `week` counted from the start; some at two places in the same week."""
    shape = (ARTICLES, store_no.size, days // 7)
    article, store, week = np.nonzero(rng.random(shape) < PROMOTED_SHARE)
    twice = np.flatnonzero(rng.random(article.size) < 0.05)
    rows = np.concatenate([np.arange(article.size), twice])
    display, mailer = pick(rng, DISPLAYS, rows.size), pick(rng, MAILERS, rows.size)
    frame = pl.DataFrame(
        {
            "article": article[rows],
            "store_no": text_column(store_no[store[rows]]),
            "week": week[rows],
            "display": text_column(display),
            "mailer": text_column(mailer),
        }
    )
    return frame.unique(maintain_order=True)


def draw_coupons(rng: np.random.Generator) -> pl.DataFrame:
    """The articles each coupon of each campaign is good for, all by place."""
    coupons = len(PLAN) * COUPONS_A_CAMPAIGN
    article = np.concatenate([rng.choice(ARTICLES, ARTICLES_A_COUPON, replace=False) for _ in range(coupons)])
    coupon = np.repeat(np.arange(coupons), ARTICLES_A_COUPON)
    return pl.DataFrame({"coupon": coupon, "campaign": coupon // COUPONS_A_CAMPAIGN, "article": article})


def draw_deals(rng: np.random.Generator, registered_days: FloatArray, days: int) -> pl.DataFrame:
    """Deals by place and day: won, lost with a reason, or still open when the period ends.

    Deals that opened soon after a campaign began name it, without claiming it caused them.
    """
    customers = registered_days.size
    who = rng.integers(0, customers, int(DEALS_A_CUSTOMER * customers))
    opened = registered_days[who] + (days - registered_days[who]) * rng.random(who.size)
    closed = opened + rng.exponential(DEAL_DAYS, who.size)
    decided = closed < days
    won = decided & (rng.random(who.size) < WIN_SHARE)
    starts = np.array(campaign_days(days))
    latest = np.searchsorted(starts, opened, side="right") - 1
    fresh = (latest >= 0) & (opened - starts[latest] < WINDOW_DAYS)
    reason = pick(rng, LOST_REASONS, who.size)
    reason[~decided | won] = None
    return pl.DataFrame(
        {
            "customer": who,
            "article": rng.integers(0, ARTICLES, who.size),
            "channel": np.array(CHANNELS)[rng.integers(0, len(CHANNELS), who.size)],
            "campaign": np.where(fresh, latest, -1),
            "opened_days": opened,
            "closed_days": np.where(decided, closed, np.nan),
            "stage": np.where(won, "Won", np.where(decided, "Lost", "Open")),
            "reason": text_column(reason),
            "value_cents": np.rint(rng.lognormal(6.0, 0.8, who.size) * 100).astype(np.int64),
        }
    ).sort("opened_days", "customer")
