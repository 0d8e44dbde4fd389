"""Pictures of customers: the RFM matrix, and segments by customers and by spend.

May import: charts.figure, charts.shape, formats.   Imported by: charts, reports.
"""

import polars as pl

from crm_analytics.charts.figure import PALETTE, SCALE, Figure, axis, figure
from crm_analytics.charts.sales import ROW_HEIGHT
from crm_analytics.charts.shape import hovers, labels, number, numbers, plain, quantity
from crm_analytics.formats import format_value

SCORES = (1, 2, 3, 4, 5)


def rfm_matrix(
    frame: pl.DataFrame,
    *,
    recency: str = "r_score",
    frequency: str = "f_score",
    customers: str = "customers",
    mean_spend: str = "mean_spend",
    currency: str = "",
) -> Figure:
    """Customers by recency score (up: bought lately) and frequency score (right: buys often), 1 to 5.

    A pair of scores that nobody has is drawn as 0 customers, for that is what it means.
    """
    found = {
        (r, f): (count, spend) for r, f, count, spend in frame.select(recency, frequency, customers, mean_spend).rows()
    }
    cells = [[found.get((r, f), (0, None)) for f in SCORES] for r in SCORES]
    trace = {
        "type": "heatmap",
        "x": [str(f) for f in SCORES] if found else [],
        "y": [str(r) for r in SCORES] if found else [],
        "z": [[number(count) for count, _ in row] for row in cells] if found else [],
        "text": [[format_value(count, "count") for count, _ in row] for row in cells],
        "texttemplate": "%{text}",
        "colorscale": SCALE,
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "hovertext": [[_rfm_hover(r, f, *found.get((r, f), (0, None)), currency) for f in SCORES] for r in SCORES],
        "hoverinfo": "text",
    }
    return figure(
        [trace],
        height=380,
        xaxis=axis("Frequency score, 5 = most orders", constrain="domain"),
        yaxis=axis("Recency score, 5 = ordered most lately"),
    )


def _rfm_hover(r: int, f: int, count: object, spend: object, currency: str) -> str:
    facts = [("Customers", [count], "count"), ("Mean spend a customer", [spend], "money")]
    return hovers([f"Recency {r}, frequency {f}"], facts, currency)[0]


def segment_shares(
    frame: pl.DataFrame,
    *,
    segment: str = "segment",
    customer_share: str = "customer_share",
    spend_share: str = "spend_share",
    customers: str = "customers",
) -> Figure:
    """For each segment, its share of the customers beside its share of the spend.

    Bars and not bubbles: the reader compares two lengths, and the names have room.
    """
    names = frame[segment].to_list()
    ticks = labels(names)
    hover = hovers(
        names,
        [
            ("Customers", frame[customers].to_list(), "count"),
            ("Share of customers", frame[customer_share].to_list(), "percent"),
            ("Share of spend", frame[spend_share].to_list(), "percent"),
        ],
        "",
    )
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "x": numbers(frame, column),
            "y": ticks,
            "text": [plain(quantity(value, "percent")) for value in frame[column]],
            "textposition": "auto",
            "marker": {"color": color},
            "hovertext": hover,
            "hoverinfo": "text",
        }
        for name, column, color in (
            ("Share of customers", customer_share, PALETTE[5]),
            ("Share of spend", spend_share, PALETTE[0]),
        )
    ]
    return figure(
        traces,
        height=130 + 2 * ROW_HEIGHT * max(frame.height, 2),
        showlegend=True,
        barmode="group",
        xaxis=axis("Share, %", "percent", rangemode="tozero", nticks=4, tickangle=0),
        yaxis=axis("", "text", autorange="reversed", ticklabelstandoff=4),
    )
