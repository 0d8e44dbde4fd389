"""What a question would cost, told before it is asked: the rows to read, the rows of the answer, the plan.

The planner's guess of a split is no use to people (three million rows for an
answer of 32), so the rows of the answer are bounded by what can occur: the
combinations of members that a dimension has, counted in its table, times those
of the other dimensions, and never more than a fact has rows.

May import: engines, errors, olap.bind, olap.compile, olap.members, olap.model, olap.plan, olap.query.
Imported by: notebook.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from math import prod

from crm_analytics.engines import Engine
from crm_analytics.engines.scans import Scan
from crm_analytics.errors import AccessError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.compile import compile_query
from crm_analytics.olap.members import table_of
from crm_analytics.olap.model import Model
from crm_analytics.olap.plan import Axis, Plan
from crm_analytics.olap.query import CubeQuery


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a question would read and give.  Prints, and shows in Jupyter, as text.

    `most_rows` is the most that the answer can have; None where the cube splits
    a view by its own columns, of which nothing is known beforehand.
    """

    scans: tuple[Scan, ...]
    most_rows: int | None
    sql: str
    plan: str

    @property
    def most_read(self) -> int:
        """The most rows that can be read, of all tables together; the engine may skip blocks of them."""
        return sum(scan.rows for scan in self.scans)

    def __str__(self) -> str:
        answers = f"Answers with {_at_most(self.most_rows)}"
        return "\n".join(
            (*self._reads(), answers, "", self.sql, "Plan, with the rows that the planner guesses", self.plan)
        )

    def _reads(self) -> Iterator[str]:
        yield f"Reads {_at_most(self.most_read)}"
        wide = max((len(scan.table) for scan in self.scans), default=0)
        high = max((len(f"{scan.rows:,}") for scan in self.scans), default=0)
        for scan in self.scans:
            some = f", of which about {scan.passed:,} pass the filter" if scan.passed < scan.rows else ""
            yield f"  {scan.table.ljust(wide)}  {scan.rows:>{high},}{some}"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"


def estimate(engine: Engine, model: Model, query: CubeQuery) -> Estimate:
    """What a question would cost; it is planned and not run.

    The tables of the dimensions that it splits by are looked into, facts are not.

    Raises
    ------
    AccessError : the model is held to the rows of a role, and this would tell of others.
    CrmError : the question cannot be answered; see `olap.browse`.
    """
    if any(cube.guard for cube in model.cubes.values()):
        raise AccessError(
            f"role {model.role!r} may not see all rows, so it may not learn how many a question would read"
        )
    compiled = compile_query(model if model.bound else bind_model(model, engine), query)
    planned = engine.estimate(compiled.query)
    sizes = {scan.table: scan.rows for scan in planned.scans}
    return Estimate(planned.scans, _most_rows(engine, compiled.plan, sizes), compiled.query.readable(), planned.plan)


def _most_rows(engine: Engine, plan: Plan, sizes: Mapping[str, int]) -> int | None:
    levels = [_most_cells(engine, plan, axes, sizes) for axes in plan.levels]
    if None in levels:
        return plan.limit
    rows = max(sum(level for level in levels if level is not None) - plan.offset, 0)
    return min(rows, plan.limit) if plan.limit else rows


def _most_cells(engine: Engine, plan: Plan, axes: tuple[Axis, ...], sizes: Mapping[str, int]) -> int | None:
    """The most cells that a split by `axes` can have."""
    if not axes:
        return 1
    split = [tuple(axis for axis in axes if axis.alias == name) for name in dict.fromkeys(axis.alias for axis in axes)]
    of_tables = prod(_combinations(engine, plan, part) for part in split if part[0].role.dimension.table)
    own = any(not part[0].role.dimension.table for part in split)
    tables = {fact.cube.table for fact in plan.facts}
    if not tables <= sizes.keys():
        return None if own else of_tables
    rows = sum(sizes[table] for table in tables)
    if plan.time or any(axis.overlaps for axis in axes):
        # A cell may stand in periods that have no row of their own, and a row in the cells of several members.
        return of_tables * rows if own else of_tables
    return rows if own else min(of_tables, rows)


def _combinations(engine: Engine, plan: Plan, axes: tuple[Axis, ...]) -> int:
    """How many combinations of members one dimension has; of a top-N alone those that are shown, and Others."""
    columns = ", ".join(f"{axis.attribute.sql} AS {axis.column}" for axis in axes)
    members = f"(SELECT DISTINCT {columns} FROM {table_of(axes)})"
    ((found,),) = engine.rows(f'SELECT count(*) AS "n" FROM {members} AS "member"')
    # A row that has no version, or no member by its bridge, belongs to the unknown one.
    most = int(str(found)) + (axes[0].as_of != "today" or axes[0].overlaps)
    alone = plan.top is not None and axes == (plan.ranked,) and not plan.parents
    return min(most, plan.top.n + 1) if plan.top and alone else most


def _at_most(rows: int | None) -> str:
    if rows is None:
        return "an unknown number of rows"
    return {0: "no rows", 1: "1 row"}.get(rows, f"at most {rows:,} rows")
