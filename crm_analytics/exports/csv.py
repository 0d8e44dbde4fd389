"""Generic CSV: RFC 4180, UTF-8, a header line, comma, CRLF.

People open such files in spreadsheets, and a spreadsheet runs a text that begins
with `=` as a formula, whoever wrote it into a name or a reason.  An apostrophe before
it makes it text again.  Numbers stay bare, also those that are kept as text (-5, +49.5);
Parquet and JSON lines, which no spreadsheet opens, keep every text as it is.

Source: OWASP, "CSV Injection", owasp.org/www-community/attacks/CSV_Injection.

May import: nothing of ours.   Imported by: exports.
"""

from pathlib import Path

import polars as pl

FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"  # the last four are what Excel takes for the first in East Asian settings
NUMBER = r"^[+-]?[0-9]+([.,][0-9]+)?$"


def write(frame: pl.DataFrame, path: Path) -> None:
    """Write all rows; money keeps its cents, an empty value is an empty field."""
    guarded(frame).write_csv(path, line_terminator="\r\n")


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with an apostrophe before every text that a spreadsheet would run."""
    text = pl.col(pl.String)
    runs = text.str.contains(FORMULA) & ~text.str.contains(NUMBER)
    return frame.with_columns(pl.when(runs).then(text.str.replace("^", "'")).otherwise(text))
