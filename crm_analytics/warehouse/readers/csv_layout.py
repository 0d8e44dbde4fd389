"""How the records of one CSV file are laid out: encoding, delimiter, the names of the columns.

May import: errors, warehouse.readers.csv_mend, warehouse.readers.csv_options, warehouse.readers.text.
Imported by: warehouse.readers.csv.
"""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path

from crm_analytics.errors import DataError
from crm_analytics.warehouse.readers.csv_mend import Shape
from crm_analytics.warehouse.readers.csv_options import CsvOptions
from crm_analytics.warehouse.readers.text import MARKED, called, marked_encoding, utf8_blocks

DELIMITERS = ",;\t|"
LONGEST_HEADER = 100_000


@dataclass(frozen=True, slots=True)
class Layout:
    """What the first lines of a file tell; files of equal layout are read together."""

    encoding: str
    delimiter: str
    names: tuple[str, ...]

    def shape(self, options: CsvOptions) -> Shape:
        """What a well-formed record is."""
        return Shape(
            encoding=self.encoding,
            delimiter=self.delimiter,
            quote=options.quote,
            fields=len(self.names),
            skip=options.skip,
            header=options.header,
        )


def read_layout(path: Path, options: CsvOptions) -> Layout:
    """Look at the beginning of a file.

    Raises
    ------
    DataError : it cannot be read, is in another encoding than it should be, or lacks a usable header line.
    """
    encoding = options.encoding or marked_encoding(path) or "utf-8"
    if not options.header:
        return Layout(encoding, options.delimiter, options.columns)
    start = next(utf8_blocks(path, encoding, LONGEST_HEADER), b"")
    text = io.StringIO(start.decode("utf-8", "surrogateescape"), newline="")
    for _ in range(options.skip):
        text.readline()
    place, first = text.tell(), text.readline()
    if MARKED in first or "\0" in first:
        raise DataError(
            f"{path}: is not {called(encoding)} text; name its encoding in source.yml, such as {{encoding: cp1252}}"
        )
    text.seek(place)
    delimiter = options.delimiter or _delimiter(first)
    return Layout(encoding, delimiter, _names(f"{path}:{options.skip + 1}", text, delimiter, options.quote))


def _delimiter(first: str) -> str:
    """The sign that stands most often in the header, outside quotes."""
    bare = re.sub(r'"[^"]*"', "", first)
    return max(DELIMITERS, key=bare.count)


def _names(where: str, text: io.StringIO, delimiter: str, quote: str) -> tuple[str, ...]:
    """The names in the header; a column without one is called by its place, `column1`."""
    lines = text if len(delimiter) == 1 else (line.replace(delimiter, "\x1f") for line in text)
    try:
        reader = csv.reader(
            lines,
            delimiter=delimiter if len(delimiter) == 1 else "\x1f",
            quotechar=quote or None,
            quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
        )
        first = next(reader, [])
    except csv.Error as error:
        raise DataError(f"{where}: cannot be read: {error}") from None
    names = tuple(name.strip() or f"column{i}" for i, name in enumerate(first, start=1))
    if not any(name.strip() for name in first):
        raise DataError(f"{where}: needs a header line with the names of the columns")
    lower = [name.lower() for name in names]
    if twice := sorted({n for n in lower if lower.count(n) > 1}):
        raise DataError(f"{where}: the header names {', '.join(twice)} twice")
    return names
