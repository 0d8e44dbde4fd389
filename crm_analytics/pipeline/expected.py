"""What the report is told of the expectations in data/quality.yml.

May import: engines, warehouse, reports.   Imported by: pipeline.reporting.
"""

from datetime import date
from pathlib import Path

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.reports.inputs import Sourced
from crm_analytics.warehouse.expectations import read_expectations
from crm_analytics.warehouse.verdicts import Verdict, judge

SCHEMA = {
    "entity": pl.String,
    "expected": pl.String,
    "found": pl.String,
    "verdict": pl.String,
    "rows": pl.Int64,
    "failing": pl.Int64,
    "passing": pl.Float64,
    "wanted": pl.Float64,
}


def expectations(engine: Engine, data: Path, today: date) -> Sourced | None:
    """Every expectation with its verdict, as `OverviewInputs` has it; None where nothing is expected."""
    asked = read_expectations(data)
    if not asked:
        return None
    judged = list(judge(engine, asked, today))
    rows = [_row(verdict) for one in judged for verdict in one.verdicts]
    sql = ";\n\n".join(one.query.readable() for one in judged)
    return Sourced(pl.DataFrame(rows, schema=SCHEMA, orient="row"), sql)


def _row(verdict: Verdict) -> tuple[str | int | float | None, ...]:
    expectation, rows = verdict.expectation, verdict.rows
    share = (rows - verdict.failing) / rows if rows else None
    return (
        expectation.entity,
        verdict.words,
        verdict.found,
        _word(verdict),
        rows or None,
        verdict.failing if rows else None,
        share,
        expectation.share if rows else None,
    )


def _word(verdict: Verdict) -> str:
    if verdict.ok is None:
        return "nothing to look at"
    return "holds" if verdict.ok else "warning" if verdict.expectation.severity == "warn" else "fails"
