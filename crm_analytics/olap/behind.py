"""The rows of one fact behind one cell of an answer, as SQL to select from.

They are the rows that the cell was computed from: the filters of the question,
the members of the cell, the ranking of its top-N, and the `where` of the measure,
all through `olap.rows` like the cells themselves.  Runs nothing: that is `olap.drill`.

    CubeQuery + Cell --behind_cell--> Behind --statement--> sql.Query

May import: errors, sql, olap.bridge, olap.conditions, olap.fact, olap.filters, olap.model, olap.plan, olap.query,
olap.resolve, olap.rows, olap.text, olap.top.   Imported by: olap.drill, notebook, cli.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from crm_analytics.errors import QueryError, UnknownName, shortened
from crm_analytics.olap.bridge import Cut
from crm_analytics.olap.conditions import Params
from crm_analytics.olap.fact import beyond, cut_of, ranks
from crm_analytics.olap.filters import And, Compare, Per, conjuncts, parse_filter
from crm_analytics.olap.model import Model
from crm_analytics.olap.plan import RANK, Axis, Fact, Plan
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.resolve import expand, make_plan, split_conditions
from crm_analytics.olap.rows import Rows
from crm_analytics.olap.text import select
from crm_analytics.olap.top import chosen_members, top_members
from crm_analytics.sql import Query, Value


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell by its members, None for an unknown one; over an attribute left out it is the total.

    `others` means the row Others of a top-N: of the whole, or of the parents that `members` names.
    """

    members: Mapping[str, Value] = field(default_factory=dict)
    others: bool = False

    def __str__(self) -> str:
        parts = [f"{ref} = {'unknown' if value is None else value}" for ref, value in self.members.items()]
        return ", ".join([*parts, *(["Others"] if self.others else [])]) or "all"


def parse_cell(text: str) -> Cell:
    """Read a cell: `product.department = 'GROCERY' and date.year is unknown`; the grand total where empty.

    Raises
    ------
    QueryError : it does not parse, or is another filter than members joined with `and`.
    """
    members: dict[str, Value] = {}
    for part in conjuncts(parse_filter(text)) if text else ():
        if not isinstance(part, Compare) or part.operator not in ("=", "unknown"):
            raise QueryError(f"cell {text!r}: write ATTRIBUTE = MEMBER, or ATTRIBUTE is unknown, joined with 'and'")
        members[part.name] = part.values[0] if part.values else None
    return Cell(members)


class Items(Protocol):
    """The SELECT list over some rows."""

    def __call__(self, rows: Rows, /) -> list[str]:
        """One item a column."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The rows of one fact behind a cell, ready to be selected from."""

    model: Model
    query: CubeQuery
    plan: Plan
    fact: Fact
    cell: Cell
    question: str

    def statement(self, items: Items, axes: tuple[Axis, ...], last: Sequence[str]) -> Query:
        """SELECT `items` from the rows, joined to what `axes` name too; `last` follows the conditions."""
        params = Params()
        conditions = [Compare(ref, "=", (value,)) for ref, value in self.cell.members.items()]
        # Of several members a row has to have this one, and is still one row.
        own = [replace(axis, shown=False) for axis in self.plan.axes if axis.ref in self.cell.members]
        ctes, steps = chosen_members(self.model, self.plan, params)
        joins: list[str] = []
        also: list[str] = []
        cut: Cut | None = None
        if self._ranked and self.plan.ranked:
            own += [*self.plan.parents, self.plan.ranked]
            ctes += top_members(self.model, self.query, self.plan, params, dict(steps))
            also += beyond(self.plan)
            cut = cut_of(self.plan, self.plan.axes)
        rows = Rows(self.fact, (*own, *self.plan.filtered, *axes), cut=cut)
        if self._ranked:
            joins = ranks(self.plan, rows)
            also += self._rank(rows.rank(cut) if cut else RANK)
        also += self._counted()
        lines = [f"-- {self.question}", *([f"WITH {', '.join(ctes)}"] if ctes else []), select(items(rows))]
        lines += [*rows.lines([*self.plan.before, *conditions], params, steps, joins, also), *last]
        return Query("\n".join(lines) + "\n", params.values)

    def counted(self) -> tuple[str, Mapping[str, Value]]:
        """The statement that counts the rows, and its values."""
        query = self.statement(lambda _: ['count(*) AS "rows"'], (), ())
        return query.text, query.params

    @property
    def _ranked(self) -> bool:
        """Whether it matters to these rows who is in the top."""
        top, cut = self.plan.top, self.plan.ranked
        if top is None or cut is None:
            return False
        named = cut.ref in self.cell.members and not cut.overlaps
        return self.cell.others or named or not top.others or top.after > 0

    def _rank(self, rank: str) -> list[str]:
        if self.cell.others:
            return [f"{rank} IS NULL"]
        cut = self.plan.ranked
        return [f"{rank} IS NOT NULL"] if cut and cut.ref in self.cell.members else []

    def _counted(self) -> list[str]:
        """The `where` of the measure; of a formula, that any of the measures behind it counts the row."""
        wheres = list(dict.fromkeys(ask.measure.where for ask in self.fact.asks))
        return [] if "" in wheres else [" OR ".join(f"({where})" for where in wheres)]


