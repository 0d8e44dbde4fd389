"""Frames from a notebook: columns by their names, missing values missing, one hash for equal rows."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.readers.frames import frame_raw

ENGINE = DuckEngine.open(None, threads=1)


def rows(frame: object) -> list[tuple[Any, ...]]:
    found = frame_raw(frame, "notebook", "sales")
    kept = ENGINE.rows(found.open(ENGINE, found.pieces()))
    found.close(ENGINE)
    return kept


def digest(frame: object) -> str:
    found = frame_raw(frame, "notebook", "sales")
    return found.content_hash(found.pieces()[0])


FRAMES = {
    "polars": pl.DataFrame({"id": [1, 2], "x": ["a", None]}),
    "polars, lazy": pl.LazyFrame({"id": [1, 2], "x": ["a", None]}),
    "polars, categories": pl.DataFrame({"id": [1, 2], "x": pl.Series(["a", None], dtype=pl.Categorical)}),
    "pandas": pd.DataFrame({"id": [1, 2], "x": ["a", None]}),
    "pandas, with an index of row numbers that has gaps": pd.DataFrame({"id": [1, 2], "x": ["a", None]}, index=[7, 3]),
    "pandas, with an index of its own": pd.DataFrame({"x": ["a", None]}, index=pd.Index([1, 2], name="id")),
    "pandas, categories": pd.DataFrame({"id": [1, 2], "x": pd.Categorical(["a", None])}),
    "arrow": pa.table({"id": [1, 2], "x": ["a", None]}),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_of_any_kind_is_a_table(kind: str) -> None:
    found = frame_raw(FRAMES[kind], "notebook", "sales")
    assert [piece.label for piece in found.pieces()] == ["frame sales"]
    select = found.open(ENGINE, found.pieces())
    assert sorted(ENGINE.rows(f"SELECT id, x FROM ({select})")) == [(1, "a"), (2, None)]
    assert ENGINE.rows(select) == ENGINE.rows(select)
    found.close(ENGINE)


def test_values_keep_their_types_and_nan_of_pandas_is_missing() -> None:
    values = (Decimal("1.25"), date(2024, 1, 2), datetime(2024, 1, 2, 3, 4), True)
    assert rows(pl.DataFrame([values], orient="row")) == [values]
    pandas = pd.DataFrame({"n": [1.5, float("nan")], "at": [pd.Timestamp("2024-01-02"), pd.NaT]})
    assert rows(pandas) == [(1.5, datetime(2024, 1, 2)), (None, None)]


def test_a_column_of_mixed_objects_becomes_texts() -> None:
    mixed = pd.DataFrame({"id": [1, 2, 3, 4], "x": pd.Series([7, "seven", None, pd.NA], dtype=object)})
    assert rows(mixed) == [(1, "7"), (2, "seven"), (3, None), (4, None)]


def test_a_frame_without_rows_has_its_columns() -> None:
    assert rows(pl.DataFrame(schema={"id": pl.Int64})) == []


def test_equal_rows_have_one_hash_however_the_frame_was_put_together() -> None:
    one = pl.DataFrame({"id": [1, 2]})
    parts = pl.concat([one.head(1), one.tail(1)], rechunk=False)
    assert parts.n_chunks() == 2
    assert digest(one) == digest(parts) == digest(pd.DataFrame({"id": [1, 2]}))
    others = [pl.DataFrame({"id": [1, 3]}), pl.DataFrame({"ID": [1, 2]}), pl.DataFrame({"id": [1.0, 2.0]})]
    assert len({digest(one), *(digest(other) for other in others)}) == 4


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ([{"id": 1}], "frame sales: a list is no frame; give a frame of Polars or pandas, or an Arrow table"),
        (pl.DataFrame(), "frame sales: has no column"),
        (pl.DataFrame({"id": [1], "ID": [2]}), "frame sales: has id twice; SQL does not tell upper from lower case"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "frame sales: cannot be read: .*"),
    ],
    ids=["a list", "no column", "one name in two cases", "one name twice"],
)
def test_what_is_no_table_is_refused(frame: object, says: str) -> None:
    with pytest.raises(CrmError, match=f"^{says}$"):
        frame_raw(frame, "notebook", "sales")
