"""Recency, frequency, monetary value: three scores from 1 to 5 and a named class.

The oldest segmentation of direct marketing, and still the one every marketer
reads at a glance.  Ranks within today's customers, not a forecast: for that
see `churn` and `lifetime_value`.

May import: errors, arrays, mining.inputs, mining.ranks.   Imported by: mining (by name).
"""

import numpy as np

from crm_analytics.arrays import IntArray, Scores, TextArray
from crm_analytics.mining.inputs import ModelInputs, finite
from crm_analytics.mining.ranks import equal_groups

GROUPS = 5

# Row: r_score, how lately they ordered.  Column: how much they buy, the mean of
# f_score and m_score rounded half up.  The 25 cells cover all 125 combinations.
CLASS_TABLE: dict[int, tuple[str, str, str, str, str]] = {
    # buys:  1 least              2                     3                   4              5 most
    5: ("New or occasional", "Promising", "Potential loyal", "Loyal", "Champions"),
    4: ("New or occasional", "Promising", "Potential loyal", "Loyal", "Champions"),
    3: ("About to sleep", "About to sleep", "Needs attention", "Loyal", "Loyal"),
    2: ("Hibernating", "Hibernating", "At risk", "At risk", "Cannot lose"),
    1: ("Lost", "Hibernating", "At risk", "At risk", "Cannot lose"),
}


def score(inputs: ModelInputs) -> Scores:
    """RFM of every customer: `r_score`, `f_score`, `m_score` (1 to 5, 5 best) and `rfm_class`.

    `r_score` ranks `days_since_last_order` (fewest days = 5), `f_score` ranks
    `orders`, `m_score` ranks `spend`.  Equal customers get equal scores, so a
    group may hold more or less than a fifth: where half the customers ordered
    once, no customer has `f_score` 1.
    """
    features = inputs.features
    r = equal_groups(-finite(features, "days_since_last_order"), GROUPS)
    f = equal_groups(finite(features, "orders"), GROUPS)
    m = equal_groups(finite(features, "spend"), GROUPS)
    return Scores(
        model="rfm",
        as_of=features.as_of,
        customer_id=features.customer_id,
        values={"r_score": r.astype(float), "f_score": f.astype(float), "m_score": m.astype(float)},
        labels={"rfm_class": rfm_class(r, f, m)},
    )


def rfm_class(r: IntArray, f: IntArray, m: IntArray) -> TextArray:
    """Name of the class of each customer, by `CLASS_TABLE`.

    Parameters
    ----------
    r, f, m : (n,) scores, 1 to 5

    Returns
    -------
    (n,) texts.
    """
    table = np.array([CLASS_TABLE[row] for row in range(1, GROUPS + 1)], dtype=object)
    buys = (f + m + 1) // 2
    names: TextArray = table[r - 1, buys - 1]
    return names
