"""The customer bridge: from the sum before to the sum after, by what became of the customers.

May import: olap.explain.frames.   Imported by: olap.explain.explain.
"""

import polars as pl

from crm_analytics.olap.explain.frames import adds_up

# In the order of a bridge, with what each is called.
GROUPS = {
    "new": "New",
    "returning": "Returning",
    "up": "Up",
    "same": "Same",
    "down": "Down",
    "lost": "Lost",
    "unknown": "Unknown customers",
}


def bridge_of(found: pl.DataFrame, change: object, scale: float) -> tuple[pl.DataFrame, bool]:
    """One row a group with its customers and its sum before and after; and whether the changes make the whole."""
    place = pl.col("group").replace_strict({name: i for i, name in enumerate(GROUPS)}, return_dtype=pl.Int8)
    frame = found.sort(place).with_columns((pl.col("after") - pl.col("before")).alias("change"))
    # Nobody knows how many customers the unknown ones are.
    known = pl.when(pl.col("group") != "unknown").then(pl.col("customers")).alias("customers")
    return frame.with_columns(known), adds_up(frame["change"], change, scale)
