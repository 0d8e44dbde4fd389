"""The order of the rows of an answer: members in their own order, totals after their parts.

May import: olap.fact, olap.plan.   Imported by: olap.compile.
"""

from collections.abc import Callable

from crm_analytics.olap.fact import RANK
from crm_analytics.olap.plan import Axis, Plan

CELL = '"cell"'


def order_by(plan: Plan, measure: Callable[[str], str]) -> list[str]:
    """The sort keys.  `measure` gives the SQL of a measure in a finished cell.

    With totals, sorting by a measure sorts each level within the one above by
    the totals of its members; without, it sorts all rows alike.
    """
    names = [axis.ref for axis in plan.axes]
    keys: list[str] = []
    if not plan.totals:
        keys += _others(plan)
        for order in plan.orders:
            if order.name in names:
                keys += _member(plan, plan.axes[names.index(order.name)], order.descending is True)
            else:
                keys.append(_directed(measure(order.name), order.descending is not False))
        return list(dict.fromkeys((*keys, *(key for axis in plan.axes for key in _member(plan, axis, False)))))
    directions = {order.name: order.descending is True for order in plan.orders}
    for i, axis in enumerate(plan.axes):
        keys.append(f"{CELL}.{axis.rolled}")
        keys += _others(plan) if i == 0 else []
        if axis is not plan.across or not plan.rows:
            for order in plan.orders:
                if order.name not in names:
                    total = _level_total(plan, i, measure(order.name))
                    keys.append(_directed(total, order.descending is not False))
        keys += _member(plan, axis, directions.get(axis.ref, False))
    return keys


def order_value(plan: Plan, axis: Axis) -> str:
    """What the `order_by` of a member gives: one value a member, or a member would stand in several places.

    A cell has the smallest value of its own rows; those of one member may
    differ where `order_by` does not follow from the member.
    """
    own = f"{CELL}.{axis.order}"
    if len(plan.axes) == 1:
        return own
    member = [f"{CELL}.{axis.column}"]
    member += [f"{CELL}.{RANK}"] if plan.top and axis is plan.axes[0] else []
    member += [f"{CELL}.{axis.rolled}"] if plan.totals else []
    return f"min({own}) OVER (PARTITION BY {', '.join(member)})"


def _others(plan: Plan) -> list[str]:
    return [f"{CELL}.{RANK} IS NULL"] if plan.top and plan.top.others else []


def _member(plan: Plan, axis: Axis, descending: bool) -> list[str]:
    """A member's own order; the unknown one last.  In a top-N the largest first."""
    keys = [f"{CELL}.{axis.column}"]
    if plan.top and axis is plan.axes[0] and plan.orders == ():
        keys = [f"{CELL}.{RANK}"]
    elif axis.attribute.order_by:
        keys.insert(0, order_value(plan, axis))
    return [_directed(key, descending) for key in keys]


def _directed(sql: str, descending: bool) -> str:
    return f"{sql} DESC NULLS LAST" if descending else f"{sql} NULLS LAST"


def _level_total(plan: Plan, i: int, value: str) -> str:
    """The measure of the total over everything below level `i`, for all cells of one member of that level."""
    below = [f"{CELL}.{axis.rolled} = 1" for axis in plan.axes[i + 1 :]]
    if not below:
        return value
    level = plan.axes[: i + 1]
    members = [f"{CELL}.{axis.column}" for axis in level] + [f"{CELL}.{level[-1].rolled}"]
    members += [f"{CELL}.{RANK}"] if plan.top else []
    return f"max(CASE WHEN {' AND '.join(below)} THEN {value} END) OVER (PARTITION BY {', '.join(members)})"
