"""The SQL of one fact aggregated to the asked grain, and of several brought side by side.

May import: sql, olap.bridge, olap.conditions, olap.plan, olap.rows, olap.text.   Imported by: olap.compile, olap.top.
"""

from collections.abc import Sequence

from crm_analytics.olap.bridge import Cut
from crm_analytics.olap.conditions import Params
from crm_analytics.olap.plan import Ask, Axis, Fact, Plan
from crm_analytics.olap.rows import Rows, Steps
from crm_analytics.olap.text import cte, indented, select
from crm_analytics.sql import ident

# The rank of a member in a top-N, NULL for Others.  A name with a space: no column of a fact is called so.
RANK, TOP = '"top rank"', '"top_member"'


def member(i: int) -> str:
    """The column of the ranking with the member of its axis `i`."""
    return ident(f"top member {i}")


def cells(plan: Plan, params: Params, steps: Steps, prefix: str = "") -> list[str]:
    """The CTEs that end in `cells_name(plan, prefix)`: one row a cell, with every aggregate needed."""
    split = ", ".join(axis.ref for axis in plan.axes)
    row = f"one combination of {split}" if split else "the whole"
    names = [f"{prefix}{fact.cube.name}_cell" for fact in plan.facts]
    ctes = [
        cte(name, f"{row}, from {fact.cube.name}", _aggregated(plan, fact, params, steps))
        for name, fact in zip(names, plan.facts, strict=True)
    ]
    if len(names) > 1:
        ctes.append(cte(cells_name(plan, prefix), f"{row}, with the measures of all", _side_by_side(plan, names)))
    return ctes


def cells_name(plan: Plan, prefix: str = "") -> str:
    """The CTE that holds the finished aggregates."""
    return f"{prefix}{plan.facts[0].cube.name}_cell" if len(plan.facts) == 1 else f"{prefix}all_cell"


def grouping(plan: Plan, keys: list[str]) -> str:
    """GROUP BY these keys, for totals as a rollup along the rows, each level with and without the members across.

    `keys` holds one for each axis, by position or as an expression, and behind that of a top-N its rank.
    """
    if not plan.axes:
        return ""
    if not plan.totals:
        return f"GROUP BY {', '.join(keys)}"
    places: dict[str, list[str]] = {}
    rest = iter(keys)
    for axis in plan.axes:
        places[axis.ref] = [next(rest), *([next(rest)] if axis is plan.ranked else [])]
    sets = [", ".join(key for axis in one for key in places[axis.ref]) for one in levels(plan)]
    return f"GROUP BY GROUPING SETS ({', '.join(f'({one})' for one in sets)})"


def levels(plan: Plan) -> list[tuple[Axis, ...]]:
    """The axes of each level of a question with totals, the cells themselves first and the whole last."""
    across = ((plan.across,), ()) if plan.across else ((),)
    return [(*plan.rows[:n], *also) for n in range(len(plan.rows), -1, -1) for also in across]


def _aggregated(plan: Plan, fact: Fact, params: Params, steps: Steps) -> str:
    if not (plan.totals and any(axis.overlaps for axis in plan.axes)):
        return _level(plan, fact, None, params, steps)
    # Grouping sets would count a row in a total once for each of its members.
    return "\nUNION ALL\n".join(_level(plan, fact, one, params, steps) for one in levels(plan))


def _level(plan: Plan, fact: Fact, only: Sequence[Axis] | None, params: Params, steps: Steps) -> str:
    """The cells of one level, or of all (None), which takes a fact whose rows have one member on each axis."""
    shown = plan.axes if only is None else tuple(only)
    rows = Rows(fact, (*shown, *_cut_by(plan, shown), *plan.filtered), _cut(plan, shown))
    keys = _keys(plan, rows, shown)
    items = [f"{sql} AS {name}" if sql != name else name for sql, name in keys]
    for axis in plan.axes if plan.totals else ():
        rolled = (
            f"GROUPING({RANK if axis is plan.ranked else rows.member(axis)})"
            if only is None
            else int(axis not in shown)
        )
        items.append(f"{rolled} AS {axis.rolled}")
    # Where a member has several, olap.order takes the smallest of all its cells.
    items += [
        f"{f'min({rows.order(axis)})' if axis in shown else 'NULL'} AS {axis.order}"
        for axis in plan.axes
        if axis.attribute.order_by
    ]
    items += [f"{ask.measure.typed_aggregate} AS {ident(ask.ref)}" for ask in fact.asks]
    lines = rows.lines(plan.before, params, steps, _ranks(plan, rows))
    # By position, not by name: a name could mean a column of the fact.
    places = [i + 1 for i, (sql, _) in enumerate(keys) if sql != "NULL"]
    last = grouping(plan, [str(place) for place in places]) if only is None else ""
    if only is not None and places:
        last = f"GROUP BY {', '.join(map(str, places))}"
    return "\n".join([select(items), *lines, *([last] if last else [])])


def _keys(plan: Plan, rows: Rows, shown: Sequence[Axis]) -> list[tuple[str, str]]:
    """What is grouped by, as expression and name.  In a top-N the rank tells Others from an unknown member."""
    columns: list[tuple[str, str]] = []
    for axis in plan.axes:
        names = (axis.column, RANK) if axis is plan.ranked else (axis.column,)
        if axis not in shown:
            columns += [("NULL", name) for name in names]
        elif axis is plan.ranked:
            rank = rows.rank(rows.cut) if rows.cut else RANK
            columns += [(f"CASE WHEN {rank} IS NOT NULL THEN {rows.member(axis)} END", axis.column), (rank, RANK)]
        else:
            columns.append((rows.member(axis), axis.column))
    return columns


def _cut(plan: Plan, shown: Sequence[Axis]) -> Cut | None:
    """The ranking that rows of several members have to be cut by before they are counted."""
    if plan.top is None or plan.ranked is None or not plan.ranked.overlaps or plan.ranked not in shown:
        return None
    return Cut(plan.ranked, TOP, member(0), RANK, plan.top.others)


def _cut_by(plan: Plan, shown: Sequence[Axis]) -> tuple[Axis, ...]:
    """What a level has to join although it does not show it: where Others are left out, so are their rows in totals."""
    if plan.top is None or plan.ranked is None or plan.top.others:
        return ()
    return tuple(axis for axis in (*plan.parents, plan.ranked) if axis not in shown)


def _ranks(plan: Plan, rows: Rows) -> list[str]:
    if plan.top is None or plan.ranked is None or rows.cut or plan.ranked not in rows.axes:
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
