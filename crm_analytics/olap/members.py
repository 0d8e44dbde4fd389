"""What the rows of a fact are grouped by: the columns that a dimension shows in a statement.

Not how the dimension is joined: that is `olap.rows`, `olap.versions` and `olap.bridge`.

May import: sql, olap.conditions, olap.dimension, olap.plan, olap.tree.
Imported by: olap.rows, olap.versions, olap.bridge, olap.browse, olap.estimate, olap.incomplete, olap.semi,
olap.spine.
"""

from collections.abc import Iterable

from crm_analytics.olap.conditions import Params
from crm_analytics.olap.plan import Axis
from crm_analytics.olap.tree import is_level, source
from crm_analytics.sql import ident


def columns(axes: Iterable[Axis], params: Params) -> list[str]:
    """The members of each axis and what they sort by, each under its own name."""
    listed = list(axes)
    found = [f"{member_sql(axis, params)} AS {axis.column}" for axis in listed]
    return found + [f"{a.attribute.order_by} AS {a.order}" for a in listed if a.attribute.order_by]


def merges(axis: Axis) -> bool:
    """Whether a real member may be called as the unknown one is shown."""
    return axis.attribute.kind == "text" and axis.attribute.namesake


def table_of(axes: Iterable[Axis]) -> str:
    """Where the attributes of these axes, of one dimension and one time, are columns."""
    listed = list(axes)
    dimension = listed[0].role.dimension
    if dimension.history and listed[0].as_of != "today":
        return ident(dimension.history.table)
    climbs = any(is_level(dimension, axis.attribute) for axis in listed)
    return source(dimension) if climbs else ident(dimension.table)


def member_sql(axis: Axis, params: Params) -> str:
    """What a row is grouped by.

    A real member that is called as the unknown one is shown (a till's own "Unknown")
    is one with it: two rows of one name could not be told apart, and lost in a pivot.
    """
    if not merges(axis):
        return axis.attribute.sql
    return f"nullif({axis.attribute.sql}, {params.bind(f'unknown {axis.role.name}', axis.attribute.unknown)})"
