"""The change of a sum, taken apart: members, and attributes ranked by how surprising theirs are.

The surprise of a member is its part of the Jensen-Shannon divergence between the
shares of the members before and after, in bits: Bhagwan et al., "Adtributor: Revenue
Debugging in Advertising Systems", NSDI 2014, section 4.2.  Nothing is surprising where
every member moved like the whole.  `beyond` says the same in the measure's unit: the
change less what the member would have changed at the pace of the whole.

May import: olap.plan, olap.explain.frames.   Imported by: olap.explain.explain.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from crm_analytics.olap.explain.frames import Floats, adds_up, floats
from crm_analytics.olap.plan import Axis

# Adtributor's two thresholds: the least share of the change of a member that explains
# anything, and how much of the change those of one attribute have to explain together.
LEAST_SHARE, ENOUGH_SHARE = 0.10, 0.67


def drivers_of(cells: pl.DataFrame, axes: Sequence[Axis]) -> pl.DataFrame:
    """One row a member, the one that moved most beyond the pace of the whole first.

    `cells` are those of `statements.sums_query`.
    """
    total = cells.filter(pl.col("left") == 0)
    before, after = (float(total[side][0] or 0) for side in ("before", "after"))
    members = cells.filter((pl.col("left") == pl.col("right")) & (pl.col("left") > 0)).sort("left", "member")
    number = members["left"].to_numpy()
    was, now = floats(members["before"]), floats(members["after"])
    moved = now - was
    pace = (after - before) / before if before else 0.0
    frame = members.select(
        pl.Series("attribute", [axes[i - 1].ref for i in number], dtype=pl.String),
        "member",
        "before",
        "after",
        (pl.col("after") - pl.col("before")).alias("change"),
        pl.Series("share", moved / (after - before) if after != before else [None] * len(moved), dtype=pl.Float64),
        pl.Series("beyond", moved - was * pace),
        pl.Series("surprise", surprises(was, now, number)),
        pl.Series("number", number),
    )
    order = [pl.col("beyond").abs().round(9), pl.col("change").abs()]
    ranked = frame.sort(*order, "number", "member", descending=[True, True, False, False], nulls_last=True)
    return ranked.drop("number")


def surprises(before: Floats, after: Floats, group: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    """The surprise of each member within its group, every group being all rows by another attribute.

    A member below nothing (returns) counts as nothing.
    """
    shares: list[Floats] = []
    for values in (np.maximum(before, 0), np.maximum(after, 0)):
        whole = np.bincount(group, weights=values, minlength=1)[group] if len(group) else values
        shares.append(np.divide(values, whole, out=np.zeros_like(values), where=whole > 0))
    middle = (shares[0] + shares[1]) / 2
    found = np.zeros_like(middle)
    # Where a whole side is nothing, no member has a share to be surprised at.
    both = (shares[0].sum() > 0) & (shares[1].sum() > 0)
    for share in shares:
        some = (share > 0) & both
        found[some] += 0.5 * share[some] * np.log2(share[some] / middle[some])
    return np.maximum(found, 0)


def attributes_of(drivers: pl.DataFrame, axes: Sequence[Axis], change: object, scale: float) -> pl.DataFrame:
    """One row an attribute, ranked as Adtributor does: first those that explain enough, by their surprise.

    `explaining` members, each with a tenth of the change or more, explain `explained` of it
    with the `surprise`.  `adds_up` says whether the changes of the members make the change of the whole.
    """
    rows = []
    for axis in axes:
        part = drivers.filter(pl.col("attribute") == axis.ref)
        taken = part.filter(pl.col("share") > LEAST_SHARE).sort("surprise", descending=True)
        share = taken["share"].cum_sum()
        taken = taken.head(int((share <= ENOUGH_SHARE).sum()) + 1)
        rows.append(
            {
                "attribute": axis.ref,
                "title": axis.title,
                "members": part.height,
                "first": taken["member"][0] if taken.height else None,
                "explaining": taken.height,
                "explained": float(taken["share"].sum()),
                "surprise": float(taken["surprise"].sum()),
                "adds_up": adds_up(part["change"], change, scale),
            }
        )
    schema = {"attribute": pl.String, "title": pl.String, "members": pl.Int64, "first": pl.String}
    frame = pl.DataFrame(
        rows,
        {**schema, "explaining": pl.Int64, "explained": pl.Float64, "surprise": pl.Float64, "adds_up": pl.Boolean},
    )
    enough = pl.col("explained") > ENOUGH_SHARE
    return frame.sort(enough, "surprise", descending=[True, True], maintain_order=True)
