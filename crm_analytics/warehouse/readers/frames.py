"""A frame from a notebook: Polars, pandas or Arrow.

May import: engines, errors, warehouse.raw, warehouse.readers.pulled.   Imported by: project.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import IO, Any, cast

import polars as pl

from crm_analytics.engines.arrow import ArrowRows
from crm_analytics.errors import DataError
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.pulled import Pulled


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameRaw(Pulled):
    """The rows of one frame."""

    frame: pl.DataFrame

    def batches(self, since: datetime | None) -> Iterable[ArrowRows]:
        return [self.frame]

    def content_hash(self, piece: Piece) -> str:
        """Of the rows in their order, and of the names and types of the columns."""
        digest = _Digest()
        # In one chunk, for how a frame was put together is not part of what it says.
        self.frame.rechunk().write_ipc(cast(IO[bytes], digest))
        return digest.sha256.hexdigest()


class _Digest:
    """A file that keeps only the hash of what is written to it."""

    def __init__(self) -> None:
        self.sha256 = sha256()
        self._size = 0

    def write(self, data: bytes) -> int:
        self.sha256.update(data)
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        return None


def frame_raw(frame: object, source: str, name: str) -> FrameRaw:
    """A frame as a raw of a source, called `name` there and `frame <name>` in tables.

    Parameters
    ----------
    frame : a frame of Polars (lazy ones are collected) or pandas, or anything else that gives out Arrow.  Of pandas,
        NaN is a missing value, an index with a name is a column, and columns of mixed objects become texts.

    Raises
    ------
    DataError : it is no frame, has no column, or two of one name.
    """
    label = f"frame {name}"
    table = _without_categories(_polars(frame, label))
    lower = [column.lower() for column in table.columns]
    if not lower:
        raise DataError(f"{label}: has no column")
    if twice := sorted({column for column in lower if lower.count(column) > 1}):
        raise DataError(f"{label}: has {', '.join(twice)} twice; SQL does not tell upper from lower case")
    return FrameRaw(source=source, name=name, label=label, frame=table)


def _polars(frame: Any, label: str) -> pl.DataFrame:
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    if not hasattr(frame, "__arrow_c_stream__"):
        kind = type(frame).__name__
        raise DataError(f"{label}: a {kind} is no frame; give a frame of Polars or pandas, or an Arrow table")
    index = getattr(frame, "index", None)
    if any(name is not None for name in getattr(index, "names", ())):
        frame = frame.reset_index()
    try:
        return _unindexed(pl.DataFrame(frame))
    except Exception as error:
        # Whatever library made the frame raises errors of its own.
        if not hasattr(frame, "dtypes"):
            raise DataError(f"{label}: cannot be read: {type(error).__name__}") from None
    try:
        mixed = [name for name, kind in frame.dtypes.items() if str(kind) == "object"]
        texts = {name: [None if _missing(v) else str(v) for v in frame[name]] for name in mixed}
        return _unindexed(pl.DataFrame(frame.assign(**texts)))
    except Exception as error:
        raise DataError(f"{label}: cannot be read: {type(error).__name__}") from None


def _missing(value: object) -> bool:
    """None, NaN, NaT and NA: none of them equals itself."""
    return value is None or type(value).__name__ == "NAType" or value != value


def _unindexed(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the numbers of rows that pandas gives to what has no index of its own."""
    return frame.select(name for name in frame.columns if not name.startswith("__index_level_"))


def _without_categories(frame: pl.DataFrame) -> pl.DataFrame:
    texts = (pl.Categorical, pl.Enum, pl.Object)
    return frame.with_columns(pl.col(n).cast(pl.String) for n, kind in frame.schema.items() if isinstance(kind, texts))
