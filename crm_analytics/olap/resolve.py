"""What a question means: every name looked up, every fact it needs, and whether they can meet.

Here a question is refused that no statement could answer rightly.  No SQL text
yet: that is `olap.compile`.

    CubeQuery --make_plan--> Plan --compile_query--> sql.Query

May import: errors, olap.additivity, olap.calc, olap.dimension, olap.filters, olap.measure, olap.model, olap.plan,
olap.query, olap.routing, olap.timing.   Imported by: olap.compile, olap.top.
"""

from collections.abc import Iterable
from dataclasses import replace

from crm_analytics.errors import ConfigError, QueryError, shortened
from crm_analytics.olap.additivity import check_additivity
from crm_analytics.olap.calc import PLAIN, How
from crm_analytics.olap.dimension import AsOf
from crm_analytics.olap.filters import And, Condition, Per, comparisons, conjuncts, pers
from crm_analytics.olap.measure import SemiAdditive
from crm_analytics.olap.model import Cube, Model, Part, ref_of
from crm_analytics.olap.plan import Ask, Axis, Fact, Plan, Timing, axis_of, ground_ref
from crm_analytics.olap.query import CubeQuery, Top
from crm_analytics.olap.routing import routed
from crm_analytics.olap.timing import check_time, recount, timed


def make_plan(model: Model, query: CubeQuery) -> Plan:
    """Look up everything a question names.

    Raises
    ------
    UnknownName : a name does not exist.
    QueryError : the facts cannot meet in the dimensions asked for, or the parts contradict each other.
    ConfigError : a part of the model that the question needs does not fit the warehouse.
    """
    home = model.cube(query.cube)
    if not query.asked:
        raise QueryError(f"cube {home.name!r}: ask for at least one measure: {shortened(home.measures)}")
    shown = tuple(_ask(model, home, ref) for ref in query.asked)
    _check_as_of(home, query)
    rows = tuple(axis_of(home, ref, query.at) for ref in query.split if ref != query.across)
    across = axis_of(home, query.across, query.at) if query.across else None
    axes = (*rows, across) if across else rows
    before, after, steps = _conditions(model, home, query, tuple(axis.ref for axis in axes))
    refs = [name for part in before for name in attributes_of(part)]
    filtered = tuple({ref: axis_of(home, ref, query.at, shown=False) for ref in refs}.values())
    needed = [c.name for part in after for c in comparisons(part)]
    needed += [order.name for order in query.orders if not _is_attribute(model, home, order.name)]
    asks = (*shown, *(_ask(model, home, ref) for ref in needed))
    facts = _facts(model, home, asks)
    time: Timing | None = None
    if query.filled or any(fact.how for fact in facts):
        others = (*filtered, *(axis_of(home, ref, query.at) for ref in query.periods))
        facts, time = timed(query, home, facts, axes, others, before)
    facts = tuple(routed(fact, (*axes, *filtered)) for fact in facts)
    plan = Plan(
        home,
        rows,
        across,
        shown,
        facts,
        filtered,
        before,
        after,
        steps,
        query.totals,
        query.largest,
        query.orders,
        query.rows,
        query.offset,
        time,
    )
    _check_reach(facts, (*axes, *filtered))
    _check_parts(model, plan)
    if time:
        check_time(plan)
    check_additivity(plan)
    _check_warehouse(plan, asks)
    return plan


def ranking(query: CubeQuery, plan: Plan, top: Top) -> CubeQuery:
    """The question whose answer ranks the members for a top-N: the same rows of the facts, without the other axes."""
    split = tuple(axis.ref for axis in (*plan.parents, plan.ranked) if axis)
    asked = replace(query, asked=(top.measure,), split=split, conditions=plan.before, across=None, totals=False)
    periods = (*query.periods, *(axis.ref for axis in plan.axes if axis.role.dimension.day))
    return replace(asked, largest=None, orders=(), rows=None, filled=False, periods=periods)


def attributes_of(condition: Condition) -> list[str]:
    """The attributes that a condition on rows needs."""
    return [c.name for c in comparisons(condition)] + [name for per in pers(condition) for name in per.attributes]


