"""CSV: records of the person written anew, every other byte as it was.

May import: errors, warehouse.readers.csv_layout, warehouse.erasure.rules, files.{place,text}.
Imported by: warehouse.erasure.files.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError
from crm_analytics.warehouse.erasure.files import text
from crm_analytics.warehouse.erasure.files.place import Changed, opened, replacing
from crm_analytics.warehouse.erasure.rules import Row, RowRule
from crm_analytics.warehouse.readers.csv_layout import Layout, read_layout

MOST_LINES = 1000  # a record of more lines than this is a quote that was never closed
ONE_SIGN = "\x1f"  # stands for a delimiter of several signs, which Python does not know


def change(engine: Engine, path: Path, rule: RowRule, write: bool) -> Changed:
    """Change one CSV file, packed by gzip or not.

    Raises
    ------
    CrmError : it is packed in another way.
    """
    done = Changed()
    try:
        layout = read_layout(path, rule.csv)
    except DataError:  # no table at all; its words can be cut all the same
        return text.change(engine, path, rule, write)
    with opened(path, layout.encoding) as file:
        for _record in changed(file, layout, rule, done):
            pass
    if done and write:
        with (
            replacing(path) as part,
            opened(path, layout.encoding) as file,
            opened(part, layout.encoding, writing=True, like=path) as new,
        ):
            new.writelines(changed(file, layout, rule, Changed()))
    return done


def changed(file: TextIO, layout: Layout, rule: RowRule, done: Changed) -> Iterator[str]:
    """Every record as it may stay."""
    options = rule.csv
    dialect = Dialect(layout.delimiter, options.quote)
    records = _records(file, options.quote)
    # A table that was turned may have customers in its header.
    for _ in range(options.skip + options.header):
        first = next(records, "")
        cut = rule.cut(first)
        done.changed += cut != first
        yield cut
    for record in records:
        if not rule.touches(record):
            yield record
            continue
        new = _row(record, layout.names, dialect, rule, done)
        if new is not None:
            yield new


@dataclass(frozen=True, slots=True)
class Dialect:
    """How cells stand in a record."""

    delimiter: str
    quote: str

    @property
    def said(self) -> dict[str, Any]:
        """The same for Python's module."""
        quoting = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        delimiter = self.delimiter if len(self.delimiter) == 1 else ONE_SIGN
        return {"delimiter": delimiter, "quotechar": self.quote or None, "quoting": quoting}

    def read(self, record: str) -> list[str]:
        """The cells of a record."""
        plain = record if len(self.delimiter) == 1 else record.replace(self.delimiter, ONE_SIGN)
        return next(csv.reader(io.StringIO(plain, newline=""), **self.said), [])

    def write(self, cells: Iterable[object]) -> str:
        """A record of cells, without its end."""
        out = io.StringIO()
        csv.writer(out, lineterminator="", escapechar="\\", **self.said).writerow(cells)
        return out.getvalue() if len(self.delimiter) == 1 else out.getvalue().replace(ONE_SIGN, self.delimiter)


def _row(record: str, names: tuple[str, ...], dialect: Dialect, rule: RowRule, done: Changed) -> str | None:
    cells = dialect.read(record)
    # Cells beyond the header have no name; they are looked through like any other.
    columns = [*names, *(f"column{i}" for i in range(len(names) + 1, len(cells) + 1))][: len(cells)]
    row: Row = dict(zip(columns, cells, strict=True))
    new = rule.changed(row)
    if new is row:
        return record
    if rule.is_theirs(row):
        done.rows.append(row)
    if new is None:
        done.gone += 1
        return None
    done.changed += 1
    return dialect.write(new.values()) + record[len(record.rstrip("\r\n")) :]


def _records(lines: Iterable[str], quote: str) -> Iterator[str]:
    """Lines put together where a quote spans several."""
    held: list[str] = []
    odd = False
    for line in lines:
        held.append(line)
        odd ^= bool(quote) and line.count(quote) % 2 == 1
        if not odd:
            yield "".join(held)
            held.clear()
        elif len(held) > MOST_LINES:
            yield from held
            held.clear()
            odd = False
    yield from held
