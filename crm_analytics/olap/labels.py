"""The SELECT list of an answer: what members are called, which rows are totals, how members sort.

May import: sql, olap.conditions, olap.order, olap.plan, olap.query, olap.terms.   Imported by: olap.compile.
"""

from crm_analytics.olap.conditions import Params
from crm_analytics.olap.order import order_value
from crm_analytics.olap.plan import Axis, Plan
from crm_analytics.olap.query import Top
from crm_analytics.olap.terms import Finished, Terms
from crm_analytics.sql import ident, literal

OTHERS = "Others"


def headline(plan: Plan) -> str:
    """The question in words, as a comment."""
    asked = f"-- {plan.home.name}: {', '.join(ask.ref for ask in plan.shown)}"
    by = f" by {', '.join(axis.ref for axis in plan.axes)}" if plan.axes else ""
    top = f", the {_places(plan.top)} with the largest {plan.top.measure}" if plan.top else ""
    within = f" within {', '.join(axis.ref for axis in plan.parents)}" if plan.parents else ""
    times = sorted({str(axis.as_of) for axis in (*plan.axes, *plan.filtered)} - {"today"})
    at = f", as of {'the sale' if times[0] == 'sale' else times[0]}" if times else ""
    return asked + by + top + within + at + (", with totals" if plan.totals else "")


def _places(top: Top) -> str:
    return f"{top.n} after the {top.after}" if top.after else str(top.n)


def items(plan: Plan, terms: Terms, finished: Finished, params: Params) -> list[str]:
    """Members, then `others` and `total` where the question has them, then what members sort by, then measures."""
    listed = [f"{_label(plan, terms, axis, params)} AS {axis.column}" for axis in plan.axes]
    if plan.ranked:
        rolled = f" AND {terms.rolled(plan.ranked)} = 0" if plan.totals else ""
        listed.append(f'{terms.rank} IS NULL{rolled} AS "others"')
    if plan.totals:
        listed.append(f'{_total(plan, terms)} AS "total"')
    listed += [f"{order} AS {axis.order}" for axis in plan.axes if (order := order_of(plan, terms, axis))]
    return listed + [f"{finished.value(ask.ref)} AS {ident(ask.ref)}" for ask in plan.shown]


def order_of(plan: Plan, terms: Terms, axis: Axis) -> str:
    """What the members of an axis sort by, where that is not their label: '' where it is."""
    if axis is plan.ranked and not plan.parents:
        return terms.rank
    if axis.attribute.order_by:
        return order_value(plan, terms, axis)
    # Columns have no order but their own: the unknown member has to come last although its label may not.
    return terms.member(axis) if axis is plan.across else ""


def _label(plan: Plan, terms: Terms, axis: Axis, params: Params) -> str:
    """What a member is called: the unknown one by its dimension's word for it, a rolled-up one not at all.

    Numbers and dates stay what they are, and the unknown one of them empty,
    unless Others makes text of the column.
    """
    label = terms.member(axis)
    cut, text = axis is plan.ranked, axis.attribute.is_text
    if cut and not text:
        label = f"CAST({label} AS VARCHAR)"
    if (cut or text) and axis.attribute.nullable:
        label = f"coalesce({label}, {params.bind(f'unknown {axis.role.name}', axis.attribute.unknown)})"
    if cut:
        label = f"CASE WHEN {terms.rank} IS NULL THEN {params.bind('others', OTHERS)} ELSE {label} END"
    return f"CASE WHEN {terms.rolled(axis)} = 0 THEN {label} END" if plan.totals else label


def _total(plan: Plan, terms: Terms) -> str:
    """Which attributes a row is a total over: '' for a cell, 'all' for the grand total."""
    refs = [row.ref for row in plan.rows]
    cases = []
    for kept, row in enumerate(plan.rows):
        for over in (1, 0) if plan.across else (None,):
            rolled = refs[kept:] + ([plan.across.ref] if plan.across and over else [])
            name = "all" if len(rolled) == len(plan.axes) else ",".join(rolled)
            also = f" AND {terms.rolled(plan.across)} = {over}" if plan.across else ""
            cases.append(f"WHEN {terms.rolled(row)} = 1{also} THEN {literal(name)}")
    if plan.across:
        name = plan.across.ref if plan.rows else "all"
        cases.append(f"WHEN {terms.rolled(plan.across)} = 1 THEN {literal(name)}")
    return f"CASE {' '.join(cases)} ELSE '' END" if cases else "''"
