"""The SQL behind an explanation.  Whatever reaches rows goes through `olap.rows`, so that every filter holds.

May import: sql, olap.conditions, olap.measure, olap.plan, olap.rows, olap.text, olap.top,
olap.explain.blocks, olap.explain.scope, olap.explain.shapes.   Imported by: olap.explain.explain.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from crm_analytics.olap.conditions import Params
from crm_analytics.olap.explain.blocks import Block, Counts, may_pair
from crm_analytics.olap.explain.scope import Scope
from crm_analytics.olap.explain.shapes import Ratio, Sum
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.plan import Axis, Plan
from crm_analytics.olap.rows import Rows, Steps
from crm_analytics.olap.text import indented, select
from crm_analytics.olap.top import chosen_members
from crm_analytics.sql import Query, ident

BEFORE, AFTER = "before", "after"
# Names with a space: no table, role or column of a star is called so.
CELL, CUSTOMER, MOVED, KEY = '"block cell"', '"each customer"', '"moved customer"', '"one customer key"'
# What became of a customer of either period; the first that holds.
GROUPS = (
    ("new", '"rows ever" = 0'),
    ("returning", '"rows before" = 0'),
    ("lost", '"rows after" = 0'),
    ("up", '"after" > "before"'),
    ("down", '"after" < "before"'),
    ("same", "TRUE"),
)


@dataclass(frozen=True, slots=True)
class _Statement:
    """One statement in the making: its values, its first steps, and the rows of one plan."""

    scope: Scope
    plan: Plan
    params: Params = field(default_factory=Params)

    def first(self) -> tuple[list[str], Steps]:
        """The steps that the filters of the question need."""
        return chosen_members(self.scope.model, self.plan, self.params)

    def rows(self, axes: Sequence[Axis]) -> Rows:
        """The rows of the plan, with these attributes and those of its conditions."""
        return Rows(self.plan.facts[0], (*axes, self.scope.day, *self.plan.filtered))

    def lines(self, rows: Rows, steps: Steps, joins: Sequence[str] = ()) -> list[str]:
        return rows.lines(self.plan.before, self.params, steps, joins)

    def when(self, rows: Rows, side: str) -> str:
        """Whether a row belongs to one of the periods, of which the plan lets only these through."""
        day, start = rows.member(self.scope.day), self.params.bind("after_start", self.scope.after.start)
        return f"{day} {'>=' if side == AFTER else '<'} {start}"

    def query(self, ctes: Sequence[str], lines: Sequence[str], what: str) -> Query:
        head = f"-- {self.scope.cube.name}: {self.scope.change.measure}, {self.scope.change.before} to {what}"
        start = [f"WITH {', '.join(ctes)}"] if ctes else []
        return Query("\n".join((head, *start, *lines)) + "\n", self.params.values)


def span_query(scope: Scope) -> Query:
    """The first and the last day of the rows that may be seen."""
    made = _Statement(scope, scope.reach)
    rows = made.rows(())
    day = rows.member(scope.day)
    return made.query((), [select([f'min({day}) AS "first"', f'max({day}) AS "last"']), *made.lines(rows, {})], "span")


def counts_query(scope: Scope) -> Query:
    """About how many members each attribute has, and how many combinations those of one role."""
    made = _Statement(scope, scope.plan)
    ctes, steps = made.first()
    rows = made.rows(scope.axes)
    items = [f"approx_count_distinct({rows.member(axis)}) AS {axis.column}" for axis in scope.axes]
    for role in dict.fromkeys(axis.role.name for axis in scope.axes):
        members = ", ".join(rows.member(axis) for axis in scope.axes if axis.role.name == role)
        items.append(f"approx_count_distinct(({members})) AS {ident(role)}")
    return made.query(ctes, [select(items), *made.lines(rows, steps)], "members")


def sums_query(scope: Scope, shape: Sum, blocks: Sequence[Block], counts: Counts) -> Query:
    """The sum before and after: in all, for each member, and for each pair of members of two attributes.

    The columns `left` and `right` number the attributes of a row from 1, and are equal where it is of one; 0 in all.
    """
    made = _Statement(scope, scope.plan)
    ctes, steps = made.first()
    for block in blocks:
        rows = made.rows(block.axes)
        members = ", ".join(f"{rows.member(axis)} AS {axis.column}" for axis in block.axes)
        order = ", ".join(axis.column for axis in block.axes)
        found = "\n".join((f"SELECT DISTINCT {members}", *made.lines(rows, steps)))
        body = (
            f"SELECT *, row_number() OVER (ORDER BY {order}) AS {block.name} FROM (",
            indented(found),
            ") AS member",
        )
        ctes.append(_kept(block.name, "one combination of members that occurs", body))
    sets = [[block] for block in blocks] + [list(two) for two in combinations([b for b in blocks if b.paired], 2)]
    ctes.append(_cells(made, shape, blocks, sets, steps))
    numbers = {axis.ref: i for i, axis in enumerate(scope.axes, 1)}
    parts = [_part(shape, blocks, [], [], numbers)]
    for group in sets:
        if len(group) == 1:
            pairs = list(combinations(group[0].axes, 2)) if group[0].paired else []
        else:
            pairs = [(one, other) for one in group[0].axes for other in group[1].axes]
        grouped = [[axis] for axis in group[0].axes] if len(group) == 1 else []
        grouped += [list(pair) for pair in pairs if may_pair(*pair, counts)]
        if grouped:
            parts.append(_part(shape, blocks, group, grouped, numbers))
    return made.query(ctes, ["\nUNION ALL\n".join(parts)], "sums")


def _cells(made: _Statement, shape: Sum, blocks: Sequence[Block], sets: Sequence[Sequence[Block]], steps: Steps) -> str:
    """The rows aggregated by the numbers of one or two blocks, and in all."""
    rows = made.rows([axis for block in blocks for axis in block.axes])
    names = [f"{block.name}.{block.name}" for block in blocks]
    items = [f"{name} AS {block.name}" for name, block in zip(names, blocks, strict=True)]
    level = f"GROUPING({', '.join(names)})" if names else "0"
    items.append(f"{level} AS {ident('level')}")
    items += _aggregates(made, rows, shape.grounds)
    joins = []
    for block in blocks:
        on = (f"{block.name}.{axis.column} IS NOT DISTINCT FROM {rows.member(axis)}" for axis in block.axes)
        joins.append(f"JOIN {block.name} ON {' AND '.join(on)}")
    grouped = [", ".join(f"{block.name}.{block.name}" for block in group) for group in sets]
    body = [select(items), *made.lines(rows, steps, joins)]
    body.append(f"GROUP BY GROUPING SETS ({', '.join(f'({one})' for one in (*grouped, ''))})")
    return _kept(CELL, "one combination of two blocks of attributes", body)


def _part(
    shape: Sum,
    blocks: Sequence[Block],
    group: Sequence[Block],
    grouped: Sequence[Sequence[Axis]],
    numbers: Mapping[str, int],
) -> str:
    """The cells of one or two blocks, added up to members of their attributes."""
    level = sum(1 << i for i, block in enumerate(reversed(blocks)) if block not in group)
    columns = {axis.ref: f"{block.name}.{axis.column}" for block in group for axis in block.axes}
    left, right = (_number(columns, numbers, last) for last in (False, True))
    member, other = (_member(columns, last) for last in (False, True))
    named = ((left, "left"), (right, "right"), (member, "member"), (other, "other"))
    items = [f"{sql} AS {ident(name)}" for sql, name in named]
    for side in (BEFORE, AFTER):
        items.append(f"{shape.sql(_summed(side))} AS {ident(side)}")
    lines = [select(items), f"FROM {CELL}"]
    lines += [f"JOIN {block.name} ON {block.name}.{block.name} = {CELL}.{block.name}" for block in group]
    lines.append(f"WHERE {CELL}.{ident('level')} = {level}")
    if grouped:
        sets = (f"({', '.join(columns[axis.ref] for axis in one)})" for one in grouped)
        lines.append(f"GROUP BY GROUPING SETS ({', '.join(sets)})")
    return "\n".join(lines)


def _number(columns: Mapping[str, str], numbers: Mapping[str, int], last: bool) -> str:
    """The number of the first or last attribute by which a row is grouped, 0 in all."""
    return _grouped({ref: (column, str(numbers[ref])) for ref, column in columns.items()}, last) or "0"


def _member(columns: Mapping[str, str], last: bool) -> str:
    """The member of the first or last attribute by which a row is grouped."""
    texts = {ref: (column, f"CAST({column} AS VARCHAR)") for ref, column in columns.items()}
    return _grouped(texts, last) or "CAST(NULL AS VARCHAR)"


def _grouped(columns: Mapping[str, tuple[str, str]], last: bool) -> str:
    listed = list(columns.values())
    cases = [f"WHEN GROUPING({column}) = 0 THEN {found}" for column, found in (reversed(listed) if last else listed)]
    return f"CASE {' '.join(cases)} END" if cases else ""


def ratio_query(scope: Scope, shape: Ratio, axes: Sequence[Axis]) -> Query:
    """Both sums of a ratio before and after, in all and for each member of each attribute.

    Straight from the rows: a distinct count cannot be taken from the cells of another.
    """
    made = _Statement(scope, scope.plan)
    ctes, steps = made.first()
    rows = made.rows(axes)
    columns = {axis.ref: rows.member(axis) for axis in axes}
    numbers = {axis.ref: i for i, axis in enumerate(scope.axes, 1)}
    items = [
        f"coalesce({_number(columns, numbers, last=False)}, 0) AS {ident('left')}",
        f"{_member(columns, last=False)} AS {ident('member')}",
    ]
    for name, part in (("over", shape.over), ("under", shape.under)):
        for side in (BEFORE, AFTER):
            items.append(f"{part.sql(_over_rows(made, rows, side))} AS {ident(f'{name} {side}')}")
    sets = ", ".join(f"({one})" for one in (*columns.values(), ""))
    lines = [select(items), *made.lines(rows, steps), f"GROUP BY GROUPING SETS ({sets})"]
    return made.query(ctes, lines, "ratio")


def bridge_query(scope: Scope, shape: Sum) -> Query:
    """The customers by what became of them, with their sum before and after.

    A customer is new who has no row before the second period, whatever the first was.
    """
    if scope.customer is None:
        raise AssertionError("only asked of a cube that reaches customers")
    made = _Statement(scope, scope.history)
    ctes, steps = made.first()
    rows = made.rows(())
    day = rows.member(scope.day)
    start = made.params.bind("before_start", scope.before.start)
    end = made.params.bind("before_end", scope.before.end)
    within = {BEFORE: f"{day} >= {start} AND {day} < {end}", AFTER: made.when(rows, AFTER)}
    key = f"{ident(scope.cube.table)}.{ident(scope.customer.column)}"
    items = [f"{key} AS {KEY}", f"count(*) FILTER (WHERE {made.when(rows, BEFORE)}) AS {ident('rows ever')}"]
    items += [f"count(*) FILTER (WHERE {within[side]}) AS {ident(f'rows {side}')}" for side in (BEFORE, AFTER)]
    items += _aggregates(made, rows, shape.grounds, within)
    body = [select(items), *made.lines(rows, steps), "GROUP BY 1"]
    ctes.append(_kept(CUSTOMER, "one customer", body))
    sums = [f"{shape.sql(_column(side))} AS {ident(side)}" for side in (BEFORE, AFTER)]
    one = select(["*", *sums]) + f'\nFROM {CUSTOMER}\nWHERE "rows before" > 0 OR "rows after" > 0'
    ctes.append(_kept(MOVED, "one customer of either period", (one,)))
    unknown = f"{KEY} IS NULL OR CAST({KEY} AS VARCHAR) = '0'"
    cases = [f"CASE WHEN {unknown} THEN 'unknown'", *(f"WHEN {test} THEN '{name}'" for name, test in GROUPS), "END"]
    group = "\n    ".join(cases)
    listed = [f"{group} AS {ident('group')}", f"count(*) AS {ident('customers')}"]
    listed += [f"sum({ident(side)}) AS {ident(side)}" for side in (BEFORE, AFTER)]
    return made.query(ctes, [select(listed), f"FROM {MOVED}", "GROUP BY 1"], "customers")


def _aggregates(
    made: _Statement, rows: Rows, grounds: Sequence[Measure], within: dict[str, str] | None = None
) -> list[str]:
    found = within or {side: made.when(rows, side) for side in (BEFORE, AFTER)}
    return [
        f"{_aggregate(ground, found[side])} AS {ident(f'{ground.name} {side}')}"
        for ground in grounds
        for side in (BEFORE, AFTER)
    ]


def _aggregate(ground: Measure, condition: str) -> str:
    counted = f"DISTINCT {ground.sql}" if ground.agg == "count_distinct" else ground.sql or "*"
    name = "count" if ground.agg == "count_distinct" else ground.agg
    where = f"({ground.where}) AND {condition}" if ground.where else condition
    return f"{name}({counted}) FILTER (WHERE {where})"


# Nothing there is 0 in a sum that is compared: a member that came was nothing before.
def _over_rows(made: _Statement, rows: Rows, side: str) -> Callable[[Measure], str]:
    condition = made.when(rows, side)
    return lambda ground: f"coalesce({_aggregate(ground, condition)}, 0)"


def _summed(side: str) -> Callable[[Measure], str]:
    return lambda ground: f"coalesce(sum({ident(f'{ground.name} {side}')}), 0)"


def _column(side: str) -> Callable[[Measure], str]:
    return lambda ground: f"coalesce({ident(f'{ground.name} {side}')}, 0)"


def _kept(name: str, row: str, body: Sequence[str]) -> str:
    """A step that is computed once, however often it is named: its numbers must be the same everywhere."""
    inside = "\n".join(body)
    return f"{name} AS MATERIALIZED (  -- {row}\n{indented(inside)}\n)"
