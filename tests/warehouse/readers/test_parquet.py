"""Parquet files that are damaged: which one, and in one sentence."""

import io
from pathlib import Path

import polars as pl
import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError
from tests.warehouse.readers.made import raw, rows

ENGINE = DuckEngine.open(None, threads=1)


def parquet() -> bytes:
    file = io.BytesIO()
    pl.DataFrame({"id": [str(i) for i in range(9999)]}).write_parquet(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (parquet()[:-9], "is cut off: the end of a Parquet file is missing"),
        (parquet()[:4], "is cut off: the end of a Parquet file is missing"),
        (b"id,x\n1,a\n", "is no Parquet file"),
        (b"", "is no Parquet file"),
    ],
    ids=["cut off", "only its beginning", "a CSV file", "nothing"],
)
def test_a_file_that_is_not_whole_is_named(content: bytes, says: str, tmp_path: Path) -> None:
    (tmp_path / "good.parquet").write_bytes(parquet())
    (tmp_path / "worse.parquet").write_bytes(content)
    with pytest.raises(CrmError) as caught:
        rows(ENGINE, raw(tmp_path, "*.parquet"))
    assert str(caught.value) == f"{tmp_path}/worse.parquet: {says}"


def test_a_file_with_a_hole_is_found_afterwards(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(parquet())
    found = raw(tmp_path, "*.parquet")
    assert found.unreadable() == ""
    (tmp_path / "b.parquet").write_bytes(parquet()[:4] + bytes(2000) + parquet()[2004:])
    with pytest.raises(CrmError):
        rows(ENGINE, found)
    assert found.unreadable() == f"{tmp_path}/b.parquet: is damaged: its rows cannot be read"
