"""What stands for a member and a number in the last step of a statement.

Either a finished cell of a step before (`CellTerms`), or the rows themselves
where one fact is asked and nothing has to happen in between (`RowTerms`):
then the whole question is one SELECT, as an analyst would write it, and costs
DuckDB no more to plan.

May import: sql, olap.calc, olap.measure, olap.model, olap.plan, olap.rows.
Imported by: olap.compile, olap.labels, olap.order, olap.top.
"""

from dataclasses import dataclass
from typing import Protocol

from crm_analytics.olap.calc import PLAIN, How
from crm_analytics.olap.conditions import Term
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube, Model
from crm_analytics.olap.plan import RANK, Axis, Plan, ground_ref
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

    def aggregate(self, cube: Cube, measure: Measure, how: How, within: bool) -> str:
        """A measure taken from rows, `how`; `within` a formula as the type to compute on with."""


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

    def aggregate(self, cube: Cube, measure: Measure, how: How, within: bool) -> str:
        return f"{CELL}.{ident(ground_ref(self.plan.home, cube, measure, how))}"


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

    def aggregate(self, cube: Cube, measure: Measure, how: How, within: bool) -> str:
        return self.rows.typed_aggregate(measure) if within else self.rows.aggregate(measure)


@dataclass(frozen=True, slots=True)
class Finished:
    """Measures in the last step, formulas and all."""

    model: Model
    home: Cube
    terms: Terms

    def value(self, ref: str) -> str:
        """The SQL of a measure under its name in the question."""
        return self._of(*self.model.measure(self.home.name, ref), PLAIN, within=False)

    def term(self, ref: str) -> Term:
        """The same, to compare with."""
        _, measure = self.model.measure(self.home.name, ref)
        return Term(self.value(ref) if measure.is_ground else f"({self.value(ref)})", measure.kind)

    def _of(self, cube: Cube, measure: Measure, how: How, within: bool) -> str:
        if measure.formula:
            return measure.formula.sql(lambda name: self._part(cube, name, how))
        if not measure.calc:
            return self.terms.aggregate(cube, measure, how, within)
        calc = measure.calc
        if not calc.against:
            return self._of(*self.model.measure(cube.name, calc.of), how.of(calc.how), within)
        now, before = (self._part(cube, calc.of, how.of(part)) for part in (calc.how, calc.before))
        return f"CAST({now} - {before} AS DOUBLE) / nullif({before}, 0)" if calc.relative else f"{now} - {before}"

    def _part(self, cube: Cube, name: str, how: How) -> str:
        """A measure within a formula, in parentheses unless it is a single thing."""
        owner, measure = self.model.measure(cube.name, name)
        inside = self._of(owner, measure, how, within=True)
        return inside if measure.is_ground else f"({inside})"
