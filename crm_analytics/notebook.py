"""Cubes in a notebook: a question that knows its warehouse, and an answer that draws itself.

`Ask` adds nothing to `olap.query.CubeQuery` but the engine it will run on;
`Answer` adds nothing to `olap.cellset.CellSet` but a picture.

May import: errors, engines, olap, charts.   Imported by: project, cli.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

from crm_analytics.engines import Engine
from crm_analytics.errors import QueryError
from crm_analytics.olap.browse import browse
from crm_analytics.olap.cellset import CellSet
from crm_analytics.olap.compile import compile_query
from crm_analytics.olap.estimate import Estimate, estimate
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.why import Why, why

if TYPE_CHECKING:
    import polars as pl

    from crm_analytics.charts import Figure
    from crm_analytics.olap.dimension import AsOf
    from crm_analytics.olap.explain.explanation import Explanation
    from crm_analytics.sql import Value


@dataclass(frozen=True, slots=True)
class Answer:
    """The cells of one question.  Shows as a formatted table in Jupyter."""

    cells: CellSet
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

    def __str__(self) -> str:
        return self.cells.to_text(self.currency)

    def _repr_html_(self) -> str:
        return self.cells.to_html(self.currency)


@dataclass(frozen=True, slots=True)
class Explained:
    """Where a measure changed between two periods.  Shows as sentences and tables in Jupyter."""

    explanation: "Explanation"
    currency: str

    @property
    def frame(self) -> "pl.DataFrame":
        """All rows of all parts; those of one part are `explanation.drivers`, `.attributes`, `.pairs`, `.bridge`."""
        return self.explanation.frame

    @property
    def sql(self) -> str:
        """The statements behind it, with their values written in."""
        return ";\n\n".join(self.explanation.sql)

    def chart(self) -> "Figure":
        """A picture: the customer bridge as a waterfall, the members that moved most as bars."""
        from crm_analytics.charts import chart_change

        found, measure = self.explanation, self.explanation.measure
        title, fmt = measure.title, measure.format
        return chart_change(found.steps, found.drivers, title=title, fmt=fmt, currency=self.currency)

    def page(self) -> str:
        """Text, tables and picture as one HTML page that needs no network."""
        picture = self.chart().to_html(full_html=False, include_plotlyjs=True)
        title = escape(f"{self.explanation.measure.title}, {self.explanation.change.before}")
        head = f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
        return f"{head}<body>\n{self._repr_html_()}\n{picture}\n</body></html>\n"

    def __str__(self) -> str:
        return self.explanation.to_text(self.currency)

    def _repr_html_(self) -> str:
        return self.explanation.to_html(self.currency)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to one cube, built up verb by verb; each verb gives a new question.

    It asks the project for its connection each time, so it outlives a load or a
    scoring in between.  It runs when its answer is asked for: `.frame`, `.sql`, `.pivot()`, `.chart()`,
    or at the end of a notebook cell.
    """

    query: CubeQuery
    model: Model
    connect: Callable[[], Engine]
    currency: str = ""

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

    def top(self, n: int, measure: str, of: str = "", within: bool = False) -> "Ask":
        """The `n` largest members of the first attribute, or of the attribute `of`; the rest together as Others.

        With `within` anew for each member of the attributes before it: the 3 best products of each department.
        """
        return replace(self, query=self.query.top(n, measure, of=of, within=within))

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
