"""What a measure is: an aggregate over the rows of a fact, a formula over other measures, or one of them over time.

Frozen values that know the SQL of their own aggregate.  Not where they stand in
a cube (`olap.model`) and not how a statement is put together (`olap.compile`).

May import: olap.calc, olap.dimension, olap.formula.   Imported by: every module of olap that knows measures.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from crm_analytics.olap.calc import Calc
from crm_analytics.olap.dimension import Kind
from crm_analytics.olap.formula import Formula

Aggregate = Literal["sum", "count", "count_distinct", "avg", "min", "max", "median", "percentile"]
AGGREGATES: tuple[str, ...] = get_args(Aggregate)

Take = Literal["last", "first", "avg"]
TAKES: tuple[str, ...] = get_args(Take)
SKETCHES = ("hll",)

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class SemiAdditive:
    """A stock, such as a balance: no sum over the dimension `over`, but what it holds on one of its days.

    In each cell the value of the last or first day that has one, or the average
    over such days, is taken for each member of the roles `per` by itself, and those
    are added up.  Where a member has several rows a day, `by` says which one counts:
    the last, or first, in its order.
    """

    over: str
    take: Take
    per: tuple[str, ...] = ()
    by: str = ""

    def __str__(self) -> str:
        per = f" per {', '.join(self.per)}" if self.per else ""
        return f"{self.take} {self.over}{per}" + (f" by {self.by}" if self.by else "")


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a cube: an aggregate over the fact's rows, a formula over other measures, or a time calculation.

    `p` is the share of rows at or below a percentile, 0.9 for the 90th.  A sum or count
    that must not be added up names the roles in `not_over`, or is no sum at all where
    `adds` is false (`olap.additivity`).  A count_distinct with the `sketch` "hll" is
    estimated, from rows as from rollups.
    """

    name: str
    title: str
    agg: Aggregate | None = None
    sql: str = ""
    where: str = ""
    formula: Formula | None = None
    format: str = "number"
    description: str = ""
    p: float | None = None
    semi: SemiAdditive | None = None
    adds: bool = True
    not_over: tuple[str, ...] = ()
    type: str = ""
    kind: Kind = ""
    calc: Calc | None = None
    sketch: str = ""
    problem: str = field(default="", compare=False)
    place: str = field(default="", compare=False, repr=False)

    @property
    def is_ground(self) -> bool:
        """Whether it is taken from rows and not from other measures."""
        return self.formula is None and self.calc is None

    def under(self, calc: Calc) -> "Measure":
        """A calculation on this measure that a question names."""
        format = "percent" if calc.relative else self.format
        made = Measure(f"{self.name} {calc}", f"{self.title} {calc}", format=format, calc=calc)
        kind: Kind = "number" if calc.against else self.kind
        return replace(made, type=self.cell_type, kind=kind, problem=self.problem, place=self.place)

    @property
    def words(self) -> frozenset[str]:
        """Everything in the SQL of the aggregate that may be the name of a column, in small letters."""
        by = self.semi.by if self.semi else ""
        return frozenset(_WORD.findall(f"{self.sql} {self.where} {by}".lower()))

    @property
    def counts(self) -> bool:
        """Whether no rows make 0 of it, and not nothing."""
        return self.agg in ("count", "count_distinct")

    @property
    def additive(self) -> bool:
        """Whether the parts of a split without overlap add up to the whole."""
        return self.agg in ("sum", "count") and self.semi is None

    @property
    def cell_type(self) -> str:
        """The type in a cell: the width of the column summed, where DuckDB widens sums to 38 digits."""
        if self.is_ground and self.type == "HUGEINT":
            return "BIGINT"
        if self.agg == "sum" and self.type.startswith("DECIMAL(38,"):
            return f"DECIMAL(18,{self.type.removeprefix('DECIMAL(38,')}"
        return self.type

    @property
    def aggregate(self) -> str:
        """The SQL aggregate over rows of the fact."""
        condition = f" FILTER (WHERE {self.where})" if self.where else ""
        match self.agg:
            case "percentile":
                return f"quantile_cont({self.sql}, {self.p}){condition}"
            case "count_distinct" if self.sketch:
                return f"approx_count_distinct({self.sql}){condition}"
            case "count_distinct":
                return f"count(DISTINCT {self.sql}){condition}"
            case _:
                return f"{self.agg}({self.sql or '*'}){condition}"

    @property
    def typing(self) -> str:
        """An aggregate of the type that a cell has."""
        if self.semi and self.semi.take == "avg":
            return f"avg({self.sql or '1'})"
        # The extremes of several members are added up.
        return f"sum({self.sql})" if self.semi and self.semi.per and self.agg in ("min", "max") else self.aggregate

    @property
    def typed_aggregate(self) -> str:
        """The aggregate as the type it has in a cell, to compute on with."""
        return f"CAST({self.aggregate} AS {self.cell_type})" if self.cell_type != self.type else self.aggregate
