"""The SQL of semi-additive measures: what a fact holds on the last day of each cell, not the sum over its days.

A balance of each day adds up over customers and never over days (Kimball & Ross,
The Data Warehouse Toolkit, 3rd ed., ch. 4, "semi-additive facts").  Three steps,
each for all levels of totals at once, so that every total is taken anew from rows:

    rows -> one value a day (and member of `per`) -> the value of the day that counts -> their sum

A row without a value says nothing of its day, and days that are known win over
rows of no known day.  Not the choice of rows: that is `olap.rows`.

May import: sql, olap.conditions, olap.measure, olap.members, olap.plan, olap.rows, olap.text.   Imported by: olap.fact.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crm_analytics.olap.conditions import Params
from crm_analytics.olap.measure import Measure, SemiAdditive
from crm_analytics.olap.members import columns
from crm_analytics.olap.plan import RANK, Axis, Fact, Plan
from crm_analytics.olap.rows import Rows
from crm_analytics.olap.text import indented, select
from crm_analytics.sql import ident

# Names with a space: no column of a fact and no measure is called so.
DAY, BY, TAKEN = '"day that counts"', '"order of the day"', '"day taken"'


def days_and_members(fact: Fact) -> tuple[Axis, ...]:
    """The attributes that the rows need beyond those of the question: the day, and members that are columns of rows."""
    if fact.take is None:
        return ()
    own = [role for name in fact.take.per if not (role := fact.cube.roles[name]).dimension.table]
    return (
        _day(fact, fact.take),
        *(Axis(f"{r.name}.{a.name}", r, a) for r in own for a in r.dimension.attributes.values()),
    )


def day_join(fact: Fact, calendar: str, params: Params) -> list[str]:
    """The join that says of rows moved to a `calendar` of later days on which day each was: that is the one taken.

    Moved by a month, the 29th to the 31st are one day and would be added up.
    """
    if fact.take is None or not _is_moved(fact, calendar):
        return []
    day = _day(fact, fact.take)
    role, key = day.role, ident(f"{day.role.name} key taken")
    listed = ", ".join((f"{ident(role.dimension.key)} AS {key}", *columns([day], params)))
    foreign = f"{ident(fact.cube.table)}.{ident(role.column)}"
    return [f"JOIN (SELECT {listed} FROM {ident(role.dimension.table)}) AS {TAKEN}\n  ON {key} = {foreign}"]


def _is_moved(fact: Fact, calendar: str) -> bool:
    return bool(calendar) and fact.take is not None and fact.take.over == fact.over


def _day(fact: Fact, take: SemiAdditive) -> Axis:
    role = fact.cube.roles[take.over]
    finest = role.dimension.finest[0]
    return Axis(f"{take.over}.{finest}", role, role.dimension.attributes[finest])


@dataclass(frozen=True, slots=True)
class Taken:
    """One fact of a question whose measures are taken so; `keys` are expressions over a row with their names."""

    plan: Plan
    fact: Fact
    take: SemiAdditive
    rows: Rows
    keys: tuple[tuple[str, str], ...]

    @property
    def members(self) -> tuple[tuple[str, str], ...]:
        """The keys whose members are taken one by one."""
        table, found = ident(self.fact.cube.table), []
        for name in self.take.per:
            role = self.fact.cube.roles[name]
            if role.dimension.table:
                found.append(f"{table}.{ident(role.column)}")
            else:
                found += [self.rows.member(a) for a in days_and_members(self.fact)[1:] if a.role is role]
        return tuple((sql, ident(f"member {i}")) for i, sql in enumerate(found, 1))

    @property
    def within(self) -> tuple[str, ...]:
        """What splits the rows of a cell in the first step."""
        return (*(name for _, name in self.members), DAY)

    def cells(self, lines: Sequence[str], grouped: str) -> str:
        """One row a cell, from these rows; `grouped` says the levels, split by `within`."""
        of_day = self._nested(select(self._day_items()), self._rows(lines), "one row of the fact")
        taken = self._nested(select(self._taken_items()), f"{of_day}\n{grouped}", f"one {self._unit} a day")
        names = [*self._places, *(name for _, name in self.members)]
        taken += _group(len(names))
        if not self.members:
            return self._with_total(taken)
        summed = [*self._places, *self._orders, *(self._sum(ask.measure, ident(ask.ref)) for ask in self.fact.asks)]
        last = self._nested(select(summed), taken, f"one {self._unit}")
        return self._with_total(last + _group(len(self._places)))

    def _rows(self, lines: Sequence[str]) -> str:
        # Apart from the grouping: of two equal expressions, a day shown and the day that counts,
        # DuckDB groups by one, and a total over the first would still be split by it.
        day = _day(self.fact, self.take)
        if _is_moved(self.fact, self.rows.calendar):
            order = f"{TAKEN}.{day.order if day.attribute.order_by else day.column}"
        else:
            order = self.rows.order(day) if day.attribute.order_by else self.rows.member(day)
        columns = [*self.keys, *self.members, (order, DAY), *([(self.take.by, BY)] if self.take.by else [])]
        columns += [(self.rows.order(axis), axis.order) for axis in self.plan.axes if axis.attribute.order_by]
        columns += [(_value(ask.measure), ident(ask.ref)) for ask in self.fact.asks]
        return "\n".join([select(f"{sql} AS {name}" for sql, name in columns), *lines])

    def _day_items(self) -> list[str]:
        items = [name for _, name in self.keys]
        if self.plan.totals:
            items += [f"GROUPING({RANK if a is self.plan.ranked else a.column}) AS {a.rolled}" for a in self.plan.axes]
        items += [*self.within, *self._orders]
        return items + [f"{self._of_day(ask.measure, ident(ask.ref))} AS {ident(ask.ref)}" for ask in self.fact.asks]

    def _of_day(self, measure: Measure, name: str) -> str:
        if self.take.by:
            # Of equals the larger (or smaller) value: the same whichever thread comes first.
            arg = "arg_max" if self.take.take == "last" else "arg_min"
            one = f"{arg}({name}, row({BY}, {name})) FILTER (WHERE {BY} IS NOT NULL)"
            return f"coalesce({one}, max({name}))"
        aggregate = replace(measure, sql=name, where="").aggregate
        return f"nullif({aggregate}, 0)" if measure.counts else aggregate

    def _taken_items(self) -> list[str]:
        items = [*self._places, *(name for _, name in self.members), *self._orders]
        for ask in self.fact.asks:
            name = ident(ask.ref)
            if self.take.take == "avg":
                value = f"coalesce(avg({name}) FILTER (WHERE {DAY} IS NOT NULL), avg({name}))"
            else:
                arg = "arg_max" if self.take.take == "last" else "arg_min"
                value = f"coalesce({arg}({name}, {DAY}), max({name}) FILTER (WHERE {DAY} IS NULL))"
            items.append(f"{value} AS {name}" if self.members else self._finished(ask.measure, value, name))
        return items

    def _sum(self, measure: Measure, name: str) -> str:
        return self._finished(measure, f"sum({name})", name)

    @staticmethod
    def _finished(measure: Measure, value: str, name: str) -> str:
        value = f"coalesce({value}, 0)" if measure.counts else value
        return f"CAST({value} AS {measure.cell_type}) AS {name}" if measure.cell_type else f"{value} AS {name}"

    def _with_total(self, cells: str) -> str:
        """With totals there is a grand total of nothing too, as a grouping set over no rows gives."""
        if not self.plan.totals:
            return cells
        named = [name for _, name in self.keys]
        named += [f"coalesce({axis.rolled}, 1) AS {axis.rolled}" for axis in self.plan.axes]
        named += [axis.order for axis in self.plan.axes if axis.attribute.order_by]
        for ask in self.fact.asks:
            name = ident(ask.ref)
            named.append(f"coalesce({name}, 0) AS {name}" if ask.measure.counts else name)
        return f"{select(named)}\nFROM (SELECT 1 AS one)\nLEFT JOIN (\n{indented(cells)}\n) AS cell ON TRUE"

    @property
    def _places(self) -> list[str]:
        return [name for _, name in self.keys] + ([axis.rolled for axis in self.plan.axes] if self.plan.totals else [])

    @property
    def _orders(self) -> list[str]:
        return [f"min({axis.order}) AS {axis.order}" for axis in self.plan.axes if axis.attribute.order_by]

    @property
    def _unit(self) -> str:
        return f"{', '.join(self.take.per)} of a cell" if self.take.per else "cell"

    @staticmethod
    def _nested(head: str, inner: str, row: str) -> str:
        return f"{head}\nFROM (  -- {row}\n{indented(inner)}\n) AS part"


def _value(measure: Measure) -> str:
    """What one row gives to the aggregate, NULL where it does not count."""
    value = measure.sql or "1"
    return f"CASE WHEN {measure.where} THEN {value} END" if measure.where else value


def _group(count: int) -> str:
    return f"\nGROUP BY {', '.join(str(i + 1) for i in range(count))}" if count else ""
