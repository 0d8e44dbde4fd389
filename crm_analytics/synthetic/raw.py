"""Places, days and cents as the columns of an export: codes, timestamps, amounts.

The words differ from the star's on purpose (article, paid, stage, "out"): a real
export speaks its own language, and the mapping translates.

May import: arrays, synthetic.{baskets,campaigns,contacts,orders,tiers,truth}.   Imported by: synthetic.write.
"""

from dataclasses import dataclass
from datetime import date, datetime, time

import numpy as np
import polars as pl

from crm_analytics.arrays import FloatArray, IntArray, TextArray
from crm_analytics.synthetic.baskets import Lines, article_ids
from crm_analytics.synthetic.campaigns import PLAN, RANDOMISED, WINDOW_DAYS, Trial, campaign_days
from crm_analytics.synthetic.contacts import COST_CENTS, text_column
from crm_analytics.synthetic.orders import Orders
from crm_analytics.synthetic.tiers import Tiers
from crm_analytics.synthetic.truth import TIERS

OPENS, OPEN_HOURS = 9, 12
COUNTRIES = ("DE", "AT", "CH")
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Codes:
    """What the export calls things; place -1 stands for nothing and gives None.

    `strangers` customers beyond `customers` have numbers that the customer file lacks.
    """

    start: date
    customers: int
    strangers: int

    def customer(self, place: IntArray) -> TextArray:
        """Customer numbers."""
        return _named([f"C{i + 1:04d}" for i in range(self.customers + self.strangers)], place)

    def campaign(self, place: IntArray) -> TextArray:
        """Campaign codes."""
        return _named([f"K{i + 1:02d}" for i in range(len(PLAN))], place)

    def article(self, place: IntArray) -> TextArray:
        """Article numbers."""
        return _named(article_ids(), place)

    def moment(self, days: FloatArray) -> pl.Series:
        """Timestamps; the part of a day is squeezed into the opening hours, which keeps order and day."""
        whole = np.floor(np.nan_to_num(days))
        hours = OPENS + OPEN_HOURS * (np.nan_to_num(days) - whole)
        seconds = (whole * SECONDS_A_DAY + np.floor(hours * 3600)).astype(np.int64)
        midnight = np.datetime64(datetime.combine(self.start, time()), "us")
        return pl.Series(midnight + seconds.astype("timedelta64[s]")).cast(pl.Datetime("us"))

    def day(self, days: FloatArray) -> pl.Series:
        """Calendar days; NaN gives none."""
        return pl.select(
            pl.when(pl.Series(np.isfinite(days))).then(self.moment(days).dt.date()).otherwise(None)
        ).to_series()


def customer_file(codes: Codes, registered_days: FloatArray, segment: TextArray) -> pl.DataFrame:
    """People who do not exist and cannot be mistaken for anyone who does."""
    numbers = [f"{i + 1:04d}" for i in range(codes.customers)]
    return pl.DataFrame(
        {
            "customer_no": [f"C{n}" for n in numbers],
            "full_name": [f"Customer {n}" for n in numbers],
            "email": [f"c{n}@example.com" for n in numbers],
            "phone": [f"+1555{int(n):07d}" for n in numbers],
            "country": [COUNTRIES[i % len(COUNTRIES)] for i in range(codes.customers)],
            "registered": codes.day(registered_days),
            "card": [f"L{n}" if i % 3 else None for i, n in enumerate(numbers)],
            "born": [date(1940 + i % 65, 1 + i % 12, 1 + i % 28) for i in range(codes.customers)],
            "postcode": [f"{i % 40:03d}00" for i in range(codes.customers)],
            "town": [f"Town {i % 40 + 1}" for i in range(codes.customers)],
            "updated": codes.day(registered_days),
            "planted_segment": segment.tolist(),
        }
    )


def change_file(codes: Codes, tiers: Tiers) -> pl.DataFrame:
    """One row for each tier a customer came into, in order of time."""
    frame = pl.DataFrame(
        {
            "customer_no": text_column(codes.customer(tiers.customer)),
            "since": codes.day(tiers.since_days),
            "tier": text_column(np.array(list(TIERS), dtype=np.object_)[tiers.tier]),
        }
    )
    return frame.sort("since", "customer_no", maintain_order=True)


def campaign_file(codes: Codes, days: int) -> pl.DataFrame:
    """The campaigns; the type says which one a coin decided."""
    starts = np.array(campaign_days(days), dtype=float)
    return pl.DataFrame(
        {
            "campaign_code": codes.campaign(np.arange(len(PLAN))).tolist(),
            "title": [f"Campaign {i + 1} by {channel}" for i, channel in enumerate(PLAN)],
            "kind": ["randomised test" if i == RANDOMISED else "mailing" for i in range(len(PLAN))],
            "first_day": codes.day(starts),
            "last_day": codes.day(starts + WINDOW_DAYS - 1),
        }
    )


def order_file(codes: Codes, orders: Orders, channel: TextArray, store: TextArray) -> pl.DataFrame:
    """Order heads; the time is text, as spreadsheets leave it."""
    return pl.DataFrame(
        {
            "order_no": [f"O{i + 1:06d}" for i in range(orders.customer.size)],
            "customer_no": text_column(codes.customer(orders.customer)),
            "ordered_at": codes.moment(orders.at_days).dt.to_string("%Y-%m-%d %H:%M:%S"),
            "channel": text_column(channel),
            "store_no": text_column(store),
            "campaign_code": text_column(codes.campaign(orders.campaign)),
        }
    )


