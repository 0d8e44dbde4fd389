"""Faults as real exports have them, planted on purpose and counted.

Each is an extra row, or changes what an honest row says without changing its
money, so that everything else planted stays true to the cent.

May import: synthetic.{orders,truth}.   Imported by: synthetic.write.
"""

import numpy as np
import polars as pl

from crm_analytics.synthetic.orders import BoolArray
from crm_analytics.synthetic.truth import Faults

BROKEN_DATES = ("2017-02-30 10:15:00", "31.12.2017", "yesterday", "")
# Far above any real line number, so that a planted line never meets one.
FIRST_FAULTY_LINE = 900
# Too little to change the cent that is meant.
FRACTIONS = (0.004, -0.003)


def count_faults(customers: int) -> Faults:
    """How many of each to plant; grows with the shop, never none."""
    return Faults(
        missing_product_lines=max(5, customers // 100),
        missing_customer_orders=max(2, customers // 400),
        guest_orders=max(5, customers // 50),
        broken_date_lines=max(4, customers // 500),
        missing_revenue_lines=max(3, customers // 400),
        cent_fraction_lines=max(5, customers // 100),
        duplicate_contacts=1,
    )


def faulty_lines(
    rng: np.random.Generator, orders: pl.DataFrame, lines: pl.DataFrame, replaceable: BoolArray, faults: Faults
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Orders and lines with the faults in.

    `replaceable` marks the lines whose article may be replaced by one that does
    not exist: those that no planted rule speaks of.
    """
    count = len(lines)
    unpaid = lines[_some(rng, count, faults.missing_revenue_lines)].with_columns(
        line_no=pl.int_range(pl.len(), dtype=pl.Int64) + FIRST_FAULTY_LINE, paid=pl.lit(None, pl.Float64)
    )
    undated = orders[_some(rng, len(orders), faults.broken_date_lines)].with_columns(
        order_no=pl.concat_str(pl.lit("X"), pl.int_range(pl.len()) + 1),
        ordered_at=pl.Series(np.resize(BROKEN_DATES, faults.broken_date_lines)),
    )
    undated_lines = lines[_some(rng, count, faults.broken_date_lines)].with_columns(
        order_no=undated["order_no"], line_no=pl.lit(1, pl.Int64)
    )
    missing = np.flatnonzero(replaceable)[_some(rng, int(replaceable.sum()), faults.missing_product_lines)]
    article = lines["article"].to_numpy().astype(np.object_)
    article[missing] = [f"A{9001 + i}" for i in range(missing.size)]
    off = _some(rng, count, faults.cent_fraction_lines)
    paid = lines["paid"].to_numpy().copy()
    paid[off] = np.round(paid[off] + np.resize(FRACTIONS, len(off)), 3)
    changed = lines.with_columns(pl.Series("article", article, dtype=pl.String), pl.Series("paid", paid))
    return pl.concat([orders, undated]), pl.concat([changed, unpaid, undated_lines])


def _some(rng: np.random.Generator, of: int, count: int) -> list[int]:
    """`count` different places out of `of`, ascending."""
    return sorted(rng.choice(of, count, replace=False).tolist())
