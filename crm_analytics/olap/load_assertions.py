"""Read `tests:` of a cube file: what has to hold of its numbers.

May import: errors, sql, yamlfile, olap.assertions, olap.dimension, olap.filters,
olap.load_dimension, olap.measure, olap.reading.   Imported by: olap.load.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from crm_analytics.errors import CrmError
from crm_analytics.olap.assertions import Assertion, Golden, Reconcile
from crm_analytics.olap.dimension import Role
from crm_analytics.olap.filters import Compare, Condition, comparisons, parse_filter
from crm_analytics.olap.load_dimension import check_attribute
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.reading import YamlReader
from crm_analytics.sql import Value
from crm_analytics.yamlfile import Place

# The JSON Schema for editors lists the same keys (tests/olap/test_cube_load.py).
GOLDEN_KEYS = ("measures", "where", "tolerance")
RECONCILE_KEYS = ("reconcile", "across", "where", "tolerance")


def read_assertions(
    yaml: YamlReader, roles: Mapping[str, Role], measures: Mapping[str, Measure]
) -> tuple[Assertion, ...]:
    """Every test of the cube; mistakes are noted."""
    listed = yaml.value(("tests",))
    if listed is None:
        return ()
    if not isinstance(listed, list):
        yaml.wrong(("tests",), f"'tests' needs a list, such as - {{measures: {{lines: 100}}}}; not {listed!r}")
        return ()
    found = [_assertion(yaml, ("tests", i), roles, measures) for i in range(len(listed))]
    return tuple(one for one in found if one is not None)


def _assertion(
    yaml: YamlReader, place: Place, roles: Mapping[str, Role], measures: Mapping[str, Measure]
) -> Assertion | None:
    spec = yaml.mapping(place)
    if ("measures" in spec) == ("reconcile" in spec):
        yaml.wrong(place, "a test needs either 'measures' with what they have to be, or 'reconcile' and 'across'")
        return None
    yaml.mapping(place, GOLDEN_KEYS if "measures" in spec else RECONCILE_KEYS)
    where = _where(yaml, (*place, "where"), roles)
    tolerance = _number(yaml, (*place, "tolerance")) if "tolerance" in spec else Decimal(0)
    here = yaml.file.where(*place)
    if "measures" in spec:
        expected = {name: _number(yaml, (*place, "measures", name)) for name in yaml.mapping((*place, "measures"))}
        for name in expected:
            # A measure of another cube is looked up when the test is run.
            if "." not in str(name) and name not in measures:
                yaml.unknown((*place, "measures", name), "measure of this cube", str(name), measures)
        if not expected:
            yaml.wrong(place, "'measures' needs at least one measure with what it has to be, such as {lines: 100}")
        return Golden(expected, where, tolerance, here)
    name = yaml.text((*place, "reconcile"), required=True)
    across = yaml.texts((*place, "across"))
    for ref in across:
        check_attribute(yaml, (*place, "across"), ref, roles)
    _check_reconciled(yaml, (*place, "reconcile"), name, measures)
    return Reconcile(name, across, where, tolerance, here)


def _check_reconciled(yaml: YamlReader, place: Place, name: str, measures: Mapping[str, Measure]) -> None:
    if not name:
        return
    if name not in measures:
        yaml.unknown(place, "measure of this cube", name, measures)
        return
    measure = measures[name]
    if measure.agg not in ("sum", "count", "count_distinct") or measure.semi:
        what = "a formula" if measure.formula else "semi-additive" if measure.semi else f"agg: {measure.agg}"
        yaml.wrong(place, f"{name!r} is {what}: only a sum, a count and a distinct count can be held to their parts")
    elif not measure.adds or measure.not_over:
        yaml.wrong(place, f"{name!r} must not be added up, it says under 'additive', so it has no whole")


def _where(yaml: YamlReader, place: Place, roles: Mapping[str, Role]) -> tuple[Condition, ...]:
    """A filter as text, or as `attribute: member` and `attribute: [member, ...]`."""
    said = yaml.value(place)
    if isinstance(said, dict):
        conditions = [_compare(yaml, (*place, str(ref)), str(ref), value) for ref, value in said.items()]
        found: tuple[Condition, ...] = tuple(c for c in conditions if c)
    else:
        try:
            found = (parse_filter(text),) if (text := yaml.text(place)) else ()
        except CrmError as error:
            yaml.wrong(place, str(error))
            return ()
    for condition in found:
        for compare in comparisons(condition):
            check_attribute(yaml, place, compare.name, roles)
    return found


def _compare(yaml: YamlReader, place: Place, ref: str, value: object) -> Compare | None:
    listed = value if isinstance(value, list) else [value]
    values: list[Value] = []
    for member in listed:
        if member is not None and not isinstance(member, str | int | float | bool | date):
            yaml.wrong(place, f"{ref!r} needs a member or a list of members, not {member!r}")
            return None
        values.append(member)
    if not values:
        yaml.wrong(place, f"{ref!r} needs at least one member")
        return None
    return Compare(ref, "in", tuple(values)) if isinstance(value, list) else Compare(ref, "=", tuple(values))


def _number(yaml: YamlReader, place: Place) -> Decimal:
    value = yaml.value(place)
    if isinstance(value, bool) or not isinstance(value, int | float) or not Decimal(str(value)).is_finite():
        yaml.wrong(place, f"{place[-1]!r} needs a number, not {value!r}")
        return Decimal(0)
    return Decimal(str(value))
