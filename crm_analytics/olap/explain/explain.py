"""The door: look a question up, run its statements, take the change apart.

May import: errors, engines, sql, olap.bind, olap.explain.*, olap.model, olap.plan.   Imported by: notebook.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import QueryError, shortened
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.explain import pairs, ratios, sums
from crm_analytics.olap.explain.blocks import Counts, blocks_of
from crm_analytics.olap.explain.bridge import bridge_of
from crm_analytics.olap.explain.explanation import Explanation
from crm_analytics.olap.explain.frames import plain
from crm_analytics.olap.explain.question import Change
from crm_analytics.olap.explain.scope import Scope, look_up
from crm_analytics.olap.explain.shapes import Customers, Ratio, Sum
from crm_analytics.olap.explain.statements import bridge_query, counts_query, ratio_query, span_query, sums_query
from crm_analytics.olap.model import Model
from crm_analytics.olap.plan import Axis
from crm_analytics.sql import Query


def explain(engine: Engine, model: Model, change: Change) -> Explanation:
    """Take the change of a measure between two periods apart.

    Raises
    ------
    CrmError : a name does not exist, the measure has no parts that add up, or the warehouse fails.
    """
    scope = look_up(model if model.bound else bind_model(model, engine), change)
    notes = [*_about_span(scope, engine.frame(span_query(scope))), *_about_periods(scope)]
    match scope.shape:
        case Sum():
            return _sum(engine, scope, scope.shape, notes)
        case Ratio():
            return _ratio(engine, scope, scope.shape, notes)
        case Customers():
            return _customers(engine, scope, scope.shape, notes)


def _sum(engine: Engine, scope: Scope, shape: Sum, notes: Sequence[str]) -> Explanation:
    counts, asked = _counted(engine, scope)
    blocks, large = blocks_of(scope.axes, counts)
    query = sums_query(scope, shape, blocks, counts)
    cells = plain(engine.frame(query))
    ((before, after),) = cells.filter(pl.col("left") == 0).select("before", "after").rows()
    axes = [axis for axis in scope.axes if any(axis in block.axes for block in blocks)]
    drivers = _labelled(sums.drivers_of(cells, scope.axes), axes)
    scale = abs(float(before)) + abs(float(after))
    bridge, bridges, more = _bridge(engine, scope, shape, after - before, scale)
    return Explanation(
        scope.change,
        scope.measure,
        "sum",
        before,
        after,
        drivers,
        sums.attributes_of(drivers, axes, after - before, scale),
        _labelled(pairs.pairs_of(cells, scope.axes), axes),
        bridge,
        bridges,
        (*notes, *more),
        (*scope.left_out, *large),
        tuple(one.readable() for one in (*asked, query, *([bridge_query(scope, shape)] if scope.customer else []))),
    )


def _counted(engine: Engine, scope: Scope) -> tuple[Counts, tuple[Query, ...]]:
    if not scope.axes:
        return Counts({}, {}), ()
    query = counts_query(scope)
    found = engine.frame(query).row(0, named=True)
    members = {axis.ref: found[axis.ref] for axis in scope.axes}
    return Counts(members, {axis.role.name: found[axis.role.name] for axis in scope.axes}), (query,)


def _bridge(
    engine: Engine, scope: Scope, shape: Sum, change: object, scale: float
) -> tuple[pl.DataFrame, bool, list[str]]:
    if scope.customer is None:
        none = pl.DataFrame(schema={"group": pl.String, "customers": pl.Int64})
        return none, True, [f"cube {scope.cube.name!r} does not reach customers, so there is no customer bridge"]
    found, adds = bridge_of(plain(engine.frame(bridge_query(scope, shape))), change, scale)
    return found, adds, []


def _ratio(engine: Engine, scope: Scope, shape: Ratio, notes: Sequence[str]) -> Explanation:
    query = ratio_query(scope, shape, scope.axes)
    cells = plain(engine.frame(query))
    total = cells.filter(pl.col("left") == 0).row(0, named=True)
    for side, period in (("before", scope.change.before), ("after", scope.change.after)):
        if not total[f"under {side}"]:
            raise QueryError(f"{scope.measure.name} has no value in {period}: what it divides by is 0 there")
    whole = ratios.Whole(
        *(float(total[f"over {side}"]) / float(total[f"under {side}"]) for side in ("before", "after"))
    )
    axes, overlapping = ratios.split_whole(cells, scope.axes)
    numbers = [i for i, axis in enumerate(scope.axes, 1) if axis in axes]
    split = ratios.drivers_of(cells.filter(pl.col("left").is_in([0, *numbers])), scope.axes, whole)
    drivers = _labelled(split, axes)
    out = [f"{shortened(a.ref for a in overlapping)}: what is counted has several members"] if overlapping else []
    return Explanation(
        scope.change,
        scope.measure,
        "ratio",
        whole.before,
        whole.after,
        drivers,
        ratios.attributes_of(drivers, axes, whole),
        pl.DataFrame(),
        pl.DataFrame(),
        True,
        tuple(notes),
        (*scope.left_out, *out),
        (query.readable(),),
    )


def _customers(engine: Engine, scope: Scope, shape: Customers, notes: Sequence[str]) -> Explanation:
    whole, query = sums_query(scope, shape.count, (), Counts({}, {})), bridge_query(scope, shape.count)
    ((before, after),) = plain(engine.frame(whole)).select("before", "after").rows()
    found = plain(engine.frame(query))
    bridge, adds = bridge_of(found, after - before, 0)
    empty = pl.DataFrame(schema={"attribute": pl.String, "member": pl.String})
    note = "a customer can be of several members of an attribute, so only the bridge of customers adds up"
    told = (*notes, note)
    return Explanation(
        scope.change, scope.measure, "customers", before, after, empty, empty, empty, bridge, adds, told, (),
        (whole.readable(), query.readable()),
    )  # fmt: skip


def _labelled(frame: pl.DataFrame, axes: Sequence[Axis]) -> pl.DataFrame:
    """Unknown members by their name."""
    unknown = {axis.ref: axis.attribute.unknown for axis in axes}
    named = (("member", "attribute"), ("member_2", "attribute_2"))
    filled = [
        pl.col(member).fill_null(pl.col(of).replace_strict(unknown, default=None, return_dtype=pl.String))
        for member, of in named
        if member in frame.columns
    ]
    return frame.with_columns(filled)


def _about_periods(scope: Scope) -> list[str]:
    days, days_after = scope.before.days, scope.after.days
    if days == days_after:
        return []
    return [f"the periods differ in length: {days} and {days_after} days"]


def _about_span(scope: Scope, span: pl.DataFrame) -> list[str]:
    first, last = span.row(0)
    if not isinstance(first, date) or not isinstance(last, date):
        return ["there is no row with a day"]
    notes = []
    if last < scope.after.end - timedelta(days=1):
        notes.append(f"{scope.change.after} is not complete: the data ends on {last}")
    if first > scope.before.start:
        notes.append(f"{scope.change.before} is not complete: the data begins on {first}")
    return notes
