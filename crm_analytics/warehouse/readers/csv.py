"""CSV files, as SQL: every value stays text, so that one of the wrong type rejects its row with a reason.

Nothing is guessed that could lose a row.  DuckDB's CSV sniffer, left to itself,
takes a line that begins with # for a comment, an apostrophe for a quote, and a
ragged file for one column; here the quote is always ", and the header line
decides the separator and the columns.

May import: errors, sql, engines, warehouse.raw, warehouse.readers.files.   Imported by: warehouse.readers.entry.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError
from crm_analytics.sql import literal
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.files import Files, listed, path_of

SEPARATORS = ",;\t|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Csv(Files):
    """CSV files under one name."""

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        alike: dict[tuple[str, tuple[str, ...]], list[Piece]] = {}
        for piece in pieces:
            alike.setdefault(_header(path_of(piece)), []).append(piece)
        parts = []
        for (separator, names), files in alike.items():
            columns = ", ".join(f"{literal(n)}: 'VARCHAR'" for n in names)
            parts.append(
                f"SELECT * FROM read_csv({listed(files)}, auto_detect = false, header = true, "
                f"""delim = {literal(separator)}, quote = '"', escape = '"', columns = {{{columns}}})"""
            )
        return " UNION ALL BY NAME ".join(parts)


def _header(path: Path) -> tuple[str, tuple[str, ...]]:
    """The separator, and the column names; a column without one is called by its place, `column1`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            bare = re.sub(r'"[^"]*"', "", file.readline())
            separator = max(SEPARATORS, key=bare.count)
            file.seek(0)
            first = next(csv.reader(file, delimiter=separator), [])
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None
    except (OSError, csv.Error) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    names = tuple(name.strip() or f"column{i}" for i, name in enumerate(first, start=1))
    if not any(name.strip() for name in first):
        raise ConfigError(f"{path}:1: needs a header line with the names of the columns")
    lower = [name.lower() for name in names]
    if twice := sorted({n for n in lower if lower.count(n) > 1}):
        raise ConfigError(f"{path}:1: the header names {', '.join(twice)} twice")
    return separator, names
