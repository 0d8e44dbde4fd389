"""The rows of a rollup in the place of those of its fact, and the statement that fills it.

May import: sql, olap.bridge, olap.conditions, olap.filters, olap.measure, olap.model, olap.plan, olap.rollup,
olap.rows, olap.text.   Imported by: olap.compile, olap.fact, olap.refresh, olap.rollup_log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crm_analytics.olap.bridge import Choice, Cut
from crm_analytics.olap.conditions import Params
from crm_analytics.olap.filters import Condition
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube
from crm_analytics.olap.plan import Ask, Axis, Fact, axis_of
from crm_analytics.olap.rollup import ROWS_BEHIND, Rollup, merged, parts
from crm_analytics.olap.rows import Rows
from crm_analytics.olap.text import select
from crm_analytics.sql import Query, ident


@dataclass(frozen=True, slots=True)
class StoredRows(Rows):
    """The rows of the rollup that answers for a fact: members stand in its columns, numbers are merged."""

    def member(self, axis: Axis) -> str:
        return f"{self._table}.{axis.column}"

    def order(self, axis: Axis) -> str:
        return f"{self._table}.{axis.order}"

    def aggregate(self, measure: Measure) -> str:
        return merged(measure, self._table)

    def typed_aggregate(self, measure: Measure) -> str:
        sql = merged(measure, self._table)
        return f"CAST({sql} AS {measure.cell_type})" if measure.cell_type != measure.type else sql

    def joined(
        self, held: Sequence[Condition], inside: Mapping[str, Sequence[Choice]], params: Params
    ) -> tuple[list[str], list[str]]:
        return [f"FROM {self._table}"], []

    @property
    def _table(self) -> str:
        assert self.fact.rollup
        return ident(self.fact.rollup.table)


def reach(fact: Fact, axes: tuple[Axis, ...], calendar: str = "", cut: Cut | None = None) -> Rows:
    """The rows that answer for a fact: those of its rollup where it has one, else its own.

    A fact with moved days, or cut by members of which a row has several, has no rollup (`olap.routing`).
    """
    return StoredRows(fact, axes) if fact.rollup else Rows(fact, axes, calendar, cut)


def store_query(cube: Cube, rollup: Rollup) -> Query:
    """The SELECT that gives the rows of a rollup, of all rows of the fact whoever is asking."""
    owned = replace(cube, guard=())
    axes = tuple(axis_of(owned, ref) for ref in rollup.by)
    measures = [owned.measure(name) for name in rollup.stored]
    fact = Fact(owned, tuple(Ask(measure.name, owned, measure) for measure in measures))
    rows, params = Rows(fact, axes), Params()
    items = [f"{rows.member(axis)} AS {axis.column}" for axis in axes]
    items += [f"min({rows.order(axis)}) AS {axis.order}" for axis in axes if axis.attribute.order_by]
    items += [f"{sql} AS {column}" for measure in measures for column, sql in parts(measure).items()]
    items.append(f"count(*) AS {ROWS_BEHIND}")
    keys = ", ".join(str(i + 1) for i in range(len(axes)))
    lines = [select(items), *rows.lines((), params), f"GROUP BY {keys}", f"ORDER BY {keys}"]
    return Query("\n".join(lines) + "\n", params.values)
