"""A question about a change with everything looked up: the measure's shape, the calendar, the attributes.

    Change --look_up--> Scope --explain.statements--> sql.Query

May import: errors, periods, olap.dimension, olap.filters, olap.measure, olap.model, olap.plan, olap.query,
olap.resolve, olap.explain.question, olap.explain.shapes.   Imported by: olap.explain.*.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from crm_analytics.errors import QueryError, UnknownName, shortened
from crm_analytics.olap.dimension import Attribute, Role
from crm_analytics.olap.explain.question import Change
from crm_analytics.olap.explain.shapes import Customers, Shape, customer_role, shape_of
from crm_analytics.olap.filters import And, Compare, Condition, Or
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube, Model
from crm_analytics.olap.plan import Axis, Plan
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.resolve import make_plan, split_conditions
from crm_analytics.periods import Window

# Names of the finest level of a calendar that has no hierarchy.
DAYS = ("date", "day")
# Names end so where one member is one thing; whoever wants them names them.
KEYS = ("_id", "_key")


@dataclass(frozen=True, slots=True)
class Scope:
    """A change with everything looked up.

    `plan` is a question for the rows of both periods, split by every attribute;
    `history` one for all rows before the end of the second; `reach` one without the
    filters of the question, for what the data covers.  `left_out` says which attributes
    are not looked through, and why.
    """

    change: Change
    model: Model
    cube: Cube
    measure: Measure
    shape: Shape
    day: Axis
    before: Window
    after: Window
    plan: Plan
    history: Plan
    reach: Plan
    left_out: tuple[str, ...]
    customer: Role | None

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The attributes to look through."""
        return self.plan.rows


def look_up(model: Model, change: Change) -> Scope:
    """Look up everything a question about a change names.

    Raises
    ------
    UnknownName : a name does not exist.
    DataError, QueryError : a period does not parse, the two overlap, or the measure has no parts that add up.
    ConfigError : a part of the model that the question needs does not fit the warehouse.
    """
    cube = model.cube(change.cube)
    shape = shape_of(model, cube, change.measure)
    before, after = change.windows()
    day = _day(cube, change.over)
    _, of_cells = split_conditions(model, cube, change.conditions)
    if of_cells:
        raise QueryError(
            "a filter on a measure chooses finished cells, and a change is explained from rows; "
            "say of whom: 'revenue > 0 per customer.customer_id'"
        )
    refs, left_out = (list(dict.fromkeys(change.by)), []) if change.by else _default(cube, day)
    if isinstance(shape, Customers):
        refs, left_out = [], []
    refs, unfit = _split(cube, refs)
    rows = CubeQuery(
        cube.name,
        (change.measure,),
        conditions=(*change.conditions, Or((_within(day, before), _within(day, after)))),
        at=change.at,
    )
    make_plan(model, rows)  # refuses what must not be added up over anything, whatever it is split by
    both = make_plan(model, replace(rows, split=tuple(refs)))
    # The same customers of a `per`: its numbers are those of the two periods here too.
    until = (*both.before[:-1], Compare(day.ref, "<", (after.end,)))
    return Scope(
        change,
        model,
        cube,
        cube.measure(change.measure.rpartition(".")[2]),
        shape,
        day,
        before,
        after,
        both,
        replace(both, before=until),
        replace(both, filtered=(), before=(), steps=()),
        (*left_out, *unfit),
        customer_role(cube),
    )


def _split(cube: Cube, refs: Sequence[str]) -> tuple[list[str], list[str]]:
    """The attributes whose members split the rows, each once, and a line for every other."""
    kept: dict[tuple[str, str], str] = {}
    unfit = []
    for ref in refs:
        role, attribute = cube.attribute(ref)
        # Two names of one column could not be told apart where rows are grouped by both.
        same = kept.setdefault((role.name, attribute.column or attribute.sql), ref)
        if role.dimension.overlaps:
            unfit.append(f"{ref}: a row may belong to several of its members, so they do not add up")
        elif same != ref:
            unfit.append(f"{ref}: the same as {same}")
    left = {line.partition(":")[0] for line in unfit}
    return [ref for ref in kept.values() if ref not in left], unfit


def _within(day: Axis, window: Window) -> Condition:
    return And((Compare(day.ref, ">=", (window.start,)), Compare(day.ref, "<", (window.end,))))


def _day(cube: Cube, over: str) -> Axis:
    """The attribute with the day of a row: of the role asked for, of `date`, or of the only calendar."""
    calendars = {name: day for name, role in cube.roles.items() if (day := _day_of(role))}
    name = over or ("date" if "date" in calendars else next(iter(calendars)) if len(calendars) == 1 else "")
    if over and over not in calendars:
        raise UnknownName(f"cube {cube.name!r}", "calendar", over, calendars)
    if not name:
        asked = (
            f"name one of its calendars: {shortened(calendars)}" if calendars else "it reaches no calendar with days"
        )
        raise QueryError(f"cube {cube.name!r}: which date is compared? {asked}")
    return Axis(f"{name}.{calendars[name].name}", cube.roles[name], calendars[name])


def _day_of(role: Role) -> Attribute | None:
    """The attribute that says it is the day, or where none does, the finest level that is a date."""
    dimension = role.dimension
    levels = [levels[-1] for levels in dimension.hierarchies.values()]
    dates = (a for a in dimension.attributes.values() if a.kind == "date" and (a.name in DAYS or a.name in levels))
    return dimension.day or next(dates, None)


def _default(cube: Cube, day: Axis) -> tuple[list[str], list[str]]:
    """Every attribute that is fit to explain a change, and a line for those that are not."""
    refs, keys, dates, broken = [], [], [], []
    for role, attribute in _attributes(cube):
        ref = f"{role.name}.{attribute.name}"
        if role.name == day.role.name:
            continue  # two periods differ in their dates by definition
        if role.problem or role.dimension.problem or attribute.problem:
            broken.append(ref)
        elif attribute.name.endswith(KEYS) or attribute.column == role.dimension.key != "":
            keys.append(ref)
        elif _day_of(role) or role.dimension.first or attribute.kind in ("date", "timestamp"):
            dates.append(ref)
        else:
            refs.append(ref)
    why = (
        (keys, "one member is one thing; name them to look through them"),
        (dates, "dates; name them to look through them"),
        (broken, "do not fit the warehouse; see: crm check"),
    )
    return refs, [f"{shortened(found)}: {reason}" for found, reason in why if found]


def _attributes(cube: Cube) -> Iterator[tuple[Role, Attribute]]:
    for role in cube.roles.values():
        for attribute in role.dimension.attributes.values():
            yield role, attribute
