"""Say which periods of an answer the data does not cover whole.

Only for questions over time: it takes a look at the first and last day of each
fact, which a plain question should not wait for.

May import: engines, olap.calc, olap.conditions, olap.members, olap.model, olap.plan, olap.spine.
Imported by: olap.browse.
"""

from collections.abc import Collection, Mapping
from datetime import date, timedelta

from crm_analytics.engines import Engine
from crm_analytics.olap.calc import PERIODS
from crm_analytics.olap.conditions import Params
from crm_analytics.olap.members import member_sql
from crm_analytics.olap.model import Cube
from crm_analytics.olap.plan import Axis, Plan
from crm_analytics.olap.spine import Calendar, calendars, days_of

# The first and the last period of a calendar may be cut off, since it holds whole years of the other kind.
_FEWEST_DAYS = {"retail_week": 7, "retail_period": 28, "retail_quarter": 91, "retail_year": 364}


def unfinished(
    engine: Engine, plan: Plan, shown: Mapping[str, Collection[object]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The incomplete periods as `date.month=2017-12`, and a note for each fact and the finest of them.

    `shown` holds the members in the answer by attribute.
    """
    calendar = calendars(plan, "").get(plan.time.role) if plan.time else None
    axes = [axis for axis in calendar.axes if axis.attribute.period not in ("", "day")] if calendar else []
    axes.sort(key=lambda axis: PERIODS.index(axis.attribute.period))
    marked: dict[str, None] = {}
    notes: list[str] = []
    cubes = {fact.cube.name: fact.cube for fact in plan.facts} if calendar and axes else {}
    # Where data begin is told of what is held against an earlier period: a short one makes a large growth.
    compared = {fact.cube.name for fact in plan.facts if fact.how.shifts}
    for cube in cubes.values():
        if calendar and calendar.role.name in cube.roles:
            for day, verb in zip(_first_and_last(engine, calendar, cube), ("begin", "end"), strict=True):
                if day is None or (verb == "begin" and cube.name not in compared):
                    continue
                cut = [(axis, _open(engine, calendar, axis, day, verb)) for axis in axes]
                # None stands for a total in the answer.
                found = [(axis, member) for axis, member in cut if member is not None and member in shown[axis.ref]]
                marked |= {f"{axis.ref}={member}": None for axis, member in found if verb == "end"}
                notes += [f"{member} is incomplete: {cube.name} {verb} on {day}" for _, member in found[:1]]
    return tuple(marked), tuple(notes)


def _first_and_last(engine: Engine, calendar: Calendar, cube: Cube) -> tuple[date | None, date | None]:
    params = Params()
    keys = days_of(cube, calendar.role.name, params)
    days = f"min({calendar.day}), max({calendar.day})"
    ((first, last),) = engine.rows(
        f"SELECT {days} FROM {calendar.table} WHERE {calendar.key} IN (\n{keys}\n)", params.values
    )
    return (first, last) if isinstance(first, date) and isinstance(last, date) else (None, None)


def _open(engine: Engine, calendar: Calendar, axis: Axis, edge: date, verb: str) -> object:
    """The member of an axis that the first or last day falls into, if it is not that of the period; else None."""
    params = Params()
    member, day = member_sql(axis, params), params.bind("edge", edge)
    text = f"SELECT {member}, min({calendar.day}), max({calendar.day}) FROM {calendar.table} GROUP BY 1"
    rows = engine.rows(f"{text} HAVING {day} BETWEEN min({calendar.day}) AND max({calendar.day})", params.values)
    for found, start, end in rows:
        # The calendar ends with a year, which may be within a week or a fiscal period.
        if axis.attribute.period == "week":
            start, end = edge - timedelta(days=edge.isoweekday() - 1), edge + timedelta(days=7 - edge.isoweekday())
        if isinstance(start, date) and isinstance(end, date):
            is_short = (end - start).days + 1 < _FEWEST_DAYS.get(axis.attribute.period, 0)
            return found if is_short or (end > edge if verb == "end" else start < edge) else None
    return None
