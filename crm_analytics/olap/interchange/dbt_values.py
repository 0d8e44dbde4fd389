"""What dbt's semantic layer says of tables and metrics, whichever of its two forms it was written in.

May import: olap.interchange.account.   Imported by: dbt_spec, dbt_metrics, metricflow.
"""

from dataclasses import dataclass, field

from crm_analytics.olap.interchange.account import Source


@dataclass(frozen=True, slots=True)
class Entity:
    """A key of a table, or of another one in it."""

    name: str
    kind: str
    expr: str
    source: Source


@dataclass(frozen=True, slots=True)
class Column:
    """A dimension in dbt's sense: an attribute in ours.  `dated` where it says from when or to when a row holds."""

    name: str
    kind: str
    expr: str
    title: str
    grain: str
    dated: bool
    source: Source


@dataclass(frozen=True, slots=True)
class Input:
    """A measure or metric that another metric is made from."""

    name: str
    source: Source
    alias: str = ""
    filters: tuple[str, ...] = ()
    fill: str = ""
    shift: str = ""
    to_grain: str = ""


@dataclass(frozen=True, slots=True)
class SemanticMeasure:
    """An aggregate over the rows of a semantic model."""

    name: str
    agg: str
    expr: str
    source: Source
    p: float | None = None
    discrete: bool = False
    shown: bool = False
    snapshot: "Snapshot | None" = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`non_additive_dimension`: along `time` only the first or last rows count, `per` other keys."""

    time: str
    take: str
    per: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric; `inputs` in the order of its kind (measure; numerator, denominator; ...)."""

    name: str
    kind: str
    source: Source
    inputs: tuple[Input, ...]
    filters: tuple[str, ...] = ()
    expr: str = ""
    window: str = ""
    to_date: str = ""
    period_agg: str = ""


@dataclass(slots=True)
class SemanticModel:
    """One table of the semantic layer; a `calendar` has one row a day."""

    name: str
    source: Source
    table: str
    primary: str = ""
    calendar: bool = False
    entities: list[Entity] = field(default_factory=list)
    columns: list[Column] = field(default_factory=list)
    measures: list[SemanticMeasure] = field(default_factory=list)
