"""Excel workbooks: one sheet, whose header row names the columns.

Read by calamine, for DuckDB's own extension is not part of it.  A column keeps
the type that all its cells have; where they differ it is text.

May import: errors, engines, sql, warehouse.raw, warehouse.readers.{files, temporary}.
Imported by: warehouse.readers.entry.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError, UnknownName
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.files import Files, path_of
from crm_analytics.warehouse.readers.temporary import drop

TYPES: dict[type, pl.DataType] = {
    bool: pl.Boolean(),
    int: pl.Int64(),
    float: pl.Float64(),
    date: pl.Date(),
    datetime: pl.Datetime("us"),
}
# Beyond this, a whole number in Excel is rounded anyway.
LARGEST_WHOLE = 2**53


@dataclass(frozen=True, slots=True, kw_only=True)
class Excel(Files):
    """Workbooks under one name.

    Attributes
    ----------
    sheet      : its name; '' for the first one
    header_row : the row with the names of the columns; the first is 1
    """

    sheet: str = ""
    header_row: int = 1
    _tables: dict[Path, tuple[str, str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        return " UNION ALL BY NAME ".join(f"SELECT * FROM {self._table(engine, piece)}" for piece in pieces)

    def close(self, engine: Engine) -> None:
        drop(engine, [table for _, table in self._tables.values()])
        self._tables.clear()

    def _table(self, engine: Engine, piece: Piece) -> str:
        """The temporary table with the rows of a workbook."""
        path, stamp = path_of(piece), self.stamp(piece)
        known = self._tables.get(path)
        if known and known[0] == stamp:
            return known[1]
        table = known[1] if known else f"_sheet_{self.tag}_{len(self._tables)}"
        engine.execute(f"DROP TABLE IF EXISTS {table}")
        engine.append(table, self._frame(path))
        self._tables[path] = stamp, table
        return table

    def _frame(self, path: Path) -> pl.DataFrame:
        rows = self._cells(path)
        before, rest = rows[: self.header_row - 1], rows[self.header_row - 1 :]
        header = rest[0] if len(before) == self.header_row - 1 and rest else []
        if not any(str(cell).strip() for cell in header):
            raise DataError(f"{path}: row {self.header_row} should hold the names of the columns, and is empty")
        filled = [row for row in rest[1:] if any(cell != "" for cell in row)]
        columns: dict[str, pl.Series] = {}
        for i, cell in enumerate(header):
            values = [row[i] for row in filled]
            # Excel's sheets are wider than their tables; a column without a name or a cell is none.
            if str(cell).strip() or any(value != "" for value in values):
                name = str(cell).strip() or f"column{i + 1}"
                if name.lower() in {known.lower() for known in columns}:
                    raise DataError(f"{path}: row {self.header_row} names {name} twice")
                columns[name] = _series(name, values)
        return pl.DataFrame(list(columns.values()))

    def _cells(self, path: Path) -> list[list[Any]]:
        """All rows of the sheet from the first on, equally long; an empty cell is ''."""
        try:
            from python_calamine import CalamineError, CalamineWorkbook
        except ImportError:
            what = "reading Excel needs calamine; try: pip install 'crm_analytics[excel]'"
            raise DataError(f"{path}: {what}") from None
        try:
            with CalamineWorkbook.from_path(str(path)) as book:
                names: list[str] = book.sheet_names
                if self.sheet and self.sheet not in names:
                    raise UnknownName(str(path), "sheet", self.sheet, names)
                sheet = book.get_sheet_by_name(self.sheet) if self.sheet else book.get_sheet_by_index(0)
                cells: list[list[Any]] = sheet.to_python(skip_empty_area=False)
                return cells
        except (CalamineError, OSError) as error:
            raise DataError(f"{path}: cannot be read as an Excel workbook: {error}") from None


def _series(name: str, cells: Iterable[Any]) -> pl.Series:
    values = [None if cell == "" else _plain(cell) for cell in cells]
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        kinds = {float}
    elif kinds == {date, datetime}:
        values = [datetime.combine(v, time()) if type(v) is date else v for v in values]
        kinds = {datetime}
    kind = TYPES.get(kinds.pop()) if len(kinds) == 1 else None
    if kind is None:
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String())
    return pl.Series(name, values, dtype=kind, strict=kind != pl.Float64())


def _plain(cell: Any) -> Any:
    """Excel knows no whole numbers: 7 comes as 7.0.  Times of day and spans of time are texts."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) <= LARGEST_WHOLE:
        return int(cell)
    return str(cell) if isinstance(cell, (time, timedelta)) else cell
