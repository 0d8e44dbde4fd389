"""CSV: records of the person written anew, every other byte as it was.

May import: warehouse.{readers}, warehouse.erasure.{rules}, files.place.   Imported by: warehouse.erasure.files.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TextIO

from crm_analytics.engines import Engine
from crm_analytics.warehouse.erasure.files.place import Changed, replacing
from crm_analytics.warehouse.erasure.rules import RowRule
from crm_analytics.warehouse.readers.csv_layout import DELIMITERS

MOST_LINES = 1000  # a record of more lines than this is a quote that was never closed


def change(_: Engine, path: Path, rule: RowRule, write: bool) -> Changed:
    """Change one CSV file."""
    done = Changed()
    encoding = encoding_of(path)
    with path.open(encoding=encoding, errors="surrogateescape", newline="") as file:
        for _record in _changed(file, rule, done):
            pass
    if done and write:
        with (
            replacing(path) as part,
            path.open(encoding=encoding, errors="surrogateescape", newline="") as file,
            part.open("w", encoding=encoding, errors="surrogateescape", newline="") as new,
        ):
            new.writelines(_changed(file, rule, Changed()))
    return done


def encoding_of(path: Path) -> str:
    """UTF-16 where the file begins as such; else UTF-8, whose wrong bytes are kept as they are."""
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8"


def _changed(file: TextIO, rule: RowRule, done: Changed) -> Iterator[str]:
    """Every record as it may stay."""
    records = _records(file)
    header = next(records, "")
    separator = max(DELIMITERS, key=re.sub(r'"[^"]*"', "", header).count)
    names = [name.strip() for name in next(csv.reader([header.removeprefix("\ufeff")], delimiter=separator), [])]
    yield _header(header, rule, done)
    for record in records:
        if not rule.touches(record):
            yield record
            continue
        new = _row(record, names, separator, rule, done)
        if new is not None:
            yield new


def _header(header: str, rule: RowRule, done: Changed) -> str:
    """A table that was turned may have customers in its header."""
    cut = rule.cut(header)
    done.changed += cut != header
    return cut


def _row(record: str, names: list[str], separator: str, rule: RowRule, done: Changed) -> str | None:
    cells = next(csv.reader(io.StringIO(record), delimiter=separator), [])
    # Cells beyond the header have no name; they are looked through like any other.
    columns = [*names, *(f"column{i}" for i in range(len(names) + 1, len(cells) + 1))][: len(cells)]
    row: dict[str, object] = dict(zip(columns, cells, strict=True))
    new = rule.changed(row)
    if new is row:
        return record
    if rule.is_theirs(row):
        done.rows.append(row)
    if new is None:
        done.gone += 1
        return None
    done.changed += 1
    ending = record[len(record.rstrip("\r\n")) :]
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="").writerow(new.values())
    return out.getvalue() + ending


def _records(lines: Iterable[str]) -> Iterator[str]:
    """Lines put together where a quote spans several."""
    held: list[str] = []
    odd = False
    for line in lines:
        held.append(line)
        odd ^= line.count('"') % 2 == 1
        if not odd:
            yield "".join(held)
            held.clear()
        elif len(held) > MOST_LINES:
            yield from held
            held.clear()
            odd = False
    yield from held
