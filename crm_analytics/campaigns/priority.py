"""The customer priority list: one row a customer, the most valuable first, each with its reasons.

The value is what the customer is expected to spend (`mining.expected_value`), at
margin where costs are known.  It is not incremental: without a randomised
campaign nobody can say what a contact adds, and the list says so by keeping to
the word "expected".

May import: errors, config, campaigns.consent.   Imported by: pipeline.
"""

from dataclasses import dataclass

import polars as pl

from crm_analytics.campaigns.consent import GRANTED, NONE_GIVEN, NOT_RECORDED, allowed_channels, said_no
from crm_analytics.config import ConsentRule
from crm_analytics.errors import DataError

SCORES = (
    "bg_nbd_spend_90d",
    "p_alive",
    "churn_risk",
    "rfm_class",
    "segment",
    "next_offer",
    "next_offer_kind",
    "next_offer_reason",
)
COLUMNS = (
    "rank",
    "customer_id",
    "expected_value_90d",
    "expected_spend_90d",
    "bg_nbd_spend_90d",
    "rfm_class",
    "segment",
    "p_alive",
    "churn_risk",
    "days_since_last_order",
    "next_offer",
    "next_offer_kind",
    "next_offer_reason",
    "suggested_channel",
    "consent",
    "may_contact",
    "reason",
)
STEADY, SHAKY = 0.10, 0.40
LEAST_SAID = 0.005  # "0 %" would promise too much


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityInputs:
    """What the list is made of, each with one row a customer.

    `scored` holds `customer_id`, the columns of `SCORES`, `days_since_last_order` and
    `expected_spend_90d` (money);
    `preferences` holds `favourite_channel` and `responding_channel`; `consents` has one
    row a customer and channel.  `margin_share` (0 to 1) is None where costs are unknown.
    """

    scored: pl.DataFrame
    preferences: pl.DataFrame
    consents: pl.DataFrame
    rule: ConsentRule
    currency: str
    margin_share: float | None = None


def priority_list(inputs: PriorityInputs) -> pl.DataFrame:
    """Rank every scored customer by expected value; ties by customer id.

    Raises
    ------
    DataError : a score that the list needs was not made.
    """
    missing = [name for name in SCORES if name not in inputs.scored.columns]
    if missing:
        raise DataError(f"the priority list needs the scores {', '.join(missing)}; run: crm score")
    margin = 1.0 if inputs.margin_share is None else inputs.margin_share
    listed = (
        inputs.scored.with_columns(expected_value_90d=(pl.col("expected_spend_90d") * margin).round(2))
        .sort("expected_value_90d", "customer_id", descending=[True, False])
        .with_row_index("rank", offset=1)
        .join(inputs.preferences, on="customer_id", how="left", maintain_order="left")
        .join(allowed_channels(inputs.consents), on="customer_id", how="left", maintain_order="left")
    )
    channel, consent = _channel(inputs.rule)
    return (
        listed.with_columns(suggested_channel=channel)
        .with_columns(consent=consent)
        .with_columns(may_contact=_may_contact(inputs), reason=_reason(inputs))
        .select(COLUMNS)
    )


def _channel(rule: ConsentRule) -> tuple[pl.Expr, pl.Expr]:
    """The channel to use and what is known of consent for it.

    The channel a customer answered through comes first, then the one they buy
    through; where consent is required, only among those they agreed to.
    """
    wishes = [pl.col("responding_channel"), pl.col("favourite_channel")]
    if rule == "not_recorded":
        return pl.coalesce(*wishes), pl.lit(NOT_RECORDED)
    agreed = [pl.when(pl.col("allowed").list.contains(w)).then(w) for w in wishes]
    channel = pl.coalesce(*agreed, pl.col("allowed").list.first())
    return channel, pl.when(pl.col("suggested_channel").is_null()).then(pl.lit(NONE_GIVEN)).otherwise(pl.lit(GRANTED))


def _may_contact(inputs: PriorityInputs) -> pl.Expr:
    """Nobody without a channel they agreed to; where no consents are kept, nobody who ever opted out."""
    if inputs.rule == "required":
        return pl.col("consent") != NONE_GIVEN
    return ~pl.col("customer_id").is_in(said_no(inputs.consents).to_list())


def _reason(inputs: PriorityInputs) -> pl.Expr:
    """One line: what the rank rests on, and what to make of it."""
    risk, days = pl.col("churn_risk"), pl.col("days_since_last_order").cast(pl.Int64)
    worth = "margin" if inputs.margin_share is not None else "spend"
    outlook = (
        pl.when(risk < STEADY)
        .then(pl.lit("steady: keep"))
        .when(risk < SHAKY)
        .then(pl.lit("slipping: remind"))
        .otherwise(pl.lit("may be lost: win back"))
    )
    said_risk = (
        pl.when(risk < LEAST_SAID)
        .then(pl.lit("under 1 %"))
        .otherwise(pl.format("{} %", (risk * 100).round(0).cast(pl.Int64)))
    )
    return pl.format(
        f"expected {worth} {{}} {inputs.currency} in 90 days, churn risk {{}}, last order {{}} ({{}})",
        pl.col("expected_value_90d").map_elements("{:,.0f}".format, return_dtype=pl.String),
        said_risk,
        pl.when(days == 1).then(pl.lit("1 day ago")).otherwise(pl.format("{} days ago", days)),
        outlook,
    )
