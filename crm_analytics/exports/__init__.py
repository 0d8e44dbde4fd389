"""Files that a campaign tool takes, and the proof of what is in them.

`TARGETS` names every target; each is one file beside this one.

May import: errors, periods, arrays, config, campaigns.   Imported by: pipeline.
"""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from crm_analytics.exports import csv, jsonl, parquet

Write = Callable[[pl.DataFrame, Path], None]

TARGETS: dict[str, tuple[str, Write]] = {
    "csv": (".csv", csv.write),
    "parquet": (".parquet", parquet.write),
    "jsonl": (".jsonl", jsonl.write),
}
