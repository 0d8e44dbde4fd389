"""Consent at the door: through which channels a customer may be contacted at all.

Missing means no.  Where a project's sources keep no consents the lists are still
made, for there is analysis to do, but every row says that nobody was asked.

May import: errors, config.   Imported by: campaigns.priority, exports, pipeline.
"""

from dataclasses import dataclass

import polars as pl

from crm_analytics.config import ConsentRule
from crm_analytics.errors import ConfigError

GRANTED = "granted"
NOT_RECORDED = "not recorded"
NONE_GIVEN = "none given"


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What is known of consent: each customer's last word on each channel, and what crm.yml says of it.

    `words` has customer_id, channel and status (`granted` or `denied`), see
    `warehouse.consents.consent_state`; `kept` is whether the sources have a register at
    all.  Without one `words` holds opt-outs only.
    """

    words: pl.DataFrame
    rule: ConsentRule
    kept: bool


def check_rule(rule: ConsentRule, kept: bool) -> None:
    """Refuse to look past consents that exist.

    Raises
    ------
    ConfigError : crm.yml says `not_recorded`, yet a register of consents was loaded.
    """
    if rule == "not_recorded" and kept:
        raise ConfigError(
            "crm.yml: consent: a register of consents was loaded, so 'not_recorded' is not true; set it to 'required'"
        )


def allowed_channels(consents: pl.DataFrame) -> pl.DataFrame:
    """One row a customer: `customer_id` and the list of channels they agreed to, in order of name."""
    return (
        consents.filter(pl.col("status") == GRANTED)
        .sort("customer_id", "channel")
        .group_by("customer_id", maintain_order=True)
        .agg(pl.col("channel").alias("allowed"))
    )


def said_no(consents: pl.DataFrame) -> pl.Series:
    """The ids of customers who withdrew, or opted out of, any channel."""
    return consents.filter(pl.col("status") != GRANTED)["customer_id"].unique().sort()
