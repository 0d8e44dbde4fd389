"""How raw files are read: the SQL for Parquet, CSV and JSON lines.

Nothing is guessed that could lose a row.  DuckDB's CSV sniffer, left to itself,
takes a line that begins with # for a comment, an apostrophe for a quote, and a
ragged file for one column; here the quote is always ", and the header line
decides the separator and the columns.

May import: errors, sql.   Imported by: warehouse.sources.
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from crm_analytics.errors import ConfigError
from crm_analytics.sql import literal

SEPARATORS = ",;\t|"
ENDINGS = (".parquet", ".csv", ".jsonl")


def read_files(paths: Sequence[Path]) -> str:
    """A SELECT of all rows of files of one kind; columns meet by name.

    Raises
    ------
    ConfigError : an ending nobody knows, several endings, or a CSV file without a usable header line.
    """
    ending, *others = sorted({p.suffix.lower() for p in paths})
    if others:
        raise ConfigError(f"mixes {', '.join([ending, *others])}; give each kind a name of its own")
    match ending:
        case ".parquet":
            return f"SELECT * FROM read_parquet({_listed(paths)}, union_by_name = true)"
        case ".jsonl":
            # All lines are looked at for their types: a late text among numbers must not stop the file.
            return f"SELECT * FROM read_ndjson({_listed(paths)}, sample_size = -1, union_by_name = true)"
        case ".csv":
            return _read_csv(paths)
        case _:
            raise ConfigError(f"cannot read {paths[0].name}; known endings: {', '.join(ENDINGS)}")


def _read_csv(paths: Sequence[Path]) -> str:
    """Every value as text, so that one of the wrong type rejects its row with a reason."""
    alike: dict[tuple[str, tuple[str, ...]], list[Path]] = {}
    for path in paths:
        alike.setdefault(_header(path), []).append(path)
    parts = []
    for (separator, names), files in alike.items():
        columns = ", ".join(f"{literal(n)}: 'VARCHAR'" for n in names)
        parts.append(
            f"SELECT * FROM read_csv({_listed(files)}, auto_detect = false, header = true, "
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


def _listed(paths: Sequence[Path]) -> str:
    return "[" + ", ".join(literal(str(p)) for p in paths) + "]"
