"""The overview's section on the data itself: what is expected of it, rows, rejects, unknown members.

May import: charts, reports.columns, reports.expected, reports.inputs, reports.model.   Imported by: reports.overview.
"""

import polars as pl

from crm_analytics.charts.shape import quantity
from crm_analytics.reports.columns import table
from crm_analytics.reports.expected import expected
from crm_analytics.reports.inputs import OverviewInputs, Sourced, rows_of
from crm_analytics.reports.model import Column, Section, Table

LOADED = ("entity", "rows_read", "rows_loaded", "rows_rejected", "rounded")
UNKNOWN = ("table", "column", "rows_unknown", Column("share_percent", "Share of the table's rows", "number", "%"))
REJECTED = ("entity", Column("reason", "Reason"), "rows")


def quality(inputs: OverviewInputs, title: str) -> Section:
    """How many rows were read, left out or left without a partner; faults are told, not hidden."""
    loaded, unknown, rejects = rows_of(inputs.quality), rows_of(inputs.unknown), rows_of(inputs.rejects)
    expectations = rows_of(inputs.expectations)
    told = expected(expectations) if expectations is not None else None
    sentences: list[str] = [told.sentence] if told else []
    tables: list[Table] = [told.table] if told else []
    if loaded is not None:
        read, left_out = (_sum(loaded.frame, name) for name in ("rows_read", "rows_rejected"))
        sentences.append(
            f"{quantity(read, 'count')} rows were read; "
            + (
                f"{quantity(left_out, 'count')} broke their contract and were set aside."
                if left_out
                else "all were used."
            )
        )
        by_source = ("source",) if "source" in loaded.frame.columns else ()
        tables.append(table(loaded, "Rows read and loaded", (*by_source, *LOADED)))
    if unknown is not None:
        rows = _sum(unknown.frame, "rows_unknown")
        sentences.append(
            f"{quantity(rows, 'count')} times a row refers to something that its table lacks; it is counted under "
            "“unknown”, so that totals stay whole."
        )
        # As a share, the shared format would call one row in ten thousand 0.0 %.
        frame = unknown.frame.with_columns(share_percent=pl.col("share") * 100)
        tables.append(table(Sourced(frame, unknown.sql), "Rows that refer to an unknown member", UNKNOWN))
    if rejects is not None:
        tables.append(table(rejects, "Rows set aside, by reason", REJECTED))
    return Section(
        id="quality",
        title=title,
        sentence=" ".join(sentences) or "Nothing has been told about the load of this data.",
        warning=told.warning if told else "",
        charts=told.charts if told else (),
        tables=tuple(tables),
        note=" ".join(inputs.notes),
    )


def _sum(frame: pl.DataFrame, column: str) -> int:
    return int(frame[column].sum())
