"""What becomes of one row of a file: whose it is, and how it reads without the person.

The same for every kind of file that has rows: CSV, JSON, SQLite, Excel, and the
JSON rows of `rejects`.  `files.parquet` says it in SQL.

May import: warehouse.erasure.needles, warehouse.readers.csv_options.   Imported by: warehouse.erasure.*.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from crm_analytics.warehouse.erasure.needles import Needles
from crm_analytics.warehouse.readers.csv_options import CsvOptions

Row = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class RowRule:
    """How the rows of one file are told and changed.

    `ids` gives, for each column that holds customer ids (in lower case, `customer.id`
    where it lies in another), what the person is called there and what stands for that
    afterwards; `told` the same for cells of any column, where the id can be nothing
    else.  `personal` are columns that hold a name, an e-mail or a phone.  In a `whole`
    file a row is one customer, and nothing of it but the ids and what is `kept` stays;
    with `drop` the rows go.  `tables` are the rules of single tables, `csv` and `header_row` (0: the first that
    is not empty) what source.yml says of the files.
    """

    needles: Needles
    ids: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    personal: frozenset[str] = frozenset()
    whole: bool = False
    kept: frozenset[str] = frozenset()
    drop: bool = False
    tables: Mapping[str, "RowRule"] = field(default_factory=dict)
    csv: CsvOptions = field(default_factory=CsvOptions)
    header_row: int = 0

    def of_table(self, table: str) -> "RowRule":
        """The rule of one table or sheet of a file that has several."""
        return self.tables.get(table, self)

    def is_named(self, row: Row) -> bool:
        """Whether a row is the person's by its customer id."""
        return any(as_text(cell) in self.ids[column] for column, cell in _cells(row) if column in self.ids)

    def is_theirs(self, row: Row) -> bool:
        """Whether a row is the person's: by its customer id, or where it names no customer by e-mail or phone."""
        if self.is_named(row):
            return True
        if self._contact is None or any(column in self.ids and as_text(cell) for column, cell in _cells(row)):
            return False
        return any(self._contact.search(cell) for _, cell in _cells(row) if isinstance(cell, str))

    def changed(self, row: Row) -> Row | None:
        """The row as it may stay, or None where it goes; the same object where nothing in it is the person's."""
        theirs = self.is_theirs(row)
        if theirs and self.drop:
            return None
        new = {column: self._cell(column.lower(), cell, theirs) for column, cell in row.items()}
        return row if new == row else new

    def touches(self, text: str) -> bool:
        """Whether anything in the raw text of a row may be the person's; cheap, and never wrongly false."""
        low = text.lower()
        if any(word in low for word in self._words):
            return True
        return bool(self._phones.search(text)) if self._phones else False

    def cut(self, text: str) -> str:
        """A text that has no rows, without what names this person and nobody else."""
        for raw, name in self.told.items():
            text = re.sub(rf"(?<![\w\-]){re.escape(raw)}(?![\w\-])", name, text)
        return self.needles.cut(text)

    def _cell(self, column: str, cell: object, theirs: bool) -> object:
        match cell:
            case dict():
                return {key: self._cell(f"{column}.{key}".lower(), inner, theirs) for key, inner in cell.items()}
            case list():
                return [self._cell(column, inner, theirs) for inner in cell]
        text = as_text(cell)
        name = self.ids.get(column, {}).get(text) or self.told.get(text)
        if not text or (column in self.ids and name is None):
            return cell
        if name is not None:
            return int(name) if isinstance(cell, int | float) and name.removeprefix("-").isdigit() else name
        if theirs:
            gone = (
                (self.whole and column not in self.kept)
                or column in self.personal
                or self.needles.found(text, own=True)
            )
            return None if gone else cell
        return self.needles.cut(cell) if isinstance(cell, str) else cell

    @cached_property
    def _contact(self) -> re.Pattern[str] | None:
        return self.needles.pattern(own=False, kinds=("email", "phone"))

    @cached_property
    def _words(self) -> list[str]:
        """Every id in small letters, and of each e-mail and name its longest word."""
        ids = {raw.lower() for names in self.ids.values() for raw in names} | {raw.lower() for raw in self.told}
        return sorted(ids | self.needles.words)

    @cached_property
    def _phones(self) -> re.Pattern[str] | None:
        return self.needles.pattern(own=True, kinds=("phone",))


def as_text(cell: object) -> str:
    """A cell as text, without the space around it; a whole number that a spreadsheet keeps as 17.0 is 17."""
    if cell is None or isinstance(cell, bool):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _cells(row: Row, within: str = "") -> Iterator[tuple[str, object]]:
    """Every cell with its column in lower case; one in an object within the row as `customer.id`."""
    for column, cell in row.items():
        name = f"{within}{column}".lower()
        if isinstance(cell, dict):
            yield from _cells(cell, f"{name}.")
        else:
            yield name, cell
