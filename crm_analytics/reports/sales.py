"""The overview's sections on sales: over time, and by department.

May import: charts, reports.columns, reports.inputs, reports.model.   Imported by: reports.overview.
"""

from typing import Any

import polars as pl

from crm_analytics.charts import bars, revenue_over_time
from crm_analytics.charts.shape import quantity
from crm_analytics.reports.columns import table
from crm_analytics.reports.inputs import OverviewInputs, rows_of
from crm_analytics.reports.model import Chart, Section

DEPARTMENT = "product.department"
MONTH = "date.month"


def over_time(inputs: OverviewInputs, title: str) -> Section:
    """Revenue and customers a month."""
    months = rows_of(inputs.by_month)
    if months is None:
        return Section(id="over-time", title=title, sentence="This data has no sales by month.")
    best = largest(months.frame, "revenue")
    sentence = (
        f"The month with the most revenue was {best[MONTH]}: {quantity(best['revenue'], 'money', inputs.currency)} "
        f"from {quantity(best['customers'], 'count')} customers."
    )
    if inputs.last_month_incomplete:
        sentence += f" {months.frame[MONTH][-1]} is not complete and drawn pale: do not compare it with the others."
    picture = revenue_over_time(months.frame, currency=inputs.currency, last_incomplete=inputs.last_month_incomplete)
    return Section(
        id="over-time",
        title=title,
        sentence=sentence,
        charts=(
            Chart(title="Revenue (above) and customers with an order (below), by month", alt=sentence, figure=picture),
        ),
        tables=(table(months, "Sales by month", (MONTH, "revenue", "customers", "orders")),),
        note="A customer who bought in several months counts once in each, so the months add up to more customers "
        "than there are.",
    )


def departments(inputs: OverviewInputs, title: str) -> Section:
    """Revenue by department, largest first as given, with the grand total set apart."""
    found = rows_of(inputs.departments)
    if found is None:
        return Section(id="departments", title=title, sentence="This data has no products with a department.")
    members = found.frame.filter(~pl.col("is_total"))
    if members.is_empty():
        return Section(id="departments", title=title, sentence="No department has sales.")
    top = largest(members, "revenue")
    sentence = (
        f"{top[DEPARTMENT]} is the largest of {members.height} departments: "
        f"{quantity(top['revenue'], 'money', inputs.currency)}, {quantity(top['share'], 'percent')} of the revenue, "
        f"bought by {quantity(top['customers'], 'count')} customers."
    )
    more = {
        "customers": ("Customers", "count"),
        "orders": ("Orders", "count"),
        "share": ("Share of revenue", "percent"),
    }
    drawn = members.sort("revenue", descending=True, nulls_last=True, maintain_order=True)
    picture = bars(drawn, DEPARTMENT, "revenue", currency=inputs.currency, more=more)
    names = (DEPARTMENT, "revenue", "share", "customers", "orders", "is_total")
    # One table would say "(none)" for the total: its name is empty in the answer of a cube.
    worded = found.frame.with_columns(
        pl.when("is_total").then(pl.lit("All departments")).otherwise(pl.col(DEPARTMENT)).alias(DEPARTMENT)
    )
    return Section(
        id="departments",
        title=title,
        sentence=sentence,
        charts=(Chart(title="Revenue of the largest departments", alt=sentence, figure=picture),),
        tables=(table(type(found)(worded, found.sql), "Sales by department", names, total="is_total"),),
        note="A customer who bought in several departments is counted once in the total, and so is an order: "
        "customers and orders of the departments add up to more than the total.",
    )


def largest(frame: pl.DataFrame, column: str) -> dict[str, Any]:
    """The first row with the largest value; nulls come last."""
    return frame.sort(column, descending=True, nulls_last=True, maintain_order=True).row(0, named=True)
