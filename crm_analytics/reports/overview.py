"""The overview: the one report that every project has, from named frames.

It words and arranges what it is given and asks nothing of the warehouse.
Which sections there are, in which order and under which title, is said in
`overview.yml`; a project may give its own file.

May import: charts, yamlfile, errors, formats, reports.   Imported by: project.
"""

from collections.abc import Callable, Mapping
from importlib.resources import as_file, files
from pathlib import Path

from crm_analytics.charts.shape import quantity
from crm_analytics.reports.customers import rfm, segments
from crm_analytics.reports.inputs import OverviewInputs, as_of, rows_of
from crm_analytics.reports.interactions import contacts, deals, responses
from crm_analytics.reports.model import Report, Section, Tile
from crm_analytics.reports.predictions import churn, rules
from crm_analytics.reports.priority import consent_tile, priority
from crm_analytics.reports.quality import quality
from crm_analytics.reports.sales import departments, over_time
from crm_analytics.reports.trust import trust
from crm_analytics.yamlfile import Problems, read_yaml

# A section that a project has no use for gives None, and is left out.
SECTIONS: Mapping[str, Callable[[OverviewInputs, str], Section | None]] = {
    "over-time": over_time,
    "departments": departments,
    "deals": deals,
    "contacts": contacts,
    "responses": responses,
    "rfm": rfm,
    "segments": segments,
    "rules": rules,
    "churn": churn,
    "trust": trust,
    "priority": priority,
    "quality": quality,
}

_TILES = (
    ("revenue", "Revenue", "money"),
    ("customers", "Customers", "count"),
    ("orders", "Orders", "count"),
    ("average_order_value", "Average order", "money"),
)
_PROMOTIONS = (("promotions", "Promotions", "count"),)
_NOTES = {"customers": "with an order", "promotions": "a product in a store in a week"}


def overview(inputs: OverviewInputs, layout: Path | None = None) -> Report:
    """The report on everything in `inputs`.

    `layout` is a file like `overview.yml` beside this module, which is used
    when none is given.

    Raises
    ------
    ConfigError : the layout has an unknown section, or is not what it should be.
    """
    return Report(
        title=inputs.title,
        subtitle=_period(inputs),
        as_of=inputs.as_of,
        currency=inputs.currency,
        tiles=_tiles(inputs),
        sections=tuple(
            section
            for name, title in read_layout(layout).items()
            if (section := SECTIONS[name](inputs, title)) is not None
        ),
        footnotes=(
            f"All money is in {inputs.currency}. {_scores_look_back(inputs)}",
            "“Show the SQL” under a table is the statement that its numbers come from; "
            "pictures draw the numbers of a table or of the same load.",
        ),
    )


def read_layout(layout: Path | None = None) -> dict[str, str]:
    """The sections to show, in order, as {id: title}."""
    if layout is None:
        with as_file(files("crm_analytics.reports") / "overview.yml") as own:
            return read_layout(own)
    file = read_yaml(layout)
    problems = Problems()
    problems.unknown_keys(file, (), ("sections",))
    sections = file.data.get("sections")
    if not isinstance(sections, dict) or not sections:
        problems.add(file.where("sections"), "'sections' must name at least one section with its title")
        sections = {}
    else:
        problems.unknown_keys(file, ("sections",), SECTIONS)
    for name, title in sections.items():
        if not isinstance(title, str):
            problems.add(file.where("sections", name), f"the title of section {name!r} must be text")
    problems.raise_any()
    return dict(sections)


def _tiles(inputs: OverviewInputs) -> tuple[Tile, ...]:
    figures = tuple(
        Tile(label=label, value=value, fmt=fmt, note=_NOTES.get(name, ""), sql=found.sql)
        for found, tiles in ((rows_of(inputs.headline), _TILES), (rows_of(inputs.promotions), _PROMOTIONS))
        if found is not None
        for name, label, fmt in tiles
        if (value := found.frame[name][0]) is not None
    )
    return figures + consent_tile(inputs)


def _scores_look_back(inputs: OverviewInputs) -> str:
    days = {as_of(frame, inputs) for frame in map(rows_of, (inputs.segments, inputs.priority)) if frame}
    return f"Scores look back from {' and '.join(day.isoformat() for day in sorted(days or {inputs.as_of}))} only."


def _period(inputs: OverviewInputs) -> str:
    headline = rows_of(inputs.headline)
    if headline is None:
        return "No sales have been loaded yet"
    row = headline.frame.row(0, named=True)
    return f"Sales from {quantity(row['first_day'], 'date')} to {quantity(row['last_day'], 'date')}"
