"""Who may see which rows: a model as one role sees it.

A cube file says for each role which rows it may reach (`access:`).  Here the
values that the role was given are put in, and every cube carries its conditions
from then on; `olap.rows.Rows` adds them to every statement that reaches rows, so
no question, total, rank, drill-through or rollup can go around them.  A role that
a cube does not name may not ask that cube.

This guards questions.  It does not guard the warehouse file from a program that
opens it by other means: for that, give people a service and not the file.

May import: errors, olap.filters, olap.model.   Imported by: project.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from crm_analytics.errors import QueryError, UnknownName, shortened
from crm_analytics.olap.filters import And, Compare, Condition, Not, Or, Per, Placeholder, comparisons
from crm_analytics.olap.model import Cube, Model
from crm_analytics.sql import Value

RoleValue = Value | Sequence[Value]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whom a project is open for; `values` stand for `:name` in the conditions, a list for `in (:name)`."""

    role: str
    values: Mapping[str, RoleValue]


def seen_by(model: Model, viewer: Viewer) -> Model:
    """The cubes that the viewer's role may ask, each held to the rows it may see.

    Raises
    ------
    UnknownName : no cube has rows for such a role.
    QueryError : a condition needs a value that is not given, or one is given that none needs.
    """
    role, values = viewer.role, viewer.values
    roles = {name for cube in model.cubes.values() for name in cube.access}
    if role not in roles:
        raise UnknownName("cubes", "role under 'access'", role, roles)
    cubes = {c.name: _held(c, role, values) for c in model.cubes.values() if role in c.access}
    asked = {name for c in model.cubes.values() if role in c.access for name in _places(c.access[role])}
    if extra := sorted(values.keys() - asked):
        raise QueryError(
            f"role {role!r}: no condition needs {extra[0]!r}. Needed: {shortened(sorted(asked)) or 'none'}"
        )
    return Model(cubes, hidden=frozenset(model.cubes) - cubes.keys(), role=role)


def _held(cube: Cube, role: str, values: Mapping[str, RoleValue]) -> Cube:
    condition = cube.access[role]
    return replace(cube, guard=() if condition is None else (_filled(condition, role, values),))


def _places(condition: Condition | None) -> Iterable[str]:
    for compare in comparisons(condition) if condition else ():
        yield from (value.name for value in compare.values if isinstance(value, Placeholder))


def _filled(condition: Condition, role: str, values: Mapping[str, RoleValue]) -> Condition:
    match condition:
        case Compare(name, operator, wanted):
            return Compare(name, operator, tuple(v for w in wanted for v in _values(w, operator, role, values)))
        case Not(part):
            return Not(_filled(part, role, values))
        case And(parts):
            return And(tuple(_filled(part, role, values) for part in parts))
        case Or(parts):
            return Or(tuple(_filled(part, role, values) for part in parts))
        case Per():
            raise AssertionError("olap.load lets no 'per' into access")


def _values(wanted: Value, operator: str, role: str, values: Mapping[str, RoleValue]) -> list[Value]:
    if not isinstance(wanted, Placeholder):
        return [wanted]
    if wanted.name not in values:
        raise QueryError(f"role {role!r} needs a value for {wanted.name!r}")
    given = values[wanted.name]
    if isinstance(given, str) or not isinstance(given, Sequence):
        return [given]
    if operator != "in" or not given:
        raise QueryError(
            f"role {role!r}: {wanted.name!r} takes {'at least one value' if operator == 'in' else 'one value'}"
        )
    return list(given)
