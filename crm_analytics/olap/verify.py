"""Hold the cubes to their own `tests`: known numbers, and parts that give their whole.

May import: engines, errors, olap.assertions, olap.bind, olap.browse, olap.model, olap.query.   Imported by: project.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.olap.assertions import Golden, Reconcile
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.model import Cube, Model
from crm_analytics.olap.query import CubeQuery

# How far a double may be off, as a share: it holds some 15 digits, and a sum of many loses a few.
DOUBLE = Decimal("1e-9")

Number = int | float | Decimal


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one test held; what it says names file and line."""

    ok: bool
    says: str


def verify(engine: Engine, model: Model) -> Iterator[Verdict]:
    """Run the tests of every cube; one that cannot be asked has failed."""
    if not any(cube.tests for cube in model.cubes.values()):
        return
    model = model if model.bound else bind_model(model, engine)
    for cube in model.cubes.values():
        for test in cube.tests:
            try:
                match test:
                    case Golden():
                        yield from _golden(engine, model, cube, test)
                    case Reconcile():
                        yield from _reconcile(engine, model, cube, test)
            except CrmError as error:
                yield Verdict(False, f"{test.place}: {error}")


def _golden(engine: Engine, model: Model, cube: Cube, test: Golden) -> Iterator[Verdict]:
    frame = browse(engine, model, CubeQuery(cube.name).measures(*test.measures).where(*test.where)).frame
    for name, expected in test.measures.items():
        found = _number(frame[name][0])
        if found is None:
            yield Verdict(False, f"{test.place}: {name} should be {expected:,}, but there is nothing")
        elif _agree(found, expected, test.tolerance):
            yield Verdict(True, f"{cube.name}: {name} is {expected:,} as it should be")
        else:
            yield Verdict(False, f"{test.place}: {name} should be {expected:,}, but is {_apart(found, expected)}")


def _reconcile(engine: Engine, model: Model, cube: Cube, test: Reconcile) -> Iterator[Verdict]:
    query = CubeQuery(cube.name).measures(test.measure).where(*test.where)
    whole = _number(browse(engine, model, query).frame[test.measure][0]) or 0
    distinct = cube.measure(test.measure).agg == "count_distinct"
    failed = False
    for ref in test.across:
        column = browse(engine, model, query.by(ref)).frame[test.measure]
        parts = [number for value in column if (number := _number(value)) is not None]
        if wrong := _wrong(parts, whole, distinct, test.tolerance):
            failed = True
            yield Verdict(False, f"{test.place}: {test.measure} by {ref} {wrong}")
    if not failed:
        says = "lies between its largest part and their sum" if distinct else "is the sum of its parts"
        yield Verdict(True, f"{cube.name}: {test.measure} {says} across {', '.join(test.across)}")


def _wrong(parts: Sequence[Number], whole: Number, distinct: bool, tolerance: Decimal) -> str:
    """What does not go together; '' where all does."""
    added, total = _sum(parts), _exact(whole)
    if not distinct:
        apart = f"adds up to {_apart(added, total)} than the whole of {whole:,}"
        return "" if _agree(added, total, tolerance) else apart
    largest = max(map(_exact, parts), default=Decimal(0))
    if _exact(added) + tolerance < total:
        return f"adds up to {added:,}, less than the {whole:,} of the whole: some are in no part"
    if largest > total + tolerance:
        return f"has a part of {largest:,}, more than the {whole:,} of the whole"
    return ""


def _sum(parts: Sequence[Number]) -> Number:
    # Exact for whole numbers and decimals; doubles without the error that grows with their number.
    return math.fsum(parts) if any(isinstance(part, float) for part in parts) else sum(parts)


def _number(value: object) -> Number | None:
    return (
        value if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and value == value else None
    )


def _exact(value: Number) -> Decimal:
    return Decimal(str(value)) if isinstance(value, float) else Decimal(value)


def _agree(found: Number, expected: Decimal, tolerance: Decimal) -> bool:
    room = max(tolerance, abs(expected) * DOUBLE) if isinstance(found, float) else tolerance
    return abs(_exact(found) - expected) <= room


def _apart(found: Number, expected: Decimal) -> str:
    """`7, 2 less`."""
    exact = _exact(found)
    return f"{exact:,}, {abs(exact - expected):,} {'less' if exact < expected else 'more'}"
