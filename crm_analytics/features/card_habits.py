"""From the sale lines of one customer to their orders, habits and totals.

Not SQL: in a large warehouse it is reading the lines that costs, so they are read once
and counted here.  What is given back (quantity below 0) and a line that only carries a
coupon (quantity 0) is in the orders and totals, but is no sign of what somebody likes.

May import: nothing of ours.   Imported by: pipeline.customer.
"""

from datetime import time
from typing import Any

import polars as pl

HABITS = ("product", "item", "weekday", "hour", "channel", "store")
MOST_MEMBERS = 3  # of each habit
MOST_PRODUCTS = 3  # of each order


def orders(lines: pl.DataFrame) -> pl.DataFrame:
    """One row an order, at the time of its first line: its `lines`, money, where, and its dearest `products`."""
    dearest = pl.col("product").sort_by(["revenue", "product"], descending=[True, False]).drop_nulls()
    return lines.group_by("order_id").agg(
        pl.col("sold_at").min().alias("happened_at"),
        pl.col("channel", "store", "campaign").max(),
        pl.len().alias("lines"),
        pl.col("revenue", "discount").sum(),
        dearest.unique(maintain_order=True).head(MOST_PRODUCTS).alias("products"),
    )


def habits(lines: pl.DataFrame, item: str) -> pl.DataFrame:
    """The first few members of each habit, most orders first; `item` is what the habit of buying one is called.

    Columns: habit (one of `HABITS`, the item by its name), member, orders, lines, revenue, last_at, of_orders (all
    orders with something bought).  Ties go to more lines, then to the latest, then to the
    alphabet.  No hours where every sale is at midnight: then the source knows the day alone.
    """
    bought = lines.filter(pl.col("quantity") > 0).with_columns(
        weekday=pl.col("sold_at").dt.strftime("%A"), hour=pl.col("sold_at").dt.strftime("%H:00")
    )
    wanted = [name for name in HABITS if name != "hour" or (bought["sold_at"].dt.time() != time(0)).any()]
    of_orders = bought["order_id"].n_unique()
    called = pl.col("habit").replace("item", item)
    every = pl.concat(_habit(bought.lazy(), name) for name in wanted)
    return every.collect().with_columns(habit=called, of_orders=pl.lit(of_orders, pl.Int64))


def _habit(bought: pl.LazyFrame, name: str) -> pl.LazyFrame:
    return (
        bought.filter(pl.col(name).is_not_null())
        .group_by(pl.col(name).alias("member"))
        .agg(
            pl.col("order_id").n_unique().cast(pl.Int64).alias("orders"),
            pl.len().cast(pl.Int64).alias("lines"),
            pl.col("revenue").sum(),
            pl.col("sold_at").max().alias("last_at"),
        )
        .sort("orders", "lines", "last_at", "member", descending=[True, True, True, False])
        .head(MOST_MEMBERS)
        .select(pl.lit(name).alias("habit"), "member", "orders", "lines", "revenue", "last_at")
    )


def totals(lines: pl.DataFrame) -> dict[str, Any] | None:
    """All orders together: orders, lines, revenue, discount, first_on, last_on, gap_days; None where there is none.

    `gap_days` is the mean between days with an order; None with fewer than two of them.
    """
    if lines.is_empty():
        return None
    money = lines.select(pl.col("revenue", "discount").sum()).row(0, named=True)
    days = lines.select(
        pl.col("sold_at").dt.date().min().alias("first_on"),
        pl.col("sold_at").dt.date().max().alias("last_on"),
        pl.col("sold_at").dt.date().n_unique().alias("number"),
    ).row(0, named=True)
    number = days.pop("number")
    gap = (days["last_on"] - days["first_on"]).days / (number - 1) if number > 1 else None
    return {"orders": lines["order_id"].n_unique(), "lines": lines.height, **money, **days, "gap_days": gap}


def bought(lines: pl.DataFrame) -> dict[str, Any]:
    """What was bought and how much of it on discount, under the names that `features.card.everybody` has."""
    kept = lines.filter(pl.col("quantity") > 0)
    cheaper = pl.col("discount") > 0
    return kept.select(
        pl.len().alias("lines"),
        pl.col("revenue", "discount").sum(),
        cheaper.sum().alias("discounted_lines"),
        pl.col("revenue").filter(cheaper).sum().alias("discounted_revenue"),
    ).row(0, named=True)
