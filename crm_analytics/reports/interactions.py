"""The overview's sections on what is no sale: deals won and lost, contacts, responses to campaigns.

A project that has none of them has no such section.

May import: charts, reports.columns, reports.inputs, reports.model, reports.sales.   Imported by: reports.overview.
"""

import polars as pl

from crm_analytics.charts import bars, won_and_lost
from crm_analytics.charts.shape import NO_MEMBER, quantity
from crm_analytics.reports.columns import table
from crm_analytics.reports.inputs import OverviewInputs, Sourced, rows_of
from crm_analytics.reports.model import Chart, Section
from crm_analytics.reports.sales import largest

CLOSED, REASON = "closed.month", "deal.lost_reason"
CHANNEL, CAMPAIGN = "channel.channel", "campaign.campaign_name"
A_MONTH = r"^\d{4}-\d{2}$"


def deals(inputs: OverviewInputs, title: str) -> Section | None:
    """Deals by the month they were decided in, and what the lost ones were lost for."""
    found, reasons = rows_of(inputs.deals), rows_of(inputs.lost_reasons)
    if found is None:
        return None
    won, lost = int(found.frame["won"].sum()), int(found.frame["lost"].sum())
    sentence = (
        f"{quantity(won, 'count')} deals were won, worth "
        f"{quantity(found.frame['won_amount'].sum(), 'money', inputs.currency)}, and {quantity(lost, 'count')} lost: "
        f"{quantity(won / max(won + lost, 1), 'percent')} of those decided were won."
    )
    # A deal without a day of its end has no place on an axis of time; the table has it.
    drawn = found.frame.filter(pl.col(CLOSED).str.contains(A_MONTH))
    picture = won_and_lost(drawn, currency=inputs.currency)
    charts = [Chart(title="Deals won and lost, by month", alt=sentence, figure=picture)]
    tables = [table(found, "Deals by month", (CLOSED, "won", "lost", "won_amount", "lost_amount"))]
    if reasons is not None:
        top = largest(reasons.frame, "lost")
        told = f"Most were lost for the reason {_name(top[REASON])}: {quantity(top['lost'], 'count')}."
        sentence += f" {told}"
        charts.append(
            Chart(
                title="What deals were lost for",
                alt=told,
                figure=bars(
                    reasons.frame,
                    REASON,
                    "lost",
                    fmt="count",
                    title="Deals lost",
                    currency=inputs.currency,
                    more={"lost_amount": ("Value lost", "money")},
                ),
            )
        )
        tables.append(table(reasons, "Lost deals by reason", (REASON, "lost", "lost_amount")))
    return Section(id="deals", title=title, sentence=sentence, charts=tuple(charts), tables=tuple(tables))


def contacts(inputs: OverviewInputs, title: str) -> Section | None:
    """Contacts by channel: who spoke first, and how many customers were reached."""
    found = rows_of(inputs.contacts)
    if found is None:
        return None
    sentence = _most(found, "contacts", CHANNEL, "contacts", "the most through")
    more = {
        "outbound": ("We spoke first", "count"),
        "inbound": ("The customer spoke first", "count"),
        "customers_contacted": ("Customers to whom we spoke first", "count"),
    }
    picture = bars(found.frame, CHANNEL, "contacts", fmt="count", title="Contacts", more=more)
    return Section(
        id="contacts",
        title=title,
        sentence=sentence,
        charts=(Chart(title="Contacts by channel", alt=sentence, figure=picture),),
        tables=(table(found, "Contacts by channel", (CHANNEL, "contacts", *more)),),
        note="A customer who was contacted through several channels counts once in each.",
    )


def responses(inputs: OverviewInputs, title: str) -> Section | None:
    """Responses by campaign, and which share of those contacted responded."""
    found = rows_of(inputs.responses)
    if found is None:
        return None
    sentence = _most(found, "responses", CAMPAIGN, "responses came back", "the most from")
    optional = [name for name in ("responder_share", "complaints", "opt_outs") if name in found.frame.columns]
    more = {"customers_responding": ("Customers responding", "count")}
    picture = bars(found.frame, CAMPAIGN, "responses", fmt="count", title="Responses", more=more)
    return Section(
        id="responses",
        title=title,
        sentence=sentence,
        charts=(Chart(title="Responses by campaign", alt=sentence, figure=picture),),
        tables=(table(found, "Responses by campaign", (CAMPAIGN, "responses", "customers_responding", *optional)),),
        note="A response is not yet an effect: what these customers would have done without the campaign, only "
        "customers left alone at random can tell.",
    )


def _most(found: Sourced, measure: str, member: str, what: str, most: str) -> str:
    """'7,998 contacts; the most through email: 2,079.'"""
    top = largest(found.frame, measure)
    every = quantity(int(found.frame[measure].sum()), "count")
    return f"{every} {what}; {most} {_name(top[member])}: {quantity(top[measure], 'count')}."


def _name(member: object) -> object:
    return NO_MEMBER if member is None else member
