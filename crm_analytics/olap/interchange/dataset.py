"""One table of a foreign model, on its way to being a cube, a dimension, or both.

Not a cube file yet: which of the two it becomes is decided by
`olap.interchange.assemble`, when all tables are known.

May import: sql, olap.filters, olap.load (names), olap.interchange.account, olap.interchange.sqltext.
Imported by: the other modules of olap.interchange.
"""

import re
from collections.abc import Collection, Container
from dataclasses import dataclass, field
from typing import Any

from crm_analytics.olap.filters import Condition
from crm_analytics.olap.interchange.account import Source
from crm_analytics.olap.interchange.sqltext import Aggregate, is_column, parts
from crm_analytics.olap.load import RESERVED
from crm_analytics.sql import ident

Spec = dict[str, Any]  # a mapping of a cube file


@dataclass(frozen=True, slots=True)
class Link:
    """A many-to-one join to another table: `column` here is `key` there.  Questions call it `role`."""

    to: str
    key: str
    column: str
    role: str
    source: Source


@dataclass(frozen=True, slots=True)
class Made:
    """A measure of a cube file and the place that it comes from; `helps` where it is only there for another one."""

    spec: Spec
    source: Source
    helps: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """The rows that a role may see, None for all; attributes are written `table.attribute`."""

    condition: Condition | None
    source: Source


@dataclass(frozen=True, slots=True)
class Rollup:
    """What is aggregated ahead by which attributes, written `table.attribute`, a period `table.time.month`."""

    by: list[str]
    measures: list[str]
    source: Source


@dataclass(slots=True)
class Dataset:
    """What a foreign model says of one table, in the words of a cube file.

    `name` is what it is called as a dimension, `cube` as a cube where that
    differs, and `row` its own columns where it is a cube alone.  `attributes`,
    `times` (name: expression) and `hierarchies` are its own columns; `rows` are
    dimensions without a table that stay with the fact whatever becomes of the
    rest.  A `calendar` has one row a day.  Formulas name measures of other tables
    as `table.measure`.
    """

    name: str
    source: Source
    table: str
    key: tuple[str, ...]
    title: str = ""
    description: str = ""
    cube: str = ""
    row: str = "row"
    calendar: bool = False
    dimension: Spec = field(default_factory=dict)
    attributes: dict[str, Spec] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)
    hierarchies: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, Spec] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    measures: dict[str, Made] = field(default_factory=dict)
    access: dict[str, Rule] = field(default_factory=dict)
    rollups: dict[str, Rollup] = field(default_factory=dict)

    def equal_to(self, spec: Spec) -> str:
        """The measure that is the same aggregate; '' where there is none."""
        for name, made in self.measures.items():
            if "agg" in spec and all(made.spec.get(key) == spec.get(key) for key in _MEANING):
                return name
        return ""

    def measure_of(self, aggregate: Aggregate, source: Source, taken: Collection[str] = ()) -> str:
        """The name of the measure that is this aggregate; it is added, under none of the names taken, where missing."""
        spec = aggregate_spec(aggregate)
        if name := self.equal_to(spec):
            return name
        column = f"_{parts(aggregate.sql)[-1]}" if is_column(aggregate.sql) else ""
        stem = {"count_distinct": "distinct", "count": "count" if aggregate.sql else "row_count"}
        name = fit_name(f"{stem.get(aggregate.agg, aggregate.agg)}{column}", {*self.measures, *taken})
        self.measures[name] = Made(spec, source, helps=True)
        return name


_MEANING = ("agg", "sql", "where", "p", "sketch")


def aggregate_spec(aggregate: Aggregate) -> Spec:
    """An aggregate as a measure of a cube file."""
    spec: Spec = {"agg": aggregate.agg}
    if aggregate.sql:
        spec["sql"] = aggregate.sql
    if aggregate.where:
        spec["where"] = aggregate.where
    if aggregate.p is not None:
        spec["p"] = aggregate.p
    if aggregate.approximate:
        spec["sketch"] = "hll"
    return spec


def attribute_spec(name: str, sql: str, title: str = "", format: str = "") -> Spec:
    """An attribute of a cube file; its column is left unsaid where it is called as the attribute."""
    spec: Spec = {"title": title} if title else {}
    if sql not in (name, ident(name)):
        spec["sql"] = sql
    return spec | ({"format": format} if format else {})


# Which period each of these holds, and how a calendar of the project's star writes it.
PERIODS = {
    "year": "CAST(year({}) AS INTEGER)",
    "quarter": "strftime({0}, '%Y-Q') || quarter({0})",
    "month": "strftime({}, '%Y-%m')",
    "week": "strftime({}, '%G-W%V')",
    "day": "{}",
}


def period_attributes(sql: str, prefix: str = "", calendar: bool = False) -> dict[str, Spec]:
    """A date or timestamp as the periods that it lies in, coarse to fine; `prefix` for a dimension with more in it."""
    day = f"CAST({sql} AS DATE)"
    return {
        f"{prefix}{period}": {"sql": expression.format(day)}
        | ({"format": "date"} if period == "day" else {})
        | ({"period": period} if calendar else {})
        for period, expression in PERIODS.items()
    }


def period_hierarchies(prefix: str = "") -> dict[str, list[str]]:
    """The ways down from year to day."""
    levels = [f"{prefix}{period}" for period in ("year", "quarter", "month", "day")]
    return {f"{prefix}calendar": levels, f"{prefix}weeks": [f"{prefix}week", f"{prefix}day"]}


def fit_name(text: str, taken: Container[str] = ()) -> str:
    """The text as a name that a cube file may hold and that is not taken: `orderTotal` as `order_total`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if not name or not name[0].isalpha():
        name = f"n{name}"
    if name in RESERVED:
        name += "_"
    stem, number = name, 2
    while name in taken:
        name = f"{stem}_{number}"
        number += 1
    return name


def plain_table(text: str) -> tuple[str, str]:
    """The table of `shop.public.orders`, and what stands before it; ('', '') where the text is a query."""
    pieces = [p.strip('"`') for p in re.findall(r'"[^"]+"|`[^`]+`|[^.\s]+', text.strip())]
    if not pieces or re.search(r"\s", re.sub(r'"[^"]+"|`[^`]+`', "", text.strip())) or "(" in text:
        return "", ""
    return pieces[-1], ".".join(pieces[:-1])
