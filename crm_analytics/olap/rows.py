"""The rows of one fact, each with the members that it leads to: the FROM and WHERE of every statement.

Whatever reaches rows goes through here, so that filters hold everywhere alike.
Not what is taken from the rows: that is `olap.fact` for cells.  A rollup stands in for them in `olap.stored`.

May import: sql, olap.bridge, olap.cohort, olap.conditions, olap.dimension, olap.filters, olap.measure, olap.members,
olap.plan, olap.versions.
Imported by: olap.behind, olap.compile, olap.fact, olap.semi, olap.stored, olap.terms, olap.top, olap.why, olap.window.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from crm_analytics.olap.bridge import Choice, Cut, bridge_join, chooser, rank_of
from crm_analytics.olap.cohort import FIRST, acquired, day_axis
from crm_analytics.olap.conditions import Params
from crm_analytics.olap.dimension import Role
from crm_analytics.olap.filters import Condition, Per, comparisons, conjuncts, only_of, pers
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.members import columns, merges, table_of
from crm_analytics.olap.plan import Axis, Fact, axis_of
from crm_analytics.olap.versions import day_of, version_join
from crm_analytics.sql import ident


@dataclass(frozen=True, slots=True)
class Chosen:
    """A step that holds the members which a `Per` chose: one row each, a column `place` for each axis.

    With `out` it holds those that it did not choose, for members without any row are among the chosen.
    """

    name: str
    axes: tuple[Axis, ...]
    out: bool = False

    def place(self, i: int) -> str:
        """The column with the member of axis `i`."""
        return ident(f"{self.name} {i}")

    @property
    def found(self) -> str:
        """Whether the row of a fact belongs to one of them."""
        return f"{ident(self.name)}.{ident('found')} IS {'NULL' if self.out else 'TRUE'}"

    def among(self, column: Callable[[Axis], str]) -> str:
        """Whether the members in these columns are one of them."""
        same = (f"{self.place(i)} IS NOT DISTINCT FROM {column(axis)}" for i, axis in enumerate(self.axes))
        return f"{'NOT ' if self.out else ''}EXISTS (SELECT 1 FROM {ident(self.name)} WHERE {' AND '.join(same)})"


Steps = Mapping[Per, Chosen]


@dataclass(frozen=True, slots=True)
class Rows:
    """One fact joined to the dimensions of `axes`, which hold those of every condition.

    A dimension is joined as it is where that cannot confuse names, and DuckDB plans
    that faster.  Otherwise it stands in a sub-select that shows only names with a dot
    or a space: where an attribute is an expression, or where the dimension has a
    column that a measure may mean (`customer_key`), whatever columns a load adds.

    `calendar` is a step that stands for the table of the role that the fact's time
    calculations follow: a row then belongs to another day.  `cut` is the ranking of a
    top-N over an axis of which a row may have several members.
    """

    fact: Fact
    axes: tuple[Axis, ...]
    calendar: str = ""
    cut: Cut | None = None
    bare: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        # Here and not where Rows are made: nobody can forget the conditions of the role that is asking.
        more = list(self._guards().values())
        more += [day_of(self.fact.cube, axis) for axis in (*self.axes, *more) if axis.as_of == "sale"]
        object.__setattr__(self, "axes", (*self.axes, *more))
        aliases = {axis.alias for axis in self.axes} | ({self.fact.over} if self.calendar else set())
        object.__setattr__(self, "bare", frozenset(alias for alias in aliases if self._is_bare(alias)))

    def member(self, axis: Axis) -> str:
        """The member of a row on an axis, NULL for the unknown one."""
        bare = axis.alias in self.bare
        return f"{self._home(axis)}.{ident(axis.attribute.column) if bare else axis.column}"

    def order(self, axis: Axis) -> str:
        """What the member sorts by, where that is not itself."""
        bare = axis.alias in self.bare
        return f"{self._home(axis)}.{ident(axis.attribute.order_column) if bare else axis.order}"

    def rank(self, cut: Cut) -> str:
        """The rank of a row's member in the top-N that cuts an axis of several members."""
        return rank_of(cut.axis.role.name, cut)

    def aggregate(self, measure: Measure) -> str:
        """A measure taken from the rows."""
        return measure.aggregate

    def typed_aggregate(self, measure: Measure) -> str:
        """The same as the type it has in a cell, to compute on with."""
        return measure.typed_aggregate

    def lines(
        self,
        conditions: Sequence[Condition],
        params: Params,
        steps: Steps | None = None,
        joins: Sequence[str] = (),
        also: Sequence[str] = (),
    ) -> list[str]:
        """FROM the fact, JOIN the dimensions and `joins`, WHERE the conditions hold, and `also`, which are SQL."""
        steps = steps or {}
        inside, outside = self._choices(conditions, steps)
        lines, parts = self.joined((*self.fact.cube.guard, *conditions), inside, params)
        used = {per: steps[per] for one in outside for per in pers(one.part)}
        lines += [*(self._marked(step) for step in used.values()), *joins]
        parts += [*(one.sql(self.member, params) for one in outside), *also]
        return lines + (["WHERE " + "\n  AND ".join(f"({part})" for part in parts)] if parts else [])

    def joined(
        self, held: Sequence[Condition], inside: Mapping[str, Sequence[Choice]], params: Params
    ) -> tuple[list[str], list[str]]:
        """FROM the fact, JOIN the dimensions, and the conditions that their joins bring; `held` are those to follow."""
        table = ident(self.fact.cube.table)
        lines, last, parts = [f"FROM {table}"], [], []
        for alias in self._in_order(held):
            axes = self._of(alias)
            role = self.fact.cube.roles[axes[0].role.name if axes else alias]
            if axes and axes[0].as_of != "today":
                last.append(self._version(role, axes, params))  # behind the day that it is compared with
            elif role.dimension.bridge:
                join, part = self._bridge(role, axes, inside.get(role.name, ()), params)
                lines.append(join)
                parts += part
            elif role.dimension.table:
                lines.append(self._join(role, params))
            elif alias not in self.bare:
                own = columns(axes, params)
                lines[0] = f"FROM {self._with(role, lines[0].removeprefix('FROM '), own, params)} AS {table}"
        return [*lines, *last], parts

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

    def _guards(self) -> dict[str, Axis]:
        """What the conditions of the role that is asking compare, read as by default: no question can move them."""
        cube = self.fact.cube
        refs = (compare.name for part in cube.guard for compare in comparisons(part))
        return {ref: axis_of(cube, ref, shown=False) for ref in refs}

    def _choices(self, conditions: Sequence[Condition], steps: Steps) -> tuple[dict[str, list[Choice]], list[Choice]]:
        """The conditions on members of each role of which a row may have several, and those on the row."""
        asked = {axis.ref: axis for axis in reversed(self.axes)}  # of two, the question's comes first and stays
        guards = self._guards()
        held = [(part, guards) for part in self._guard]
        inside: dict[str, list[Choice]] = {}
        outside: list[Choice] = []
        for part, axes in (*held, *((part, asked) for part in conditions)):
            if role := chooser(part, axes):
                choice = Choice(part, axes, lambda per, column: steps[per].among(column))
                inside.setdefault(role, []).append(choice)
            else:
                outside.append(Choice(part, axes, lambda per, column: steps[per].found))
        return inside, outside

    @property
    def _guard(self) -> tuple[Condition, ...]:
        """The conditions of the role that is asking; those on days that are moved hold where they are moved."""
        parts = tuple(part for whole in self.fact.cube.guard for part in conjuncts(whole))
        return tuple(part for part in parts if not only_of(part, self.fact.over)) if self.calendar else parts

    def _in_order(self, conditions: Iterable[Condition]) -> list[str]:
        """What the dimensions are called in the statement, those first whose conditions leave the fewest rows.

        DuckDB orders the joins itself, but filters the fact by their keys in the
        order of the text: 2 to 4 % of the time of the Star Schema Benchmark's flight 4.
        """
        roles = {axis.alias: axis.role.name for axis in self.axes} | (
            {self.fact.over: self.fact.over} if self.calendar else {}
        )
        ranks = dict.fromkeys(roles, 2)
        for part in conditions:
            for compare in comparisons(part):
                name, sure = compare.name.partition(".")[0], compare is part and compare.operator in ("=", "in")
                ranks |= {a: min(ranks[a], 0 if sure else 1) for a, role in roles.items() if role == name}
        places = list(self.fact.cube.roles)
        return sorted(ranks, key=lambda alias: (ranks[alias], places.index(roles[alias])))

    def _home(self, axis: Axis) -> str:
        role = self.fact.cube.roles[axis.role.name]
        return ident(axis.alias if role.dimension.table else self.fact.cube.table)

    def _of(self, alias: str) -> list[Axis]:
        """The axes of one dimension at one time; of two alike the one that is shown."""
        found: dict[str, Axis] = {}
        for axis in self.axes:
            if axis.alias == alias and (axis.shown or axis.ref not in found):
                found[axis.ref] = axis
        return list(found.values())

    def _is_bare(self, alias: str) -> bool:
        """Whether every attribute can be named as the column that it is."""
        axes = self._of(alias)
        dimension = self.fact.cube.roles[axes[0].role.name if axes else alias].dimension
        if dimension.bridge or (axes and axes[0].as_of != "today"):
            return False
        if any(dimension.columns & ask.measure.words for ask in self.fact.asks if dimension.table):
            return False
        return all(
            axis.attribute.column and not merges(axis) and (axis.attribute.order_column or not axis.attribute.order_by)
            for axis in axes
        )

    def _join(self, role: Role, params: Params) -> str:
        """An inner join loses no row: the load gives every fact a key that its dimension has, 0 for unknown.

        A left join takes DuckDB twice as long.
        """
        axes, alias = self._of(role.name), ident(role.name)
        moved = ident(self.calendar) if self.calendar and role.name == self.fact.over else ""
        if role.name in self.bare:
            table = moved or ident(role.dimension.table)
            return f"JOIN {table} AS {alias} ON {alias}.{ident(role.dimension.key)} = {self._foreign(role)}"
        key = ident(f"{role.name} key")
        listed = [f"{ident(role.dimension.key)} AS {key}", *columns(axes, params)]
        table = moved or table_of(axes)
        return f"JOIN (SELECT {', '.join(listed)} FROM {table}) AS {alias}\n  ON {key} = {self._foreign(role)}"

    def _version(self, role: Role, axes: Sequence[Axis], params: Params) -> str:
        if axes[0].as_of != "sale":
            return version_join(role, self._foreign(role), axes, "", params)
        sold = day_of(self.fact.cube, axes[0])
        if not self.calendar or sold.role.name != self.fact.over:
            return version_join(role, self._foreign(role), axes, self.member(sold), params)
        # Moved to another day, a row still belongs to the version of the day on which it was sold.
        alias, key, day = (ident(f"{axes[0].alias} {what}") for what in ("dated", "date key", "day"))
        columns = f"{ident(sold.role.dimension.key)} AS {key}, {sold.attribute.sql} AS {day}"
        join = f"JOIN (SELECT {columns} FROM {ident(sold.role.dimension.table)}) AS {alias}"
        versions = version_join(role, self._foreign(role), axes, f"{alias}.{day}", params)
        return f"{join} ON {alias}.{key} = {self._foreign(sold.role)}\n{versions}"

    def _bridge(
        self, role: Role, axes: Sequence[Axis], chosen: Sequence[Choice], params: Params
    ) -> tuple[str, list[str]]:
        cut = self.cut if self.cut and self.cut.axis.role.name == role.name else None
        return bridge_join(role, self._foreign(role), axes, chosen, cut, params)

    def _foreign(self, role: Role) -> str:
        return f"{ident(self.fact.cube.table)}.{ident(role.column)}"

    def _marked(self, step: Chosen) -> str:
        on = (f"{step.place(i)} IS NOT DISTINCT FROM {self.member(axis)}" for i, axis in enumerate(step.axes))
        return f"LEFT JOIN {ident(step.name)} ON {' AND '.join(on)}"
