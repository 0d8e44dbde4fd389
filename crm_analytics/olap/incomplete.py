"""Say which periods of an answer the data does not reach the end of.

Only for questions over time: it takes a look at the last day of each fact, which
a plain question should not wait for.

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
    for cube in cubes.values():
        if calendar and calendar.role.name in cube.roles and (last := _last_day(engine, calendar, cube)):
            ended = [(axis, _open(engine, calendar, axis, last)) for axis in axes]
            # None stands for a total in the answer.
            found = [(axis, member) for axis, member in ended if member is not None and member in shown[axis.ref]]
            marked |= {f"{axis.ref}={member}": None for axis, member in found}
            notes += [f"{member} is incomplete: {cube.name} end on {last}" for _, member in found[:1]]
    return tuple(marked), tuple(notes)


def _last_day(engine: Engine, calendar: Calendar, cube: Cube) -> date | None:
    params = Params()
    keys = days_of(cube, calendar.role.name, params)
    text = f"SELECT max({calendar.day}) FROM {calendar.table} WHERE {calendar.key} IN (\n{keys}\n)"
    ((last,),) = engine.rows(text, params.values)
    return last if isinstance(last, date) else None


def _open(engine: Engine, calendar: Calendar, axis: Axis, last: date) -> object:
    """The member of an axis that the last day falls into, if it is not the last of that; else None."""
    params = Params()
    member, day = member_sql(axis, params), params.bind("last", last)
    text = f"SELECT {member}, min({calendar.day}), max({calendar.day}) FROM {calendar.table} GROUP BY 1"
    rows = engine.rows(f"{text} HAVING {day} BETWEEN min({calendar.day}) AND max({calendar.day})", params.values)
    for found, start, end in rows:
        # The calendar ends with a year, which may be within a week or a fiscal period.
        if axis.attribute.period == "week":
            end = last + timedelta(days=7 - last.isoweekday())
        if isinstance(start, date) and isinstance(end, date):
            is_short = (end - start).days + 1 < _FEWEST_DAYS.get(axis.attribute.period, 0)
            return found if end > last or is_short else None
    return None