def split_conditions(
    model: Model, home: Cube, conditions: Iterable[Condition]
) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """Conditions on dimensions, which choose rows of the facts, and those on measures, which choose cells."""
    before: list[Condition] = []
    after: list[Condition] = []
    for condition in conditions:
        for part in conjuncts(condition):
            names = [c.name for c in comparisons(part)]
            measures = [name for name in names if not _is_attribute(model, home, name)]
            rowwise = [name for name in attributes_of(part) if name not in measures]
            if rowwise and measures:
                raise QueryError(
                    f"a filter cannot mix {rowwise[0]} and the measure {measures[0]} within one 'or' or 'not': "
                    "dimensions choose the rows that are counted, measures the cells that are shown; "
                    f"join them with 'and', write two filters, or say of whom: '{measures[0]} > 0 per {rowwise[0]}'"
                )
            (after if measures else before).append(part)
    return tuple(before), tuple(after)


def _conditions(
    model: Model, home: Cube, query: CubeQuery, axes: tuple[str, ...]
) -> tuple[tuple[Condition, ...], tuple[Condition, ...], tuple[tuple[Per, CubeQuery], ...]]:
    """Conditions on rows, conditions on cells, and the question to ask first for each `Per`.

    With totals or a top-N a condition on cells chooses the rows of the cells that
    it keeps, so that totals and Others are those of the cells shown.
    """
    before, after = split_conditions(model, home, query.conditions)
    plain = [part for part in before if not any(pers(part))]
    steps = [(per, _first(model, home, per, plain, query.at)) for part in before for per in pers(part)]
    if after and axes and (query.totals or query.largest):
        kept = Per(after[0] if len(after) == 1 else And(after), axes)
        names = tuple(dict.fromkeys(c.name for c in comparisons(kept.part)))
        steps.append((kept, CubeQuery(home.name, names, axes, before, at=query.at)))
        before, after = (*before, kept), ()
    return before, after, tuple(dict(steps).items())


def _first(model: Model, home: Cube, per: Per, plain: Iterable[Condition], at: AsOf | None) -> CubeQuery:
    """The question behind a `Per`: its measures for its members, under those other filters that its facts reach."""
    names = tuple(dict.fromkeys(c.name for c in comparisons(per.part)))
    if wrong := next((name for name in names if _is_attribute(model, home, name)), None):
        raise QueryError(f"a filter with 'per' compares measures; {wrong} is an attribute, which needs no 'per'")
    facts = _facts(model, home, [_ask(model, home, name) for name in names])
    reached = [p for p in plain if all(_reaches(f.cube, axis_of(home, ref)) for f in facts for ref in attributes_of(p))]
    return CubeQuery(home.name, names, per.attributes, tuple(reached), at=at)


def expand(model: Model, home: Cube, ask: Ask, how: How = PLAIN) -> Iterable[tuple[How, Ask]]:
    """The aggregates behind a measure and how each is taken: down to the ground."""
    measure, calc = ask.measure, ask.measure.calc
    if measure.is_ground:
        yield how, Ask(ground_ref(home, ask.cube, measure, how), ask.cube, measure)
        return
    if calc and calc.against and (of := model.measure(ask.cube.name, calc.of)[1]).kind not in ("", "number"):
        raise QueryError(f"{ask.ref}: {of.name} is no number, so it has no change; ask for it '{calc.against} ago'")
    names = measure.formula.names if measure.formula else (calc.of,) if calc else ()
    hows = (how.of(part) for part in (calc.how, *([calc.before] if calc.against else []))) if calc else (how,)
    for part in hows:
        for name in names:
            yield from expand(model, home, Ask(name, *model.measure(ask.cube.name, name)), part)


def _is_attribute(model: Model, home: Cube, name: str) -> bool:
    """Whether a name in a filter means an attribute; where it means nothing, the look-up that follows says so."""
    role, dot, _ = name.partition(".")
    if not dot:
        return name in home.roles and name not in home.measures
    return role in home.roles or role not in {*model.cubes, *model.hidden}


def _ask(model: Model, home: Cube, ref: str) -> Ask:
    cube, measure = model.measure(home.name, ref)
    return Ask(ref_of(home.name, cube.name, measure.name), cube, measure)


def _check_as_of(home: Cube, query: CubeQuery) -> None:
    if query.at not in (None, "today") and not any(role.dimension.history for role in home.roles.values()):
        raise QueryError(
            f"cube {home.name!r}: none of its dimensions has a 'history', so it cannot be asked as of {query.at}"
        )


