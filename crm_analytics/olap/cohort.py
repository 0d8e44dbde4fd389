"""Acquisition cohorts: a dimension made from the day of each customer's first row in one fact.

`dimensions.yml` says `first: {cube: sales}`, and every cube that reaches the customer
and a date can be split by the period of that day (`cohort.month`) and by the age of
the customer on the row's own day (`cohort.age_months`): whole calendar periods between
the two, 0 in the period of the first day, negative before it.  Weeks begin on Monday
(ISO 8601).  Nobody known, and who has no dated first row, is in the unknown cohort.

The first day is taken from the rows that the asker may see: like everything that
reaches rows it goes through `olap.rows`, so that a role learns nothing of a customer's
life elsewhere.  For its owner a project knows the customer as a whole.

May import: sql, olap.dimension, olap.filters, olap.model, olap.plan, olap.text.
Imported by: olap.bind, olap.load, olap.load_dimension, olap.rows.
"""

from collections.abc import Sequence

from crm_analytics.olap.dimension import Attribute, Dimension, First, Kind
from crm_analytics.olap.filters import comparisons
from crm_analytics.olap.model import Cube
from crm_analytics.olap.plan import Axis
from crm_analytics.olap.text import indented
from crm_analytics.sql import ident

# Names with a space: no column of a fact is called so.
FIRST, DAY = '"first day"', '"own day"'
PERIODS = ("year", "quarter", "month", "week")

_LABELS: dict[str, tuple[str, Kind]] = {
    "year": (f"CAST(year({FIRST}) AS INTEGER)", "number"),
    "quarter": (f"strftime({FIRST}, '%Y-Q') || quarter({FIRST})", "text"),
    "month": (f"strftime({FIRST}, '%Y-%m')", "text"),
    "week": (f"strftime({FIRST}, '%G-W%V')", "text"),
}


def cohort_attributes(unknown: str, place: str) -> dict[str, Attribute]:
    """`year` to `week` of the first day, and `age_years` to `age_weeks`."""
    found = {}
    for period, (sql, kind) in _LABELS.items():
        title = f"Cohort ({period})"
        found[period] = Attribute(period, title, sql, unknown=unknown, kind=kind, namesake=False, place=place)
    for period in PERIODS:
        name, title = f"age_{period}s", f"Age in {period}s"
        found[name] = Attribute(name, title, _age(period), unknown=unknown, kind="number", place=place)
    return found


def _age(period: str) -> str:
    """Whole calendar periods from the first day to the row's own.

    DuckDB's date_diff counts weeks as spans of seven days whatever their weekday,
    so weeks are counted from Monday to Monday.
    """
    if period == "week":
        return f"CAST(date_diff('day', date_trunc('week', {FIRST}), date_trunc('week', {DAY})) // 7 AS INTEGER)"
    return f"CAST(date_diff('{period}', {FIRST}, {DAY}) AS INTEGER)"


def misfit(cube: Cube, dimension: Dimension, first: Cube | None) -> str:
    """Why this cube cannot be split by the cohort, '' where it can; `first` is the cube with the first rows."""
    wanted = dimension.first
    if wanted is None:
        return ""
    if any(c.name.startswith(f"{dimension.name}.") for part in cube.access.values() if part for c in comparisons(part)):
        return f"a role cannot be held to {dimension.name!r}: when a customer began is taken from the rows that it sees"
    if first is None:
        return f"the cohort is taken from cube {wanted.cube!r}, which is not there or may not be asked"
    for name in (wanted.customer, wanted.date):
        for one in (cube, first):
            if name not in one.roles:
                return f"a cohort needs dimension {name!r}, which cube {one.name!r} does not reach"
        if cube.name != first.name and not cube.roles[name].conforms(first.roles[name]):
            return f"a cohort needs cubes {cube.name!r} and {first.name!r} to share dimension {name!r}"
    if first.roles[wanted.date].dimension.day is None:
        return f"a cohort needs a day, and no attribute of dimension {wanted.date!r} says 'period: day'"
    return ""


def day_axis(cube: Cube, role: str) -> Axis:
    """The attribute of a date dimension that is a day; `misfit` has seen that there is one."""
    day = cube.roles[role].dimension.day
    assert day is not None
    return Axis(f"{role}.{day.name}", cube.roles[role], day)


def acquired(cube: Cube, first: First, rows: str, own: Sequence[str], first_days: Sequence[str]) -> str:
    """The rows of a fact with the columns `own`, which are made of the first day and the row's own.

    `rows` stands in FROM; `first_days` are the lines of a SELECT of customer and first day.
    """
    table, customer = ident(cube.table), cube.roles[first.customer]
    firsts = indented("\n".join(first_days))
    joins = f'LEFT JOIN (\n{firsts}\n) AS "first" ON "first customer" = {table}.{ident(customer.column)}'
    if any(DAY in item for item in own):
        axis = day_axis(cube, first.date)
        date = axis.role.dimension
        days = f'SELECT {ident(date.key)} AS "own day key", {axis.attribute.sql} AS {DAY} FROM {ident(date.table)}'
        joins += f'\nJOIN ({days}) AS "own" ON "own day key" = {table}.{ident(axis.role.column)}'
    return "(\n" + indented(f"SELECT {table}.*, {', '.join(own)}\nFROM {rows}\n{joins}") + "\n)"
