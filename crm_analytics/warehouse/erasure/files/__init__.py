"""One file of a project, changed in place by its kind: `change_file`.

Written beside, brought to the disk, renamed: killed at any moment, a file is
the old one or the new one.

May import: errors, engines, warehouse.erasure.*.   Imported by: pipeline.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.warehouse.erasure.files import csv, excel, json, parquet, sqlite, text
from crm_analytics.warehouse.erasure.files.place import Changed
from crm_analytics.warehouse.erasure.rules import RowRule
from crm_analytics.warehouse.readers.text import PACKED

Change = Callable[[Engine, Path, RowRule, bool], Changed]

KINDS: Mapping[str, Change] = {
    ".csv": csv.change,
    ".tsv": csv.change,
    ".json": json.change,
    ".jsonl": json.change_lines,
    ".ndjson": json.change_lines,
    ".ipynb": json.change,
    ".parquet": parquet.change,
    ".sqlite": sqlite.change,
    ".sqlite3": sqlite.change,
    ".db": sqlite.change,
    ".xlsx": excel.change,
}


def change_file(engine: Engine, path: Path, rule: RowRule, write: bool) -> Changed:
    """Take the person out of one file, or only count where `write` is false.

    Raises
    ------
    CrmError : the file holds the person and cannot be changed; says why.
    """
    ending = path.suffix.lower()
    if ending in PACKED:  # customers.csv.gz is a CSV file
        ending = Path(path.stem).suffix.lower()
    if ending == ".txt" and rule.ids:  # a raw file, if anybody is known by its columns
        ending = ".csv"
    return KINDS.get(ending, text.change)(engine, path, rule, write)
