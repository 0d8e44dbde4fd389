"""Frames as files, and where they go.

May import: typer, errors, wholefile.   Imported by: cli.*.
"""

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from crm_analytics.errors import CannotWrite, CrmError, QueryError, UnknownName
from crm_analytics.wholefile import whole

if TYPE_CHECKING:  # so that `crm --help` does not wait for Polars
    import polars as pl

FORMATS = ("table", "csv", "json", "parquet")


def check_format(format: str, out: Path | None) -> None:
    """Refuse a format before anything is asked.

    Raises
    ------
    UnknownName : there is none of that name.
    QueryError : it needs a file, and none is named.
    """
    if format not in FORMATS:
        raise UnknownName("--format", "format", format, FORMATS)
    if format == "parquet" and out is None:
        raise QueryError("--format parquet needs a file: --out cells.parquet")


def as_bytes(frame: "pl.DataFrame", format: str) -> bytes:
    """Cells as a file of one of the formats but "table"."""
    match format:
        case "csv":
            return frame.write_csv().encode()
        case "json":
            return (_plain_numbers(frame).write_json() + "\n").encode()
        case _:
            file = BytesIO()
            frame.write_parquet(file)
            return file.getvalue()


def _plain_numbers(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Decimals as doubles where every one of a column comes back the same; else JSON shows them as text."""
    for column in frame:
        if column.dtype.is_decimal():
            doubles = column.cast(float)
            if doubles.cast(column.dtype).equals(column, null_equal=True):
                frame = frame.with_columns(doubles)
    return frame


def write(content: bytes, out: Path | None) -> None:
    """To the file, or to the screen where there is none."""
    if out is None:
        typer.echo(content.decode(), nl=False)
        return
    write_out("--out", out, content)


def write_out(option: str, out: Path, content: bytes) -> None:
    """To the file that an option names, whole or not at all."""
    try:
        with whole(out) as part:
            part.write_bytes(content)
    except CannotWrite as error:
        raise CrmError(f"{option} {error}") from None
