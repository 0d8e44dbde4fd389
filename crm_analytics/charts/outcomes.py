"""Pictures of what came of something: deals won and lost over time, rows that are as expected.

May import: charts.figure, charts.sales, charts.shape.   Imported by: charts, reports.
"""

import polars as pl

from crm_analytics.charts.figure import MUTED, PALETTE, Figure, axis, figure
from crm_analytics.charts.sales import MOST_BARS
from crm_analytics.charts.shape import hovers, labels, numbers, times

ROW_HEIGHT = 42  # room for two lines of words
# By verdict; what is as it should be is blue, like all that needs no look.
VERDICT_COLORS = {"holds": PALETTE[0], "warning": PALETTE[4], "fails": PALETTE[1]}


def won_and_lost(
    frame: pl.DataFrame,
    *,
    period: str = "closed.month",
    won: str = "won",
    lost: str = "lost",
    won_amount: str = "won_amount",
    lost_amount: str = "lost_amount",
    currency: str = "",
) -> Figure:
    """Deals won, and lost on top of them, one bar a period; the hover tells what they were worth."""
    kind, when = times(frame[period].to_list(), period) or ("category", labels(frame[period].to_list()))
    in_period = {"xperiod": "M1", "xperiodalignment": "middle"} if kind == "month" else {}
    parts = (("Won", won, won_amount, PALETTE[0]), ("Lost", lost, lost_amount, PALETTE[1]))
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": when,
            "y": numbers(frame, count),
            "marker": {"color": color},
            "hovertext": hovers(
                frame[period].to_list(),
                [(name, frame[count].to_list(), "count"), ("Value", frame[amount].to_list(), "money")],
                currency,
            ),
            "hoverinfo": "text",
            **in_period,
        }
        for name, count, amount, color in parts
    ]
    return figure(
        traces,
        barmode="stack",
        showlegend=True,
        xaxis=axis("", "text" if kind == "category" else kind, nticks=8),
        yaxis=axis("Deals", "count", rangemode="tozero"),
    )


def expectations_kept(
    frame: pl.DataFrame,
    *,
    name: str = "expected",
    passing: str = "passing",
    wanted: str = "wanted",
    verdict: str = "verdict",
    rows: str = "rows",
    failing: str = "failing",
) -> Figure:
    """The share of rows that are as expected, one bar an expectation, with a mark where the share has to be.

    At most the first 15 are drawn, the first on top; colours tell the verdicts apart.
    """
    shown = frame.head(MOST_BARS)
    names = labels(shown[name].to_list())
    facts = [
        ("As expected", shown[passing].to_list(), "percent"),
        ("Wanted", shown[wanted].to_list(), "percent"),
        ("Rows looked at", shown[rows].to_list(), "count"),
        ("of them not as expected", shown[failing].to_list(), "count"),
    ]
    bar = {
        "type": "bar",
        "orientation": "h",
        "x": numbers(shown, passing),
        "y": names,
        "marker": {"color": [VERDICT_COLORS.get(word, MUTED) for word in shown[verdict]]},
        "hovertext": hovers(shown[name].to_list(), facts, ""),
        "hoverinfo": "text",
    }
    marks = {
        "type": "scatter",
        "mode": "markers",
        "x": numbers(shown, wanted),
        "y": names,
        "marker": {"symbol": "line-ns", "size": 16, "line": {"width": 3, "color": MUTED}},
        "hoverinfo": "skip",
    }
    return figure(
        [bar, marks],
        height=90 + ROW_HEIGHT * max(shown.height, 3),
        xaxis=axis("Rows that are as expected, %", "percent", range=[0, 1.02], nticks=6, tickangle=0),
        yaxis=axis("", "text", autorange="reversed", ticklabelstandoff=4),
    )
