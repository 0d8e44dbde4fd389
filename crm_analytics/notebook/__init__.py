"""Cubes in a notebook: a question that knows its warehouse, and an answer that draws itself.

`Ask` adds nothing to `olap.query.CubeQuery` but the engine it will run on;
`Answer` adds nothing to `olap.cellset.CellSet` but a picture.

May import: errors, sql, engines, olap, charts, notebook.explained.   Imported by: project, cli.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from crm_analytics.engines import Engine
from crm_analytics.errors import QueryError
from crm_analytics.notebook.explained import Explained
from crm_analytics.olap.behind import Cell, inside
from crm_analytics.olap.browse import browse
from crm_analytics.olap.cellset import CellSet
from crm_analytics.olap.compile import compile_query
from crm_analytics.olap.drill import Customers, Drilled, cell_of, drill_customers, drill_rows
from crm_analytics.olap.estimate import Estimate, estimate
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.why import Why, why
from crm_analytics.sql import Value

if TYPE_CHECKING:
    import polars as pl

    from crm_analytics.charts import Figure
    from crm_analytics.olap.dimension import AsOf

__all__ = ["Answer", "Ask", "Explained"]

Members = Cell | Mapping[str, Value] | None


def _nowhere(name: str, _: Customers, __: bool) -> int:
    raise QueryError(f"segment {name!r}: this question belongs to no project that could keep it")


@dataclass(frozen=True, slots=True)
class Answer:
    """The cells of one question.  Shows as a formatted table in Jupyter."""

    cells: CellSet = field(repr=False)
    ask: "Ask"

    @property
    def currency(self) -> str:
        """What money is counted in."""
        return self.ask.currency

    @property
    def frame(self) -> "pl.DataFrame":
        """All cells, one row each: bare values, ready to compute with."""
        return self.cells.frame

    @property
    def sql(self) -> str:
        """The statement that gave the cells, with its values written in."""
        return self.cells.sql

    def pivot(self, on: str | None = None) -> "pl.DataFrame":
        """The cells with the members of `on` as columns (the last dimension where it is left out)."""
        return self.cells.pivot(on)

    def chart(self) -> "Figure":
        """A picture of the cells: lines over time, bars otherwise, a heat map for two dimensions."""
        from crm_analytics.charts import chart_cells

        cells = self.cells
        dimensions = [c.name for c in cells.columns if c.kind == "dimension"]
        measures = [c.name for c in cells.columns if c.kind == "measure"]
        return chart_cells(
            cells.parts(),
            dimensions,
            measures,
            {c.name: c.format for c in cells.columns},
            {c.name: c.title for c in cells.columns},
            self.currency,
        )

    def why(self) -> Why:
        """What the numbers rest on; see `Ask.why`."""
        return self.ask.why()

    def cell(self, row: int) -> Cell:
        """The cell in a row of the frame, counted from 0; -1 is the last."""
        return cell_of(self.cells, row)

    def rows(
        self, cell: Members = None, measure: str = "", *, others: bool = False, limit: int | None = None
    ) -> Drilled:
        """The rows of the fact behind a cell; see `Ask.rows`."""
        return self.ask.rows(cell, measure, others=others, limit=limit)

    def customers(self, cell: Members = None, measure: str = "", *, others: bool = False) -> Customers:
        """The customers behind a cell; see `Ask.customers`."""
        return self.ask.customers(cell, measure, others=others)

    def others(self) -> "Ask":
        """The question that shows what is inside Others."""
        return self.ask.drill_others()

    def drill_down(self, dimension: str, cell: Members = None) -> "Ask":
        """One level finer; with a cell only what is inside it: `answer.drill_down("product", answer.cell(0))`."""
        if cell is None:
            return self.ask.drill_down(dimension)
        one = cell if isinstance(cell, Cell) else Cell(cell)
        return replace(self.ask, query=inside(self.ask.model, self.ask.query, one)).drill_down(dimension)

    def __str__(self) -> str:
        return self.cells.to_text(self.currency)

    def _repr_html_(self) -> str:
        return self.cells.to_html(self.currency)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to one cube, built up verb by verb; each verb gives a new question.

    It asks the project for its connection each time, so it outlives a load or a
    scoring in between.  It runs when its answer is asked for: `.frame`, `.sql`, `.pivot()`, `.chart()`,
    or at the end of a notebook cell.
    """

    query: CubeQuery
    model: Model = field(repr=False)
    connect: Callable[[], Engine] = field(repr=False)
    currency: str = ""
    keep: Callable[[str, Customers, bool], int] = field(default=_nowhere, repr=False)

    def measures(self, *names: str) -> "Ask":
        """What to compute; `contacts.mailings` takes a measure of another cube along.

        A calculation over time may follow the name: `revenue 1 year ago`, `revenue ytd`, `customers trailing 90 days`.
        """
        return replace(self, query=self.query.measures(*names))

    def by(self, *attributes: str) -> "Ask":
        """One row per combination of these, such as `product.department`, `date.quarter`."""
        return replace(self, query=self.query.by(*attributes))

    def slice(self, attribute: str, value: "Value") -> "Ask":
        """Only the cells of one member: `slice("date.year", 2017)`."""
        return replace(self, query=self.query.slice(attribute, value))

    def dice(self, condition: str) -> "Ask":
        """Only the cells that meet a condition: `dice("date.month >= '2017-03' and revenue > 1000")`."""
        return replace(self, query=self.query.dice(condition))

    def drill_down(self, dimension: str) -> "Ask":
        """One level finer than the deepest one shown, in rows or across."""
        return replace(self, query=self.query.drill_down(self.model, dimension))

    def roll_up(self, dimension: str) -> "Ask":
        """One level coarser along the dimension's hierarchy."""
        return replace(self, query=self.query.roll_up(self.model, dimension))

    def pivot_on(self, attribute: str) -> "Ask":
        """Lay the members of `attribute` out as columns, with their own totals."""
        return replace(self, query=self.query.pivot(attribute))

    def as_of(self, when: "AsOf | str") -> "Ask":
        """Read slow-changing attributes as of the `"sale"`, as of `"today"`, or as of one day for all rows."""
        return replace(self, query=self.query.as_of(when))

    def totals(self) -> "Ask":
        """Subtotals and the grand total too, each recomputed from the rows."""
        return replace(self, query=self.query.with_totals())

    def top(self, n: int, measure: str, of: str = "", within: bool = False, after: int = 0) -> "Ask":
        """The `n` largest members of the first attribute, or of the attribute `of`; the rest together as Others.

        With `within` anew for each member of the attributes before it: the 3 best products of each department.
        With `after` the members of that many first places are left out.
        """
        return replace(self, query=self.query.top(n, measure, of=of, within=within, after=after))

    def drill_others(self) -> "Ask":
        """What is inside Others: the same question without the members it names, the next `n` of them named."""
        return replace(self, query=self.query.drill_others())

    def sort(self, name: str, descending: bool | None = None) -> "Ask":
        """Sort by a measure (the largest first) or an attribute (upwards); a second call decides among equals."""
        return replace(self, query=self.query.sort(name, descending))

    def fill(self) -> "Ask":
        """Every period between the first and the last of the data, with 0 for sums and counts where no row is."""
        return replace(self, query=self.query.fill())

    def limit(self, rows: int, offset: int = 0) -> "Ask":
        """Only the first rows behind `offset`; not together with totals or columns, which need all of them."""
        return replace(self, query=self.query.limit(rows, offset))

    def page(self, number: int, size: int) -> "Ask":
        """The rows as a book of pages: `page(1, 50)` are the first 50, `page(2, 50)` the next; no row is on two."""
        if number < 1:
            raise QueryError(f"page {number}: the first page is 1")
        return self.limit(size, (number - 1) * size)

    def exact(self) -> "Ask":
        """Count exactly what measures with a sketch estimate."""
        return replace(self, query=self.query.exactly())

    def run(self) -> Answer:
        """Ask the warehouse now."""
        return Answer(browse(self.connect(), self.model, self.query), self)

    def explain(self, before: str, after: str, over: str = "") -> Explained:
        """Where the one measure asked for changed between two periods, such as "2017-Q2" and "2017-Q3".

        Looks through the attributes of `by`, or all that are fit; `over` is the date role
        that dates the rows.  Filters hold; totals, tops, sorts and columns have no meaning here.

        Raises
        ------
        CrmError : not one measure is asked for, it has no parts that add up, or a period does not parse.
        """
        from crm_analytics.olap.explain.explain import explain
        from crm_analytics.olap.explain.question import Change

        query = self.query
        if len(query.asked) != 1:
            raise QueryError(f"cube {query.cube!r}: explain the change of one measure, not of {len(query.asked)}")
        split = query.split if query.across is None else (*query.split, query.across)
        change = Change(query.cube, query.asked[0], before, after, split, query.conditions, over, query.at)
        return Explained(explain(self.connect(), self.model, change), self.currency)

    def estimate(self) -> Estimate:
        """What the question would read, how many rows it can give, its statement and its plan, without running it."""
        return estimate(self.connect(), self.model, self.query)

    def why(self) -> Why:
        """What the answer rests on: statement, filters, rollup, age of the data, rows read, rows of unknown members."""
        return why(self.connect(), self.model, self.query)

    def rows(
        self, cell: Members = None, measure: str = "", *, others: bool = False, limit: int | None = None
    ) -> Drilled:
        """The rows of the fact behind a cell, for a measure (the first one asked).

        `cell` gives members, `{"product.department": "GROCERY"}`, None for an unknown
        one; over what it leaves out it is the total.  `others` means the row Others.
        """
        where = _cell(cell, others)
        return drill_rows(self.connect(), self.model, self.query, where, measure, limit)

    def customers(self, cell: Members = None, measure: str = "", *, others: bool = False) -> Customers:
        """Each known customer behind a cell once: `ask.customers({...}).save("loyal_grocery")`."""
        where = _cell(cell, others)
        return Customers(drill_customers(self.connect(), self.model, self.query, where, measure), self.keep)

    @property
    def sql(self) -> str:
        """The statement, without running it."""
        return compile_query(self.model, self.query).query.readable()

    @property
    def frame(self) -> "pl.DataFrame":
        """All cells as a Polars frame."""
        return self.run().frame

    def pivot(self, on: str | None = None) -> "pl.DataFrame":
        """The cells with the members of `on` as columns (the last attribute where it is left out).

        With totals the warehouse is asked for those of the columns too.
        """
        query = self.query
        attribute = on or (query.split[-1] if query.split else "")
        cut = query.largest is not None and attribute == query.split[0]  # a top-N belongs to the rows
        if query.totals and query.across is None and attribute in query.split and not cut:
            rows = tuple(a for a in query.split if a != attribute)
            return replace(self, query=replace(query, split=rows).pivot(attribute)).run().pivot(attribute)
        return self.run().pivot(on)

    def chart(self) -> "Figure":
        """A picture of the cells."""
        return self.run().chart()

    def __str__(self) -> str:
        return str(self.run())

    def _repr_html_(self) -> str:
        return self.run()._repr_html_()


def _cell(cell: Members, others: bool) -> Cell:
    if isinstance(cell, Cell):
        return replace(cell, others=cell.others or others)
    return Cell(cell or {}, others)
