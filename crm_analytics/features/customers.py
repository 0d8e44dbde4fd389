"""What each customer did until `as_of`: the numbers that models learn from and lists speak of.

Not a model: nothing is fitted, scaled or filled in here.  Nothing on or after
`as_of` is read, so a score cannot leak the future it is tested on.

    star --customers.sql--> Features

May import: arrays, engines, errors, sql.   Imported by: pipeline.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from crm_analytics.arrays import Features, FloatArray, TextArray
from crm_analytics.engines import Engine
from crm_analytics.features.as_known import as_known
from crm_analytics.features.coverage import nothing_before
from crm_analytics.sql import Query, Value, statement

PACKAGE = "crm_analytics.features"
PRODUCTS, PRODUCTS_PLACE = "dim_product", '"{products}"'


def customer_features(engine: Engine, as_of: date) -> Features:
    """One row a customer with at least one order before `as_of`, sorted by customer id.

    An order is a distinct `order_id` and counts on the day of its first line,
    whatever the quantity of its lines; a return lowers `spend`.  Orders of the
    unknown customer are left out.  The columns, in the units of their names:

    - `orders`, `spend`, `mean_order_value`; the first two also for the last 30,
      90 and 180 days, a window being `[as_of - n days, as_of)`.
    - `days_since_first_order`, `days_since_last_order` (at least 1).
    - `gap_mean_days`, `gap_sd_days`, `gap_max_days` between *days* with an order;
      NaN for a customer of one day, the deviation also for one of two.
    - `order_days`, and what BG/NBD and Gamma-Gamma need: `repeat_days`
      (`order_days` - 1), `repeat_span_days` (first to last order), `age_days`
      (first order to `as_of`), `mean_repeat_value` (money per order day after the
      first day; NaN where there is none).
    - `items` (distinct known products), `departments`, `discount_share` (discount
      over list price; 0 where nothing was paid on balance).
    - `contacts_90d` (outbound, all channels), `responses_180d` (of any kind).

    Raises
    ------
    WarehouseError : no sales are loaded.
    DataError : no known customer ordered before `as_of`.
    """
    windows: dict[str, Value] = {f"from_{n}": as_of - timedelta(days=n) for n in (30, 90, 180)}
    products = as_known(engine, PRODUCTS, as_of)
    text = statement(PACKAGE, "customers").replace(PRODUCTS_PLACE, products.text)
    frame = engine.frame(Query(text, {"as_of": as_of, **windows, **products.params}))
    if frame.is_empty():
        raise nothing_before(engine, as_of)
    columns = {name: _floats(frame[name]) for name in frame.columns if name != "customer_id"}
    return Features(as_of=as_of, customer_id=texts(frame["customer_id"]), columns=columns)


def preferences(engine: Engine, as_of: date) -> pl.DataFrame:
    """The channels each customer of `customer_features` prefers, in the same order.

    Returns
    -------
    `customer_id`, `favourite_channel` (of most of their orders; ties go to the
    first in the alphabet; NULL where no order names one), `last_order_on`,
    `responding_channel` (in which they were contacted for the campaigns they
    answered most, complaints and opt-outs not counted; NULL if they never did).

    Raises
    ------
    WarehouseError : no sales are loaded.
    DataError : no known customer ordered before `as_of`.
    """
    frame = engine.frame(Query(statement(PACKAGE, "preferences"), {"as_of": as_of}))
    if frame.is_empty():
        raise nothing_before(engine, as_of)
    return frame


def texts(series: pl.Series) -> TextArray:
    """A text column as an (n,) array of Python strings."""
    return np.array(series.to_list(), dtype=np.object_)


def _floats(series: pl.Series) -> FloatArray:
    return series.cast(pl.Float64).fill_null(np.nan).to_numpy()
