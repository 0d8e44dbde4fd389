"""The calendar of a question over time: the days and periods that it shows, and days moved by a year.

Gaps come from the calendar's own table, so a period without a row is as much
there as any.  Nothing here reads the rows of a fact, except for the first and
the last day that they speak of.

May import: sql, olap.calc, olap.conditions, olap.dimension, olap.filters, olap.members, olap.model, olap.plan,
olap.rows, olap.text.   Imported by: olap.fact, olap.incomplete, olap.window.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crm_analytics.olap.calc import Span
from crm_analytics.olap.conditions import Params, Term, condition_sql
from crm_analytics.olap.dimension import Role
from crm_analytics.olap.filters import Condition, conjuncts, only_of
from crm_analytics.olap.members import columns, member_sql
from crm_analytics.olap.model import Cube
from crm_analytics.olap.plan import Axis, Fact, Plan
from crm_analytics.olap.rows import Rows
from crm_analytics.olap.text import cte, indented, select
from crm_analytics.sql import ident

SINCE, UNTIL, DAY, LAST, FROM, TO = (
    ident(name) for name in ("since day", "until day", "one day", "last day", "from day", "to day")
)
KEY = ident("day key")


@dataclass(frozen=True, slots=True)
class Calendar:
    """One role of a calendar in a question; `prefix` begins the names of its steps."""

    plan: Plan
    role: Role
    prefix: str

    def name(self, what: str) -> str:
        """A step; names with a space cannot be those of a table or cube."""
        return f"{self.prefix}{self.role.name} {what}"

    @property
    def table(self) -> str:
        return ident(self.role.dimension.table)

    @property
    def key(self) -> str:
        return ident(self.role.dimension.key)

    @property
    def day(self) -> str:
        """The day of a row of the table."""
        attribute = self.role.dimension.day
        assert attribute
        return attribute.sql

    @property
    def first(self) -> str:
        """The first day there is."""
        return f"(SELECT min({self.day}) FROM {self.table})"

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Those axes of the question that are attributes of this calendar."""
        return tuple(axis for axis in self.plan.axes if axis.role.name == self.role.name)

    @property
    def levels(self) -> list[tuple[Axis, ...]]:
        """The axes of this calendar that are not rolled up, for each level of totals, each once."""
        levels = [self.of(level) for level in self.plan.levels]
        return list({tuple(axis.ref for axis in level): level for level in levels}.values())

    def of(self, level: tuple[Axis, ...]) -> tuple[Axis, ...]:
        """Those axes of a level that are attributes of this calendar."""
        return tuple(axis for axis in level if axis.role.name == self.role.name)

    def at(self, level: tuple[Axis, ...]) -> str:
        """The condition that picks the periods of a level out of all; '' where there is only one."""
        if not self.plan.totals or not self.axes:
            return ""
        name = ident(self.name("period"))
        return " AND ".join(f"{name}.{axis.rolled} = {0 if axis in level else 1}" for axis in self.axes)

    def steps(self, params: Params) -> Iterator[str]:
        """The range of the data, the days shown, and the periods shown with the totals over them."""
        shown = ", ".join(axis.ref for axis in self.axes) or "all"
        yield cte(self.name("range"), "the first and the last day to show", self._range(params))
        yield cte(self.name("day"), "one day of the periods shown", self._days(params))
        total = ", or the total over several" if self.plan.totals else ""
        yield cte(self.name("period"), f"one period shown, by {shown}{total}", self._periods())

    def later(self, fact: Fact, params: Params) -> str:
        """The calendar under the keys of days so long before: rows of a day count for the day as much later.

        Whoever may see only some days sees only those days moved.
        """
        shifts = fact.how.shifts
        guard = self._conditions(fact.cube.guard, params)
        where = f" WHERE {' AND '.join(f'({part})' for part in guard)}" if guard else ""
        on = f"target.{DAY} = {self.moved(f'source.{DAY}', shifts)}"
        lines = [
            f"SELECT target.* EXCLUDE ({DAY}) REPLACE (source.{KEY} AS {self.key})",
            f"FROM (SELECT {self.key} AS {KEY}, {self.day} AS {DAY} FROM {self.table}{where}) AS source",
            f"JOIN (SELECT *, {self.day} AS {DAY} FROM {self.table}) AS target ON {on}",
            f"WHERE target.{DAY} <= (SELECT {UNTIL} FROM {ident(self.name('range'))})",
        ]
        row = f"one day, under the key of the day {' '.join(map(str, shifts))} before"
        return cte(self.later_name(fact), row, "\n".join(lines))

    def later_name(self, fact: Fact) -> str:
        """The step that `later` gives; each cube has its own where it may not be seen whole."""
        named = f"{' '.join(map(str, fact.how.shifts))} later"
        return self.name(f"{named} for {fact.cube.name}" if fact.cube.guard else named)

    def moved(self, day: str, shifts: tuple[Span, ...]) -> str:
        """A day so much later.  A day that a shorter month lacks becomes its last."""
        for span in shifts:
            day = (
                f"{day} + {self._days_of(span)}" if self._days_of(span) else f"CAST({day} + {_interval(span)} AS DATE)"
            )
        return day

    def back(self, day: str, shifts: tuple[Span, ...]) -> str:
        """A day so much earlier; from the last of a month the last of the earlier one."""
        for span in shifts:
            if days := self._days_of(span):
                day = f"{day} - {days}"
            else:
                earlier = f"CAST({day} - {_interval(span)} AS DATE)"
                day = f"CASE WHEN {day} = last_day({day}) THEN last_day({earlier}) ELSE {earlier} END"
        return day

    def _days_of(self, span: Span) -> int:
        """A span as days; 0 where it is not the same number each time."""
        weekly = self.plan.time is not None and self.role.name in self.plan.time.by_weeks
        days = {"day": 1, "week": 7} | ({"quarter": 13 * 7, "year": 52 * 7} if weekly else {})
        return span.n * days.get(span.unit, 0)

    def _range(self, params: Params) -> str:
        cubes = {fact.cube.name: fact.cube for fact in self.plan.facts if self.role.name in fact.cube.roles}
        listed = "\nUNION\n".join(days_of(cube, self.role.name, params) for cube in cubes.values())
        known = f"WHERE {KEY} IN (\n{indented(listed)}\n)"
        ends = [a.attribute.sql for a in self.plan.time.ends if a.role.name == self.role.name] if self.plan.time else []
        over = f" OVER (PARTITION BY {', '.join(ends)})" if ends else ""
        items = [f"{self.key} AS {KEY}", f"min({self.day}){over} AS {FROM}", f"max({self.day}){over} AS {TO}"]
        if not ends:
            items[1:] = [f"{self.day} AS {FROM}", f"{self.day} AS {TO}"]
        inner = indented("\n".join([select(items), f"FROM {self.table}"]))
        return "\n".join([select([f"min({FROM}) AS {SINCE}", f"max({TO}) AS {UNTIL}"]), f"FROM (\n{inner}\n)", known])

    def _days(self, params: Params) -> str:
        where = self._conditions(self.plan.before, params)
        lines = [select([f"{self.day} AS {DAY}", *columns(self.axes, params)]), f"FROM {self.table}"]
        lines.append(f"JOIN {ident(self.name('range'))} ON {self.day} BETWEEN {SINCE} AND {UNTIL}")
        return "\n".join(lines + (["WHERE " + "\n  AND ".join(f"({part})" for part in where)] if where else []))

    def _conditions(self, conditions: Iterable[Condition], params: Params) -> list[str]:
        """Those of the conditions that speak of this calendar alone, over its table."""

        def term(ref: str) -> Term:
            attribute = self.role.attribute(ref.partition(".")[2])
            return Term(member_sql(Axis(ref, self.role, attribute), params), attribute.kind, attribute.unknown)

        parts = [part for one in conditions for part in conjuncts(one) if only_of(part, self.role.name)]
        return [condition_sql(part, term, params) for part in parts]

    def reached(self, fact: Fact) -> str:
        """Whether the data goes back far enough for a cell of a fact with shifts: if not, no row means nothing, not 0.

        The last day is that of the period of the cell, or of all that are shown.
        """
        last = f"(SELECT max({LAST}) FROM {ident(self.name('period'))})"
        since = self.moved(f"(SELECT {SINCE} FROM {ident(self.name('range'))})", fact.how.shifts)
        own = self.plan.time is not None and self.plan.time.fill and self.plan.time.role == self.role.name
        return f"{f'coalesce(max({LAST}), {last})' if own else last} >= {since}"

    def _periods(self) -> str:
        items = [axis.column for axis in self.axes]
        items += [f"GROUPING({axis.column}) AS {axis.rolled}" for axis in self.axes if self.plan.totals]
        items += [f"min({axis.order}) AS {axis.order}" for axis in self.axes if axis.attribute.order_by]
        lines = [select([*items, f"max({DAY}) AS {LAST}"]), f"FROM {ident(self.name('day'))}"]
        if self.axes:
            sets = ", ".join(f"({', '.join(axis.column for axis in level)})" for level in self.levels)
            lines.append(f"GROUP BY {f'GROUPING SETS ({sets})' if self.plan.totals else sets[1:-1]}")
        return "\n".join(lines)


def days_of(cube: Cube, role: str, params: Params) -> str:
    """The keys of the days that a fact speaks of, as far as they may be seen."""
    column = f"{ident(cube.table)}.{ident(cube.roles[role].column)}"
    return "\n".join([f"SELECT DISTINCT {column}", *Rows(Fact(cube, ()), ()).lines((), params)])


def calendars(plan: Plan, prefix: str) -> dict[str, Calendar]:
    """The calendars of a question by role: that of the question, and those that single numbers follow."""
    if plan.time is None:
        return {}
    home = {plan.time.role: plan.home.roles[plan.time.role]} if plan.time.fill else {}
    roles = home | {fact.over: fact.cube.roles[fact.over] for fact in plan.facts if fact.how}
    return {name: Calendar(plan, role, prefix) for name, role in roles.items()}


def _interval(span: Span) -> str:
    return f"INTERVAL {span.n} {span.unit.upper()}"
