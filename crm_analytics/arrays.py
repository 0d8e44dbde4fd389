"""What passes between the warehouse's floors and mining: frozen bundles of arrays.

`features` fills them from SQL, `mining` computes on them, `campaigns` and
`reports` read them.  Mining never sees SQL because of these, and the warehouse
never sees a model.

Every array that speaks of customers is aligned with `customer_id`, which is
sorted ascending and unique.

May import: errors.   Imported by: features, mining, campaigns, charts, reports, project.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from crm_analytics.errors import DataError, UnknownName

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TextArray = NDArray[np.object_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """One row a customer, looking back from `as_of` only.

    `columns` maps a name that ends in its unit to an (n,) float array; NaN means
    "not defined for this customer" (the mean gap between orders of one who
    ordered once).
    """

    as_of: date
    customer_id: TextArray
    columns: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        for name, values in self.columns.items():
            if values.shape != self.customer_id.shape:
                raise DataError(f"feature {name!r} has {values.size} values for {self.customer_id.size} customers")

    def __getitem__(self, name: str) -> FloatArray:
        try:
            return self.columns[name]
        except KeyError:
            raise UnknownName("features", "feature", name, self.columns) from None

    def __len__(self) -> int:
        return int(self.customer_id.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What each customer did in the `horizon_days` days from `as_of` on: the future, for training and testing."""

    as_of: date
    horizon_days: int
    customer_id: TextArray
    orders: FloatArray
    spend: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchases:
    """One row per item of an order, each (order, item) once, all before `as_of`.

    `customer`, `order` and `item` are whole-number codes: `customer_id[customer]`
    and `item_name[item]` are the names, `order` only tells orders apart
    (0 to `n_orders` - 1).  `days_ago` is whole days from the order to `as_of`,
    at least 1.  `spend` is the money of that item in that order.
    """

    as_of: date
    customer_id: TextArray
    item_name: TextArray
    customer: IntArray
    order: IntArray
    item: IntArray
    days_ago: IntArray
    spend: FloatArray

    @property
    def n_orders(self) -> int:
        """Distinct orders."""
        return int(self.order.max()) + 1 if self.order.size else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What one model says of every customer at one `as_of`.

    `values` are (n,) finite floats, `labels` (n,) texts; the names are unique
    across all models, for they become attributes to slice a cube by.  `tables`
    are what the model learned beside the scores (segment profiles, parameters).
    """

    model: str
    as_of: date
    customer_id: TextArray
    values: Mapping[str, FloatArray]
    labels: Mapping[str, TextArray] = field(default_factory=dict)
    tables: Mapping[str, pl.DataFrame] = field(default_factory=dict)
