"""Who bought which item in which order: the grain of rules, next best offers and baskets.

What "an item" is, the caller says: any attribute of dim_product, from the
product to the department.

    star --purchases.sql--> Purchases

May import: arrays, engines, errors, sql, warehouse.   Imported by: features.labels, pipeline.
"""

from datetime import date

import polars as pl

from crm_analytics.arrays import IntArray, Purchases
from crm_analytics.engines import Engine
from crm_analytics.errors import UnknownName
from crm_analytics.features.as_known import as_known
from crm_analytics.features.coverage import nothing_before
from crm_analytics.features.customers import PACKAGE, PRODUCTS, PRODUCTS_PLACE, texts
from crm_analytics.periods import FIRST_YEAR
from crm_analytics.sql import Query, Value, ident, statement

PLACE = '"{item}"'
# What a product row has that says nothing about the product.
NOT_ITEMS = ("product_key", "source")


def purchases(
    engine: Engine, start: date | None, as_of: date, item: str = "product_type", named_on: date | None = None
) -> Purchases:
    """Every item of every order in `[start, as_of)`, each (order, item) once, sorted by order, then item.

    `customer_id` holds everyone with an order line in the window, also those who
    bought nothing but unknown products; `item_name` holds what was bought.  Orders
    are numbered by time of their first line, then by order id.  Lines whose
    product is unknown or has no such attribute are left out, and orders of the
    unknown customer too.

    Parameters
    ----------
    start : first day looked at; None for all of the past
    as_of : first day not looked at
    item : the column of dim_product that names the item
    named_on : where the item has a history, it is called as it was known before this day; None for `as_of`

    Raises
    ------
    UnknownName : dim_product has no column `item`.
    WarehouseError : no sales are loaded.
    DataError : no known customer ordered in the window.
    """
    known = [name for name in engine.columns(PRODUCTS) if name not in NOT_ITEMS]
    if item not in known:
        raise UnknownName(PRODUCTS, "product attribute", item, known)
    window: dict[str, Value] = {"start": start or date(FIRST_YEAR, 1, 1), "as_of": as_of}
    buyers = engine.frame(Query(statement(PACKAGE, "buyers"), window))["customer_id"]
    if buyers.is_empty():
        raise nothing_before(engine, as_of, start)
    products = as_known(engine, PRODUCTS, named_on or as_of)
    text = statement(PACKAGE, "purchases").replace(PLACE, ident(item)).replace(PRODUCTS_PLACE, products.text)
    frame = engine.frame(Query(text, {**window, **products.params}))
    items = frame["item"].unique().sort()
    coded = frame.with_columns(_codes(frame["customer_id"], buyers), _codes(frame["item"], items))
    coded = coded.sort("order_code", "item")
    return Purchases(
        as_of=as_of,
        customer_id=texts(buyers),
        item_name=texts(items),
        customer=_whole(coded["customer_id"]),
        order=_whole(coded["order_code"]),
        item=_whole(coded["item"]),
        days_ago=_whole(coded["days_ago"]),
        spend=coded["spend"].to_numpy(),
    )


def _codes(series: pl.Series, names: pl.Series) -> pl.Series:
    """The place of each value in `names`; an Enum keeps the order it is given, a Categorical would not."""
    return series.cast(pl.Enum(names)).to_physical()


def _whole(series: pl.Series) -> IntArray:
    return series.cast(pl.Int64).to_numpy()
