"""Pictures of what was mined: rules, and how far the churn risks can be trusted.

May import: charts.figure, charts.shape, formats.   Imported by: charts, reports.
"""

import polars as pl

from crm_analytics.charts.figure import PALETTE, SCALE, Figure, axis, color_bar, figure
from crm_analytics.charts.sales import reference_line
from crm_analytics.charts.shape import hovers, number, numbers

NUMBERED_RULES = 8


def rules_scatter(
    frame: pl.DataFrame,
    *,
    name: str = "rule",
    support: str = "support",
    confidence: str = "confidence",
    lift: str = "lift",
) -> Figure:
    """One dot a rule: support to the right, confidence upwards, lift as colour.

    The first few carry their row number, to be found again in the table.
    """
    facts = [
        ("Support", frame[support].to_list(), "percent"),
        ("Confidence", frame[confidence].to_list(), "percent"),
        ("Lift, times as often as by chance", frame[lift].to_list(), "number"),
    ]
    trace = {
        "type": "scatter",
        "mode": "markers+text",
        "x": numbers(frame, support),
        "y": numbers(frame, confidence),
        "text": [str(i + 1) if i < NUMBERED_RULES else "" for i in range(frame.height)],
        "textposition": "top center",
        "cliponaxis": False,
        "marker": {
            "size": 12,
            "color": numbers(frame, lift),
            # From the middle of the scale on: its pale end would not show on a white page.
            "colorscale": [[0, "#9cc8e3"], [1, SCALE[-1][1]]],
            "showscale": True,
            "line": {"width": 1, "color": "rgba(128,138,148,0.8)"},
            "colorbar": color_bar("Lift, ×"),
        },
        "hovertext": hovers(frame[name].to_list(), facts, ""),
        "hoverinfo": "text",
    }
    return figure(
        [trace],
        height=400,
        xaxis=axis("Support, % of orders", "percent", tickformat="~%", nticks=6),
        yaxis=axis("Confidence, %", "percent"),
    )


def calibration(
    frame: pl.DataFrame,
    *,
    predicted: str = "predicted",
    observed: str = "observed",
    customers: str = "customers",
    event: str = "did not order",
) -> Figure:
    """Predicted risk against what happened, one dot a bin; on the dashed line the model is right."""
    counts = numbers(frame, customers)
    facts = [
        ("Predicted", frame[predicted].to_list(), "percent"),
        (f"Really {event}", frame[observed].to_list(), "percent"),
        ("Customers", frame[customers].to_list(), "count"),
    ]
    trace = {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "churn model",
        "x": numbers(frame, predicted),
        "y": numbers(frame, observed),
        "line": {"color": PALETTE[0], "width": 2},
        "marker": {"size": 10, "color": PALETTE[0]},
        "hovertext": hovers([f"Group {i + 1}" for i in range(len(counts))], facts, ""),
        "hoverinfo": "text",
    }
    # Risks are often small: the picture ends where they do, so that they do not lie in one corner.
    largest = max((number(value) or 0 for name in (predicted, observed) for value in frame[name]), default=0)
    end = next((step for step in (0.1, 0.25, 0.5) if largest <= step), 1.0)
    right = reference_line([0, end] if counts else [], [0, end] if counts else [], "a perfect model")
    return figure(
        [right, trace],
        height=380,
        showlegend=True,
        xaxis=axis("Predicted risk, % of the group", "percent", range=[-0.02 * end, 1.02 * end], nticks=6),
        yaxis=axis(f"Really {event}, %", "percent", range=[-0.02 * end, 1.05 * end], nticks=6),
    )


def lift_by_decile(
    frame: pl.DataFrame,
    *,
    decile: str = "decile",
    lift: str = "lift",
    rate: str = "rate",
    customers: str = "customers",
    churners: str = "churners",
) -> Figure:
    """How much more often than average each tenth of the customers left, in the order of the frame."""
    tenths = [str(value) for value in frame[decile]]
    facts = [
        ("Lift, times the average", frame[lift].to_list(), "number"),
        ("Churn rate", frame[rate].to_list(), "percent"),
        ("Customers", frame[customers].to_list(), "count"),
        ("of them churned", frame[churners].to_list(), "count"),
    ]
    values = numbers(frame, lift)
    trace = {
        "type": "bar",
        "name": "lift",
        "x": tenths,
        "y": values,
        "marker": {"color": [PALETTE[1] if (number(value) or 0) > 1 else PALETTE[5] for value in values]},
        "hovertext": hovers([f"Tenth {tenth}" for tenth in tenths], facts, ""),
        "hoverinfo": "text",
    }
    average = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": 1,
        "y1": 1,
        "line": {"color": "#808a94", "dash": "dash", "width": 1.5},
    }
    return figure(
        [trace],
        height=340,
        shapes=[average],
        xaxis=axis("Tenth of customers, 10 = highest risk", "text"),
        yaxis=axis("Lift, × the average", "number", rangemode="tozero"),
    )
