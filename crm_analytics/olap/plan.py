"""What a question means: every name looked up, every fact it needs, and whether they can meet.

Here a question is refused that no statement could answer rightly.  No SQL text
yet: that is `olap.compile`.

    CubeQuery --make_plan--> Plan --compile_query--> sql.Query

May import: errors, sql, olap.filters, olap.model, olap.query.   Imported by: olap.compile, olap.browse.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from crm_analytics.errors import ConfigError, QueryError, shortened
from crm_analytics.olap.filters import Condition, comparisons, conjuncts
from crm_analytics.olap.model import Attribute, Cube, Measure, Model, Part, Role, ref_of
from crm_analytics.olap.query import CubeQuery, Order, Top
from crm_analytics.sql import ident


@dataclass(frozen=True, slots=True)
class Axis:
    """One attribute that is shown or filtered by, under its name in the question."""

    ref: str
    role: Role
    attribute: Attribute

    @property
    def title(self) -> str:
        """`Department`, or `Closed: Month` where the dimension plays a role of another name."""
        own = self.role.name == self.role.dimension.name
        return self.attribute.title if own else f"{self.role.title}: {self.attribute.title}"

    # Column names within the statement; names with a space cannot be those of an attribute or measure.
    @property
    def column(self) -> str:
        """The member, NULL for the unknown one."""
        return ident(self.ref)

    @property
    def rolled(self) -> str:
        """1 in a total over this attribute."""
        return ident(f"{self.ref} rolled up")

    @property
    def order(self) -> str:
        """What the attribute is sorted by, where that is not itself."""
        return ident(f"{self.ref} order")


@dataclass(frozen=True, slots=True)
class Ask:
    """One measure under its name in the question."""

    ref: str
    cube: Cube
    measure: Measure


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact table and the aggregates to take from it."""

    cube: Cube
    asks: tuple[Ask, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """A question with everything looked up.

    `rows` and `across` are the axes; `filtered` the attributes of `before`,
    the conditions on rows of the facts; `after` are those on finished cells.
    """

    home: Cube
    rows: tuple[Axis, ...]
    across: Axis | None
    shown: tuple[Ask, ...]
    facts: tuple[Fact, ...]
    filtered: tuple[Axis, ...]
    before: tuple[Condition, ...]
    after: tuple[Condition, ...]
    totals: bool
    top: Top | None
    orders: tuple[Order, ...]
    limit: int | None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """Rows, then the attribute across."""
        return (*self.rows, *((self.across,) if self.across else ()))


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
    rows = tuple(_axis(home, ref) for ref in query.split if ref != query.across)
    across = _axis(home, query.across) if query.across else None
    before, after = split_conditions(model, home, query.conditions)
    filtered = tuple({c.name: _axis(home, c.name) for part in before for c in comparisons(part)}.values())
    axes = (*rows, across) if across else rows
    needed = [c.name for part in after for c in comparisons(part)]
    needed += [order.name for order in query.orders if not _is_attribute(model, home, order.name)]
    facts = _facts(model, home, (*shown, *(_ask(model, home, ref) for ref in needed)))
    plan = Plan(
        home,
        rows,
        across,
        shown,
        facts,
        filtered,
        before,
        after,
        query.totals,
        query.largest,
        query.orders,
        query.rows,
    )
    _check_reach(facts, (*axes, *filtered))
    _check_parts(model, plan)
    _check_warehouse(plan, (*shown, *(_ask(model, home, ref) for ref in needed)))
    return plan


def ranking(query: CubeQuery, first: Axis, top: Top) -> CubeQuery:
    """The question whose answer ranks the members for a top-N: the same rows of the facts, one attribute."""
    asked = replace(query, asked=(top.measure,), split=(first.ref,), across=None, totals=False)
    return replace(asked, largest=None, orders=(), rows=None)


def split_conditions(
    model: Model, home: Cube, conditions: Iterable[Condition]
) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
    """Conditions on dimensions, which choose rows of the facts, and those on measures, which choose cells."""
    before: list[Condition] = []
    after: list[Condition] = []
    for condition in conditions:
        for part in conjuncts(condition):
            names = [c.name for c in comparisons(part)]
            attributes = [name for name in names if _is_attribute(model, home, name)]
            if attributes and len(attributes) < len(names):
                measure = next(name for name in names if name not in attributes)
                raise QueryError(
                    f"a filter cannot mix {attributes[0]} and the measure {measure} within one 'or' or 'not': "
                    "dimensions choose the rows that are counted, measures the cells that are shown; "
                    "join them with 'and', or write two filters"
                )
            (before if attributes else after).append(part)
    return tuple(before), tuple(after)


def expand(model: Model, home: Cube, ask: Ask) -> Iterable[Ask]:
    """The aggregates behind a measure: itself, or what its formula names, down to the ground."""
    if ask.measure.formula is None:
        yield ask
        return
    for name in ask.measure.formula.names:
        cube, measure = model.measure(ask.cube.name, name)
        yield from expand(model, home, Ask(ref_of(home.name, cube.name, measure.name), cube, measure))


def _is_attribute(model: Model, home: Cube, name: str) -> bool:
    """Whether a name in a filter means an attribute; where it means nothing, the look-up that follows says so."""
    role, dot, _ = name.partition(".")
    if not dot:
        return name in home.roles and name not in home.measures
    return role in home.roles or role not in model.cubes


def _ask(model: Model, home: Cube, ref: str) -> Ask:
    cube, measure = model.measure(home.name, ref)
    return Ask(ref_of(home.name, cube.name, measure.name), cube, measure)


def _axis(home: Cube, ref: str) -> Axis:
    return Axis(ref, *home.attribute(ref))


def _facts(model: Model, home: Cube, asks: Iterable[Ask]) -> tuple[Fact, ...]:
    """The aggregates needed, by fact, in the order in which the question first needs each."""
    by_cube: dict[str, dict[str, Ask]] = {}
    for ask in asks:
        for ground in expand(model, home, ask):
            by_cube.setdefault(ground.cube.name, {})[ground.ref] = ground
    return tuple(Fact(model.cube(name), tuple(found.values())) for name, found in by_cube.items())


def _check_reach(facts: tuple[Fact, ...], axes: tuple[Axis, ...]) -> None:
    for fact in facts:
        for axis in axes:
            role = fact.cube.roles.get(axis.role.name)
            if role is axis.role or axis.role.conforms(role):
                continue
            raise QueryError(_unreachable(fact.cube, axis, facts))


def _unreachable(cube: Cube, axis: Axis, facts: tuple[Fact, ...]) -> str:
    cubes = [fact.cube for fact in facts]
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
    if plan.limit and (plan.totals or plan.across):
        raise QueryError("a limit would cut off cells that the totals or columns still need; ask for the top n instead")
    if plan.after and (plan.totals or plan.top):
        name = next(c.name for part in plan.after for c in comparisons(part))
        raise QueryError(
            f"a filter on {name} chooses cells after they are counted, so totals and Others would not be "
            "those of the cells shown; leave out one of them"
        )
    for order in plan.orders:
        if _is_attribute(model, plan.home, order.name) and order.name not in [axis.ref for axis in plan.axes]:
            raise QueryError(f"sort by {order.name}: it is not among the attributes shown")


def _check_warehouse(plan: Plan, asks: Iterable[Ask]) -> None:
    parts: list[Part] = [ask.measure for ask in asks]
    for fact in plan.facts:
        parts += [fact.cube, *(ask.measure for ask in fact.asks)]
    for axis in (*plan.axes, *plan.filtered):
        parts += [axis.role.dimension, axis.attribute, *(fact.cube.roles[axis.role.name] for fact in plan.facts)]
    for part in parts:
        if part.problem:
            raise ConfigError(part.problem)
