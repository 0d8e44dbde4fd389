"""What a cube is: a fact with the dimensions that it reaches and the measures that can be asked of it.

Frozen values and look-ups by name.  Not the YAML (`olap.load`), not SQL (`olap.compile`).

May import: errors, olap.assertions, olap.calc, olap.dimension, olap.filters, olap.measure, olap.rollup.
Imported by: every module of olap.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from crm_analytics.errors import QueryError, UnknownName, shortened
from crm_analytics.olap.assertions import Assertion
from crm_analytics.olap.calc import parse_calc
from crm_analytics.olap.dimension import Attribute, Dimension, Role
from crm_analytics.olap.filters import Condition
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.rollup import Rollup


@dataclass(frozen=True, slots=True)
class Cube:
    """One fact table with the dimensions that it reaches and the measures that can be asked of it.

    `access` says which rows each role may see, None for all of them; `guard` holds
    the conditions of the role that is asking, see `olap.access`.  `tests` is what
    has to hold of its numbers; `rollups` are stored beside the fact.
    """

    name: str
    title: str
    description: str
    table: str
    key: tuple[str, ...]
    roles: Mapping[str, Role]
    measures: Mapping[str, Measure]
    access: Mapping[str, Condition | None] = field(default_factory=dict)
    guard: tuple[Condition, ...] = ()
    tests: tuple[Assertion, ...] = ()
    rollups: Mapping[str, Rollup] = field(default_factory=dict)
    problem: str = field(default="", compare=False)
    place: str = field(default="", compare=False, repr=False)

    def role(self, name: str) -> Role:
        """Look up one dimension by the name it has in this cube."""
        if name not in self.roles:
            raise UnknownName(f"cube {self.name!r}", "dimension", name, self.roles)
        return self.roles[name]

    def attribute(self, ref: str) -> tuple[Role, Attribute]:
        """`product.department` as its role and attribute."""
        name, dot, attribute = ref.partition(".")
        role = self.role(name)
        if not dot:
            known = shortened(f"{name}.{a}" for a in role.dimension.attributes)
            raise QueryError(f"cube {self.name!r}: dimension {name!r} needs an attribute: {known}")
        return role, role.attribute(attribute)

    def measure(self, name: str) -> Measure:
        """Look up one measure by its name."""
        if name not in self.measures:
            raise UnknownName(f"cube {self.name!r}", "measure", name, self.measures)
        return self.measures[name]


Part = Cube | Role | Dimension | Attribute | Measure


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """All cubes of a project.  `bound` once the columns have been looked up in a warehouse.

    As a `role` sees it, `hidden` names the cubes that it may not ask.
    """

    cubes: Mapping[str, Cube]
    bound: bool = False
    hidden: frozenset[str] = frozenset()
    role: str = ""

    def cube(self, name: str) -> Cube:
        """Look up one cube by its name."""
        if name in self.hidden:
            raise QueryError(f"cube {name!r} says nothing of role {self.role!r} under 'access', so it may not be asked")
        if name not in self.cubes:
            raise UnknownName("cubes", "cube", name, self.cubes)
        return self.cubes[name]

    def measure(self, home: str, ref: str) -> tuple[Cube, Measure]:
        """`revenue` of the cube `home`, or `contacts.mailings` of another, as its cube and measure.

        With a calculation behind the name (`revenue ytd`) the measure is that calculation.
        """
        if " " in ref:
            ref, calc = parse_calc(ref)
            cube, measure = self.measure(home, ref)
            return cube, measure.under(calc)
        owner, dot, name = ref.rpartition(".")
        cube = self.cube(owner) if dot else self.cube(home)
        return cube, cube.measure(name)

    def exactly(self) -> "Model":
        """The same cubes with every estimated count made an exact one."""
        cubes = {
            name: replace(cube, measures={m: replace(v, sketch="") for m, v in cube.measures.items()})
            for name, cube in self.cubes.items()
        }
        return replace(self, cubes=cubes)

    def problems(self) -> Iterator[str]:
        """What `olap.bind` found that no query can use, one sentence each."""
        seen: set[str] = set()
        for cube in self.cubes.values():
            dimensions = [role.dimension for role in cube.roles.values()]
            attributes = [a for d in dimensions for a in d.attributes.values()]
            attributes += [a for d in dimensions if d.history for a in d.history.attributes.values()]
            things: list[Part] = [cube, *cube.roles.values(), *dimensions, *attributes, *cube.measures.values()]
            for thing in things:
                if thing.problem and thing.problem not in seen:
                    seen.add(thing.problem)
                    yield thing.problem


def ref_of(home: str, cube: str, measure: str) -> str:
    """The name of a measure in a question put to `home`: bare for its own, dotted for another cube's."""
    return measure if cube == home else f"{cube}.{measure}"
