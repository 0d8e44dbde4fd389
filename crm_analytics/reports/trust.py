"""The overview's section on how far to trust the scores: each beside a plain rule, on days it had not seen.

A verdict is the evaluation's own, never made here: this module puts it into a
sentence, the measure that matters most first.

May import: formats, charts, reports.columns, reports.inputs, reports.model.   Imported by: reports.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from crm_analytics.charts.shape import quantity
from crm_analytics.formats import MISSING, format_value, unit
from crm_analytics.reports.columns import table
from crm_analytics.reports.inputs import OverviewInputs, Sourced, as_of, rows_of
from crm_analytics.reports.model import Column, Point, Section, Table

BASELINE = "baseline"
PLAIN_RULE = "the plain rule"
WORDED = ("worded_value", "interval", "verdict")
SHOWN = (
    Column("score", "Score"),
    Column("worded_value", "Value", worded=True),
    Column("interval", "95 % interval", worded=True),
    Column("verdict", "Verdict"),
)
NOTE = (
    "A verdict compares two scores on the same customers: it says better or worse only where the 95 % interval of "
    "their difference leaves out zero, so it may be sure although the two intervals overlap. BG/NBD is the textbook "
    "model of how often customers order; 1 - P(alive) is the churn risk that many tools take from it."
)


@dataclass(frozen=True, slots=True)
class Metric:
    """A measure of the evaluation as people read it; `fmt` writes its values, `scale` says how to read them."""

    name: str
    scale: str
    fmt: str = "percent"
    unit: str = ""

    def value(self, value: float | None, currency: str) -> str:
        """A value with its unit."""
        return quantity(value, self.fmt, currency) + (f"\u00a0{self.unit}" if self.unit and value is not None else "")

    def heading(self, currency: str) -> str:
        """The name with its unit, and how to read the scale."""
        sign = self.unit or unit(self.fmt, currency)
        return f"{_upper(self.name)}{f', {sign}' if sign else ''} ({self.scale})"


TASKS = {"churn": "Churn", "lifetime_value": "Value of a customer", "next_offer": "Next offer"}
# The measures of each task, the one that matters most first; others of a task follow as they come.
METRICS = {
    "auc": Metric("AUC", "0.5 = chance, 1 = perfect", "ratio"),
    "brier": Metric("Brier score", "squared error of the risk, 0 = perfect", "ratio"),
    "calibration_error": Metric("gap between predicted risk and what happened", "0 = perfect"),
    "top_decile_lift": Metric("lift of the riskiest tenth", "1 = no better than chance", "number", "×"),
    "spend_error_per_customer": Metric("spend error per customer", "0 = perfect", "money"),
    "spend_total_error": Metric("error of the total spend", "0 = exact, minus = too low"),
    "spend_of_top_decile": Metric("spend of the tenth named best", "share of all spend, more is better"),
    "orders_error_per_customer": Metric("order error per customer", "0 = perfect", "number", "orders"),
    "orders_total_error": Metric("error of the total orders", "0 = exact, minus = too low"),
    "orders_of_top_decile": Metric("orders of the tenth named best", "share of all orders, more is better"),
    "recall_at_10": Metric("recall at 10", "share of the next order day's items among the ten offered"),
    "recall_at_10_new": Metric("recall at 10 of something new", "only items the customer never bought before"),
}
# Whose verdicts are told in a sentence, and on which measures: what the lists rank by and act on.
TOLD = (
    ("churn", "churn risk", ("auc", "brier", "calibration_error")),
    ("lifetime_value", "expected value, as the list ranks", ("spend_error_per_customer", "spend_total_error")),
    ("lifetime_value", "lifetime value", ("spend_error_per_customer", "spend_total_error")),
    ("next_offer", "next offer", ("recall_at_10",)),
    ("next_offer", "something new", ("recall_at_10_new",)),
)


def trust(inputs: OverviewInputs, title: str) -> Section:
    """Each task's verdict in a sentence, then every score beside its baseline."""
    found = rows_of(inputs.evaluation)
    if found is None:
        return Section(id="trust", title=title, sentence="No score has been compared yet with what then happened.")
    tasks = found.frame["task"].unique(maintain_order=True).to_list()
    return Section(
        id="trust",
        title=title,
        sentence=f"Each score was learned on an earlier past and compared with what then happened in the "
        f"{inputs.horizon_days} days before {as_of(found, inputs).isoformat()}, beside a plain rule that needs no "
        "model.",
        points=verdicts(inputs, tasks),
        tables=tuple(_judged(found, task, inputs.currency) for task in tasks),
        note=NOTE,
    )