def behind_cell(model: Model, query: CubeQuery, cell: Cell, measure: str) -> Behind:
    """The rows that give a cell its value of a measure, the first one asked where it is empty.

    Raises
    ------
    UnknownName, QueryError, ConfigError : the question cannot be answered, the cell cannot be one of its answer,
    or the measure is made of the rows of several facts.
    """
    asked = measure or (query.asked[0] if query.asked else "")
    home = model.cube(query.cube)
    if not asked:
        raise QueryError(f"cube {home.name!r}: ask for at least one measure: {shortened(home.measures)}")
    # With totals a filter on measures chooses the rows of the cells that it keeps, which is what is wanted of any cell.
    chosen = bool(split_conditions(model, home, query.conditions)[1])
    one = replace(query, asked=(asked,), totals=chosen, filled=False, orders=(), rows=None)
    plan = make_plan(model, one)
    found = list(expand(model, home, plan.shown[0]))
    if any(how for how, _ in found):
        raise QueryError(f"{asked} is taken from rows of other periods; drill through to those of each period instead")
    grounds = tuple({ground.ref: ground for _, ground in found}.values())
    cubes = list(dict.fromkeys(ground.cube.name for ground in grounds))
    if len(cubes) > 1:
        raise QueryError(
            f"{asked} is made of rows of {' and '.join(cubes)}; drill through for one of its measures: "
            f"{', '.join(ground.ref for ground in grounds)}"
        )
    _check_cell(plan, cell)
    filters = " under the filters of the question" if query.conditions else ""
    question = f"{home.name}: {asked}, {cell}{filters}"
    return Behind(model, one, plan, Fact(model.cube(cubes[0]), grounds), cell, question)


def inside(model: Model, query: CubeQuery, cell: Cell) -> CubeQuery:
    """The question with only the rows of one cell: its parts, at whatever level, are those of the cell.

    Raises
    ------
    QueryError : the cell is Others, which is many members.
    """
    if cell.others:
        raise QueryError("Others is many members; others() gives the question that shows them")
    before, after = split_conditions(model, model.cube(query.cube), query.conditions)
    axes = tuple(dict.fromkeys((*query.split, *((query.across,) if query.across else ()))))
    # A filter on measures was asked of the cells of this level, not of those below.
    kept = (Per(after[0] if len(after) == 1 else And(after), axes),) if after and axes else after
    members = (Compare(ref, "=", (member,)) for ref, member in cell.members.items())
    return replace(query, conditions=(*before, *kept, *members), largest=None)


def _check_cell(plan: Plan, cell: Cell) -> None:
    known = [axis.ref for axis in plan.axes]
    for ref in cell.members:
        if ref not in known:
            raise UnknownName("cell", "attribute in the question", ref, known)
    if cell.others and (plan.top is None or plan.ranked is None or not plan.top.others):
        raise QueryError("cell: the question has no Others; ask for the top n")
    at_hand = {*cell.members, *([plan.ranked.ref] if cell.others and plan.ranked else [])}
    ranked = (*plan.parents, *([plan.ranked] if plan.ranked else []))
    loose = next((axis.ref for axis in ranked if axis.overlaps and axis.ref not in at_hand), None)
    if loose and plan.top and (cell.others or not plan.top.others):
        raise QueryError(f"cell: a row may have several members of {loose}; say of which one")
    if cell.others and plan.ranked and plan.ranked.ref in cell.members:
        raise QueryError(f"cell: {plan.ranked.ref} has a member and is Others at once; say one of them")
