"""The headings of the columns that reports show, in one place.

A name that is not listed is worded from itself: `mean_spend_money` is
money, `days_between_orders` is days.

May import: errors, reports.inputs, reports.model.   Imported by: reports.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from crm_analytics.errors import UnknownName
from crm_analytics.reports.inputs import Sourced
from crm_analytics.reports.model import Column, Table

_COLUMNS = (
    Column("date.month", "Month"),
    Column("revenue", "Revenue", "money"),
    Column("spend", "Spend", "money"),
    Column("mean_spend", "Mean spend a customer", "money"),
    Column("customers", "Customers", "count"),
    Column("orders", "Orders", "count"),
    Column("share", "Share", "percent"),
    Column("product.department", "Department"),
    Column("closed.month", "Month"),
    Column("won", "Won", "count"),
    Column("lost", "Lost", "count"),
    Column("won_amount", "Value won", "money"),
    Column("lost_amount", "Value lost", "money"),
    Column("deal.lost_reason", "Reason of the loss"),
    Column("channel.channel", "Channel"),
    Column("outbound", "We spoke first", "count"),
    Column("inbound", "The customer spoke first", "count"),
    Column("customers_contacted", "Customers contacted", "count"),
    Column("campaign.campaign_name", "Campaign"),
    Column("customers_responding", "Customers responding", "count"),
    Column("responder_share", "Of those contacted", "percent"),
    Column("opt_outs", "Opt-outs", "count"),
    Column("rfm_class", "RFM class"),
    Column("segment", "Segment"),
    Column("customer_share", "Share of customers", "percent"),
    Column("spend_share", "Share of spend", "percent"),
    Column("median_orders", "Median orders", "number", "a customer"),
    Column("median_spend_money", "Median spend", "money"),
    Column("median_days_since_last_order", "Median time since the last order", "days"),
    Column("median_order_value_money", "Median order value", "money"),
    Column("median_departments", "Median departments", "number", "a customer"),
    Column("median_discount_share", "Median discount", "percent"),
    Column("number", "Number", "count"),
    Column("antecedents", "Customers who buy"),
    Column("consequents", "also buy"),
    Column("support_percent", "Support", "number", "% of orders"),
    Column("confidence", "Confidence", "percent"),
    Column("lift", "Lift", "number", "×"),
    Column("lift_later", "Lift later", "number", "×"),
    Column("orders_later", "Orders later", "count"),
    Column("leverage_percent", "Leverage", "number", "% of orders"),
    Column("conviction", "Conviction", "number", "×"),
    Column("bin", "Group", "count"),
    Column("predicted", "Predicted risk", "percent"),
    Column("observed", "What happened", "percent"),
    Column("decile", "Tenth", "count"),
    Column("churners", "Customers lost", "count"),
    Column("rate", "Churn rate", "percent"),
    Column("rank", "Rank", "count"),
    Column("customer_id", "Customer"),
    Column("expected_value_90d", "Expected value in 90 days", "money"),
    Column("churn_risk", "Churn risk", "percent"),
    Column("reason", "Why this rank"),
    Column("consent", "Consent"),
    Column("source", "Source"),
    Column("entity", "Data"),
    Column("rows_read", "Rows read", "count"),
    Column("rows_loaded", "Rows loaded", "count"),
    Column("rows_rejected", "Rows rejected", "count"),
    Column("rounded", "Values rounded", "count"),
    Column("rows", "Rows", "count"),
    Column("expected", "Expected", detail="found"),
    Column("verdict", "Verdict"),
    Column("failing", "Not as expected", "count"),
    Column("table", "Table"),
    Column("column", "Refers to"),
    Column("rows_unknown", "Rows with an unknown member", "count"),
)
COLUMNS = {column.name: column for column in _COLUMNS}

# A part of a name, and what it says of the values; the first that fits.
_BY_WORD = (
    (("days",), "days"),
    (("share", "rate", "risk", "probability", "discount"), "percent"),
    (("money", "spend", "revenue", "value", "price"), "money"),
)


def column(name: str, dtype: pl.DataType) -> Column:
    """The heading of a column: as listed, or worded from its name and type."""
    if name in COLUMNS:
        return COLUMNS[name]
    title = name.rsplit(".", 1)[-1].removesuffix("_money").replace("_", " ").capitalize()
    if not dtype.is_numeric():
        return Column(name, title)
    for words, fmt in _BY_WORD:
        if any(word in name for word in words):
            return Column(name, title, fmt)
    return Column(name, title, "count") if dtype.is_integer() else Column(name, title, "number", "per customer")


def table(
    source: Sourced,
    caption: str,
    names: Iterable[str | Column] | None = None,
    total: str | None = None,
    groups: Mapping[int, str] | None = None,
    cards: bool = False,
) -> Table:
    """A table of `names` (all columns, if not given); `total` names a boolean column that marks total rows.

    `groups` and `cards` as in `Table`.

    A `Column` among the names stands for itself, where the listed heading would be wrong.

    Raises
    ------
    UnknownName : the frame lacks one of the columns.
    """
    frame = source.frame
    shown = [name for name in (names or frame.columns) if name != total]
    for name in shown:
        if isinstance(name, str) and name not in frame.columns:
            raise UnknownName(f"report table {caption!r}", "column", name, frame.columns)
    marked = frame[total].to_list() if total else []
    return Table(
        columns=tuple(name if isinstance(name, Column) else column(name, frame.schema[name]) for name in shown),
        rows=frame,
        caption=caption,
        sql=source.sql,
        total_rows=frozenset(i for i, is_total in enumerate(marked) if is_total),
        groups=groups or {},
        cards=cards,
    )
