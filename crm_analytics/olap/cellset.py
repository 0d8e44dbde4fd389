"""The answer to a question: cells as a frame, laid out wide, as text, as HTML.

One row of the frame is one cell: its members and its measures.  With totals a
column `total` names what was summed up: '' for a plain cell, 'all' for the
grand total, or the attributes, joined by commas.  With a top-N a column `others`
tells the row of all other members from a member that happens to be called so.
Nothing is computed from cells here: totals come from the warehouse.

May import: errors, olap.columns, olap.layout, olap.query, olap.show.
Imported by: olap.browse, notebook, pipeline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from crm_analytics.errors import QueryError, UnknownName
from crm_analytics.olap.columns import Column
from crm_analytics.olap.layout import Key, Sort, Wide, headings, widen
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.show import Grid, as_html, as_text, long_grid, wide_grid

MOST_HTML_ROWS = 200


@dataclass(frozen=True, slots=True)
class CellSet:
    """Cells, what their columns mean, the statement they came from, and notes: a misspelt member, a total that is none.

    `order` holds the members of attributes that do not sort by their labels, in their order.
    `incomplete` names the periods that end after the data (`date.month=2017-12`), where the question is over time.
    `source` says which rollup answered, or why none could.
    """

    query: CubeQuery
    frame: pl.DataFrame
    sql: str
    columns: tuple[Column, ...]
    order: Mapping[str, Sequence[object]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    incomplete: tuple[str, ...] = ()
    source: str = ""

    @property
    def dimensions(self) -> tuple[Column, ...]:
        """The columns of members."""
        return tuple(c for c in self.columns if c.kind == "dimension")

    @property
    def measures(self) -> tuple[Column, ...]:
        """The columns of numbers."""
        return tuple(c for c in self.columns if c.kind == "measure")

    @property
    def _cut(self) -> str:
        """The attribute that a top-N cuts."""
        top = self.query.largest
        return (top.of or self.dimensions[0].name) if top else ""

    def parts(self) -> pl.DataFrame:
        """The frame without totals: what may be added up, where a measure can be added up at all."""
        if not self.query.totals:
            return self.frame
        return self.frame.filter(pl.col("total") == "").drop("total")

    def pivot(self, on: str | None = None) -> pl.DataFrame:
        """The cells with the members of one attribute as columns.

        `on` defaults to the attribute that the question lays across, or the last
        one.  Columns are called after the member, and the measure where there are
        several; totals become a last column `Total` and last rows, marked in `total`.
        `others` marks the row Others, unless it has become a column.

        Raises
        ------
        QueryError : the answer has no attribute, or its totals were computed for another layout.
        UnknownName : it has none called `on`.
        """
        wide, left, across = self._wide(on)
        measures = {c.name: c.name for c in self.measures}
        texts = {key: key.text(across.format, across.unknown) for key in wide.columns}
        schema = self.frame.schema
        series = [
            pl.Series(c.name, [place[i].label for place in wide.rows], dtype=schema[c.name]) for i, c in enumerate(left)
        ]
        kept = [c.name for c in left]
        if "others" in schema and self._cut in kept:
            at = kept.index(self._cut)
            series.append(pl.Series("others", [place[at].sort is Sort.OTHERS for place in wide.rows], dtype=pl.Boolean))
        if self.query.totals:
            series.append(pl.Series("total", [_rolled(place, left) for place in wide.rows], dtype=pl.String))
        for (key, measure), name in headings(texts, measures).items():
            values = [wide.cells[place].get(key, {}).get(measure) for place in wide.rows]
            series.append(pl.Series(name, values, dtype=schema[measure]))
        return pl.DataFrame(series)

    def to_text(self, currency: str = "") -> str:
        """A table for a terminal, without the notes; laid out wide where the question has an attribute across."""
        return as_text(self._grid(currency))

    def to_html(self, currency: str = "", most: int = MOST_HTML_ROWS) -> str:
        """A table for a browser: at most `most` rows, the grand total always."""
        grid, left_out = self._grid(currency).shortened(most)
        notes = (*self.notes, f"… and {left_out:,} more rows") if left_out else self.notes
        return as_html(grid, notes)

    def _repr_html_(self) -> str:
        return self.to_html()

    def __str__(self) -> str:
        return self.to_text()

    def _grid(self, currency: str) -> Grid:
        if self.query.across is None:
            return long_grid(self.frame.iter_rows(named=True), self.columns, currency, self._cut)
        wide, left, across = self._wide(None)
        return wide_grid(wide, left, across, self.measures, currency)

    def _wide(self, on: str | None) -> tuple[Wide, tuple[Column, ...], Column]:
        names = [c.name for c in self.dimensions]
        if not names:
            raise QueryError("there is nothing to pivot: the answer is not split by any attribute")
        name = on or self.query.across or names[-1]
        if name not in names:
            raise UnknownName("pivot", "attribute in the answer", name, names)
        if self.query.totals and name != (self.query.across or names[-1]):
            raise QueryError(
                f"the totals of this answer do not go across {name}: lay it out in the question (pivot_on, --pivot), "
                "or ask without totals"
            )
        wide = widen(self.frame.iter_rows(named=True), names, name, self.order.get(name, ()), self._cut)
        return wide, tuple(c for c in self.dimensions if c.name != name), self.dimensions[names.index(name)]


def _rolled(place: tuple[Key, ...], left: Sequence[Column]) -> str:
    """The `total` of a row that has lost one attribute to the columns."""
    rolled = [c.name for key, c in zip(place, left, strict=True) if key.sort is Sort.TOTAL]
    return "all" if rolled and len(rolled) == len(left) else ",".join(rolled)
