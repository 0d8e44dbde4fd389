"""What a cube is: dimensions with attributes and hierarchies, measures, and the fact they stand on.

Frozen values and look-ups by name.  Not the YAML (`olap.load`), not SQL (`olap.compile`).

A dimension is used in a cube through a role, which names the fact's key column;
two cubes share a dimension (it is "conformed", Kimball & Ross, The Data
Warehouse Toolkit, 3rd ed., ch. 4) when a role of the same name leads to an equal
dimension.  A dimension without a table reads columns of the fact itself
("degenerate", ibid., ch. 2).

May import: errors, olap.formula.   Imported by: every module of olap.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from crm_analytics.errors import QueryError, UnknownName, shortened
from crm_analytics.olap.formula import Formula

Aggregate = Literal["sum", "count", "count_distinct", "avg", "min", "max"]
AGGREGATES: tuple[str, ...] = get_args(Aggregate)

# What a filter value is read as; "" until `olap.bind` has seen the warehouse.
Kind = Literal["", "text", "number", "date", "timestamp", "boolean", "other"]

UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One column to group or filter by.  `sql` and `order_by` are expressions over the dimension's table."""

    name: str
    title: str
    sql: str
    format: str = "text"
    order_by: str = ""
    unknown: str = UNKNOWN
    kind: Kind = ""
    problem: str = field(default="", compare=False)
    place: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A table of members, one row a member, or (without a table) columns of the fact."""

    name: str
    title: str
    table: str
    key: str
    attributes: Mapping[str, Attribute]
    hierarchies: Mapping[str, tuple[str, ...]]
    problem: str = field(default="", compare=False)
    place: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Role:
    """A dimension as one cube uses it, under the name that questions use."""

    name: str
    title: str
    dimension: Dimension
    column: str
    problem: str = field(default="", compare=False)
    place: str = field(default="", compare=False, repr=False)

    def attribute(self, name: str) -> Attribute:
        """Look up one attribute by its name without the role's."""
        if name not in self.dimension.attributes:
            raise UnknownName(f"dimension {self.name!r}", "attribute", name, self.dimension.attributes)
        return self.dimension.attributes[name]

    def conforms(self, other: "Role | None") -> bool:
        """Whether both mean the same members, so that two facts can meet here."""
        return other is not None and bool(self.dimension.table) and self.dimension == other.dimension


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a cube: an aggregate over the fact's rows, or a formula over other measures."""

    name: str
    title: str
    agg: Aggregate | None = None
    sql: str = ""
    where: str = ""
    formula: Formula | None = None
    format: str = "number"
    description: str = ""
    type: str = ""
    kind: Kind = ""
    problem: str = field(default="", compare=False)
    place: str = field(default="", compare=False, repr=False)

    @property
    def counts(self) -> bool:
        """Whether no rows make 0 of it, and not nothing."""
        return self.agg in ("count", "count_distinct")

    @property
    def cell_type(self) -> str:
        """The type in a cell: the width of the column summed, where DuckDB widens sums to 38 digits."""
        if self.type == "HUGEINT":
            return "BIGINT"
        if self.agg == "sum" and self.type.startswith("DECIMAL(38,"):
            return f"DECIMAL(18,{self.type.removeprefix('DECIMAL(38,')}"
        return self.type

    @property
    def aggregate(self) -> str:
        """The SQL aggregate over rows of the fact."""
        inside = f"DISTINCT {self.sql}" if self.agg == "count_distinct" else self.sql or "*"
        function = "count" if self.counts else self.agg
        condition = f" FILTER (WHERE {self.where})" if self.where else ""
        return f"{function}({inside}){condition}"


@dataclass(frozen=True, slots=True)
class Cube:
    """One fact table with the dimensions that it reaches and the measures that can be asked of it."""

    name: str
    title: str
    description: str
    table: str
    key: tuple[str, ...]
    roles: Mapping[str, Role]
    measures: Mapping[str, Measure]
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
    """All cubes of a project.  `bound` once the columns have been looked up in a warehouse."""

    cubes: Mapping[str, Cube]
    bound: bool = False

    def cube(self, name: str) -> Cube:
        """Look up one cube by its name."""
        if name not in self.cubes:
            raise UnknownName("cubes", "cube", name, self.cubes)
        return self.cubes[name]

    def measure(self, home: str, ref: str) -> tuple[Cube, Measure]:
        """`revenue` of the cube `home`, or `contacts.mailings` of another, as its cube and measure."""
        name, dot, measure = ref.rpartition(".")
        cube = self.cube(name) if dot else self.cube(home)
        return cube, cube.measure(measure)

    def problems(self) -> Iterator[str]:
        """What `olap.bind` found that no query can use, one sentence each."""
        seen: set[str] = set()
        for cube in self.cubes.values():
            dimensions = [role.dimension for role in cube.roles.values()]
            attributes = [a for d in dimensions for a in d.attributes.values()]
            things: list[Part] = [cube, *cube.roles.values(), *dimensions, *attributes, *cube.measures.values()]
            for thing in things:
                if thing.problem and thing.problem not in seen:
                    seen.add(thing.problem)
                    yield thing.problem


def ref_of(home: str, cube: str, measure: str) -> str:
    """The name of a measure in a question put to `home`: bare for its own, dotted for another cube's."""
    return measure if cube == home else f"{cube}.{measure}"
