"""Which calendar a question over time follows, and what cannot be answered over time.

Looks at a question whose names are looked up already; no SQL text.

May import: errors, olap.additivity, olap.calc, olap.filters, olap.model, olap.plan, olap.query.
Imported by: olap.resolve, olap.window.
"""

from collections.abc import Iterable
from dataclasses import replace

from crm_analytics.errors import QueryError, shortened
from crm_analytics.olap.additivity import check_overlaps
from crm_analytics.olap.calc import Window
from crm_analytics.olap.filters import Condition, comparisons, conjuncts, only_of, pers
from crm_analytics.olap.model import Cube
from crm_analytics.olap.plan import Ask, Axis, Fact, Plan, Timing
from crm_analytics.olap.query import CubeQuery

RETAIL = {"year": "retail_year", "quarter": "retail_quarter", "month": "retail_period", "week": "retail_week"}


def recount(ask: Ask) -> str:
    """The kind of counting that a window needs; measures of one kind are counted in one step.

    Sums, counts and extremes come from parts of the window; a distinct count from
    the distinct values of the parts, which are its own; the rest from all rows.
    """
    match ask.measure.agg:
        case "sum" | "count" | "min" | "max":
            return "parts"
        case "count_distinct":
            return f"values {ask.ref}"
        case _:
            return "rows"


def to_date_period(window: Window, axes: Iterable[Axis]) -> str:
    """The period that a window begins with: a fiscal one where fiscal ones are shown."""
    retail = {axis.attribute.period for axis in axes} & {*RETAIL.values()}
    return RETAIL.get(window.to_date, window.to_date) if retail else window.to_date


def timed(
    query: CubeQuery,
    home: Cube,
    facts: tuple[Fact, ...],
    axes: tuple[Axis, ...],
    others: tuple[Axis, ...],
    before: Iterable[Condition],
) -> tuple[tuple[Fact, ...], Timing]:
    """The facts with the calendar that each follows, and what the question needs to know of calendars.

    `others` are the attributes that are filtered by, and those that a question behind this one shows.

    Raises
    ------
    QueryError : there is no such calendar, or its periods are not shown.
    """
    listed = (*axes, *(axis for axis in others if axis.ref in query.periods))
    role = _calendar(home, listed, others)
    facts = tuple(replace(fact, over=_over(fact, role)) if fact.how else fact for fact in facts)
    shown = [axis for axis in axes if axis.role.name == role]
    cut = _cut(query, axes, role)
    if query.filled and (cut or not shown):
        what = (
            f"a top of {cut.ref} leaves periods out"
            if cut
            else f"no periods are shown; split by one, such as {role}.month"
        )
        raise QueryError(f"cube {home.name!r}: nothing can be filled: {what}")
    ends = {axis.ref: axis for axis in listed if axis.attribute.period and axis.role.dimension.day}
    weekly = frozenset(a.role.name for a in (*axes, *others) if a.attribute.period in ("week", *RETAIL.values()))
    # Cells that a filter chose by their periods are all there is.
    chosen = any(name.partition(".")[0] == role for part in before for per in pers(part) for name in per.attributes)
    return facts, Timing(role, bool(shown) and not cut and not chosen, tuple(ends.values()), weekly)


def check_time(plan: Plan) -> None:
    """Refuse what has no right answer over time.

    Raises
    ------
    QueryError : says which part of the question it is.
    """
    for fact in plan.facts:
        for span in fact.how.shifts:
            if plan.time and fact.over in plan.time.by_weeks and span.unit == "month":
                raise QueryError(
                    f"{fact.asks[0].ref}: weeks and 4-4-5 periods do not move by months, which are no whole number of "
                    "weeks; name days, weeks, quarters of 13 weeks or years of 52"
                )
        if fact.how.shifts and not fact.how.window:
            _check_guard(fact)
        if fact.how.window:
            _check_window(plan, fact)


def _check_guard(fact: Fact) -> None:
    for part in (part for whole in fact.cube.guard for part in conjuncts(whole)):
        names = [c.name for c in comparisons(part)]
        if any(name.partition(".")[0] == fact.over for name in names) and not only_of(part, fact.over):
            raise QueryError(
                f"{fact.asks[0].ref}: the rows that this role may see of cube {fact.cube.name!r} depend on the day "
                f"and on more at once ({' and '.join(names)}), so that they cannot be moved to another day"
            )


def _check_window(plan: Plan, fact: Fact) -> None:
    what = fact.asks[0].ref
    if fact.take:
        raise QueryError(
            f"{what}: {fact.asks[0].measure.name} is what there is on a day ({fact.take}), which no window adds up; "
            "ask for it as it stands, or for its change"
        )
    if plan.totals or plan.top:
        check_overlaps(plan, what, "a window")
    of_time = [axis for axis in plan.axes if axis.role.name == fact.over]
    for axis in of_time:
        if not axis.attribute.period:
            raise QueryError(
                f"{what}: {axis.ref} is no period of the calendar, so no window ends with it; split by "
                f"{shortened(f'{fact.over}.{a.name}' for a in axis.role.dimension.attributes.values() if a.period)}"
            )
        if axis is plan.ranked or axis in plan.parents:
            raise QueryError(
                f"{what}: a top of or within {axis.ref} leaves periods out that a window needs; sort instead"
            )
    period = to_date_period(fact.how.window, of_time) if fact.how.window else ""
    attributes = fact.cube.roles[fact.over].dimension.attributes.values()
    if period in RETAIL.values() and all(a.period != period for a in attributes):
        raise QueryError(f"{what}: {fact.over} has no attribute of 'period: {period}' to begin with")
    for part in plan.before:
        names = {c.name for c in comparisons(part)} | {name for per in pers(part) for name in per.attributes}
        when = sorted(name for name in names if name.partition(".")[0] == fact.over)
        if when and (len(when) < len(names) or any(pers(part))):
            other = next((name for name in sorted(names) if name not in when), "a 'per'")
            raise QueryError(
                f"{what}: one filter holds both {when[0]}, which says what periods are shown, and {other}, which "
                "says what rows are counted; join them with 'and', or ask without totals and top"
            )


def _cut(query: CubeQuery, axes: tuple[Axis, ...], role: str) -> Axis | None:
    """The axis of the calendar that a top-N leaves members out of, or ranks within."""
    if query.largest is None or not axes:
        return None
    at = next((i for i, axis in enumerate(axes) if axis.ref == query.largest.of), 0)
    listed = axes[: at + 1] if query.largest.within else axes[at : at + 1]
    return next((axis for axis in listed if axis.role.name == role), None)


def _calendar(home: Cube, *listed: Iterable[Axis]) -> str:
    """The one calendar that is shown, or else filtered by, or else the first that the cube has."""
    for axes in listed:
        roles = {axis.role.name for axis in axes if axis.role.dimension.day}
        if len(roles) == 1:
            return roles.pop()
    calendars = [role.name for role in home.roles.values() if role.dimension.day]
    if not calendars:
        raise QueryError(
            f"cube {home.name!r} reaches no calendar: that is a dimension with an attribute of 'period: day'"
        )
    return calendars[0]


def _over(fact: Fact, default: str) -> str:
    name = fact.how.over or default
    role = fact.cube.role(name)
    if not role.dimension.day:
        calendars = [r.name for r in fact.cube.roles.values() if r.dimension.day]
        raise QueryError(
            f"{fact.asks[0].ref}: {name} is no calendar of cube {fact.cube.name!r}: {shortened(calendars)}"
        )
    return name
