"""The SQL of one fact aggregated to the asked grain, and of several brought side by side.

May import: sql, olap.conditions, olap.plan, olap.rows, olap.semi, olap.text.   Imported by: olap.compile, olap.top.
"""

from collections.abc import Sequence

from crm_analytics.olap.conditions import Params
from crm_analytics.olap.plan import RANK, Ask, Axis, Fact, Plan
from crm_analytics.olap.rows import Rows, Steps
from crm_analytics.olap.semi import Taken, days_and_members
from crm_analytics.olap.text import cte, indented, select
from crm_analytics.sql import ident

TOP = '"top_member"'


def member(i: int) -> str:
    """The column of the ranking with the member of its axis `i`."""
    return ident(f"top member {i}")


def cells(plan: Plan, params: Params, steps: Steps, prefix: str = "") -> list[str]:
    """The CTEs that end in `cells_name(plan, prefix)`: one row a cell, with every aggregate needed."""
    split = ", ".join(axis.ref for axis in plan.axes)
    row = f"one combination of {split}" if split else "the whole"
    names = [f"{prefix}{fact.name}_cell" for fact in plan.facts]
    ctes = [
        cte(name, f"{row}, from {fact.name}", _aggregated(plan, fact, params, steps))
        for name, fact in zip(names, plan.facts, strict=True)
    ]
    if len(names) > 1:
        ctes.append(cte(cells_name(plan, prefix), f"{row}, with the measures of all", _side_by_side(plan, names)))
    return ctes


def cells_name(plan: Plan, prefix: str = "") -> str:
    """The CTE that holds the finished aggregates."""
    return f"{prefix}{plan.facts[0].name}_cell" if len(plan.facts) == 1 else f"{prefix}all_cell"


def grouping(plan: Plan, keys: list[str], within: Sequence[str] = ()) -> str:
    """GROUP BY these keys, for totals as a rollup along the rows, each level with and without the members across.

    `keys` holds one for each axis, by position or as an expression, and behind that of a top-N its rank;
    each level is split further by what is `within`.
    """
    if not plan.totals or not plan.axes:
        return f"GROUP BY {', '.join((*keys, *within))}" if keys or within else ""
    ends, end = [], 0
    for axis in plan.axes:
        end += 2 if axis is plan.ranked else 1
        ends.append(end)
    of_rows = [0, *ends[: len(plan.rows)]]
    across = keys[of_rows[-1] :]
    sets = [[*keys[:n], *a, *within] for n in reversed(of_rows) for a in ((across, []) if across else ([],))]
    listed = ", ".join(f"({', '.join(one)})" for one in sets)
    return f"GROUP BY GROUPING SETS ({listed})"


def _aggregated(plan: Plan, fact: Fact, params: Params, steps: Steps) -> str:
    rows = Rows(fact, (*plan.axes, *plan.filtered, *days_and_members(fact)))
    keys = _keys(plan, rows)
    lines = rows.lines(plan.before, params, steps, _ranks(plan, rows))
    if fact.take:
        step = Taken(plan, fact, fact.take, rows, tuple(keys))
        return step.cells(lines, grouping(plan, [name for _, name in keys], step.within))
    items = [f"{sql} AS {name}" if sql != name else name for sql, name in keys]
    if plan.totals:
        items += [f"GROUPING({RANK if a is plan.ranked else rows.member(a)}) AS {a.rolled}" for a in plan.axes]
    # Where a member has several, olap.order takes the smallest of all its cells.
    items += [f"min({rows.order(axis)}) AS {axis.order}" for axis in plan.axes if axis.attribute.order_by]
    items += [f"{ask.measure.typed_aggregate} AS {ident(ask.ref)}" for ask in fact.asks]
    # By position, not by name: a name could mean a column of the fact.
    last = grouping(plan, [str(i + 1) for i in range(len(keys))])
    return "\n".join([select(items), *lines, *([last] if last else [])])


def _keys(plan: Plan, rows: Rows) -> list[tuple[str, str]]:
    """What is grouped by, as expression and name.  In a top-N the rank tells Others from an unknown member."""
    columns: list[tuple[str, str]] = []
    for axis in plan.axes:
        if axis is plan.ranked:
            columns += [(f"CASE WHEN {RANK} IS NOT NULL THEN {rows.member(axis)} END", axis.column), (RANK, RANK)]
        else:
            columns.append((rows.member(axis), axis.column))
    return columns


def _ranks(plan: Plan, rows: Rows) -> list[str]:
    if plan.top is None or plan.ranked is None:
        return []
    axes: tuple[Axis, ...] = (*plan.parents, plan.ranked)
    on = " AND ".join(f"{member(i)} IS NOT DISTINCT FROM {rows.member(axis)}" for i, axis in enumerate(axes))
    return [f"{'LEFT JOIN' if plan.top.others else 'JOIN'} {TOP} ON {on}"]


def _side_by_side(plan: Plan, names: list[str]) -> str:
    """Cells of several facts as one row each: at most one fact gives a value, so max() takes it.

    Not joins: those would need one coalesce a fact and attribute, and GROUP BY
    already treats unknown members as one.
    """
    asks = [ask for fact in plan.facts for ask in fact.asks]
    keys = [name for axis in plan.axes for name in ((axis.column, RANK) if axis is plan.ranked else (axis.column,))]
    keys += [axis.rolled for axis in plan.axes] if plan.totals else []
    orders = [axis.order for axis in plan.axes if axis.attribute.order_by]
    parts = []
    for name, fact in zip(names, plan.facts, strict=True):
        values = [ident(a.ref) if a in fact.asks else f"NULL AS {ident(a.ref)}" for a in asks]
        parts.append(f"SELECT {', '.join((*keys, *orders, *values))} FROM {ident(name)}")
    items = [*keys, *(f"min({order}) AS {order}" for order in orders)]
    items += [f"{_merged(ask)} AS {ident(ask.ref)}" for ask in asks]
    lines = [select(items), "FROM (", indented("\nUNION ALL\n".join(parts)), ") AS part"]
    if keys:
        lines.append(f"GROUP BY {', '.join(str(i + 1) for i in range(len(keys)))}")
    return "\n".join(lines)


def _merged(ask: Ask) -> str:
    value = f"max({ident(ask.ref)})"
    return f"coalesce({value}, 0)" if ask.measure.counts else value
