"""JSON lines: one object a customer, UTF-8.

May import: nothing of ours.   Imported by: exports.
"""

from pathlib import Path

import polars as pl


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write all rows, one JSON object a line."""
    frame.write_ndjson(path)
