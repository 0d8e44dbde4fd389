"""The picture of any cube answer: a line over time, bars by member, a heatmap of two dimensions.

Used by `CellSet.chart()`.  Subtotals are no members: the caller leaves their
rows out, or a total would stand beside its own parts.

May import: charts.figure, charts.shape, formats, errors.   Imported by: charts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from crm_analytics.charts.figure import (
    PALETTE,
    SCALE,
    Axis,
    Figure,
    Trace,
    axis,
    color_bar,
    figure,
    numbered,
    panel_domains,
)
from crm_analytics.charts.shape import (
    NO_MEMBER,
    grid,
    hovers,
    labels,
    number,
    numbers,
    plain,
    quantity,
    times,
    with_unit,
)
from crm_analytics.errors import QueryError

PANEL_HEIGHT = 280
ALL = "All"
SEPARATOR = " · "


@dataclass(frozen=True, slots=True)
class Cells:
    """What `chart_cells` was given: rows of `dimensions` and `measures`, and how to word the measures."""

    frame: pl.DataFrame
    dimensions: list[str]
    measures: list[str]
    formats: Mapping[str, str]
    titles: Mapping[str, str]
    currency: str

    def title(self, name: str) -> str:
        """The title of a measure or dimension; its own name where none is given."""
        return self.titles.get(name, name)

    def fmt(self, measure: str) -> str:
        """The format of a measure; a plain number where none is given."""
        return self.formats.get(measure, "number")

    def axis_title(self, measure: str) -> str:
        """The title of a measure with its unit."""
        return with_unit(self.title(measure), self.fmt(measure), self.currency)


@dataclass(frozen=True, slots=True)
class Panel:
    """One stacked part of the figure."""

    traces: list[Trace]
    y: Axis
    x: Axis = field(default_factory=dict)


def chart_cells(
    frame: pl.DataFrame,
    dimensions: Sequence[str],
    measures: Sequence[str],
    formats: Mapping[str, str],
    titles: Mapping[str, str],
    currency: str = "",
) -> Figure:
    """Draw the answer of a cube query, each measure (or each unit) in a panel of its own.

    A time-like first dimension (a date, '2017-01', '2017-Q1', a year) makes
    lines, with one line a member of the dimensions that follow.  Otherwise one
    dimension makes bars, measures of one format side by side; two make a
    heatmap, and the members of a third and later are joined to the second.

    Raises
    ------
    QueryError : there is no measure to draw.
    """
    if not measures:
        raise QueryError("nothing to draw: the query has no measure")
    cells = Cells(
        _with_two_dimensions(frame, dimensions), list(dimensions[:2]), list(measures), formats, titles, currency
    )
    when = times(cells.frame[dimensions[0]].to_list(), dimensions[0]) if dimensions else None
    if when:
        panels = [_lines(cells, measure, *when) for measure in measures]
    elif len(dimensions) > 1:
        panels = [_heatmap(cells, measure) for measure in measures]
    else:
        same_unit = {cells.fmt(m): [n for n in measures if cells.fmt(n) == cells.fmt(m)] for m in measures}
        panels = [_bars(cells, group) for group in same_unit.values()]
    return _stacked(panels)


def _with_two_dimensions(frame: pl.DataFrame, dimensions: Sequence[str]) -> pl.DataFrame:
    if len(dimensions) < 3:
        return frame
    joined = pl.concat_str(
        [pl.col(d).cast(pl.String).fill_null(NO_MEMBER) for d in dimensions[1:]], separator=SEPARATOR
    )
    return frame.with_columns(joined.alias(dimensions[1]))


def _stacked(panels: list[Panel]) -> Figure:
    traces: list[Trace] = []
    layout: dict[str, Axis] = {}
    for i, (panel, domain) in enumerate(zip(panels, panel_domains(len(panels)), strict=True)):
        x, y = numbered("x", i), numbered("y", i)
        traces += [trace | {"xaxis": x, "yaxis": y} for trace in panel.traces]
        layout[numbered("yaxis", i)] = panel.y | {"domain": domain, "anchor": x}
        layout[numbered("xaxis", i)] = panel.x | {"anchor": y}
    named = any(trace.get("name") for trace in traces)
    return figure(traces, height=60 + PANEL_HEIGHT * len(panels), showlegend=named, barmode="group", **layout)


def _lines(cells: Cells, measure: str, kind: str, when: list[str]) -> Panel:
    parts: dict[object, list[int]] = {"": list(range(len(when)))}
    if len(cells.dimensions) > 1:
        parts = {}
        for row, member in enumerate(cells.frame[cells.dimensions[1]]):
            parts.setdefault(NO_MEMBER if member is None else member, []).append(row)
    traces: list[Trace] = []
    for i, (member, rows) in enumerate(parts.items()):
        part = cells.frame[rows]
        name = plain(member)
        names = [f"{t} {member}".strip() for t in part[cells.dimensions[0]]]
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                # One entry in the legend, whichever panel a member's line is in.
                "legendgroup": name,
                "showlegend": measure == cells.measures[0],
                "x": [when[row] for row in rows],
                "y": numbers(part, measure),
                "line": {"color": PALETTE[i % len(PALETTE)], "width": 2},
                "hovertext": hovers(names, [_fact(cells, part, measure)], cells.currency),
                "hoverinfo": "text",
            }
        )
    return Panel(
        traces,
        axis(cells.axis_title(measure), cells.fmt(measure), rangemode="tozero"),
        axis(plain(cells.title(cells.dimensions[0])), "text" if kind == "category" else kind, nticks=8),
    )


def _bars(cells: Cells, measures: list[str]) -> Panel:
    members = cells.frame[cells.dimensions[0]].to_list() if cells.dimensions else [ALL] * cells.frame.height
    facts = [_fact(cells, cells.frame, measure) for measure in measures]
    traces: list[Trace] = [
        {
            "type": "bar",
            "name": plain(cells.title(measure)) if len(measures) > 1 else "",
            "x": labels(members),
            "y": numbers(cells.frame, measure),
            "marker": {"color": PALETTE[cells.measures.index(measure) % len(PALETTE)]},
            "hovertext": hovers(members, facts, cells.currency),
            "hoverinfo": "text",
        }
        for measure in measures
    ]
    title = SEPARATOR.join(cells.axis_title(measure) for measure in measures)
    below = plain(cells.title(cells.dimensions[0])) if cells.dimensions else ""
    return Panel(traces, axis(title, cells.fmt(measures[0]), rangemode="tozero"), axis(below))


def _heatmap(cells: Cells, measure: str) -> Panel:
    down, across = cells.dimensions
    rows, columns, values = grid(cells.frame, down, across, measure)
    worded = [[quantity(value, cells.fmt(measure), cells.currency) for value in row] for row in values]
    trace: Trace = {
        "type": "heatmap",
        "x": labels(columns),
        "y": labels(rows),
        "z": [[number(value) for value in row] for row in values],
        "colorscale": SCALE,
        "xgap": 1,
        "ygap": 1,
        # One colour bar a measure would need room of its own: the hover tells the number.
        "showscale": len(cells.measures) == 1,
        "colorbar": color_bar(cells.axis_title(measure)),
        "hovertext": [
            [f"<b>{plain(r)}, {plain(c)}</b><br>{plain(cells.title(measure))}: {plain(words)}" for c, words in line]
            for r, line in zip(rows, (list(zip(columns, w, strict=True)) for w in worded), strict=True)
        ],
        "hoverinfo": "text",
    }
    name = plain(cells.title(down))
    if len(cells.measures) > 1:
        name = f"{cells.axis_title(measure)}<br>by {name}"
    return Panel([trace], axis(name, autorange="reversed"), axis(plain(cells.title(across))))


def _fact(cells: Cells, frame: pl.DataFrame, measure: str) -> tuple[str, list[object], str]:
    return cells.title(measure), frame[measure].to_list(), cells.fmt(measure)
