"""Parquet with zstd, one file, types as in the list.

May import: nothing of ours.   Imported by: exports.
"""

from pathlib import Path

import polars as pl


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write all rows with their types."""
    frame.write_parquet(path, compression="zstd")
