"""A report as one HTML page that needs nothing else: no server, no network, no fonts.

Texts are escaped wherever they stand, and a content security policy in the
page forbids every request, so a customer's name cannot run or load anything.
The same report gives the same bytes.

May import: charts, formats, reports.model.   Imported by: project.
"""

from functools import cache
from importlib.resources import files
from math import isinf

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template

from crm_analytics.charts import figure_json, plotly_bundle
from crm_analytics.formats import format_value, unit
from crm_analytics.reports.model import Column, Report, Section, Table, Tile

SHORT_LENGTH = 16
PROSE_LENGTH = 32
WIDE_COLUMNS = 10


def render(report: Report) -> str:
    """The whole page, about 5 MB of which are Plotly."""
    return _template().render(report=report, currency=report.currency, plotly=plotly_bundle())


def cell(value: object, column: Column, currency: str) -> str:
    """One value of a table, without its unit: the heading has that."""
    if isinstance(value, float) and isinf(value):
        return "∞" if value > 0 else "-∞"
    text = format_value(value, column.fmt, currency)
    # A number and its % stay on one line.
    return text.replace(" ", "\u00a0") if column.is_number else text


def column_kinds(table: Table) -> list[str]:
    """The CSS class of each column: numbers to the right, long texts with room to wrap."""
    return [_kind(column, table) for column in table.columns]


def _kind(column: Column, table: Table) -> str:
    if column.is_number:
        return "number"
    longest = max((len(str(value)) for value in table.rows[column.name]), default=0)
    return "short" if longest <= SHORT_LENGTH else "text" if longest <= PROSE_LENGTH else "prose"


def is_wide(part: Table | Section) -> bool:
    """Whether it is printed in landscape: a table of many columns, and a section that is only such a table."""
    if isinstance(part, Table):
        return len(part.columns) > WIDE_COLUMNS
    return not part.charts and any(map(is_wide, part.tables))


def statements(tiles: tuple[Tile, ...]) -> list[tuple[str, str]]:
    """Each statement of the tiles once, with the labels of the tiles it answers."""
    by_sql: dict[str, list[str]] = {}
    for tile in tiles:
        if tile.sql:
            by_sql.setdefault(tile.sql, []).append(tile.label)
    return [(", ".join(labels), sql) for sql, labels in by_sql.items()]


def _part(name: str) -> str:
    return (files("crm_analytics.reports") / name).read_text(encoding="utf-8")


@cache
def _template() -> Template:
    environment = Environment(
        loader=FunctionLoader(_part),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"style": _part("page.css"), "script": _part("page.js")}
    environment.filters |= {
        "cell": cell,
        "figure_json": figure_json,
        "kinds": column_kinds,
        "format_value": format_value,
        "statements": statements,
        "unit": unit,
    }
    environment.tests |= {"wide": is_wide}
    return environment.get_template("page.html.j2")
