"""What the report says of the expectations in data/quality.yml: how many hold, a picture and a table.

May import: charts, reports.columns, reports.inputs, reports.model.   Imported by: reports.quality.
"""

from dataclasses import dataclass

import polars as pl

from crm_analytics.charts import expectations_kept
from crm_analytics.charts.shape import quantity
from crm_analytics.reports.columns import table
from crm_analytics.reports.inputs import Sourced
from crm_analytics.reports.model import Chart, Column, Table

ORDER = ("fails", "warning", "holds", "nothing to look at")
LISTED = (
    "verdict",
    "entity",
    "expected",
    Column("rows", "Rows looked at", "count"),
    "failing",
    Column("passing_percent", "As expected", "number", "%"),
    Column("wanted_percent", "Wanted", "number", "%"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """The parts of the section: a sentence, what has to be read first ('' if nothing fails), pictures, the table."""

    sentence: str
    warning: str
    charts: tuple[Chart, ...]
    table: Table


def expected(found: Sourced) -> Told:
    """What to say of expectations, those that fail first."""
    place = pl.col("verdict").replace_strict(ORDER, range(len(ORDER)), return_dtype=pl.Int8)
    frame = found.frame.sort(place, "passing", nulls_last=True, maintain_order=True)
    counts = {verdict: frame.filter(pl.col("verdict") == verdict).height for verdict in ORDER}
    judged = frame.height - counts["nothing to look at"]
    sentence = f"{quantity(counts['holds'], 'count')} of {quantity(judged, 'count')} expectations of the data hold."
    if counts["warning"]:
        sentence += f" Warned of: {_named(frame, 'warning')}."
    # As a share, the shared format would call one row in ten thousand 0.0 %.
    shares = frame.with_columns(passing_percent=pl.col("passing") * 100, wanted_percent=pl.col("wanted") * 100)
    # A row of full bars says less than the sentence: only where some rows differ is there something to see.
    drawn = frame.filter(pl.col("failing") > 0).with_columns(
        expected=pl.concat_str("entity", "expected", separator=": ")
    )
    picture = Chart(
        title="Where not all rows are as expected: the share that is, and the share that is wanted",
        alt=sentence,
        figure=expectations_kept(drawn),
    )
    return Told(
        sentence=sentence,
        warning=f"The data is not as expected: {_named(frame, 'fails')}." if counts["fails"] else "",
        charts=(picture,) if drawn.height else (),
        table=table(Sourced(shares, found.sql), "What is expected of the data", LISTED),
    )


def _named(frame: pl.DataFrame, verdict: str) -> str:
    rows = frame.filter(pl.col("verdict") == verdict).select("entity", "expected", "found")
    return "; ".join(f"{entity}, {what} ({found})" for entity, what, found in rows.iter_rows())
