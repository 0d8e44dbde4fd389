"""The picture of a change: a bridge of customers from before to after, and the members that moved most.

May import: charts.figure, charts.shape.   Imported by: charts.
"""

import polars as pl

from crm_analytics.charts.figure import MUTED, PALETTE, Figure, Trace, axis, figure
from crm_analytics.charts.shape import hovers, labels, numbers, with_unit

MOST_BARS = 12
ROW_HEIGHT, PANEL_HEIGHT, BETWEEN = 30, 300, 70
UP, DOWN = PALETTE[0], PALETTE[1]


def chart_change(
    steps: pl.DataFrame, drivers: pl.DataFrame, *, title: str, fmt: str = "number", currency: str = ""
) -> Figure:
    """Draw the steps from before to after as a waterfall above, the drivers as bars below; either may be empty.

    Parameters
    ----------
    steps : `name`, `value`, and `whole`, which is true for the two ends; in their order.
    drivers : `attribute`, `member`, `before`, `after`, `change`; the first rows are drawn.
    """
    traces: list[Trace] = []
    layout: dict[str, object] = {}
    shown = drivers.head(MOST_BARS)
    heights = (PANEL_HEIGHT if steps.height else 0, ROW_HEIGHT * shown.height)
    between = BETWEEN if all(heights) else 0
    tall = max(sum(heights) + between, 1)
    if steps.height:
        traces.append(_waterfall(steps, fmt, currency))
        layout["xaxis"] = axis("", "text", anchor="y", tickangle=0)
        layout["yaxis"] = axis(with_unit(title, fmt, currency), fmt, domain=(1 - heights[0] / tall, 1.0), anchor="x")
    if shown.height:
        traces.append(_bars(shown, title, fmt, currency))
        layout["xaxis2"] = axis(with_unit(f"{title}, change", fmt, currency), fmt, anchor="y2", nticks=5, tickangle=0)
        layout["yaxis2"] = axis(
            "", "text", domain=(0.0, heights[1] / tall), anchor="x2", autorange="reversed", ticklabelstandoff=4
        )
    return figure(traces, height=60 + tall, showlegend=False, **layout)


def _waterfall(steps: pl.DataFrame, fmt: str, currency: str) -> Trace:
    return {
        "type": "waterfall",
        "x": labels(steps["name"].to_list()),
        "y": numbers(steps, "value"),
        "measure": ["absolute" if whole else "relative" for whole in steps["whole"]],
        "increasing": {"marker": {"color": UP}},
        "decreasing": {"marker": {"color": DOWN}},
        "totals": {"marker": {"color": MUTED}},
        "connector": {"line": {"color": MUTED, "width": 1}},
        "hovertext": hovers(steps["name"].to_list(), [("", steps["value"].to_list(), fmt)], currency),
        "hoverinfo": "text",
    }


def _bars(shown: pl.DataFrame, title: str, fmt: str, currency: str) -> Trace:
    names = [f"{attribute} {member}" for attribute, member in shown.select("attribute", "member").iter_rows()]
    facts = [(f"{title} {name}", shown[name].to_list(), fmt) for name in ("before", "after", "change")]
    return {
        "type": "bar",
        "orientation": "h",
        "x": numbers(shown, "change"),
        "y": labels(names),
        "xaxis": "x2",
        "yaxis": "y2",
        "marker": {"color": [UP if (value or 0) > 0 else DOWN for value in numbers(shown, "change")]},
        "hovertext": hovers(names, facts, currency),
        "hoverinfo": "text",
    }
