"""The change of a ratio of two sums, taken apart into rates and mix.

A ratio over / under is the sum over the members of their share of under times their
own ratio, the rate.  It changes because rates change, and because shares shift
between members of high and of low rate (the mix).  With r and s before, r' and s'
after, and M the mean of the whole ratio before and after, member by member

    rate = (s + s') / 2 * (r' - r)        mix = ((r + r') / 2 - M) * (s' - s)

What comes of both changing at once is halved between the two, as in the index of
Marshall and Edgeworth, so it does not matter which period comes first.  Shares add up
to 1, so taking M away changes no total: it makes a member of less than average rate
that shrinks count upwards.  The rate of a member that was or is not there is taken
to be the same in both, so that its coming or going is mix alone; what over has where
under has nothing is rate.

May import: olap.plan, olap.explain.frames.   Imported by: olap.explain.explain.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from crm_analytics.olap.explain.frames import TOLERANCE, Floats, adds_up, floats
from crm_analytics.olap.plan import Axis

PARTS = ("over before", "over after", "under before", "under after")


@dataclass(frozen=True, slots=True)
class Whole:
    """The ratio before and after."""

    before: float
    after: float

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before


def drivers_of(cells: pl.DataFrame, axes: Sequence[Axis], whole: Whole) -> pl.DataFrame:
    """One row a member: `change` is its part in the change of the whole, `rate` and `mix` make it up.

    `before` and `after` are its own ratio, `weight_before` and `weight_after` its share of
    what is divided by.  `beyond` is the part beyond its average weight in the change of the whole.
    """
    total = cells.filter(pl.col("left") == 0)
    over, over_after, under, under_after = (floats(total[name])[0] for name in PARTS)
    members = cells.filter(pl.col("left") > 0).sort("left", "member")
    over_m, over_after_m, under_m, under_after_m = (floats(members[name]) for name in PARTS)
    share, share_after = under_m / under, under_after_m / under_after
    rate, rate_after = _rates(over_m, under_m), _rates(over_after_m, under_after_m)
    known = np.where(np.isnan(rate), rate_after, rate), np.where(np.isnan(rate_after), rate, rate_after)
    middle = (over / under + over_after / under_after) / 2
    shift = share_after - share
    mix = np.where(np.isnan(known[0]), 0.0, (known[0] + known[1]) / 2 - middle) * shift
    change = over_after_m / under_after - over_m / under - middle * shift
    frame = members.select(
        pl.Series("attribute", [axes[i - 1].ref for i in members["left"]], dtype=pl.String),
        "member",
        pl.Series("before", rate, nan_to_null=True),
        pl.Series("after", rate_after, nan_to_null=True),
        pl.Series("weight_before", share),
        pl.Series("weight_after", share_after),
        pl.Series("change", change),
        pl.Series("rate", change - mix),
        pl.Series("mix", mix),
        pl.Series("beyond", change - (share + share_after) / 2 * whole.change),
        pl.Series("number", members["left"]),
    )
    order = (pl.col("beyond").abs().round(12), pl.col("number"), pl.col("member"))
    return frame.sort(*order, descending=[True, False, False], nulls_last=True).drop("number")


def attributes_of(drivers: pl.DataFrame, axes: Sequence[Axis], whole: Whole) -> pl.DataFrame:
    """One row an attribute: how much of the change is rates, how much is mix; the largest mix first."""
    rows = []
    for axis in axes:
        part = drivers.filter(pl.col("attribute") == axis.ref)
        scale = float(part["change"].abs().sum() or 0) + abs(whole.before)
        rows.append(
            {
                "attribute": axis.ref,
                "title": axis.title,
                "members": part.height,
                "first": part["member"][0] if part.height else None,
                "rate": float(part["rate"].sum()),
                "mix": float(part["mix"].sum()),
                "adds_up": adds_up(part["change"], whole.change, scale),
            }
        )
    schema = {"attribute": pl.String, "title": pl.String, "members": pl.Int64, "first": pl.String}
    frame = pl.DataFrame(rows, {**schema, "rate": pl.Float64, "mix": pl.Float64, "adds_up": pl.Boolean})
    return frame.sort(pl.col("mix").abs().round(12), descending=True, maintain_order=True)


def split_whole(cells: pl.DataFrame, axes: Sequence[Axis]) -> tuple[list[Axis], list[Axis]]:
    """The attributes whose members' sums make those of the whole, and those that overlap.

    A distinct count is of several members where one order holds products of both.
    """
    total = cells.filter(pl.col("left") == 0)
    whole: list[Axis] = []
    overlapping: list[Axis] = []
    for i, axis in enumerate(axes, 1):
        part = cells.filter(pl.col("left") == i)
        sums = all(_same(float(floats(part[name]).sum()), floats(total[name])[0], part[name]) for name in PARTS)
        (whole if sums else overlapping).append(axis)
    return whole, overlapping


def _same(parts: float, whole: float, values: pl.Series) -> bool:
    return abs(parts - whole) <= TOLERANCE * max(float(np.abs(floats(values)).sum()), 1.0)


def _rates(over: Floats, under: Floats) -> Floats:
    return np.divide(over, under, out=np.full_like(over, np.nan), where=under != 0)
