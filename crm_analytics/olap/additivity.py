"""Refuse to add up what must not be added up: a price over days, a rate over anything.

A measure says so in its cube file (`additive:`).  It may still be asked where each
cell has one member of each forbidden dimension, so that nothing is added over it.

May import: errors, olap.dimension, olap.filters, olap.measure, olap.model, olap.plan.
Imported by: olap.resolve, olap.timing.
"""

from collections.abc import Iterator

from crm_analytics.errors import QueryError
from crm_analytics.olap.dimension import Role
from crm_analytics.olap.filters import Compare
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube
from crm_analytics.olap.plan import Ask, Fact, Plan


def check_additivity(plan: Plan) -> None:
    """Refuse a question with a cell that adds a measure up over a dimension that the measure forbids.

    Raises
    ------
    QueryError : names the measure and the dimension, and what would work.
    """
    for fact in plan.facts:
        if fact.take and (plan.totals or plan.top):
            check_overlaps(plan, fact.asks[0].ref, "a stock")
        for ask in fact.asks:
            for role in _forbidden(fact.cube, ask.measure):
                if role.name == fact.over and _joins_days(plan, fact):
                    raise QueryError(_refusal_over_time(fact, ask, role))
                if not _is_single(plan, role):
                    raise QueryError(_refusal(plan, ask, role))


def _forbidden(cube: Cube, measure: Measure) -> Iterator[Role]:
    over = measure.semi.over if measure.semi else ""
    names = measure.not_over if measure.adds else tuple(cube.roles)
    return (cube.roles[name] for name in names if name != over)


def _joins_days(plan: Plan, fact: Fact) -> bool:
    """Whether several days count as one: all of a window, or the last of a month moved to a shorter one."""
    weekly = plan.time is not None and fact.over in plan.time.by_weeks
    whole = ("day", "week", "quarter", "year") if weekly else ("day", "week")
    return bool(fact.how.window) or any(span.unit not in whole for span in fact.how.shifts)


def _is_single(plan: Plan, role: Role) -> bool:
    """Whether every cell, totals and Others too, has one member of the role."""
    pinned = {
        part.name
        for part in plan.before
        if isinstance(part, Compare)
        and (part.operator in ("=", "unknown") or (part.operator == "in" and len(part.values) == 1))
    }
    shown = set() if plan.totals else {axis.ref for axis in plan.axes if axis is not plan.ranked or not _others(plan)}
    return bool(_identifying(role) & (pinned | shown))


def _others(plan: Plan) -> bool:
    return plan.top is not None and plan.top.others


def _identifying(role: Role) -> set[str]:
    return {f"{role.name}.{name}" for name in role.dimension.finest}


def _said(ask: Ask) -> str:
    over = ", ".join(ask.measure.not_over)
    return f"cube {ask.cube.name!r}: additive: {f'{{not_over: [{over}]}}' if ask.measure.adds else 'false'}"


def _refusal_over_time(fact: Fact, ask: Ask, role: Role) -> str:
    if fact.how.window:
        does = f"'{fact.how.window}' would do; ask for it day by day, or for a measure that is an average"
    else:
        does = "a month would do that is moved to a shorter one; move it by days or weeks"
    return f"{ask.ref} must not be added up over {role.name!r} ({_said(ask)}), which {does}"


def _refusal(plan: Plan, ask: Ask, role: Role) -> str:
    finest = sorted(_identifying(role))
    without = " without totals" if plan.totals else " without Others" if _others(plan) else ""
    if finest:
        what = f"split by {finest[0]}{without}, or filter it to one member"
    else:
        what = f"dimension {role.name!r} has no hierarchy, so no attribute is known to tell its members apart"
    return (
        f"{ask.ref} must not be added up over {role.name!r} ({_said(ask)}), which this question "
        f"would do: {what}; or ask for a measure that is an average, or one that is 'semi_additive' over {role.name!r}"
    )


def check_overlaps(plan: Plan, what: str, taken: str) -> None:
    """Refuse totals and Others of rows that have several members, where they are not counted level by level."""
    if axis := next((axis for axis in plan.axes if axis.overlaps), None):
        raise QueryError(
            f"{what}: {taken} cannot be counted together with totals or a top-N by {axis.ref}, of which a row may have "
            "several members; leave out one of them"
        )
