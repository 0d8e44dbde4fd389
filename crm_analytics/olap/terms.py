"""What stands for a member and a number in the last step of a statement.

Either a finished cell of a step before (`CellTerms`), or the rows themselves
where one fact is asked and nothing has to happen in between (`RowTerms`):
then the whole question is one SELECT, as an analyst would write it, and costs
DuckDB no more to plan.

May import: sql, olap.measure, olap.model, olap.plan, olap.rows.
Imported by: olap.compile, olap.labels, olap.order, olap.top.
"""

from dataclasses import dataclass
from typing import Protocol

from crm_analytics.olap.conditions import Term
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube, Model, ref_of
from crm_analytics.olap.plan import RANK, Axis, Plan
from crm_analytics.olap.rows import Rows
from crm_analytics.sql import ident

CELL = '"cell"'


class Terms(Protocol):
    """SQL expressions for the parts of a cell."""

    def member(self, axis: Axis) -> str:
        """The member on an axis, NULL for the unknown one."""

    def rolled(self, axis: Axis) -> str:
        """1 in a total over the axis, else 0."""

    def order(self, axis: Axis) -> str:
        """The smallest value that the rows of the cell sort by on an axis with an order of its own."""

    @property
    def rank(self) -> str:
        """The rank in a top-N, NULL for Others."""

    def aggregate(self, cube: Cube, measure: Measure, within: bool) -> str:
        """A measure without formula; `within` a formula as the type to compute on with."""


@dataclass(frozen=True, slots=True)
class CellTerms:
    """The columns of a finished cell."""

    plan: Plan

    def member(self, axis: Axis) -> str:
        return f"{CELL}.{axis.column}"

    def rolled(self, axis: Axis) -> str:
        return f"{CELL}.{axis.rolled}"

    def order(self, axis: Axis) -> str:
        return f"{CELL}.{axis.order}"

    @property
    def rank(self) -> str:
        return f"{CELL}.{RANK}"

    def aggregate(self, cube: Cube, measure: Measure, within: bool) -> str:
        return f"{CELL}.{ident(ref_of(self.plan.home.name, cube.name, measure.name))}"


@dataclass(frozen=True, slots=True)
class RowTerms:
    """Expressions over the rows of the one fact that is asked, grouped as the question splits them."""

    rows: Rows

    def member(self, axis: Axis) -> str:
        return self.rows.member(axis)

    def rolled(self, axis: Axis) -> str:
        return f"GROUPING({self.member(axis)})"

    def order(self, axis: Axis) -> str:
        return f"min({self.rows.order(axis)})"

    @property
    def rank(self) -> str:
        raise AssertionError("a top-N is ranked in a step of its own")

    def aggregate(self, cube: Cube, measure: Measure, within: bool) -> str:
        return measure.typed_aggregate if within else measure.aggregate


@dataclass(frozen=True, slots=True)
class Finished:
    """Measures in the last step, formulas and all."""

    model: Model
    home: Cube
    terms: Terms

    def value(self, ref: str) -> str:
        """The SQL of a measure under its name in the question."""
        return self._of(*self.model.measure(self.home.name, ref), within=False)

    def term(self, ref: str) -> Term:
        """The same, to compare with."""
        _, measure = self.model.measure(self.home.name, ref)
        return Term(self.value(ref) if measure.formula is None else f"({self.value(ref)})", measure.kind)

    def _of(self, cube: Cube, measure: Measure, within: bool) -> str:
        if measure.formula is None:
            return self.terms.aggregate(cube, measure, within)

        def column(name: str) -> str:
            owner, found = self.model.measure(cube.name, name)
            inside = self._of(owner, found, within=True)
            return inside if found.formula is None else f"({inside})"

        return measure.formula.sql(column)
