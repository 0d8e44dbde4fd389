"""Which rollup answers for a fact, and why the others do not.

A rollup can answer where it stores every attribute that the question shows or
filters by, and every number it asks.  It may store more: its rows are grouped
again.  Attributes are not derived from one another (a quarter from a month):
only the warehouse could say that every month lies in one quarter.

May import: olap.filters, olap.measure, olap.model, olap.plan, olap.rollup.   Imported by: olap.resolve, olap.browse,
olap.why.
"""

from collections.abc import Iterable
from dataclasses import replace

from crm_analytics.olap.filters import comparisons
from crm_analytics.olap.plan import Ask, Axis, Fact, Plan, axis_of
from crm_analytics.olap.rollup import Rollup, unstorable


def routed(fact: Fact, axes: Iterable[Axis]) -> Fact:
    """The fact with the smallest rollup that can answer for it, if there is one."""
    if not fact.cube.rollups:
        return fact
    wanted = needed(fact, axes)
    able = [rollup for rollup in fact.cube.rollups.values() if not refusal(fact, rollup, wanted)]
    return replace(fact, rollup=min(able, key=lambda rollup: rollup.rows)) if able else fact


def needed(fact: Fact, axes: Iterable[Axis]) -> list[Axis]:
    """The attributes that a question needs of a fact: its own, and those that say which rows its asker may see."""
    cube = fact.cube
    guarded = [axis_of(cube, compare.name, shown=False) for part in cube.guard for compare in comparisons(part)]
    return [*axes, *guarded]


def refusal(fact: Fact, rollup: Rollup, wanted: Iterable[Axis]) -> str:
    """Why a rollup cannot answer: '' where it can."""
    if rollup.problem:
        return rollup.problem
    if fact.how:
        return f"cannot give {fact.asks[0].ref}, for which each day counts"
    for axis in wanted:
        if axis.ref not in rollup.by:
            return f"stores no {axis.ref}"
        if axis.as_of != axis_of(fact.cube, axis.ref).as_of:
            return f"does not store {axis.ref} as of {axis.as_of}"
    for ask in fact.asks:
        if why := _not_stored(ask, rollup):
            return why
    return ""


def source(plan: Plan) -> str:
    """Where an answer came from, one sentence for each fact."""
    axes = (*plan.axes, *plan.filtered)
    told = [(fact.told, _source(fact, axes)) for fact in plan.facts]
    return told[0][1] if len(told) == 1 else "; ".join(f"{fact}: {text}" for fact, text in told)


def _not_stored(ask: Ask, rollup: Rollup) -> str:
    if why := unstorable(ask.measure):
        return f"cannot give {ask.ref}, which {why}"
    return "" if ask.measure.name in rollup.stored else f"stores no {ask.ref}"


def _source(fact: Fact, axes: Iterable[Axis]) -> str:
    if fact.rollup:
        # Its size would tell a role how much there is beyond the rows that it may see.
        return f"answered by rollup {fact.rollup.told(size=not fact.cube.guard)}"
    if not fact.cube.rollups:
        return f"from the rows: cube {fact.cube.name!r} has no rollups"
    wanted = needed(fact, axes)
    reasons = [f"rollup {r.name} {refusal(fact, r, wanted)}" for r in fact.cube.rollups.values()]
    return f"from the rows: {'; '.join(reasons)}"