def _facts(model: Model, home: Cube, asks: Iterable[Ask]) -> tuple[Fact, ...]:
    """The aggregates needed, by fact and how it is taken, in the order in which the question first needs each."""
    found: dict[tuple[str, How, str, SemiAdditive | None], dict[str, Ask]] = {}
    for ask in asks:
        for how, ground in expand(model, home, ask):
            kind = recount(ground) if how.window else ""
            found.setdefault((ground.cube.name, how, kind, ground.measure.semi), {})[ground.ref] = ground
    return tuple(
        Fact(model.cube(name), tuple(part.values()), how, take=take) for (name, how, _, take), part in found.items()
    )


def _check_reach(facts: tuple[Fact, ...], axes: tuple[Axis, ...]) -> None:
    for fact in facts:
        for axis in axes:
            if not _reaches(fact.cube, axis):
                raise QueryError(_unreachable(fact.cube, axis, facts))


def _reaches(cube: Cube, axis: Axis) -> bool:
    role = cube.roles.get(axis.role.name)
    return role is axis.role or axis.role.conforms(role)


def _unreachable(cube: Cube, axis: Axis, facts: tuple[Fact, ...]) -> str:
    cubes = list({fact.cube.name: fact.cube for fact in facts}.values())
    shared = [n for n, r in cubes[0].roles.items() if all(c is cubes[0] or r.conforms(c.roles.get(n)) for c in cubes)]
    these = " and ".join(c.name for c in cubes)
    return (
        f"{axis.ref} cannot be asked of {these} together: cube {cube.name!r} does not reach "
        f"dimension {axis.role.name!r}. What {these} share: {shortened(shared)}"
        if len(cubes) > 1
        else f"{axis.ref} cannot be asked of cube {cube.name!r}, which does not reach dimension "
        f"{axis.role.name!r}. It reaches: {shortened(cube.roles)}"
    )


def _check_parts(model: Model, plan: Plan) -> None:
    if plan.top and not plan.axes:
        raise QueryError(f"top {plan.top.n} of {plan.top.measure}: there is nothing to rank; split by an attribute")
    if plan.top and plan.top.of and plan.top.of not in [axis.ref for axis in plan.axes]:
        raise QueryError(f"top {plan.top.n} of {plan.top.measure}: {plan.top.of} is not among the attributes shown")
    if plan.top and plan.top.within and not plan.parents:
        raise QueryError(
            f"top {plan.top.n} of {plan.top.measure} within each parent: {plan.top.of or plan.axes[0].ref} has no "
            "attribute before it in the rows; name the one to rank"
        )
    _check_overlaps(plan)
    if plan.limit and (plan.totals or plan.across):
        raise QueryError("a limit would cut off cells that the totals or columns still need; ask for the top n instead")
    for order in plan.orders:
        if _is_attribute(model, plan.home, order.name) and order.name not in [axis.ref for axis in plan.axes]:
            raise QueryError(f"sort by {order.name}: it is not among the attributes shown")


def _check_overlaps(plan: Plan) -> None:
    """What a top-N cannot rank where a row may have several members: see `olap.bridge`."""
    top, cut = plan.top, plan.ranked
    if top is None or cut is None or not any(axis.overlaps for axis in (cut, *plan.parents)):
        return
    asked = f"top {top.n} of {top.measure}"
    if cut.overlaps and plan.parents:
        raise QueryError(
            f"{asked} within each parent: a row may have several members of {cut.ref}, some shown by name and some "
            "among Others; rank them without 'within'"
        )
    if plan.totals and (not top.others or (plan.parents and cut is plan.across)):
        raise QueryError(
            f"{asked}: its totals would need to know to which members shown each row belongs; keep Others, and "
            f"lay {cut.ref} out in rows"
        )


def _check_warehouse(plan: Plan, asks: Iterable[Ask]) -> None:
    parts: list[Part] = [ask.measure for ask in asks]
    for fact in plan.facts:
        parts += [fact.cube, *(ask.measure for ask in fact.asks)]
    for axis in (*plan.axes, *plan.filtered):
        parts += [axis.role.dimension, axis.attribute, *(fact.cube.roles[axis.role.name] for fact in plan.facts)]
    for part in parts:
        if part.problem:
            raise ConfigError(part.problem)
