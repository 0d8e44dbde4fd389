"""The SQL of one fact aggregated to the asked grain, and of several brought side by side.

May import: sql, olap.bridge, olap.conditions, olap.measure, olap.plan, olap.rows, olap.semi, olap.spine, olap.stored,
olap.text, olap.window.   Imported by: olap.compile, olap.top.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest

from crm_analytics.olap.bridge import Cut
from crm_analytics.olap.conditions import Params
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.plan import RANK, Ask, Axis, Fact, Plan
from crm_analytics.olap.rows import Rows, Steps
from crm_analytics.olap.semi import Taken, day_join, days_and_members
from crm_analytics.olap.spine import LAST, Calendar, calendars
from crm_analytics.olap.stored import reach
from crm_analytics.olap.text import cte, indented, select
from crm_analytics.olap.window import Windowed, windows
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
    times = calendars(plan, prefix)
    ctes = [step for calendar in times.values() for step in calendar.steps(params)]
    for name, fact in zip(names, plan.facts, strict=True):
        told = f"{row}, from {fact.told}"
        if fact.how:
            calendar = times[fact.over]
            own = windows(calendar, fact.how) if fact.how.window else [calendar.later(fact, params)]
            ctes += [step for step in own if step not in ctes]
        if fact.how.window:
            ctes += _windowed(plan, fact, times[fact.over]).cells(name, told, params, steps)
        else:
            later = times[fact.over].later_name(fact) if fact.how else ""
            ctes.append(cte(name, told, _aggregated(plan, fact, params, steps, later)))
    if plan.time and plan.time.fill:
        filled = f"{prefix}{plan.time.role} filled"
        ctes.append(cte(filled, f"{row}, whether or not it has a row", _filled(plan, times[plan.time.role], names)))
        names.append(filled)
    if len(names) > 1 or plan.time:
        ctes.append(
            cte(cells_name(plan, prefix), f"{row}, with the measures of all", _side_by_side(plan, names, times))
        )
    return ctes


def cells_name(plan: Plan, prefix: str = "") -> str:
    """The CTE that holds the finished aggregates."""
    return f"{prefix}all_cell" if plan.time or len(plan.facts) > 1 else f"{prefix}{plan.facts[0].name}_cell"


def grouping(plan: Plan, keys: list[str], within: Sequence[str] = ()) -> str:
    """GROUP BY these keys, for totals as a rollup along the rows, each level with and without the members across.

    `keys` holds one for each axis, by position or as an expression, and behind that of a top-N its rank;
    each level is split further by what is `within`.
    """
    if not plan.totals or not plan.axes:
        return f"GROUP BY {', '.join((*keys, *within))}" if keys or within else ""
    places: dict[str, list[str]] = {}
    rest = iter(keys)
    for axis in plan.axes:
        places[axis.ref] = [next(rest), *([next(rest)] if axis is plan.ranked else [])]
    sets = [", ".join((*(key for axis in one for key in places[axis.ref]), *within)) for one in plan.levels]
    return f"GROUP BY GROUPING SETS ({', '.join(f'({one})' for one in sets)})"


def _aggregated(plan: Plan, fact: Fact, params: Params, steps: Steps, calendar: str) -> str:
    if not (plan.totals and any(axis.overlaps for axis in plan.axes)):
        return _level(plan, fact, None, params, steps, calendar)
    # Grouping sets would count a row in a total once for each of its members.
    return "\nUNION ALL\n".join(_level(plan, fact, one, params, steps, calendar) for one in plan.levels)


def _level(plan: Plan, fact: Fact, only: Sequence[Axis] | None, params: Params, steps: Steps, calendar: str) -> str:
    """The cells of one level, or of all (None), which takes a fact whose rows have one member on each axis."""
    shown = plan.axes if only is None else tuple(only)
    axes = (*shown, *_cut_by(plan, shown), *plan.filtered, *days_and_members(fact))
    rows = reach(fact, axes, calendar, cut_of(plan, shown))
    keys = [key for axis in plan.axes for key in _keys(plan, rows, axis, shown)]
    joins = [*day_join(fact, calendar, params), *ranks(plan, rows)]
    lines = rows.lines(plan.before, params, steps, joins, beyond(plan))
    if fact.take:
        step = Taken(plan, fact, fact.take, rows, tuple(keys))
        return step.cells(lines, grouping(plan, [name for _, name in keys], step.within))
    items = [f"{sql} AS {name}" if sql != name else name for sql, name in keys]
    for axis in plan.axes if plan.totals else ():
        rolled = (
            f"GROUPING({plan.mark if axis is plan.ranked else rows.member(axis)})"
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
    items += [f"{rows.typed_aggregate(ask.measure)} AS {ident(ask.ref)}" for ask in fact.asks]
    # By position, not by name: a name could mean a column of the fact.
    places = [i + 1 for i, (sql, _) in enumerate(keys) if sql != "NULL"]
    last = grouping(plan, [str(place) for place in places]) if only is None else ""
    if only is not None and places:
        last = f"GROUP BY {', '.join(map(str, places))}"
    return "\n".join([select(items), *lines, *([last] if last else [])])


def _windowed(plan: Plan, fact: Fact, calendar: Calendar) -> Windowed:
    rows = Rows(fact, tuple(axis for axis in (*plan.axes, *plan.filtered) if axis.role.name != fact.over))
    keys = {axis.ref: _keys(plan, rows, axis, plan.axes) for axis in plan.axes if axis.role.name != fact.over}
    return Windowed(calendar, fact, rows, keys, ranks(plan, rows), beyond(plan))


def _keys(plan: Plan, rows: Rows, axis: Axis, shown: Sequence[Axis]) -> list[tuple[str, str]]:
    """What is grouped by, as expression and name.  In a top-N the rank tells Others from an unknown member."""
    if axis not in shown:
        return [("NULL", name) for name in ((axis.column, RANK) if axis is plan.ranked else (axis.column,))]
    if axis is plan.ranked:
        mark = rows.rank(rows.cut) if rows.cut else plan.mark
        return [(f"CASE WHEN {mark} IS NOT NULL THEN {rows.member(axis)} END", axis.column), (mark, RANK)]
    return [(rows.member(axis), axis.column)]


def cut_of(plan: Plan, shown: Sequence[Axis]) -> Cut | None:
    """The ranking that rows of several members have to be cut by before they are counted."""
    if plan.top is None or plan.ranked is None or not plan.ranked.overlaps or plan.ranked not in shown:
        return None
    return Cut(plan.ranked, TOP, member(0), RANK, plan.top.others)


def _cut_by(plan: Plan, shown: Sequence[Axis]) -> tuple[Axis, ...]:
    """What a level has to join unseen: where members are left out, so are their rows in totals."""
    if plan.top is None or plan.ranked is None or (plan.top.others and not plan.top.after):
        return ()
    return tuple(axis for axis in (*plan.parents, plan.ranked) if axis not in shown)


def ranks(plan: Plan, rows: Rows) -> list[str]:
    """The join that gives each row the rank of its member in a top-N."""
    if plan.top is None or plan.ranked is None or rows.cut or plan.ranked not in rows.axes:
        return []
    axes: tuple[Axis, ...] = (*plan.parents, plan.ranked)
    on = " AND ".join(f"{member(i)} IS NOT DISTINCT FROM {rows.member(axis)}" for i, axis in enumerate(axes))
    return [f"{'LEFT JOIN' if plan.top.others else 'JOIN'} {TOP} ON {on}"]


def beyond(plan: Plan) -> list[str]:
    """The condition that leaves out the members before those of a top-N that begins further down."""
    return [f"{RANK} IS NULL OR {RANK} > {plan.top.after}"] if plan.top and plan.top.after else []


def _filled(plan: Plan, calendar: Calendar, names: list[str]) -> str:
    """Each period shown for each combination of the other attributes that any fact has, on each level of totals."""
    others = [axis for axis in plan.axes if axis.role.name != calendar.role.name]
    columns = ", ".join(_places(plan, others))
    parts = []
    for level in plan.levels:
        if not calendar.of(level):
            continue
        lines = [select([*_places(plan, plan.axes), LAST]), f"FROM {ident(calendar.name('period'))}"]
        if others:
            at = [f"{axis.rolled} = {0 if axis in level else 1}" for axis in plan.axes] if plan.totals else []
            where = f" WHERE {' AND '.join(at)}" if at else ""
            found = " UNION ".join(f"SELECT {columns} FROM {ident(name)}{where}" for name in names)
            lines.append(f"CROSS JOIN ({found}) AS {ident('others')}")
        period = calendar.at(level)
        parts.append("\n".join([*lines, *([f"WHERE {period}"] if period else [])]))
    return "\nUNION ALL\n".join(parts)


def _places(plan: Plan, axes: Iterable[Axis]) -> list[str]:
    """The columns of a cell beside its numbers: members, with totals what is rolled up, what members sort by."""
    listed = list(axes)
    keys = [name for axis in listed for name in ((axis.column, RANK) if axis is plan.ranked else (axis.column,))]
    keys += [axis.rolled for axis in listed] if plan.totals else []
    return keys + [axis.order for axis in listed if axis.attribute.order_by]


def _side_by_side(plan: Plan, names: list[str], times: Mapping[str, Calendar]) -> str:
    """Cells of several facts as one row each: at most one fact gives a value, so max() takes it.

    Not joins: those would need one coalesce a fact and attribute, and GROUP BY
    already treats unknown members as one.
    """
    asks = [(fact, ask) for fact in plan.facts for ask in fact.asks]
    filled = plan.time is not None and plan.time.fill
    orders = [axis.order for axis in plan.axes if axis.attribute.order_by]
    places = _places(plan, plan.axes)
    keys = places[: len(places) - len(orders)]
    parts = []
    for name, fact in zip_longest(names, plan.facts):
        values = [ident(a.ref) if owner is fact else f"NULL AS {ident(a.ref)}" for owner, a in asks]
        values += [LAST if fact is None else f"NULL AS {LAST}"] if filled else []
        parts.append(f"SELECT {', '.join((*places, *values))} FROM {ident(name)}")
    items = [*keys, *(f"min({order}) AS {order}" for order in orders)]
    items += [f"{_merged(plan, fact, ask, times)} AS {ident(ask.ref)}" for fact, ask in asks]
    lines = [select(items), "FROM (", indented("\nUNION ALL\n".join(parts)), ") AS part"]
    if keys:
        lines.append(f"GROUP BY {', '.join(str(i + 1) for i in range(len(keys)))}")
    return "\n".join(lines)


def _merged(plan: Plan, fact: Fact, ask: Ask, times: Mapping[str, Calendar]) -> str:
    """A number of a cell; where a fact has no row, counts are 0, and over time sums too, to be held against others."""
    value = f"max({ident(ask.ref)})"
    # A balance or price of which a period has no row is not 0: nobody looked.
    sums = plan.time is not None and ask.measure.agg == "sum" and _adds_over(ask.measure, fact.over or plan.time.role)
    if not (ask.measure.counts or sums):
        return value
    if fact.how.shifts:
        return f"CASE WHEN {times[fact.over].reached(fact)} THEN coalesce({value}, 0) END"
    return f"coalesce({value}, 0)"


def _adds_over(measure: Measure, role: str) -> bool:
    return measure.semi is None and measure.adds and role not in measure.not_over
