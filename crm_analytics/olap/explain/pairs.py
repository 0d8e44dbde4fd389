"""What two attributes say together that neither says alone.

For each pair of attributes the change of a cell is fitted as its size times (a pace
of its member of the one + a pace of its member of the other), and what remains is
reported.  The size is the mean of before and after, so that turning the periods round
turns only the sign, and a member that came or went is no special case.  What remains
adds up to nothing over each member: if FUEL moved alike everywhere, no pair of it does.

May import: olap.plan, olap.explain.frames.   Imported by: olap.explain.explain.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from crm_analytics.olap.explain.frames import Floats, floats
from crm_analytics.olap.plan import Axis

MOST_PAIRS = 1_000
# What remains of a pair that adds nothing is rounding; as a part of the largest cell.
NOTHING = 1e-7


def pairs_of(cells: pl.DataFrame, axes: Sequence[Axis]) -> pl.DataFrame:
    """One row a pair of members, the one that moved most beyond its two members first; at most 1,000."""
    parts = []
    both = cells.filter((pl.col("left") != pl.col("right")) & (pl.col("left") > 0))
    for (left, right), part in sorted(both.partition_by("left", "right", as_dict=True).items()):
        was, now = floats(part["before"]), floats(part["after"])
        rest = remainder(_codes(part["member"]), _codes(part["other"]), (np.abs(was) + np.abs(now)) / 2, now - was)
        some = np.abs(rest) > NOTHING * max(np.abs(was).max(), np.abs(now).max(), 1e-300)
        parts.append(
            part.select(
                pl.lit(axes[int(str(left)) - 1].ref).alias("attribute"),
                "member",
                pl.lit(axes[int(str(right)) - 1].ref).alias("attribute_2"),
                pl.col("other").alias("member_2"),
                "before",
                "after",
                (pl.col("after") - pl.col("before")).alias("change"),
                pl.Series("beyond", rest),
            ).filter(pl.Series(some))
        )
    if not parts:
        return _empty(cells)
    order = [pl.col("beyond").abs().round(9), *map(pl.col, ("attribute", "attribute_2", "member", "member_2"))]
    found = pl.concat(parts).sort(*order, descending=[True, False, False, False, False], nulls_last=True)
    return found.head(MOST_PAIRS)


def remainder(one: np.ndarray, other: np.ndarray, size: Floats, change: Floats) -> Floats:
    """What of each cell's change is left by size * (pace of its first member + pace of its second), fitted.

    The least squares of change / size, weighted by size; the paces of the longer side
    are eliminated, so that a system as large as the shorter side is left to solve.
    """
    if one.max() < other.max():
        one, other = other, one
    rows, columns = int(one.max()) + 1, int(other.max()) + 1
    weights = np.zeros((rows, columns))
    weights[one, other] = size
    in_row, in_column = weights.sum(1), weights.sum(0)
    scaled = np.divide(weights, in_row[:, None], out=np.zeros_like(weights), where=in_row[:, None] > 0)
    of_row = np.bincount(one, change, rows)
    left = np.diag(in_column) - weights.T @ scaled
    right = np.bincount(other, change, columns) - scaled.T @ of_row
    # The paces are known up to a constant that goes from one side to the other: the shortest solution is taken.
    of_second = np.linalg.lstsq(left, right, rcond=1e-12)[0]
    of_first = np.divide(of_row - weights @ of_second, in_row, out=np.zeros(rows), where=in_row > 0)
    found: Floats = change - size * (of_first[one] + of_second[other])
    return found


def _codes(members: pl.Series) -> np.ndarray:
    """Members as numbers from 0, the unknown one too."""
    return members.rank("dense").fill_null(0).to_numpy().astype(np.int64) - (0 if members.null_count() else 1)


def _empty(cells: pl.DataFrame) -> pl.DataFrame:
    texts = {"attribute": pl.String, "member": pl.String, "attribute_2": pl.String, "member_2": pl.String}
    kind = cells.schema["before"]
    return pl.DataFrame(schema={**texts, "before": kind, "after": kind, "change": kind, "beyond": pl.Float64})
