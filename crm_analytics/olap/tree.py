"""A dimension whose members stand under other members, with one column for each level of the tree.

    office North                 office  cluster  shop
      cluster Hills              North   Hills    Top
        shop Top                 North   Hills    Hills    (a sale of the cluster itself)
      shop Airport               North   Airport  Airport  (no cluster above it)

Above a node stands, at each level, its ancestor at that depth; a node that lies less
deep than the level stands there itself.  So every level adds up to the whole.

May import: sql, olap.dimension.   Imported by: olap.members, olap.bind_kinds.
"""

from crm_analytics.olap.dimension import Attribute, Dimension
from crm_analytics.sql import ident


def is_level(dimension: Dimension, attribute: Attribute) -> bool:
    """Whether the attribute is a level of the dimension's tree."""
    return dimension.tree is not None and attribute.name in dimension.tree.levels


def source(dimension: Dimension) -> str:
    """The dimension's table with a column for each level, in parentheses: one row a member, as in the table.

    A root has no parent, one that is not in the table, or itself.  What lies on a
    circle or below one has no root and so is NULL, the unknown member, at every
    level.  UNION and the path cut at the last level let the recursion end even if
    a load has broken the tree since it was looked at.
    """
    tree = dimension.tree
    if tree is None:
        raise AssertionError(f"dimension {dimension.name!r} has no tree")
    table, key, id_, parent = (ident(name) for name in (dimension.table, dimension.key, tree.id, tree.parent))
    label, deepest = ident(tree.label), len(tree.levels)
    levels = ", ".join(
        f'"tree path"[least({i + 1}, len("tree path"))] AS {ident(tree.column(level))}'
        for i, level in enumerate(tree.levels)
    )
    return f"""(
  WITH RECURSIVE "tree" AS (  -- one node with the labels from its root down to it
    SELECT node.{key} AS "tree key", node.{id_} AS "tree id", [node.{label}] AS "tree path"
    FROM {table} AS node
    WHERE node.{parent} IS NULL OR node.{parent} = node.{id_}
      OR node.{parent} NOT IN (SELECT {id_} FROM {table} WHERE {id_} IS NOT NULL)
    UNION
    SELECT node.{key}, node.{id_},
      CASE WHEN len("tree path") < {deepest} THEN list_append("tree path", node.{label}) ELSE "tree path" END
    FROM {table} AS node JOIN "tree" ON node.{parent} = "tree id" AND node.{parent} <> node.{id_}
  )
  SELECT node.*, "tree path", {levels}
  FROM {table} AS node LEFT JOIN "tree" ON "tree key" = node.{key}
)"""
