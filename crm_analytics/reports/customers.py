"""The overview's sections on customers: RFM and segments.

May import: charts, reports.columns, reports.inputs, reports.model.   Imported by: reports.overview.
"""

import polars as pl

from crm_analytics.charts import rfm_matrix, segment_shares
from crm_analytics.charts.shape import quantity
from crm_analytics.reports.columns import COLUMNS, table
from crm_analytics.reports.inputs import OverviewInputs, Sourced, rows_of
from crm_analytics.reports.model import Chart, Column, Point, Section, Table
from crm_analytics.reports.sales import largest

# Words of a segment, which are told as a list, and the day, which the page tells once.
NOT_IN_TABLE = ("in_words", "as_of")


def rfm(inputs: OverviewInputs, title: str) -> Section:
    """The matrix of recency by frequency, and what the classes spend."""
    scores, classes = rows_of(inputs.rfm), rows_of(inputs.rfm_classes)
    sentences, charts = [], []
    if scores is not None:
        top = largest(scores.frame, "customers")
        sentences.append(
            f"The largest group is {quantity(top['customers'], 'count')} customers with recency {top['r_score']} and "
            f"frequency {top['f_score']} (5 is best); they spent "
            f"{quantity(top['mean_spend'], 'money', inputs.currency)} each on average."
        )
        charts.append(
            Chart(
                title="Customers by recency and frequency score",
                alt=sentences[0],
                figure=rfm_matrix(scores.frame, currency=inputs.currency),
                sql=scores.sql if classes is not None else "",
            )
        )
    if classes is not None:
        best = largest(classes.frame, "spend")
        sentences.append(
            f"Most money comes from the class {best['rfm_class']}: {quantity(best['customers'], 'count')} customers "
            f"who spent {quantity(best['spend'], 'money', inputs.currency)}."
        )
    tables = () if classes is None else (table(classes, "RFM classes", ("rfm_class", "customers", "spend")),)
    if scores is not None and classes is None:
        tables = (table(scores, "RFM scores"),)
    return Section(
        id="rfm",
        title=title,
        sentence=" ".join(sentences) or "The customers have not been given RFM scores.",
        charts=tuple(charts),
        tables=tables,
        note="Scores go from 1 to 5 and put about a fifth of the customers in each; equal customers get equal scores."
        if scores is not None
        else "",
    )


def segments(inputs: OverviewInputs, title: str) -> Section:
    """What each segment is like, and its weight in customers and in spend."""
    found = rows_of(inputs.segments)
    if found is None:
        return Section(id="segments", title=title, sentence="The customers have not been put into segments.")
    top = largest(found.frame, "spend_share")
    sentence = (
        f"Of {found.frame.height} segments, “{top['segment']}” spends the most: "
        f"{quantity(top['customer_share'], 'percent')} of the customers bring "
        f"{quantity(top['spend_share'], 'percent')} of the spend."
    )
    return Section(
        id="segments",
        title=title,
        sentence=sentence,
        charts=(
            Chart(
                title="Each segment's share of customers and of spend",
                alt=sentence,
                figure=segment_shares(found.frame),
            ),
        ),
        points=_described(found.frame),
        tables=(_profile(found),),
    )


def _described(frame: pl.DataFrame) -> tuple[Point, ...]:
    """Each segment in the words that came with it."""
    if "in_words" not in frame.columns:
        return ()
    return tuple(Point(*row) for row in frame.select("segment", "in_words").iter_rows())


def _profile(found: Sourced) -> Table:
    """The numbers of the segments; medians that are all whole are written as whole numbers."""
    names = [name for name in found.frame.columns if name not in NOT_IN_TABLE]
    medians = [name for name in names if name in COLUMNS and COLUMNS[name].fmt == "number"]
    whole = [name for name in medians if (found.frame[name] == found.frame[name].round(0)).all()]
    frame = found.frame.with_columns(pl.col(whole).cast(pl.Int64))
    shown = [Column(name, COLUMNS[name].title, "count") if name in whole else name for name in names]
    return table(Sourced(frame, found.sql), "Segments, and the customer in the middle of each", shown)
