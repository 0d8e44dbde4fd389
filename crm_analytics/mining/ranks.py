"""Ranks that treat equal customers equally.

May import: errors, arrays.   Imported by: mining.rfm, mining.churn, mining.evaluate.
"""

import numpy as np

from crm_analytics.arrays import FloatArray, IntArray


def equal_groups(values: FloatArray, groups: int) -> IntArray:
    """Group of each value when the values are cut into `groups` groups of about equal size.

    A value belongs where the middle of its run of ties falls.  SQL's NTILE(5)
    would put equal customers in different groups by row order, so last night's
    list and tonight's would differ with no new data.

    Parameters
    ----------
    values : (n,) finite
    groups : how many groups, >= 1

    Returns
    -------
    (n,) 1 (lowest) to `groups` (highest).  Groups differ in size where there
    are ties; one value for everybody gives the middle group to everybody.
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    below = np.cumsum(count) - count
    # Twice the middle of the run, in whole numbers: no rounding can tip a tie over a border.
    group = groups * (2 * below + count) // (2 * max(values.size, 1)) + 1
    return group[place].astype(np.int64)
