"""What the overview is told: named frames, each with the SQL it came from.

Every frame may be missing (None) or empty: then its section says so.

May import: nothing of ours.   Imported by: reports, project.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl


@dataclass(frozen=True, slots=True, eq=False)
class Sourced:
    """A frame and the statement that made it; the statement is empty for what a model learned."""

    frame: pl.DataFrame
    sql: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OverviewInputs:
    """The data of `overview`.  Shares, rates and probabilities are 0 to 1; money is in `currency`.

    Frames of models may hold `as_of`, the day they look back from; else it is `as_of` of the report.
    `value_is_margin` says whether the expected value is margin, as where costs are known, or spend.

    headline : one row: revenue, customers, orders, average_order_value, first_day, last_day
    promotions : one row: promotions, each a product in a store in a week
    by_month : date.month ('2017-01'), revenue, customers (distinct in the month), orders
    departments : product.department, revenue, customers, orders, share, is_total
    deals : closed.month ('2017-01'), won, lost, won_amount, lost_amount; of deals that were decided
    lost_reasons : deal.lost_reason, lost, lost_amount
    contacts : channel.channel, contacts, outbound, inbound, customers_contacted
    responses : campaign.campaign_name, responses, customers_responding, and if known responder_share, complaints,
        opt_outs
    rfm : r_score, f_score (1 to 5), customers, mean_spend
    rfm_classes : rfm_class, customers, spend
    segments : segment, customers, customer_share, spend_share, any medians, in_words
    rules : antecedents, consequents (text or lists), support, confidence, lift, leverage, conviction; once they
        were counted again on later orders, lift_later and orders_later
    evaluation : task, score, metric, value, low, high, verdict; of every score, its baselines among them
    churn_calibration : bin, predicted, observed, customers
    churn_lift : decile (10 has the highest risk), customers, churners, rate, lift
    priority : rank, customer_id, expected_value_90d, rfm_class, segment, next_offer, next_offer_reason,
        suggested_channel, consent, reason; the head of the list
    consents : consent, customers; of the whole list.  Without it nobody is taken to have agreed.
    quality : source (if there are several), entity, rows_read, rows_loaded, rows_rejected, rounded
    unknown : table, column, rows_unknown, share
    rejects : entity, reason, rows
    expectations : entity, expected, found (in words), verdict ('fails', 'warning', 'holds' or 'nothing to look at'),
        rows, failing, passing, wanted; the last four are null for what is not about single rows
    notes : what a reader must know of the data, a sentence each
    """

    title: str
    as_of: date
    currency: str
    horizon_days: int = 90
    last_month_incomplete: bool = False
    value_is_margin: bool = False
    headline: Sourced | None = None
    promotions: Sourced | None = None
    by_month: Sourced | None = None
    departments: Sourced | None = None
    deals: Sourced | None = None
    lost_reasons: Sourced | None = None
    contacts: Sourced | None = None
    responses: Sourced | None = None
    rfm: Sourced | None = None
    rfm_classes: Sourced | None = None
    segments: Sourced | None = None
    rules: Sourced | None = None
    evaluation: Sourced | None = None
    churn_calibration: Sourced | None = None
    churn_lift: Sourced | None = None
    priority: Sourced | None = None
    consents: Sourced | None = None
    quality: Sourced | None = None
    unknown: Sourced | None = None
    rejects: Sourced | None = None
    expectations: Sourced | None = None
    notes: tuple[str, ...] = ()


def rows_of(sourced: Sourced | None) -> Sourced | None:
    """The frame if there is anything in it."""
    return sourced if sourced is not None and not sourced.frame.is_empty() else None


def as_of(sourced: Sourced, inputs: OverviewInputs) -> date:
    """The day that a model's frame looks back from: its own, for it may have been made before the last load."""
    if "as_of" not in sourced.frame.columns:
        return inputs.as_of
    day: date = sourced.frame["as_of"].cast(pl.Date)[0]
    return day
