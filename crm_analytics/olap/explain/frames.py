"""Numbers out of frames, and whether they add up.

May import: nothing of ours.   Imported by: olap.explain.*.
"""

from decimal import Decimal

import numpy as np
import polars as pl

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]

# Doubles do not add up to the last digit; whole numbers and decimals do.
TOLERANCE = 1e-9


def floats(values: pl.Series) -> Floats:
    """A column as doubles, nothing as 0."""
    return values.cast(pl.Float64).fill_null(0).to_numpy().astype(np.float64)


def adds_up(parts: pl.Series, whole: object, scale: float) -> bool:
    """Whether the parts make the whole: exactly, or for doubles within a billionth of `scale`."""
    total = parts.sum() if parts.len() else 0
    if isinstance(whole, float) or isinstance(total, float):
        return abs(float(total or 0) - float(str(whole))) <= TOLERANCE * max(scale, 1.0)
    return Decimal(total or 0) == Decimal(str(whole))


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with whole numbers as such: DuckDB sums them as decimals of 38 digits without a fraction."""
    whole = [c.name for c in frame.get_columns() if isinstance(c.dtype, pl.Decimal) and c.dtype.scale == 0]
    return frame.with_columns(pl.col(name).cast(pl.Int64, strict=False) for name in whole) if whole else frame
