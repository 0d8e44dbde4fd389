"""Compile a cube query to one SQL statement.

Text in, text out: nothing here opens a connection or reads a file.  Each fact
is aggregated to the asked grain in its own CTE *before* facts meet, so a second
fact can never count a row twice ("drilling across", Kimball & Ross, The Data
Warehouse Toolkit, 3rd ed., ch. 4).  Totals are grouping sets over the same rows
and formulas are computed after aggregation, so each level is right by itself.
A plain question to one fact is a single SELECT.

    CubeQuery --make_plan--> Plan --compile_query--> sql.Query

May import: sql, olap.columns, olap.conditions, olap.fact, olap.labels, olap.model, olap.order, olap.plan, olap.query,
olap.resolve, olap.rows, olap.stored, olap.terms, olap.text, olap.top.   Imported by: olap.browse, notebook.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crm_analytics.olap.columns import Column, columns
from crm_analytics.olap.conditions import Params, condition_sql
from crm_analytics.olap.fact import cells, cells_name, grouping
from crm_analytics.olap.labels import headline, items, order_of
from crm_analytics.olap.model import Model
from crm_analytics.olap.order import order_by
from crm_analytics.olap.plan import Plan
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.resolve import make_plan
from crm_analytics.olap.rows import Rows
from crm_analytics.olap.stored import reach
from crm_analytics.olap.terms import CELL, CellTerms, Finished, RowTerms, Terms
from crm_analytics.olap.text import select
from crm_analytics.olap.top import chosen_members, top_members
from crm_analytics.sql import Query, ident


@dataclass(frozen=True, slots=True)
class Compiled:
    """A statement and what its columns mean.

    `order_columns` names, for attributes whose members do not sort by their
    labels, the extra column of the statement that they do sort by.
    """

    plan: Plan
    query: Query
    columns: tuple[Column, ...]
    order_columns: Mapping[str, str]


def compile_query(model: Model, query: CubeQuery) -> Compiled:
    """Compile a question to the statement that answers it.

    Raises
    ------
    UnknownName, QueryError, ConfigError : it cannot be answered; see `olap.plan.make_plan`.
    """
    model = model.exactly() if query.exact else model
    plan = make_plan(model, query)
    params = Params()
    if _is_plain(plan):
        rows = reach(plan.facts[0], (*plan.axes, *plan.filtered))
        terms: Terms = RowTerms(rows)
        lines = _of_rows(model, plan, rows, terms, params)
    else:
        terms = CellTerms(plan)
        lines = _of_cells(model, query, plan, terms, params)
    order_columns = {axis.ref: f"{axis.ref} order" for axis in plan.axes if order_of(plan, terms, axis)}
    text = "\n".join((headline(plan), *lines)) + "\n"
    return Compiled(plan, Query(text, params.values), tuple(columns(plan)), order_columns)


def _is_plain(plan: Plan) -> bool:
    """Whether one SELECT over the rows of one fact is the whole answer."""
    if len(plan.facts) != 1 or plan.facts[0].take or plan.steps or plan.top or plan.time:
        return False
    if plan.totals and any(axis.overlaps for axis in plan.axes):
        return False
    # These compare a cell with others: over finished cells that reads, and runs, better.
    ordered = len(plan.axes) > 1 and any(axis.attribute.order_by for axis in plan.axes)
    return not ordered and not (plan.totals and plan.orders)


def _of_rows(model: Model, plan: Plan, rows: Rows, terms: Terms, params: Params) -> list[str]:
    finished = Finished(model, plan.home, terms)
    lines = [select(items(plan, terms, finished, params))]
    lines += rows.lines(plan.before, params)
    lines += [text] if (text := grouping(plan, [terms.member(axis) for axis in plan.axes])) else []
    return lines + _last(plan, terms, finished, params, "HAVING")


def _of_cells(model: Model, query: CubeQuery, plan: Plan, terms: Terms, params: Params) -> list[str]:
    finished = Finished(model, plan.home, terms)
    first, chosen = chosen_members(model, plan, params)
    ctes = [*first, *top_members(model, query, plan, params, chosen), *cells(plan, params, chosen)]
    lines = [f"WITH {', '.join(ctes)}", select(items(plan, terms, finished, params))]
    lines.append(f"FROM {ident(cells_name(plan))} AS {CELL}")
    return lines + _last(plan, terms, finished, params, "WHERE")


def _last(plan: Plan, terms: Terms, finished: Finished, params: Params, keyword: str) -> list[str]:
    """The conditions on cells, the order and the limit."""
    lines = []
    if plan.after:
        found = [condition_sql(part, finished.term, params) for part in plan.after]
        lines.append(f"{keyword} " + "\n  AND ".join(f"({part})" for part in found))
    if keys := order_by(plan, terms, finished.value):
        lines.append("ORDER BY\n  " + ",\n  ".join(keys))
    if plan.limit:
        # No two cells share a place in the order, so pages meet without a gap.
        lines.append(f"LIMIT {plan.limit} OFFSET {plan.offset}" if plan.offset else f"LIMIT {plan.limit}")
    return lines
