"""Numbers over a window of days (year to date, the last 90 days), counted anew from rows for each period shown.

The days are first cut into stretches that no window begins or ends within.
Sums, counts and extremes are taken for each stretch and then over the stretches of
a window; a distinct count keeps the distinct values of each stretch and counts
them over the window, so it is never a sum of counts; everything else goes
back to the rows.

May import: sql, olap.calc, olap.conditions, olap.filters, olap.plan, olap.rows, olap.spine, olap.text, olap.timing.
Imported by: olap.fact.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm_analytics.olap.calc import How, Window
from crm_analytics.olap.conditions import Params
from crm_analytics.olap.filters import only_of
from crm_analytics.olap.plan import Ask, Axis, Fact, Plan
from crm_analytics.olap.rows import Rows, Steps
from crm_analytics.olap.spine import DAY, FROM, KEY, LAST, TO, Calendar
from crm_analytics.olap.text import cte, select
from crm_analytics.olap.timing import recount, to_date_period
from crm_analytics.sql import ident

STRETCH, EDGE = ident("stretch of days"), ident("edge day")


@dataclass(frozen=True, slots=True)
class Windowed:
    """One fact of a question whose measures are taken over windows.

    `rows` are its rows without the calendar; `keys` the attributes of other
    dimensions, each as what is grouped by, expression and name; `ranks` the joins of a top-N,
    `also` its condition on rows.
    """

    calendar: Calendar
    fact: Fact
    rows: Rows
    keys: Mapping[str, Sequence[tuple[str, str]]]
    ranks: Sequence[str]
    also: Sequence[str]

    @property
    def plan(self) -> Plan:
        """The question."""
        return self.calendar.plan

    def cells(self, name: str, row: str, params: Params, steps: Steps) -> Iterator[str]:
        """The steps that end in `name`: one row a cell."""
        conditions = [part for part in self.plan.before if not only_of(part, self.fact.over)]
        joins = [f"JOIN {ident(self._name('day'))} ON {KEY} = {self._foreign}", *self.ranks]
        if self._is_in_parts:
            lines = self.rows.lines(conditions, params, steps, joins, self.also)
            yield cte(self._part, "one combination within a stretch of days", self._parts(lines))
        bodies = []
        for level in self.calendar.levels:
            if self._is_in_parts:
                lines = [f"FROM {ident(self._part)}", self._join(self._part, level)]
            else:
                lines = self.rows.lines(
                    conditions, params, steps, [*joins, self._join(self._name("day"), level)], self.also
                )
            bodies.append(self._level(level, lines))
        yield cte(name, row, "\nUNION ALL\n".join(bodies))

    def _name(self, what: str) -> str:
        """A step that all windows of one kind share."""
        return self.calendar.name(f"{self.fact.how} {what}")

    @property
    def _part(self) -> str:
        return f"{self.calendar.prefix}{self.fact.name} part"

    @property
    def _is_in_parts(self) -> bool:
        return recount(self.fact.asks[0]) != "rows"

    @property
    def _foreign(self) -> str:
        return f"{ident(self.fact.cube.table)}.{ident(self.fact.cube.roles[self.fact.over].column)}"

    def _join(self, stretches: str, level: tuple[Axis, ...]) -> str:
        window = ident(self._name("window"))
        on = [f"{window}.{STRETCH} = {ident(stretches)}.{STRETCH}"]
        if self.plan.totals:
            on += [f"{window}.{axis.rolled} = {0 if axis in level else 1}" for axis in self.calendar.axes]
        return f"JOIN {window} ON {' AND '.join(on)}"

    def _parts(self, lines: list[str]) -> str:
        keys = [f"{ident(self._name('day'))}.{STRETCH}"]
        keys += [f"{sql} AS {name}" if sql != name else name for columns in self.keys.values() for sql, name in columns]
        orders = [f"min({self.rows.order(a)}) AS {a.order}" for a in self._others if a.attribute.order_by]
        values = []
        for ask in self.fact.asks:
            if ask.measure.agg == "count_distinct":
                keys.append(f"{_value(ask)} AS {ident(ask.ref)}")
            else:
                values.append(f"{ask.measure.typed_aggregate} AS {ident(ask.ref)}")
        positions = ", ".join(str(i + 1) for i in range(len(keys)))
        return "\n".join([select([*keys, *orders, *values]), *lines, f"GROUP BY {positions}"])

    @property
    def _others(self) -> list[Axis]:
        return [axis for axis in self.plan.axes if axis.ref in self.keys]

    def _level(self, level: tuple[Axis, ...], lines: list[str]) -> str:
        """The cells of one level of time, with every level of the other attributes that goes with it."""
        sets = [kept for kept in self.plan.levels if self.calendar.of(kept) == level]
        known = {axis.ref for kept in sets for axis in kept}
        items: list[str] = []
        flags: list[str] = []
        places: dict[str, list[str]] = {}
        for axis in self.plan.axes:
            flag = "0" if axis.ref in known else "1"
            for sql, name in self._sources(axis):
                items.append(f"{sql if axis.ref in known else 'NULL'} AS {name}")
                places.setdefault(axis.ref, []).append(str(len(items)))
                flag = f"GROUPING({sql})" if axis.ref in known and axis.ref in self.keys else flag
            flags.append(f"{flag} AS {axis.rolled}")
        items += flags if self.plan.totals else []
        items += [f"{self._order(a, a.ref in known)} AS {a.order}" for a in self.plan.axes if a.attribute.order_by]
        items += [f"{self._again(ask)} AS {ident(ask.ref)}" for ask in self.fact.asks]
        grouped = [", ".join(place for axis in kept for place in places[axis.ref]) for kept in sets]
        last = f"GROUP BY GROUPING SETS ({', '.join(f'({one})' for one in grouped)})"
        last = last if len(grouped) > 1 else f"GROUP BY {grouped[0]}"
        return "\n".join([select(items), *lines, *([last] if any(grouped) else [])])

    def _sources(self, axis: Axis) -> Sequence[tuple[str, str]]:
        """What a cell is grouped by on an axis, as expression and name."""
        if axis.ref not in self.keys:
            return [(f"{ident(self._name('window'))}.{axis.column}", axis.column)]
        columns = self.keys[axis.ref]
        return [(f"{ident(self._part)}.{name}", name) for _, name in columns] if self._is_in_parts else columns

    def _order(self, axis: Axis, known: bool) -> str:
        if not known:
            return "NULL"
        if axis.ref not in self.keys:
            return f"min({ident(self._name('window'))}.{axis.order})"
        return f"min({ident(self._part)}.{axis.order})" if self._is_in_parts else f"min({self.rows.order(axis)})"

    def _again(self, ask: Ask) -> str:
        """A measure over all parts of a window, or over its rows."""
        name, measure = ident(ask.ref), ask.measure
        match measure.agg:
            case "count_distinct":
                return f"count(DISTINCT {name})"
            case "count":
                return f"coalesce(CAST(sum({name}) AS BIGINT), 0)"
            case "sum":
                return f"CAST(sum({name}) AS {measure.cell_type})" if measure.cell_type else f"sum({name})"
            case "min" | "max" as agg:
                return f"{agg}({name})"
            case _:
                return measure.typed_aggregate


def windows(calendar: Calendar, how: How) -> Iterator[str]:
    """The steps of one kind of window: where each begins and ends, the stretches of days, and which are whose."""
    assert how.window
    span, day, window = (calendar.name(f"{how} {what}") for what in ("span", "day", "window"))
    to = calendar.back(LAST, how.shifts)
    inner = f"(SELECT *, {to} AS {TO} FROM {ident(calendar.name('period'))})"
    first, join = _first(calendar, how.window)
    lines = [select(["*", f"greatest({first}, {calendar.first}) AS {FROM}"]), f"FROM {inner}", *join]
    yield cte(span, f"one period shown, with the first and the last day of '{how}'", "\n".join(lines))
    edges = f"SELECT {FROM} AS {EDGE} FROM {ident(span)} UNION SELECT {TO} + 1 FROM {ident(span)}"
    lines = [
        select([f"{calendar.key} AS {KEY}", f"max({EDGE}) OVER (ORDER BY {calendar.day}) AS {STRETCH}"]),
        f"FROM {calendar.table} LEFT JOIN ({edges}) ON {EDGE} = {calendar.day}",
        f"WHERE {calendar.day} IS NOT NULL",
    ]
    yield cte(day, "one day, with the first of the stretch in which it stands", "\n".join(lines))
    lines = [
        select(["*"]),
        f"FROM {ident(span)} JOIN (SELECT DISTINCT {STRETCH} FROM {ident(day)}) ON {STRETCH} BETWEEN {FROM} AND {TO}",
    ]
    yield cte(window, "one period shown and one stretch of days in its window", "\n".join(lines))


def _first(calendar: Calendar, window: Window) -> tuple[str, list[str]]:
    """The first day of a window that ends with `TO`, and a join that it needs."""
    if window.trailing:
        return f"{calendar.back(TO, (window.trailing,))} + 1", []
    if not window.to_date:
        return calendar.first, []
    period = to_date_period(window, calendar.axes)
    if not period.startswith("retail_"):
        return (TO, []) if period == "day" else (f"CAST(date_trunc('{period}', {TO}) AS DATE)", [])
    attribute = next(a for a in calendar.role.dimension.attributes.values() if a.period == period)
    begins = f"min({calendar.day}) OVER (PARTITION BY {attribute.sql}) AS {EDGE}"
    starts = f"(SELECT {calendar.day} AS {DAY}, {begins} FROM {calendar.table})"
    return EDGE, [f"LEFT JOIN {starts} ON {DAY} = {TO}"]


def _value(ask: Ask) -> str:
    """What a distinct count tells apart, of one row."""
    return f"CASE WHEN {ask.measure.where} THEN {ask.measure.sql} END" if ask.measure.where else ask.measure.sql
