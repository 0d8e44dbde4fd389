"""Generic CSV: RFC 4180, UTF-8, a header line, comma, CRLF.

For machines: values are bare, so a text that begins with `=` is not changed.

May import: nothing of ours.   Imported by: exports.
"""

from pathlib import Path

import polars as pl


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write all rows; money keeps its cents, an empty value is an empty field."""
    frame.write_csv(path, line_terminator="\r\n")
