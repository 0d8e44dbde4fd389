"""The SQL of one fact aggregated to the asked grain, and of several brought side by side.

May import: sql, olap.conditions, olap.model, olap.plan.   Imported by: olap.compile.
"""

from crm_analytics.olap.conditions import Params, Term, condition_sql
from crm_analytics.olap.model import Cube, Measure
from crm_analytics.olap.plan import Ask, Axis, Fact, Plan
from crm_analytics.sql import ident

# Columns of the ranking of a top-N.  Names with a space: no column of a fact is called so.
MEMBER, RANK, TOP = '"top member"', '"top rank"', '"top_member"'


def select(items: list[str]) -> str:
    """SELECT with one item a line."""
    return "SELECT\n  " + ",\n  ".join(items)


def indented(text: str) -> str:
    """Two spaces before every line, for what stands within parentheses."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def cte(name: str, row: str, body: str) -> str:
    """A named step; its comment says what one row is."""
    return f"{ident(name)} AS (  -- {row}\n{indented(body)}\n)"


def cells(plan: Plan, params: Params, prefix: str = "") -> list[str]:
    """The CTEs that end in `cells_name(plan, prefix)`: one row a cell, with every aggregate needed."""
    split = ", ".join(axis.ref for axis in plan.axes)
    row = f"one combination of {split}" if split else "the whole"
    names = [f"{prefix}{fact.cube.name}_cell" for fact in plan.facts]
    ctes = [
        cte(name, f"{row}, from {fact.cube.name}", _aggregated(plan, fact, params))
        for name, fact in zip(names, plan.facts, strict=True)
    ]
    if len(names) > 1:
        ctes.append(cte(cells_name(plan, prefix), f"{row}, with the measures of all", _side_by_side(plan, names)))
    return ctes


def cells_name(plan: Plan, prefix: str = "") -> str:
    """The CTE that holds the finished aggregates."""
    return f"{prefix}{plan.facts[0].cube.name}_cell" if len(plan.facts) == 1 else f"{prefix}all_cell"


def _aggregated(plan: Plan, fact: Fact, params: Params) -> str:
    grouped = _grouped(plan)
    items = [f"{sql} AS {name}" if sql != name else name for sql, name in grouped]
    if plan.totals:
        items += [f"GROUPING({_bit_of(axis, plan)}) AS {axis.rolled}" for axis in plan.axes]
    # Where a member has several, olap.order takes the smallest of all its cells.
    items += [f"min({axis.order}) AS {axis.order}" for axis in plan.axes if axis.attribute.order_by]
    items += [f"{_typed(ask.measure)} AS {ident(ask.ref)}" for ask in fact.asks]
    lines = [select(items), *_from(plan, fact.cube, params)]
    if plan.before:
        terms = {axis.ref: Term(axis.column, axis.attribute.kind, axis.attribute.unknown) for axis in plan.filtered}
        found = [condition_sql(part, terms.__getitem__, params) for part in plan.before]
        lines.append("WHERE " + "\n  AND ".join(f"({part})" for part in found))
    # By position, not by name: a name could mean a column of the fact.
    if plan.totals and plan.axes:
        lines.append(f"GROUP BY GROUPING SETS ({', '.join(_grouping_sets(plan))})")
    elif plan.axes:
        lines.append(f"GROUP BY {', '.join(str(i + 1) for i in range(len(grouped)))}")
    return "\n".join(lines)


def _grouped(plan: Plan) -> list[tuple[str, str]]:
    """What is grouped by, as expression and name.  In a top-N the rank tells Others from an unknown member."""
    columns = [(axis.column, axis.column) for axis in plan.axes]
    if plan.top:
        first = plan.axes[0].column
        columns[:1] = [(f"CASE WHEN {RANK} IS NOT NULL THEN {first} END", first), (RANK, RANK)]
    return columns


def _bit_of(axis: Axis, plan: Plan) -> str:
    return RANK if plan.top and axis is plan.axes[0] else axis.column


def _grouping_sets(plan: Plan) -> list[str]:
    """A rollup along the rows, each level with and without the members across."""
    positions = [str(i + 1) for i in range(len(_grouped(plan)))]
    across = positions[-1:] if plan.across else []
    rows = positions[: len(positions) - len(across)]
    first = 2 if plan.top and rows else 1
    kept = [rows[:n] for n in (*range(len(rows), first - 1, -1), 0)] if rows else [[]]
    if plan.top and not rows:  # the member across and its rank
        return ["(1, 2)", "()"]
    sets = [[*r, *a] for r in kept for a in ((across, []) if across else ([],))]
    return [f"({', '.join(s)})" for s in sets]


def _from(plan: Plan, cube: Cube, params: Params) -> list[str]:
    """The fact joined to the dimensions that the question uses, and to no other."""
    used: dict[str, dict[str, Axis]] = {}
    for axis in (*plan.axes, *plan.filtered):
        used.setdefault(axis.role.name, {})[axis.ref] = axis
    lines = [""]
    own: list[str] = []
    for axes in used.values():
        role = cube.roles[next(iter(axes.values())).role.name]
        columns = [f"{_member(a, params)} AS {a.column}" for a in axes.values()]
        columns += [f"{a.attribute.order_by} AS {a.order}" for a in axes.values() if a.attribute.order_by]
        if not role.dimension.table:
            own += columns
            continue
        # In a sub-select of its own each dimension shows only names with a dot or a space, so that a column of the
        # fact is never ambiguous, whatever columns a load adds to a dimension.
        key = ident(f"{role.name} key")
        columns.insert(0, f"{ident(role.dimension.key)} AS {key}")
        # An inner join loses no row: the load gives every fact a key that its dimension has, 0 for unknown.
        # A left join takes DuckDB twice as long.
        lines.append(
            f"JOIN (SELECT {', '.join(columns)} FROM {ident(role.dimension.table)}) AS {ident(role.name)}\n"
            f"  ON {key} = {ident(cube.table)}.{ident(role.column)}"
        )
    table = ident(cube.table)
    lines[0] = f"FROM (SELECT *, {', '.join(own)} FROM {table}) AS {table}" if own else f"FROM {table}"
    if plan.top:
        kind = "LEFT JOIN" if plan.top.others else "JOIN"
        lines.append(f"{kind} {TOP} ON {MEMBER} IS NOT DISTINCT FROM {plan.axes[0].column}")
    return lines


def _member(axis: Axis, params: Params) -> str:
    """What a row is grouped by.

    A real member that is called as the unknown one is shown (a till's own "Unknown")
    is one with it: two rows of one name could not be told apart, and lost in a pivot.
    """
    if axis.attribute.kind != "text":
        return axis.attribute.sql
    return f"nullif({axis.attribute.sql}, {params.bind(f'unknown {axis.role.name}', axis.attribute.unknown)})"


def _typed(measure: Measure) -> str:
    """The aggregate as the type it has in a cell."""
    if measure.cell_type != measure.type:
        return f"CAST({measure.aggregate} AS {measure.cell_type})"
    return measure.aggregate


def _side_by_side(plan: Plan, names: list[str]) -> str:
    """Cells of several facts as one row each: at most one fact gives a value, so max() takes it.

    Not joins: those would need one coalesce a fact and attribute, and GROUP BY
    already treats unknown members as one.
    """
    asks = [ask for fact in plan.facts for ask in fact.asks]
    keys = [name for _, name in _grouped(plan)]
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
