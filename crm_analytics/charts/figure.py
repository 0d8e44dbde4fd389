"""The one door to Plotly: figures from plain dictionaries, and the look they share.

The other modules describe traces and axes as data; only this file imports
Plotly, so `import crm_analytics` does not pay for it and another library could
take its place.

May import: nothing of ours.   Imported by: charts, reports.
"""

from collections.abc import Sequence
from typing import Any

from plotly.graph_objects import Figure
from plotly.offline import get_plotlyjs

__all__ = [
    "MUTED",
    "PALETTE",
    "SCALE",
    "Axis",
    "Figure",
    "Trace",
    "axis",
    "color_bar",
    "figure",
    "figure_json",
    "numbered",
    "panel_domains",
    "plotly_bundle",
]

Trace = dict[str, Any]
Axis = dict[str, Any]

# Okabe & Ito (2008), "Color Universal Design", without black and yellow, which
# vanish on a dark or a light page.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#808a94")
MUTED = "#808a94"
SCALE = ((0.0, "#e6f0f7"), (0.5, "#5ba3cf"), (1.0, "#0b4a75"))
GRID = "rgba(128,138,148,0.25)"
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
PANEL_GAP = 0.14


def figure(traces: Sequence[Trace], *, height: int = 340, **layout: Any) -> Figure:
    """One figure in the house's look; says so in words when there is nothing to draw.

    `height` is in pixels; the width follows the page.
    """
    look: dict[str, Any] = {
        # An empty template keeps Plotly from writing its default one into every figure.
        "template": {},
        "height": height,
        "font": {"family": FONT, "size": 13},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8, "pad": 4},
        "colorway": PALETTE,
        "bargap": 0.25,
        "hoverlabel": {"align": "left", "font": {"family": FONT, "size": 13}},
        "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
        "showlegend": False,
    }
    if not any(trace.get("x") for trace in traces):
        nothing = {"text": "No rows to draw", "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
        layout["annotations"] = [*layout.get("annotations", []), nothing]
    return Figure({"data": list(traces), "layout": look | layout})


def axis(title: str, fmt: str = "text", **more: Any) -> Axis:
    """One axis whose title says the unit; `fmt` is one of `formats.FORMATS`, or "month"."""
    look: Axis = {
        "title": {"text": title, "standoff": 10, "font": {"size": 13}},
        "automargin": True,
        "gridcolor": GRID,
        "zeroline": False,
        # 1.2M and 3B, not 1.2e6 and 3G.
        "exponentformat": "B",
    }
    match fmt:
        case "count":
            look["tickformat"] = ","
        case "percent":
            look["tickformat"] = ".0%"
        case "text":
            look |= {"type": "category", "showgrid": False}
        case "date" | "month":
            # A month's name stands under the middle of the month.
            look |= {"type": "date", "showgrid": False, "ticklabelmode": "period"}
            if fmt == "month":
                look["tickformat"] = "%b\n%Y"
    return look | more


def color_bar(title: str) -> dict[str, Any]:
    """The key to the colours of a scale, with its unit."""
    return {"title": {"text": title, "font": {"size": 13}}, "thickness": 12, "outlinewidth": 0}


def panel_domains(count: int) -> list[tuple[float, float]]:
    """The vertical part of the figure that each of `count` stacked panels has, the first on top."""
    tall = (1 - PANEL_GAP * (count - 1)) / max(count, 1)
    starts = [1 - tall - i * (tall + PANEL_GAP) for i in range(count)]
    return [(max(start, 0.0), min(start + tall, 1.0)) for start in starts]


def numbered(name: str, position: int) -> str:
    """Plotly's name of the axis at `position`, counted from 0: x, x2, x3."""
    return name if position == 0 else f"{name}{position + 1}"


def figure_json(drawn: Figure) -> str:
    """The figure as JSON that may stand inside a `<script>` element, the same for the same figure."""
    text = str(drawn.to_json(engine="json"))
    # Data may hold "</script>" or "<!--", which would end or hide the element.
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def plotly_bundle() -> str:
    """Plotly's JavaScript, about 5 MB, to be written into a page once."""
    return str(get_plotlyjs())
