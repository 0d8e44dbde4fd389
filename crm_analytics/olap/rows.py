"""The rows of one fact, each with the members that it leads to: the FROM and WHERE of every statement.

Whatever reaches rows goes through here, so that filters hold everywhere alike.
Not what is taken from the rows: that is `olap.fact` for cells.

May import: sql, olap.cohort, olap.conditions, olap.dimension, olap.filters, olap.model, olap.plan.
Imported by: olap.compile, olap.fact, olap.spine, olap.terms, olap.top, olap.window.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crm_analytics.olap.cohort import FIRST, acquired, day_axis
from crm_analytics.olap.conditions import Params, Term, condition_sql
from crm_analytics.olap.dimension import Role
from crm_analytics.olap.filters import Condition, Per, comparisons, conjuncts, only_of, pers
from crm_analytics.olap.plan import Axis, Fact
from crm_analytics.sql import ident


@dataclass(frozen=True, slots=True)
class Chosen:
    """A step that holds the members which a `Per` chose: one row each, a column `place` for each axis."""

    name: str
    axes: tuple[Axis, ...]

    def place(self, i: int) -> str:
        """The column with the member of axis `i`."""
        return ident(f"{self.name} {i}")

    @property
    def found(self) -> str:
        """Whether the row of a fact belongs to one of them."""
        return f"{ident(self.name)}.{ident('found')} IS TRUE"


Steps = Mapping[Per, Chosen]


@dataclass(frozen=True, slots=True)
class Rows:
    """One fact joined to the dimensions of `axes`, which hold those of every condition.

    A dimension is joined as it is where that cannot confuse names, and DuckDB plans
    that faster.  Otherwise it stands in a sub-select that shows only names with a dot
    or a space: where an attribute is an expression, or where the dimension has a
    column that a measure may mean (`customer_key`), whatever columns a load adds.

    `calendar` is a step that stands for the table of the role that the fact's time
    calculations follow: a row then belongs to another day.
    """

    fact: Fact
    axes: tuple[Axis, ...]
    calendar: str = ""
    bare: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        # Here and not where Rows are made: nobody can forget the conditions of the role that is asking.
        cube = self.fact.cube
        refs = [compare.name for part in cube.guard for compare in comparisons(part)]
        object.__setattr__(self, "axes", (*self.axes, *(Axis(ref, *cube.attribute(ref)) for ref in refs)))
        roles = {axis.role.name for axis in self.axes} | ({self.fact.over} if self.calendar else set())
        object.__setattr__(self, "bare", frozenset(role for role in roles if self._is_bare(role)))

    def member(self, axis: Axis) -> str:
        """The member of a row on an axis, NULL for the unknown one."""
        bare = axis.role.name in self.bare
        return f"{self._home(axis)}.{ident(axis.attribute.column) if bare else axis.column}"

    def order(self, axis: Axis) -> str:
        """What the member sorts by, where that is not itself."""
        bare = axis.role.name in self.bare
        return f"{self._home(axis)}.{ident(axis.attribute.order_column) if bare else axis.order}"

    def lines(
        self,
        conditions: Sequence[Condition],
        params: Params,
        steps: Steps | None = None,
        joins: Sequence[str] = (),
        also: Sequence[str] = (),
    ) -> list[str]:
        """FROM the fact, JOIN the dimensions and `joins`, WHERE the conditions hold, and `also`, which are SQL."""
        table = ident(self.fact.cube.table)
        lines = [f"FROM {table}"]
        held = (*self._guard, *conditions)
        for name in self._in_order(held):
            role = self.fact.cube.roles[name]
            if role.dimension.table:
                lines.append(self._join(role, params))
            elif name not in self.bare:
                own = columns_sql(self._of(name), params)
                lines[0] = f"FROM {self._with(role, lines[0].removeprefix('FROM '), own, params)} AS {table}"
        used = {per: steps[per] for part in conditions for per in pers(part)} if steps else {}
        lines += [*(self._marked(step) for step in used.values()), *joins]
        listed = {axis.ref: axis for axis in self.axes}

        def term(ref: str) -> Term:
            attribute = listed[ref].attribute
            return Term(self.member(listed[ref]), attribute.kind, attribute.unknown)

        parts = [condition_sql(part, term, params, lambda per: used[per].found) for part in held]
        parts += also
        return lines + (["WHERE " + "\n  AND ".join(f"({part})" for part in parts)] if parts else [])

    def _with(self, role: Role, rows: str, own: Sequence[str], params: Params) -> str:
        """The rows of the fact with columns of a dimension that has no table."""
        cube, first = self.fact.cube, role.dimension.first
        if first is None:
            return f"(SELECT *, {', '.join(own)} FROM {rows})"
        begun = cube.firsts[first.cube]
        day = day_axis(begun, first.date)
        inner = Rows(Fact(begun, ()), (day,))
        customer = f"{ident(begun.table)}.{ident(begun.roles[first.customer].column)}"
        days = [f'SELECT {customer} AS "first customer", min({inner.member(day)}) AS {FIRST}']
        days += [*inner.lines((), params, also=[f"{customer} <> 0"]), "GROUP BY 1"]  # key 0 is nobody known
        return acquired(cube, first, rows, own, days)

    def _in_order(self, conditions: Iterable[Condition]) -> list[str]:
        """The roles, those first whose conditions leave the fewest rows.

        DuckDB orders the joins itself, but filters the fact by their keys in the
        order of the text: 2 to 4 % of the time of the Star Schema Benchmark's flight 4.
        """
        ranks = {axis.role.name: 2 for axis in self.axes} | ({self.fact.over: 2} if self.calendar else {})
        for part in conditions:
            for compare in comparisons(part):
                name, sure = compare.name.partition(".")[0], compare is part and compare.operator in ("=", "in")
                ranks[name] = min(ranks[name], 0 if sure else 1)
        places = list(self.fact.cube.roles)
        return sorted(ranks, key=lambda name: (ranks[name], places.index(name)))

    @property
    def _guard(self) -> tuple[Condition, ...]:
        """The conditions of the role that is asking; those on days that are moved hold where they are moved."""
        guard = self.fact.cube.guard
        parts = (part for whole in guard for part in conjuncts(whole))
        return tuple(part for part in parts if not only_of(part, self.fact.over)) if self.calendar else guard

    def _home(self, axis: Axis) -> str:
        role = self.fact.cube.roles[axis.role.name]
        return ident(role.name if role.dimension.table else self.fact.cube.table)

    def _of(self, role: str) -> list[Axis]:
        return list({axis.ref: axis for axis in self.axes if axis.role.name == role}.values())

    def _is_bare(self, role: str) -> bool:
        """Whether every attribute of the role can be named as the column that it is."""
        columns = self.fact.cube.roles[role].dimension.columns
        if any(columns & ask.measure.words for ask in self.fact.asks if self.fact.cube.roles[role].dimension.table):
            return False
        return all(
            axis.attribute.column and not _merges(axis) and (axis.attribute.order_column or not axis.attribute.order_by)
            for axis in self._of(role)
        )

    def _join(self, role: Role, params: Params) -> str:
        """An inner join loses no row: the load gives every fact a key that its dimension has, 0 for unknown.

        A left join takes DuckDB twice as long.
        """
        table = self.calendar if self.calendar and role.name == self.fact.over else role.dimension.table
        table, alias = ident(table), ident(role.name)
        foreign = f"{ident(self.fact.cube.table)}.{ident(role.column)}"
        if role.name in self.bare:
            return f"JOIN {table} AS {alias} ON {alias}.{ident(role.dimension.key)} = {foreign}"
        key = ident(f"{role.name} key")
        columns = [f"{ident(role.dimension.key)} AS {key}", *columns_sql(self._of(role.name), params)]
        return f"JOIN (SELECT {', '.join(columns)} FROM {table}) AS {alias}\n  ON {key} = {foreign}"

    def _marked(self, step: Chosen) -> str:
        on = (f"{step.place(i)} IS NOT DISTINCT FROM {self.member(axis)}" for i, axis in enumerate(step.axes))
        return f"LEFT JOIN {ident(step.name)} ON {' AND '.join(on)}"


def columns_sql(axes: Iterable[Axis], params: Params) -> list[str]:
    """The members and what they sort by, over the table of the dimension."""
    listed = list(axes)
    columns = [f"{member_sql(axis, params)} AS {axis.column}" for axis in listed]
    return columns + [f"{a.attribute.order_by} AS {a.order}" for a in listed if a.attribute.order_by]


def member_sql(axis: Axis, params: Params) -> str:
    """What a row is grouped by, over the table of the dimension.

    A real member that is called as the unknown one is shown (a till's own "Unknown")
    is one with it: two rows of one name could not be told apart, and lost in a pivot.
    """
    if not _merges(axis):
        return axis.attribute.sql
    return f"nullif({axis.attribute.sql}, {params.bind(f'unknown {axis.role.name}', axis.attribute.unknown)})"


def _merges(axis: Axis) -> bool:
    return axis.attribute.kind == "text" and axis.attribute.namesake
