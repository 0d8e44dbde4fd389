"""What a dimension is: a table of members, their attributes, and the ways along which they are drilled.

Frozen values and look-ups by name.  Not the YAML (`olap.load`), not SQL (`olap.rows`).

A dimension is used in a cube through a role, which names the fact's key column;
two cubes share a dimension (it is "conformed", Kimball & Ross, The Data
Warehouse Toolkit, 3rd ed., ch. 4) when a role of the same name leads to an equal
dimension.  A dimension without a table reads columns of the fact itself
("degenerate", ibid., ch. 2).

May import: errors, sql.   Imported by: olap.model and every module that knows dimensions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from crm_analytics.errors import UnknownName
from crm_analytics.sql import ident

# What a filter value is read as; "" until `olap.bind` has seen the warehouse.
Kind = Literal["", "text", "number", "date", "timestamp", "boolean", "other"]

UNKNOWN = "Unknown"

# When a slow-changing attribute is read: on the fact's own day, now, or on one day for all facts.
AsOf = Literal["sale", "today"] | date


@dataclass(frozen=True, slots=True)
class Attribute:
    """One column to group or filter by.  `sql` and `order_by` are expressions over the dimension's table.

    `period` says which stretch of the calendar a member is: one of `olap.calc.PERIODS`.

    What `olap.bind` finds in the warehouse keeps the statement short: `column` and
    `order_column`, where an expression is no more than a column; whether a real member may be called as the
    unknown one is shown (`namesake`), and whether a member may be unknown (`nullable`).
    """

    name: str
    title: str
    sql: str
    format: str = "text"
    order_by: str = ""
    unknown: str = UNKNOWN
    period: str = ""
    kind: Kind = ""
    column: str = field(default="", compare=False)
    order_column: str = field(default="", compare=False)
    namesake: bool = field(default=True, compare=False)
    nullable: bool = field(default=True, compare=False)
    problem: str = field(default="", compare=False)
    place: str = field(default="", compare=False, repr=False)

    @property
    def is_text(self) -> bool:
        """Whether the unknown member can be shown by its name in the column itself."""
        return self.kind in ("", "text")


@dataclass(frozen=True, slots=True)
class First:
    """Where customers begin: their first row in a cube, by its roles of the customer and of the date."""

    cube: str
    customer: str
    date: str


@dataclass(frozen=True, slots=True)
class History:
    """The versions of a dimension's members, each true on the days from `start` up to, not including, `end`.

    A slowly changing dimension of type 2 (Kimball & Ross, ch. 5) beside the table of
    today's values.  `attributes` are those that change, as they read in this table; `day`
    is the role that dates the fact; `default` is what a question means that does not say.
    """

    table: str
    key: str
    start: str
    end: str
    attributes: Mapping[str, Attribute]
    day: str = "date"
    default: Literal["sale", "today"] = "today"


@dataclass(frozen=True, slots=True)
class Bridge:
    """Which members each `key` of a fact belongs to: any number (a multivalued dimension, Kimball & Ross, ch. 8)."""

    table: str
    key: str
    member: str


@dataclass(frozen=True, slots=True)
class Tree:
    """Members that stand under other members; `levels` name the depths, the root's first."""

    id: str
    parent: str
    label: str
    levels: tuple[str, ...]

    def column(self, level: str) -> str:
        """The column of `olap.tree.source` behind one level."""
        return f"tree level {self.levels.index(level) + 1}"


@dataclass(frozen=True, slots=True)
class Dimension:
    """A table of members, one row a member, or (without a table) columns of the fact.

    With `first` it is a cohort, see `olap.cohort`: made from another fact, and shared all the same.

    `columns` are those of the table in small letters, once `olap.bind` has looked.
    """

    name: str
    title: str
    table: str
    key: str
    attributes: Mapping[str, Attribute]
    hierarchies: Mapping[str, tuple[str, ...]]
    history: History | None = None
    bridge: Bridge | None = None
    tree: Tree | None = None
    first: First | None = None
    columns: frozenset[str] = field(default=frozenset(), compare=False)
    problem: str = field(default="", compare=False)
    place: str = field(default="", compare=False, repr=False)

    @property
    def day(self) -> Attribute | None:
        """The attribute that names the day, which makes a calendar of the dimension; None where it is none."""
        return next((a for a in self.attributes.values() if a.period == "day"), None) if self.table else None

    @property
    def finest(self) -> tuple[str, ...]:
        """The attributes each of which tells every member apart: the last levels of hierarchies, and the key."""
        levels = [levels[-1] for levels in self.hierarchies.values() if levels]
        keys = [name for name, a in self.attributes.items() if self.key and a.sql in (self.key, ident(self.key))]
        return tuple(dict.fromkeys((*levels, *keys)))

    @property
    def overlaps(self) -> bool:
        """Whether one row of a fact may belong to several members, so that parts add up to more than the whole."""
        return self.bridge is not None


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
        return (
            other is not None
            and bool(self.dimension.table or self.dimension.first)
            and self.dimension == other.dimension
        )
