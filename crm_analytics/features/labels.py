"""What happened from `as_of` on: the only file that looks past it.

For training on the past and testing against it; a score that is to be used
never comes near this module.

May import: arrays, engines, errors, periods, sql.   Imported by: pipeline.
"""

from datetime import date

import polars as pl

from crm_analytics.arrays import FloatArray, Labels, Purchases, TextArray
from crm_analytics.engines import Engine
from crm_analytics.features.coverage import nothing_before
from crm_analytics.features.customers import PACKAGE
from crm_analytics.features.purchases import purchases
from crm_analytics.periods import after
from crm_analytics.sql import Query, statement


def labels(engine: Engine, as_of: date, horizon_days: int, customer_id: TextArray) -> Labels:
    """Orders and money of each given customer in `[as_of, as_of + horizon_days)`.

    Parameters
    ----------
    customer_id : (n,) texts, usually those of the `Features` at the same `as_of`

    Returns
    -------
    Aligned with `customer_id`; 0 for one who did not order.  Sales that stop
    within the horizon cannot be told from customers who stopped: look at
    `coverage.last_day` first.

    Raises
    ------
    DataError : nobody at all ordered in the horizon, or it is not at least one day.
    """
    window = after(as_of, horizon_days)
    frame = engine.frame(Query(statement(PACKAGE, "labels"), {"as_of": window.start, "until": window.end}))
    if frame.is_empty():
        raise nothing_before(engine, window.end, window.start)
    asked = pl.DataFrame({"customer_id": pl.Series(customer_id.tolist(), dtype=pl.String)})
    found = asked.join(frame, on="customer_id", how="left", maintain_order="left")
    return Labels(
        as_of=as_of,
        horizon_days=horizon_days,
        customer_id=customer_id,
        orders=_floats(found["orders"]),
        spend=_floats(found["spend"]),
    )


def purchases_after(engine: Engine, as_of: date, horizon_days: int, item: str = "product_type") -> Purchases:
    """What was bought in `[as_of, as_of + horizon_days)`: the truth a next best offer is measured against.

    The `as_of` of the result is the *end* of the horizon, so that its `days_ago`
    keeps its meaning; its customers are those who ordered in the horizon.  Items are
    called as they were known before `as_of`, when the offer was made.

    Raises
    ------
    UnknownName : dim_product has no column `item`.
    DataError : nobody ordered in the horizon, or it is not at least one day.
    """
    window = after(as_of, horizon_days)
    return purchases(engine, window.start, window.end, item, named_on=as_of)


def _floats(series: pl.Series) -> FloatArray:
    return series.cast(pl.Float64).fill_null(0.0).to_numpy()