def verdicts(inputs: OverviewInputs, tasks: list[str]) -> tuple[Point, ...]:
    """What the evaluation found of each score that the lists use, one point a score."""
    found = rows_of(inputs.evaluation)
    if found is None:
        return ()
    rows = found.frame.rows(named=True)
    points = []
    for task, score, metrics in TOLD:
        own = {row["metric"]: row for row in rows if (row["task"], row["score"]) == (task, score)}
        said = [_sentence(own[metric], rows, inputs.currency) for metric in metrics if metric in own]
        if said and task in tasks:
            points.append(Point(score.capitalize(), " ".join(said)))
    return tuple(points)


def _sentence(row: dict[str, Any], rows: list[dict[str, Any]], currency: str) -> str:
    metric = METRICS[row["metric"]]
    value = metric.value(row["value"], currency)
    for base in rows:
        if (base["task"], base["metric"], base["verdict"]) == (row["task"], row["metric"], BASELINE):
            verdict = _upper(_quoted(row["verdict"], base["score"]))
            return f"{verdict} by {metric.name}: {value} against {metric.value(base['value'], currency)}."
    return f"{_upper(metric.name)}: {value} ({row['verdict']})."


def _judged(found: Sourced, task: str, currency: str) -> Table:
    """All scores of a task, under a heading for each measure."""
    mine = found.frame.filter(pl.col("task") == task)
    measures = sorted(mine["metric"].unique(maintain_order=True).to_list(), key=_place)
    parts = [mine.filter(pl.col("metric") == name) for name in measures]
    groups, at = {}, 0
    for name, part in zip(measures, parts, strict=True):
        groups[at] = _metric(name).heading(currency)
        at += part.height
    frame = pl.concat(parts)
    words = pl.DataFrame(list(_words(frame, currency)), schema=dict.fromkeys(WORDED, pl.String), orient="row")
    worded = pl.concat([frame.drop("verdict"), words], how="horizontal")
    caption = f"{_task(task)}: every score beside a plain rule"
    return table(Sourced(worded, found.sql), caption, SHOWN, groups=groups, cards=True)


def _words(frame: pl.DataFrame, currency: str) -> Iterator[tuple[str, str, str]]:
    """Value, interval and verdict of each row in words; the heading of the group has the unit."""
    rows = frame.rows(named=True)
    base = {row["metric"]: row["score"] for row in rows if row["verdict"] == BASELINE}
    for row in rows:
        fmt = _metric(row["metric"]).fmt
        value, low, high = (format_value(row[name], fmt, currency) for name in ("value", "low", "high"))
        interval = MISSING if MISSING in (low, high) else f"{low} to {high}"
        verdict = PLAIN_RULE if row["verdict"] == BASELINE else _quoted(row["verdict"], base.get(row["metric"], ""))
        yield value, interval, verdict


def _quoted(verdict: str, baseline: str) -> str:
    """The verdict with the name of the baseline in quotes: “worse than same as last 90 days” misleads."""
    if not baseline or not verdict.endswith(baseline):
        return verdict
    return f"{verdict.removesuffix(baseline)}“{baseline}”"


def _upper(text: str) -> str:
    """The text with its first letter as a capital; `capitalize` would take the others' away."""
    return text[:1].upper() + text[1:]


def _metric(name: str) -> Metric:
    """The measure as listed, or worded from its name."""
    return METRICS.get(name) or Metric(name.replace("_", " "), "as measured", "ratio")


def _task(name: str) -> str:
    return TASKS.get(name, name.replace("_", " ").capitalize())


def _place(metric: str) -> int:
    return list(METRICS).index(metric) if metric in METRICS else len(METRICS)
