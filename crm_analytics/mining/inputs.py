"""What every model is given, and the checks they share.

May import: errors, arrays.   Imported by: every module of mining; project.
"""

from dataclasses import dataclass

import numpy as np

from crm_analytics.arrays import Features, FloatArray, IntArray, Labels, Purchases
from crm_analytics.errors import DataError


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A look back at an earlier `as_of`, and what the same customers did in the days from it on.

    `labels.customer_id` equals `features.customer_id`, row by row.
    """

    features: Features
    labels: Labels

    def __post_init__(self) -> None:
        if not np.array_equal(self.features.customer_id, self.labels.customer_id):
            raise DataError("training: features and labels must speak of the same customers in the same order")
        if self.features.as_of != self.labels.as_of:
            raise DataError(f"training: features as of {self.features.as_of}, labels as of {self.labels.as_of}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInputs:
    """All that a model may see: customers now, what they bought, and an earlier look with its outcome."""

    features: Features
    purchases: Purchases
    training: Training | None = None

    def __post_init__(self) -> None:
        if not len(self.features):
            raise DataError(f"no customer has an order before {self.features.as_of}: nothing to score")


def finite(features: Features, name: str) -> FloatArray:
    """A feature that is defined for every customer, (n,).

    Raises
    ------
    DataError : it is missing for some customer; names the first one.
    """
    values = features[name]
    if (bad := np.flatnonzero(~np.isfinite(values))).size:
        raise DataError(
            f"feature {name!r} is undefined for {bad.size} customers, the first is {features.customer_id[bad[0]]!r}"
        )
    return values


def by_customer(features: Features) -> IntArray:
    """Row numbers in the order of customer id: models that draw or iterate work in this order.

    So the answer cannot depend on the order in which rows arrived.
    """
    return np.argsort(features.customer_id, kind="stable").astype(np.int64)


def rows_in(features: Features, rows: IntArray) -> Features:
    """The same features with only these rows, in this order."""
    columns = {name: values[rows] for name, values in features.columns.items()}
    return Features(as_of=features.as_of, customer_id=features.customer_id[rows], columns=columns)