def line_file(codes: Codes, order_no: pl.Series, lines: Lines) -> pl.DataFrame:
    """Order lines; `paid` is after the rebate."""
    return pl.DataFrame(
        {
            "order_no": order_no[lines.order],
            "line_no": lines.line,
            "article": text_column(codes.article(lines.article)),
            "units": lines.units,
            "paid": lines.cents / 100,
            "rebate": lines.rebate_cents / 100,
            "goods_cost": lines.cost_cents / 100,
        }
    )


def contact_file(codes: Codes, contacts: pl.DataFrame) -> pl.DataFrame:
    """All contacts in time order; the last row stands in the export twice."""
    rows = contacts.sort("at_days", "customer", "channel")
    out = rows["direction"] == "outbound"
    frame = pl.DataFrame(
        {
            "contact_no": [f"N{i + 1:06d}" for i in range(len(rows))],
            "customer_no": text_column(codes.customer(rows["customer"].to_numpy())),
            "campaign_code": text_column(codes.campaign(rows["campaign"].to_numpy())),
            "channel": rows["channel"],
            "at": codes.moment(rows["at_days"].to_numpy()),
            "direction": np.where(out, "out", "in"),
            "kind": rows["kind"],
            "result": rows["outcome"],
            "cost": np.where(out, rows["channel"].replace_strict(COST_CENTS).to_numpy(), 0) / 100,
        }
    )
    return pl.concat([frame, frame.tail(1)])


def response_file(
    rng: np.random.Generator, codes: Codes, responses: pl.DataFrame, coupons: pl.DataFrame
) -> pl.DataFrame:
    """Responses in time order; a redemption names one of the articles of its campaign's coupons."""
    rows = responses.sort("at_days", "customer")
    per_campaign = coupons["article"].to_numpy().reshape(len(PLAN), -1)
    drawn = per_campaign[rows["campaign"].to_numpy(), rng.integers(0, per_campaign.shape[1], len(rows))]
    return pl.DataFrame(
        {
            "response_no": [f"R{i + 1:05d}" for i in range(len(rows))],
            "customer_no": text_column(codes.customer(rows["customer"].to_numpy())),
            "campaign_code": text_column(codes.campaign(rows["campaign"].to_numpy())),
            "article": text_column(codes.article(np.where(rows["kind"] == "redemption", drawn, -1))),
            "channel": rows["channel"],
            "at": codes.moment(rows["at_days"].to_numpy()),
            "kind": rows["kind"],
        }
    )


def consent_file(codes: Codes, rows: pl.DataFrame) -> pl.DataFrame:
    """The consent register, one row a grant or withdrawal."""
    return pl.DataFrame(
        {
            "entry_no": [f"E{i + 1:06d}" for i in range(len(rows))],
            "customer_no": text_column(codes.customer(rows["customer"].to_numpy())),
            "channel": rows["channel"],
            "purpose": rows["purpose"],
            "status": rows["status"],
            "recorded_at": codes.moment(rows["at_days"].to_numpy()),
            "proof": rows["proof"],
        }
    )


def deal_file(codes: Codes, deals: pl.DataFrame) -> pl.DataFrame:
    """The deals."""
    return pl.DataFrame(
        {
            "deal_no": [f"D{i + 1:05d}" for i in range(len(deals))],
            "customer_no": text_column(codes.customer(deals["customer"].to_numpy())),
            "article": text_column(codes.article(deals["article"].to_numpy())),
            "source_channel": deals["channel"],
            "campaign_code": text_column(codes.campaign(deals["campaign"].to_numpy())),
            "opened": codes.day(deals["opened_days"].to_numpy()),
            "closed": codes.day(deals["closed_days"].to_numpy()),
            "stage": deals["stage"],
            "reason": deals["reason"],
            "value": deals["value_cents"].to_numpy() / 100,
        }
    )


def promotion_file(codes: Codes, promotions: pl.DataFrame) -> pl.DataFrame:
    """Promotions by the first day of their week."""
    return promotions.select(
        pl.Series("article", text_column(codes.article(promotions["article"].to_numpy()))),
        "store_no",
        codes.day(promotions["week"].to_numpy() * 7.0).alias("week_from"),
        "display",
        "mailer",
    )


def coupon_file(codes: Codes, coupons: pl.DataFrame) -> pl.DataFrame:
    """The articles each coupon is good for."""
    return coupons.select(
        pl.format("Q{}", pl.col("coupon") + 1).alias("coupon_no"),
        pl.Series("campaign_code", text_column(codes.campaign(coupons["campaign"].to_numpy()))),
        pl.Series("article", text_column(codes.article(coupons["article"].to_numpy()))),
    )


def assignment_file(codes: Codes, trial: Trial) -> pl.DataFrame:
    """What the coin said of each customer; the star has no table for it, the contacts show the treated only."""
    size = trial.customer.size
    return pl.DataFrame(
        {
            "campaign_code": text_column(codes.campaign(np.full(size, RANDOMISED))),
            "customer_no": text_column(codes.customer(trial.customer)),
            "arm": np.where(trial.treated, "treatment", "control"),
            "assigned_on": codes.day(np.full(size, float(trial.day))),
        }
    )


def _named(names: list[str], place: IntArray) -> TextArray:
    return np.array([*names, None], dtype=np.object_)[place]
