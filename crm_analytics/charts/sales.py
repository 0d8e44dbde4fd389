"""Pictures of sales: over time, and by member of a dimension.

May import: charts.figure, charts.shape, formats.   Imported by: charts, reports.
"""

from collections.abc import Mapping
from itertools import zip_longest

import polars as pl

from crm_analytics.charts.figure import MUTED, PALETTE, Figure, axis, figure, panel_domains
from crm_analytics.charts.shape import hovers, labels, numbers, times, with_unit

MOST_BARS = 15
ROW_HEIGHT = 30


def revenue_over_time(
    frame: pl.DataFrame,
    *,
    period: str = "date.month",
    revenue: str = "revenue",
    customers: str = "customers",
    currency: str = "",
    last_incomplete: bool = False,
) -> Figure:
    """Revenue as bars above, customers as a line below, one mark a period.

    Two panels instead of two axes in one: where two scales share a panel, the
    crossing of the lines looks like news and is none.  `last_incomplete` draws
    the last period pale and off the line, for it cannot be compared with the
    others.
    """
    kind, when = times(frame[period].to_list(), period) or ("category", labels(frame[period].to_list()))
    pale = last_incomplete and bool(when)
    note = [" (not complete)" if pale and i == len(when) - 1 else "" for i in range(len(when))]
    names = [f"{name}{more}" for name, more in zip(frame[period], note, strict=True)]
    facts = [("Revenue", frame[revenue].to_list(), "money"), ("Customers", frame[customers].to_list(), "count")]
    told = hovers(names, facts, currency)
    # A monthly bar stands in the middle of its month, not astride its first day.
    in_period = {"xperiod": "M1", "xperiodalignment": "middle"} if kind == "month" else {}
    opacity = [0.35 if more else 1.0 for more in note]
    counts = numbers(frame, customers)
    bar = {
        "type": "bar",
        "x": when,
        "y": numbers(frame, revenue),
        "marker": {"color": [PALETTE[0]] * len(when), "opacity": opacity},
        "hovertext": told,
        "hoverinfo": "text",
        **in_period,
    }
    # The last, incomplete period is a trace of its own: a line down to it would look like a collapse.
    whole = len(when) - pale
    lines = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": when[part],
            "y": counts[part],
            "yaxis": "y2",
            "line": {"color": PALETTE[1], "width": 2.5},
            "marker": {"size": 7, "color": PALETTE[1], "opacity": opacity[part]},
            "hovertext": told[part],
            "hoverinfo": "text",
            **in_period,
        }
        for part in ([slice(whole), slice(whole, None)] if pale else [slice(None)])
    ]
    upper, lower = panel_domains(2)
    return figure(
        [bar, *lines],
        height=440,
        xaxis=axis("", "text" if kind == "category" else kind, anchor="y2", nticks=8),
        yaxis=axis(with_unit("Revenue", "money", currency), "money", domain=upper, rangemode="tozero"),
        yaxis2=axis("Customers", "count", domain=lower, rangemode="tozero"),
    )


def bars(
    frame: pl.DataFrame,
    member: str,
    measure: str,
    *,
    fmt: str = "money",
    title: str = "Revenue",
    currency: str = "",
    more: Mapping[str, tuple[str, str]] | None = None,
) -> Figure:
    """One horizontal bar a member, in the order of the frame, the first on top.

    At most the first 15 rows are drawn: longer lists belong in a table.  `more`
    names further columns for the hover, as {column: (title, format)}.
    """
    shown = frame.head(MOST_BARS)
    facts = [(title, shown[measure].to_list(), fmt)]
    facts += [(words, shown[column].to_list(), words_fmt) for column, (words, words_fmt) in (more or {}).items()]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": numbers(shown, measure),
        "y": labels(shown[member].to_list()),
        "marker": {"color": PALETTE[0]},
        "hovertext": hovers(shown[member].to_list(), facts, currency),
        "hoverinfo": "text",
    }
    return figure(
        [trace],
        height=90 + ROW_HEIGHT * max(shown.height, 3),
        xaxis=axis(with_unit(title, fmt, currency), fmt, rangemode="tozero", nticks=4, tickangle=0),
        yaxis=axis("", "text", autorange="reversed", ticklabelstandoff=4),
    )


def reference_line(x: list[object], y: list[object], name: str) -> dict[str, object]:
    """A dashed grey line to compare with."""
    pairs = list(zip_longest(x, y))
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [a for a, _ in pairs],
        "y": [b for _, b in pairs],
        "line": {"color": MUTED, "dash": "dash", "width": 1.5},
        "hoverinfo": "skip",
    }
