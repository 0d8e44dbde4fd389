"""Drill through: from one cell of an answer to the rows of the fact behind it, and to the customers.

The rows of a cell add up to it, and its customers are as many as it counts.
Which rows they are is said in `olap.behind`; here they are fetched.

May import: engines, errors, formats, sql, olap.behind, olap.cellset, olap.dimension, olap.layout, olap.model,
olap.plan, olap.query, olap.rows, olap.show.   Imported by: notebook.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError, QueryError, shortened
from crm_analytics.formats import format_value
from crm_analytics.olap.behind import Cell, behind_cell
from crm_analytics.olap.cellset import CellSet
from crm_analytics.olap.dimension import Attribute, Role
from crm_analytics.olap.layout import Sort, keys
from crm_analytics.olap.model import Cube, Model
from crm_analytics.olap.plan import Axis, axis_of
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.rows import Rows
from crm_analytics.olap.show import Grid, as_html, as_text
from crm_analytics.sql import Value, ident

# The dimension whose members are customers, and the attribute by which they are known outside of the warehouse.
CUSTOMER, CUSTOMER_ID = "customer", "customer_id"
MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Drilled:
    """What stands behind a cell, the statement it came from, and notes such as rows that were cut off."""

    question: str
    frame: pl.DataFrame
    sql: str
    titles: Mapping[str, str]
    formats: Mapping[str, str]
    notes: tuple[str, ...] = ()

    def to_text(self) -> str:
        """A table for a terminal, without the notes."""
        return as_text(self._grid(self.frame))

    def to_html(self, most: int = MOST_SHOWN) -> str:
        """A table for a browser: the first `most` rows."""
        more = self.frame.height - most
        notes = (*self.notes, f"… and {more:,} more rows") if more > 0 else self.notes
        return as_html(self._grid(self.frame.head(most)), notes)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()

    def _grid(self, frame: pl.DataFrame) -> Grid:
        formats = [self.formats.get(name, "text") for name in frame.columns]
        rows = tuple(tuple(format_value(v, f) for v, f in zip(row, formats, strict=True)) for row in frame.iter_rows())
        numeric = tuple(dtype.is_numeric() for dtype in frame.dtypes)
        return Grid(tuple(self.titles[n] for n in frame.columns), numeric, rows, (False,) * len(rows))


@dataclass(frozen=True, slots=True)
class Customers:
    """The customers behind a cell, each once; `save` keeps them under a name."""

    found: Drilled
    keep: Callable[[str, "Customers", bool], int]

    @property
    def frame(self) -> pl.DataFrame:
        """One row a customer: `customer_id`, sorted."""
        return self.found.frame

    @property
    def ids(self) -> list[str]:
        """Their ids, sorted."""
        return self.frame[CUSTOMER_ID].to_list()

    @property
    def sql(self) -> str:
        """The statement that found them."""
        return self.found.sql

    @property
    def notes(self) -> tuple[str, ...]:
        """What should be said about them, such as rows of nobody known."""
        return self.found.notes

    @property
    def provenance(self) -> tuple[str, str]:
        """Where they come from: the question in words, and the statement."""
        return self.found.question, self.sql

    def save(self, name: str, replace: bool = False) -> int:
        """Keep them in the warehouse as a named segment and give their number; `replace` writes over one of that name.

        Raises
        ------
        CrmError : the name cannot be one, is taken, or another process uses the warehouse.
        """
        return self.keep(name, self, replace)

    def __len__(self) -> int:
        return self.frame.height

    def __str__(self) -> str:
        return self.found.to_text()

    def _repr_html_(self) -> str:
        return self.found.to_html()


def cell_of(cells: CellSet, row: int) -> Cell:
    """The cell in a row of the frame, counted from 0, or from the end where negative.

    Raises
    ------
    QueryError : there is no such row.
    """
    if not -cells.frame.height <= row < cells.frame.height:
        raise QueryError(f"row {row}: the answer has {cells.frame.height} rows, counted from 0")
    names = [c.name for c in cells.dimensions]
    place = dict(zip(names, keys(cells.frame.row(row, named=True), names, cells.cut), strict=True))
    members: dict[str, Value] = {n: k.label for n, k in place.items() if k.sort is Sort.MEMBER}  # type: ignore[misc]
    return Cell(members, any(key.sort is Sort.OTHERS for key in place.values()))


def drill_rows(
    engine: Engine, model: Model, query: CubeQuery, cell: Cell, measure: str = "", limit: int | None = None
) -> Drilled:
    """The rows behind a cell for a measure (the first one asked), as the cube's `drill_through` lists their columns.

    Sorted by the key of the fact.  `limit` stands in for that of the cube.

    Raises
    ------
    CrmError : the cell cannot be one of this question, or the measure is made of several facts.
    """
    behind = behind_cell(model, query, cell, measure)
    cube = behind.fact.cube
    if cube.drill.problem:
        raise ConfigError(cube.drill.problem)
    columns = cube.drill.columns or _own_columns(cube, engine)
    axes = {name: _checked(axis_of(cube, name, query.at)) for name in columns if "." in name}
    listed = {name: axes[name].title if name in axes else name for name in columns}
    most = cube.drill.limit if limit is None else limit
    if most < 1:
        raise QueryError(f"limit {most}: ask for at least 1 row")

    def items(rows: Rows) -> list[str]:
        own = ident(cube.table)
        return [f"{rows.member(axes[n]) if n in axes else f'{own}.{ident(n)}'} AS {ident(n)}" for n in columns]

    order = ", ".join(f"{ident(cube.table)}.{ident(column)}" for column in cube.key)
    found = behind.statement(items, tuple(axes.values()), [f"ORDER BY {order}", f"LIMIT {most}"])
    frame = engine.frame(found)
    notes: tuple[str, ...] = ()
    if frame.height == most:
        ((every,),) = engine.rows(*behind.counted())
        if int(str(every)) > most:
            notes = (f"the first {most:,} of {every:,} rows, by {', '.join(cube.key)}",)
    formats = {name: axis.attribute.format for name, axis in axes.items()}
    return Drilled(behind.question, frame, found.readable(), listed, formats, notes)


def drill_customers(engine: Engine, model: Model, query: CubeQuery, cell: Cell, measure: str = "") -> Drilled:
    """Each customer behind a cell once, by `customer_id`; rows of nobody known are left out and counted in a note.

    Raises
    ------
    CrmError : as for `drill_rows`, or the fact does not know customers.
    """
    behind = behind_cell(model, query, cell, measure)
    axis = customer_axis(behind.fact.cube)

    def items(rows: Rows) -> list[str]:
        return [f"{rows.member(axis)} AS {ident(CUSTOMER_ID)}", 'count(*) AS "rows"']

    found = behind.statement(items, (axis,), ["GROUP BY 1", "ORDER BY 1"])
    frame = engine.frame(found)
    nobody = frame.filter(pl.col(CUSTOMER_ID).is_null())["rows"].sum()
    notes = (f"{nobody:,} rows of no known customer are left out",) if nobody else ()
    known = frame.filter(pl.col(CUSTOMER_ID).is_not_null()).select(CUSTOMER_ID)
    return Drilled(behind.question, known, found.readable(), {CUSTOMER_ID: axis.attribute.title}, {}, notes)


def customer_axis(cube: Cube) -> Axis:
    """The attribute that names the customer of each row.

    Raises
    ------
    QueryError : the cube does not reach the dimension `customer`, or that has no `customer_id`.
    """
    roles = [role for role in cube.roles.values() if role.dimension.name == CUSTOMER]
    roles.sort(key=lambda role: role.name != CUSTOMER)
    if not roles:
        raise QueryError(
            f"cube {cube.name!r} does not reach dimension {CUSTOMER!r}, so no customers stand behind its cells. "
            f"It reaches: {shortened(cube.roles)}"
        )
    return _checked(axis_of(cube, f"{roles[0].name}.{CUSTOMER_ID}"))


def key_attribute(role: Role) -> Attribute | None:
    """The attribute by which people know a member: `product_id` behind `product_key`, `date` behind `date_key`."""
    stem = role.dimension.key.removesuffix("_key")
    return role.dimension.attributes.get(f"{stem}_id") or role.dimension.attributes.get(stem)


def _own_columns(cube: Cube, engine: Engine) -> tuple[str, ...]:
    """The columns of the fact; a surrogate key stands as the attribute by which people know the member."""
    named: dict[str, list[str]] = {}
    for role in cube.roles.values():
        if role.dimension.table and not role.dimension.overlaps and (attribute := key_attribute(role)):
            named.setdefault(role.column, []).append(f"{role.name}.{attribute.name}")
    return tuple(name for column in engine.columns(ident(cube.table)) for name in named.get(column, [column]))


def _checked(axis: Axis) -> Axis:
    for part in (axis.role, axis.role.dimension, axis.attribute):
        if part.problem:
            raise ConfigError(part.problem)
    return axis
