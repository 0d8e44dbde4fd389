"""Compile a cube query to one SQL statement.

Text in, text out: nothing here opens a connection or reads a file.  Each fact
is aggregated to the asked grain in its own CTE *before* facts meet, so a second
fact can never count a row twice ("drilling across", Kimball & Ross, The Data
Warehouse Toolkit, 3rd ed., ch. 4).  Totals are grouping sets over the same rows
and formulas are computed after aggregation, so each level is right by itself.

    CubeQuery --make_plan--> Plan --compile_query--> sql.Query

May import: sql, olap.conditions, olap.fact, olap.model, olap.order, olap.plan, olap.query.
Imported by: olap.browse, notebook.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from crm_analytics.olap.conditions import Params, Term, condition_sql
from crm_analytics.olap.fact import MEMBER, RANK, cells, cells_name, cte, select
from crm_analytics.olap.model import UNKNOWN, Cube, Measure, Model, ref_of
from crm_analytics.olap.order import CELL, order_by, order_value
from crm_analytics.olap.plan import Axis, Plan, make_plan, ranking
from crm_analytics.olap.query import CubeQuery
from crm_analytics.sql import Query, ident, literal

OTHERS = "Others"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer as people read it.  `unknown` is what an empty member is called."""

    name: str
    title: str
    format: str
    kind: Literal["dimension", "measure"]
    unknown: str = UNKNOWN


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement and what its columns mean.

    `order_columns` names, for attributes whose members do not sort by their
    labels, the extra column of the statement that they do sort by.
    """

    query: Query
    columns: tuple[Column, ...]
    order_columns: Mapping[str, str]


def compile_query(model: Model, query: CubeQuery) -> Compiled:
    """Compile a question to the statement that answers it.

    Raises
    ------
    UnknownName, QueryError, ConfigError : it cannot be answered; see `olap.plan.make_plan`.
    """
    plan = make_plan(model, query)
    params = Params()
    finished = _Finished(model, plan)
    ctes = [*_top_members(model, query, plan, params), *cells(plan, params)]
    lines = [_headline(plan), f"WITH {', '.join(ctes)}", select(_items(plan, finished, params))]
    lines.append(f"FROM {ident(cells_name(plan))} AS {CELL}")
    if plan.after:
        found = [condition_sql(part, finished.term, params) for part in plan.after]
        lines.append("WHERE " + "\n  AND ".join(f"({part})" for part in found))
    if keys := order_by(plan, finished.value):
        lines.append("ORDER BY\n  " + ",\n  ".join(keys))
    if plan.limit:
        lines.append(f"LIMIT {plan.limit}")
    order_columns = {axis.ref: f"{axis.ref} order" for axis in plan.axes if _order(plan, axis)}
    return Compiled(Query("\n".join(lines) + "\n", params.values), tuple(_columns(plan)), order_columns)


@dataclass(frozen=True, slots=True)
class _Finished:
    """Measures in a finished cell, where every aggregate they need stands in a column."""

    model: Model
    plan: Plan

    def value(self, ref: str) -> str:
        """The SQL of a measure under its name in the question."""
        return self._of(*self.model.measure(self.plan.home.name, ref))

    def term(self, ref: str) -> Term:
        """The same, to compare with."""
        _, measure = self.model.measure(self.plan.home.name, ref)
        return Term(self.value(ref) if measure.formula is None else f"({self.value(ref)})", measure.kind)

    def _of(self, cube: Cube, measure: Measure) -> str:
        if measure.formula is None:
            return f"{CELL}.{ident(ref_of(self.plan.home.name, cube.name, measure.name))}"

        def column(name: str) -> str:
            owner, found = self.model.measure(cube.name, name)
            return self._of(owner, found) if found.formula is None else f"({self._of(owner, found)})"

        return measure.formula.sql(column)


def _columns(plan: Plan) -> Iterator[Column]:
    """The columns for people: of two with one title each says whose it is."""
    axes = _distinct([(a.title, f"{a.role.title}: {a.attribute.title}", a.ref) for a in plan.axes])
    for axis, title in zip(plan.axes, axes, strict=True):
        yield Column(axis.ref, title, axis.attribute.format, "dimension", axis.attribute.unknown)
    asks = _distinct([(a.measure.title, f"{a.cube.title}: {a.measure.title}", a.ref) for a in plan.shown])
    for ask, title in zip(plan.shown, asks, strict=True):
        yield Column(ask.ref, title, ask.measure.format, "measure")


def _distinct(titles: list[tuple[str, str, str]]) -> list[str]:
    """The title of each; its longer title where two clash; with its name where those clash too."""
    short = Counter(title for title, _, _ in titles)
    longer = Counter(long for _, long, _ in titles)
    return [
        title if short[title] == 1 else long if longer[long] == 1 else f"{long} ({name})"
        for title, long, name in titles
    ]


def _headline(plan: Plan) -> str:
    asked = f"-- {plan.home.name}: {', '.join(ask.ref for ask in plan.shown)}"
    by = f" by {', '.join(axis.ref for axis in plan.axes)}" if plan.axes else ""
    top = f", the {plan.top.n} with the largest {plan.top.measure}" if plan.top else ""
    return asked + by + top + (", with totals" if plan.totals else "")


def _items(plan: Plan, finished: _Finished, params: Params) -> list[str]:
    items = [f"{_label(plan, axis, params)} AS {axis.column}" for axis in plan.axes]
    if plan.top:
        rolled = f" AND {CELL}.{plan.axes[0].rolled} = 0" if plan.totals else ""
        items.append(f'{CELL}.{RANK} IS NULL{rolled} AS "others"')
    if plan.totals:
        items.append(f'{_total(plan)} AS "total"')
    items += [f"{order} AS {axis.order}" for axis in plan.axes if (order := _order(plan, axis))]
    return items + [f"{finished.value(ask.ref)} AS {ident(ask.ref)}" for ask in plan.shown]


def _order(plan: Plan, axis: Axis) -> str:
    """What the members of an axis sort by, where that is not their label: '' where it is."""
    if plan.top and axis is plan.axes[0]:
        return f"{CELL}.{RANK}"
    if axis.attribute.order_by:
        return order_value(plan, axis)
    # Columns have no order but their own: the unknown member has to come last although its label may not.
    return f"{CELL}.{axis.column}" if axis is plan.across else ""


def _label(plan: Plan, axis: Axis, params: Params) -> str:
    """What a member is called: the unknown one by its dimension's word for it, a rolled-up one not at all.

    Numbers and dates stay what they are, and the unknown one of them empty,
    unless Others makes text of the column.
    """
    label = f"{CELL}.{axis.column}"
    first = plan.top is not None and axis is plan.axes[0]
    text = axis.attribute.kind in ("", "text")
    if first and not text:
        label = f"CAST({label} AS VARCHAR)"
    if first or text:
        label = f"coalesce({label}, {params.bind(f'unknown {axis.role.name}', axis.attribute.unknown)})"
    if first:
        label = f"CASE WHEN {CELL}.{RANK} IS NULL THEN {params.bind('others', OTHERS)} ELSE {label} END"
    return f"CASE WHEN {CELL}.{axis.rolled} = 0 THEN {label} END" if plan.totals else label


def _total(plan: Plan) -> str:
    """Which attributes a row is a total over: '' for a cell, 'all' for the grand total."""
    refs = [row.ref for row in plan.rows]
    cases = []
    for kept, row in enumerate(plan.rows):
        for over in (1, 0) if plan.across else (None,):
            rolled = refs[kept:] + ([plan.across.ref] if plan.across and over else [])
            name = "all" if len(rolled) == len(plan.axes) else ",".join(rolled)
            also = f" AND {CELL}.{plan.across.rolled} = {over}" if plan.across else ""
            cases.append(f"WHEN {CELL}.{row.rolled} = 1{also} THEN {literal(name)}")
    if plan.across:
        name = plan.across.ref if plan.rows else "all"
        cases.append(f"WHEN {CELL}.{plan.across.rolled} = 1 THEN {literal(name)}")
    return f"CASE {' '.join(cases)} ELSE '' END" if cases else "''"


def _top_members(model: Model, query: CubeQuery, plan: Plan, params: Params) -> list[str]:
    """The ranking of a top-N: one row for each of the members that are shown by name."""
    if plan.top is None:
        return []
    first = plan.axes[0]
    ranked = make_plan(model, ranking(query, first, plan.top))
    keys = [f"{_Finished(model, ranked).value(plan.top.measure)} DESC NULLS LAST"]
    keys += [f"{CELL}.{first.order}"] if first.attribute.order_by else []
    order = ", ".join((*keys, f"{CELL}.{first.column}"))
    items = [f"{CELL}.{first.column} AS {MEMBER}", f"row_number() OVER (ORDER BY {order}) AS {RANK}"]
    body = (
        f"{select(items)}\nFROM {ident(cells_name(ranked, 'ranked_'))} AS {CELL}\nORDER BY {RANK}\nLIMIT {plan.top.n}"
    )
    row = f"one of the {plan.top.n} members of {first.ref} with the largest {plan.top.measure}"
    return [*cells(ranked, params, "ranked_"), cte("top_member", row, body)]
