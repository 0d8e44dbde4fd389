"""The order of the rows of an answer: members in their own order, totals after their parts.

May import: olap.plan, olap.terms.   Imported by: olap.compile.
"""

from collections.abc import Callable

from crm_analytics.olap.plan import RANK, Axis, Plan
from crm_analytics.olap.terms import Terms


def order_by(plan: Plan, terms: Terms, measure: Callable[[str], str]) -> list[str]:
    """The sort keys.  `measure` gives the SQL of a measure in the last step.

    With totals, sorting by a measure sorts each level within the one above by
    the totals of its members; without, it sorts all rows alike.
    """
    names = [axis.ref for axis in plan.axes]
    keys: list[str] = []
    if not plan.totals:
        # Others stand last: of all rows, or of those of their parents.
        keys += _others(plan, terms) if plan.ranked is not None and plan.axes[0] is plan.ranked else []
        for order in plan.orders:
            if order.name in names:
                keys += _member(plan, terms, plan.axes[names.index(order.name)], order.descending is True)
            else:
                keys.append(_directed(measure(order.name), order.descending is not False))
        for axis in plan.axes:
            keys += _others(plan, terms) if axis is plan.ranked else []
            keys += _member(plan, terms, axis, False)
        return list(dict.fromkeys(keys))
    directions = {order.name: order.descending is True for order in plan.orders}
    for i, axis in enumerate(plan.axes):
        keys.append(terms.rolled(axis))
        keys += _others(plan, terms) if axis is plan.ranked else []
        if axis is not plan.across or not plan.rows:
            for order in plan.orders:
                if order.name not in names:
                    total = _level_total(plan, terms, i, measure(order.name))
                    keys.append(_directed(total, order.descending is not False))
        keys += _member(plan, terms, axis, directions.get(axis.ref, False))
    return keys


def order_value(plan: Plan, terms: Terms, axis: Axis) -> str:
    """What the `order_by` of a member gives: one value a member, or a member would stand in several places.

    A cell has the smallest value of its own rows; those of one member may
    differ where `order_by` does not follow from the member.
    """
    own = terms.order(axis)
    if len(plan.axes) == 1:
        return own
    member = [terms.member(axis)]
    member += [terms.rank] if axis is plan.ranked else []
    member += [terms.rolled(axis)] if plan.totals else []
    return f"min({own}) OVER (PARTITION BY {', '.join(member)})"


def _others(plan: Plan, terms: Terms) -> list[str]:
    return [f"{terms.rank} IS NULL"] if plan.top and plan.top.others else []


def _member(plan: Plan, terms: Terms, axis: Axis, descending: bool) -> list[str]:
    """A member's own order; the unknown one last.  In a top-N the largest first."""
    keys = [terms.member(axis)]
    if axis is plan.ranked and plan.orders == () and plan.mark == RANK:
        keys = [terms.rank]
    elif axis.attribute.order_by:
        keys.insert(0, order_value(plan, terms, axis))
    return [_directed(key, descending) for key in keys]


def _directed(sql: str, descending: bool) -> str:
    return f"{sql} DESC NULLS LAST" if descending else f"{sql} NULLS LAST"


def _level_total(plan: Plan, terms: Terms, i: int, value: str) -> str:
    """The measure of the total over everything below level `i`, for all cells of one member of that level."""
    below = [f"{terms.rolled(axis)} = 1" for axis in plan.axes[i + 1 :]]
    if not below:
        return value
    level = plan.axes[: i + 1]
    members = [terms.member(axis) for axis in level] + [terms.rolled(level[-1])]
    members += [terms.rank] if any(axis is plan.ranked for axis in level) else []
    return f"max(CASE WHEN {' AND '.join(below)} THEN {value} END) OVER (PARTITION BY {', '.join(members)})"
