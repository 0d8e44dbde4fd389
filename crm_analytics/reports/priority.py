"""The overview's section on whom to contact first, and what is known of their consent.

Consent comes first here: what was never recorded is told above the list and
again beside every customer.

May import: campaigns, charts, reports.columns, reports.inputs, reports.model.   Imported by: reports.overview.
"""

import polars as pl

from crm_analytics.campaigns.consent import GRANTED, NOT_RECORDED
from crm_analytics.charts.shape import quantity
from crm_analytics.reports.columns import table
from crm_analytics.reports.inputs import OverviewInputs, Sourced, as_of, rows_of
from crm_analytics.reports.model import Column, Section, Tile

SHOWN = (
    "rank",
    Column("customer_id", "Customer", detail="kind"),
    "expected_value_90d",
    "reason",
    Column("next_offer", "Next best offer, and why", detail="next_offer_reason"),
    Column("suggested_channel", "Channel, and consent", detail="consent_in_words"),
)
DO_NOT_SEND = "Consent is not recorded: do not send from this list before consent has been checked elsewhere."


def priority(inputs: OverviewInputs, title: str) -> Section:
    """The head of the priority list, with the reason beside every rank."""
    found = rows_of(inputs.priority)
    if found is None:
        return Section(id="priority", title=title, sentence="There is no priority list yet.")
    first = found.frame.row(0, named=True)
    worth = quantity(first["expected_value_90d"], "money", inputs.currency)
    does = f"bring a margin of {worth}" if inputs.value_is_margin else f"spend {worth}"
    sentence = f"First comes customer {first['customer_id']}, expected to {does} in the next 90 days."
    if first["next_offer"]:
        sentence += f" The best next offer is {first['next_offer']}."
    head = quantity(found.frame.height, "count")
    every = sum(_consents(inputs).values())
    listed = f"{head} of the {quantity(every, 'count')}" if every else head
    caption = f"The first {listed} customers on the priority list"
    value = "margin" if inputs.value_is_margin else "spend"
    return Section(
        id="priority",
        title=title,
        warning=_warning(inputs),
        sentence=sentence,
        tables=(table(Sourced(_worded(found.frame), found.sql), caption, SHOWN, cards=True),),
        note=f"Ranked as of {as_of(found, inputs).isoformat()} by the {value} expected in the next 90 days, with or "
        "without a contact: what a contact adds is not known before a campaign has been measured against a control "
        "group. The whole list is in the file priority_list.csv beside this report.",
    )


def consent_tile(inputs: OverviewInputs) -> tuple[Tile, ...]:
    """How many of the list may be contacted, or that nobody knows; nothing where there is no list."""
    if rows_of(inputs.priority) is None:
        return ()
    consents, found = _consents(inputs), rows_of(inputs.consents)
    sql = "" if found is None else found.sql
    if NOT_RECORDED in consents or not consents:
        note = "do not send from the priority list"
        return (Tile(label="Consent", value="not recorded", fmt="text", note=note, sql=sql, warning=True),)
    note = f"of {quantity(sum(consents.values()), 'count')} on the priority list"
    return (Tile(label="Agreed to be contacted", value=consents.get(GRANTED, 0), fmt="count", note=note, sql=sql),)


def _warning(inputs: OverviewInputs) -> str:
    """What must be known before anybody is contacted; empty only where everybody agreed."""
    consents = _consents(inputs)
    if NOT_RECORDED in consents or not consents:
        return DO_NOT_SEND
    every, agreed = sum(consents.values()), consents.get(GRANTED, 0)
    if agreed == every:
        return ""
    return (
        f"{quantity(every - agreed, 'count')} of the {quantity(every, 'count')} customers on the list agreed to no "
        "channel: do not contact them."
    )


def _worded(frame: pl.DataFrame) -> pl.DataFrame:
    """The list with what kind of customer each is, and their consent in words."""
    return frame.with_columns(
        kind=pl.concat_str("rfm_class", "segment", separator=" · ", ignore_nulls=True),
        consent_in_words=pl.lit("consent: ") + pl.col("consent"),
    )


def _consents(inputs: OverviewInputs) -> dict[str, int]:
    found = rows_of(inputs.consents)
    return {} if found is None else dict(found.frame.select("consent", "customers").iter_rows())
