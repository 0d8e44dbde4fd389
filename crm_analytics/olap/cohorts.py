"""The cohort triangle: what the customers who began in one period did in each period of their life.

For each cohort and age: how many of its customers were active, which share of the
cohort that is (retention), the measure, and what it has come to so far, per customer
of the cohort.  An age whose period had not ended when the data ends is left empty:
it is not 0, and it is not yet what it will be.  Every number is asked of the cube;
a running total of something that does not add up (distinct orders) is counted anew
for each age and never summed.

Filters on the customer choose whose cohorts these are.  Other filters choose what
counts as being active, and leave the size of a cohort as it is.

    Cohorts <--cohort_table-- a few CubeQuery, each through olap.browse

May import: engines, errors, sql, olap.browse, olap.calendar, olap.cohort, olap.cohort_show, olap.dimension,
olap.filters, olap.measure, olap.model, olap.query, olap.resolve.   Imported by: project.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import QueryError, UnknownName, shortened
from crm_analytics.olap.browse import browse
from crm_analytics.olap.calendar import later, start
from crm_analytics.olap.cohort import PERIODS, day_axis
from crm_analytics.olap.cohort_show import Cohorts
from crm_analytics.olap.dimension import First, Role
from crm_analytics.olap.filters import Compare, Condition, Not, conjuncts, parse_filter
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube, Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.resolve import attributes_of
from crm_analytics.sql import ident

# The measure that counts customers; begins as no name of a cube file does.
ACTIVE = "_customers"


@dataclass(frozen=True, slots=True)
class _Asker:
    """One cube with its cohort, and the model that knows how to count the customers of it."""

    engine: Engine
    model: Model
    cube: Cube
    role: Role
    first: First
    by: str

    def frame(self, query: CubeQuery) -> pl.DataFrame:
        return browse(self.engine, self.model, query).frame

    @property
    def period(self) -> str:
        return f"{self.role.name}.{self.by}"

    @property
    def age(self) -> str:
        return f"{self.role.name}.age_{self.by}s"


def cohort_table(
    engine: Engine,
    model: Model,
    cube: str,
    measure: str,
    by: str = "month",
    periods: int = 12,
    where: Sequence[str] = (),
    as_of: date | None = None,
    currency: str = "",
) -> Cohorts:
    """Cohorts of `by` (year, quarter, month, week) at the ages 0 to `periods` - 1.

    `as_of` is the first day that the data says nothing about, by default the day after
    the cube's last row; cohorts and ages whose period ends later are left out.

    Raises
    ------
    UnknownName, QueryError : no such cube, measure or period, or the cube has no cohort dimension.
    """
    if by not in PERIODS:
        raise UnknownName("cohorts", "period", by, PERIODS)
    if periods < 1:
        raise QueryError(f"cohorts: {periods} periods; ask for at least 1")
    asker = _asker(engine, model, cube, by)
    owner, found = model.measure(cube, measure)
    conditions = [part for text in where for part in conjuncts(parse_filter(text))]
    end = as_of or _day_after(asker)
    sizes = _sizes(asker, [part for part in conditions if _is_of_customer(asker, part)])
    ended = {label: size for label, size in sizes.items() if later(by, start(by, label), 1) <= end}
    some = CubeQuery(cube).where(*conditions, Not(Compare(asker.period, "unknown")))
    cells = asker.frame(some.measures(measure, ACTIVE).by(asker.period, asker.age).where(_ages(asker, periods - 1)))
    quantity = _is_quantity(model, owner, found)
    adds = found.additive and found.adds and not found.not_over
    wanted = [(c, a) for c in ended for a in range(periods) if later(by, start(by, c), a + 1) <= end]
    none = Decimal(0) if isinstance(cells.schema[measure], pl.Decimal) else 0
    values = {(c, a): v for c, a, v in cells.select(asker.period, asker.age, measure).rows()}
    active = {(c, a): n for c, a, n in cells.select(asker.period, asker.age, ACTIVE).rows()}
    value = [values.get(place, none if quantity else None) for place in wanted]
    filled = [none if quantity and v is None else v for v in value]
    so_far = _summed(wanted, filled) if adds else _recounted(asker, some, measure, wanted, none, quantity)
    each = [ended[cohort] for cohort, _ in wanted]
    shares = [float(v) / n if quantity and v is not None else None for v, n in zip(so_far, each, strict=True)]
    counts = [active.get(place, 0) for place in wanted]
    rows = {
        "cohort": pl.Series([c for c, _ in wanted], dtype=cells.schema[asker.period]),
        "age": pl.Series([a for _, a in wanted], dtype=pl.Int32),
        "size": pl.Series(each, dtype=pl.Int64),
        "customers": pl.Series(counts, dtype=pl.Int64),
        "retention": pl.Series([n / size for n, size in zip(counts, each, strict=True)], dtype=pl.Float64),
        "value": pl.Series(filled, dtype=cells.schema[measure]),
        "cumulative": pl.Series(so_far, dtype=cells.schema[measure]),
        "per_customer": pl.Series(shares, dtype=pl.Float64),
    }
    return Cohorts(
        pl.DataFrame(rows),
        by=by,
        measure=found.title,
        format=found.format,
        currency=currency,
        as_of=end,
        adds=adds,
        notes=tuple(_notes(by, end, sizes, ended, found, quantity)),
    )


def _asker(engine: Engine, model: Model, name: str, by: str) -> _Asker:
    cube = model.cube(name)
    for role in cube.roles.values():
        if first := role.dimension.first:
            counting = {n: _counting(c, first) for n, c in model.cubes.items() if first.customer in c.roles}
            return _Asker(engine, replace(model, cubes={**model.cubes, **counting}), counting[name], role, first, by)
    raise QueryError(
        f"cube {name!r} has no cohort: give it a dimension of dimensions.yml with 'first'. "
        f"It reaches: {shortened(cube.roles)}"
    )


def _counting(cube: Cube, first: First) -> Cube:
    """The cube with a measure that counts its known customers."""
    column = ident(cube.roles[first.customer].column)
    known = f"{column} <> 0"
    count = Measure(ACTIVE, "Customers", "count_distinct", column, known, format="count", type="BIGINT", kind="number")
    return replace(cube, measures={**cube.measures, ACTIVE: count})


def _day_after(asker: _Asker) -> date:
    """The day after the last dated row of the cube."""
    day = day_axis(asker.cube, asker.first.date)
    query = CubeQuery(asker.cube.name, (ACTIVE,), (day.ref,)).where(Not(Compare(day.ref, "unknown")))
    found = asker.frame(query.sort(day.ref, descending=True).limit(1))
    if not found.height:
        raise QueryError(f"cube {asker.cube.name!r} has no row with a date yet, so there are no cohorts")
    last: date = found[day.ref][0]
    return last + timedelta(days=1)


def _sizes(asker: _Asker, conditions: list[Condition]) -> dict[object, int]:
    """How many customers began in each period, the earliest first."""
    begun = asker.model.cube(asker.first.cube)
    roles = {**begun.roles, asker.role.name: asker.role}
    cubes = {begun.name: replace(begun, roles=roles, firsts=asker.cube.firsts)}
    model = replace(asker.model, cubes={**asker.model.cubes, **cubes})
    query = CubeQuery(begun.name, (ACTIVE,), (asker.period,)).where(*conditions, Not(Compare(asker.period, "unknown")))
    return dict(browse(asker.engine, model, query).frame.rows())


def _is_of_customer(asker: _Asker, condition: Condition) -> bool:
    """Whether a filter speaks of the customer alone, who is the same in the cube where cohorts begin."""
    cube, begun = asker.cube, asker.model.cube(asker.first.cube)
    column = cube.roles[asker.first.customer].column
    for ref in attributes_of(condition):
        role = cube.roles.get(ref.partition(".")[0])
        if role is None or role.column != column or not role.conforms(begun.roles.get(role.name)):
            return False
    return bool(attributes_of(condition))


def _ages(asker: _Asker, last: int) -> Condition:
    return Compare(asker.age, "between", (0, last))


def _is_quantity(model: Model, cube: Cube, measure: Measure) -> bool:
    """Whether no rows make 0 of the measure, and a part of it can be given per customer: no average, no ratio."""
    if measure.formula is None:
        return measure.additive or measure.agg == "count_distinct"
    return measure.formula.is_linear and all(
        _is_quantity(model, *model.measure(cube.name, name)) for name in measure.formula.names
    )


Place = tuple[object, int]


def _summed(wanted: Sequence[Place], values: Sequence[Any]) -> list[Any]:
    total: dict[object, Any] = {}
    out = []
    for (cohort, _), value in zip(wanted, values, strict=True):
        total[cohort] = total[cohort] + value if cohort in total else value
        out.append(total[cohort])
    return out


def _recounted(
    asker: _Asker, some: CubeQuery, measure: str, wanted: Sequence[Place], none: Any, quantity: bool
) -> list[Any]:
    """The measure over all ages up to each, asked anew for each: parts that overlap cannot be added up."""
    upto: dict[Place, Any] = {}
    for age in dict.fromkeys(age for _, age in wanted):
        found = asker.frame(some.measures(measure).by(asker.period).where(_ages(asker, age)))
        upto |= {(cohort, age): value for cohort, value in found.rows()}
    missing = none if quantity else None
    return [missing if (v := upto.get(place)) is None else v for place in wanted]


def _notes(
    by: str, end: date, sizes: Mapping[object, int], ended: Mapping[object, int], measure: Measure, quantity: bool
) -> list[str]:
    notes = []
    if left := [str(label) for label in sizes if label not in ended]:
        are = "cohort is" if len(left) == 1 else "cohorts are"
        notes.append(f"{len(left)} {are} left out, as the {by} had not ended on {end}: {shortened(left)}")
    if not quantity:
        notes.append(f"{measure.title} is no quantity that adds up, so there is none of it per customer")
    return notes
