"""Look the histories, bridges and trees of a model up in a warehouse, and see that they can be counted with.

Two versions of a member that hold on one day would count a row twice; members on a
circle have no place in a tree.  Both are told, and what needs them is not asked.

May import: errors, sql, engines, olap.describe, olap.dimension, olap.tree.   Imported by: olap.bind.
"""

from collections.abc import Mapping
from dataclasses import replace

from crm_analytics.engines import Engine
from crm_analytics.olap.describe import describe, kind_of, no_table, told
from crm_analytics.olap.dimension import Attribute, Bridge, Dimension, History, Tree
from crm_analytics.olap.tree import source
from crm_analytics.sql import ident


def bind_kinds(dimension: Dimension, engine: Engine, tables: frozenset[str]) -> Dimension:
    """The dimension with what the warehouse says of its history, its bridge and its tree."""
    if dimension.history:
        dimension = replace(dimension, history=_bind_history(dimension, dimension.history, engine, tables))
    if dimension.bridge:
        # A row without members has the unknown one, although the table may have no unknown member.
        attributes = {name: replace(a, nullable=True) for name, a in dimension.attributes.items()}
        problem = told(dimension.place, _wrong_bridge(dimension.bridge, engine, tables))
        dimension = replace(dimension, attributes=attributes, problem=problem)
    if dimension.tree:
        dimension = replace(dimension, attributes=_bind_levels(dimension, dimension.tree, engine))
    return dimension


def _bind_history(dimension: Dimension, history: History, engine: Engine, tables: frozenset[str]) -> History:
    """Each attribute as it reads in the table of versions, with the problem of the whole where it has none itself."""
    attributes = history.attributes
    if history.table not in tables:
        problem = no_table(dimension.place, history.table)
        return replace(history, attributes={n: replace(a, problem=problem) for n, a in attributes.items()})
    expressions = {name: a.sql for name, a in attributes.items()}
    expressions |= {f"{name} order": a.order_by for name, a in attributes.items() if a.order_by}
    columns = {column: ident(column) for column in (history.key, history.start, history.end)}
    types, wrong = describe(engine, history.table, expressions, rows=True)
    column_types, wrong_columns = describe(engine, history.table, columns)
    problem = _all(wrong_columns) or _wrong_history(history, column_types, engine)

    def bound(name: str, a: Attribute) -> Attribute:
        found = wrong.get(name) or wrong.get(f"{name} order")
        text = told(a.place, found) or told(dimension.place, problem)
        # Empty where no version is true, and read from a sub-select: not a column of the dimension's own table.
        return replace(
            a, kind=kind_of(types.get(name, "")), column="", order_column="", nullable=True, namesake=True, problem=text
        )

    return replace(history, attributes={name: bound(name, a) for name, a in attributes.items()})


def _wrong_history(history: History, types: Mapping[str, str], engine: Engine) -> str:
    for column in (history.start, history.end):
        if kind_of(types[column]) not in ("date", "timestamp"):
            return f"{column!r} of {history.table!r} holds no days, so no version can be told from the next by it"
    key, start = ident(history.key), f"coalesce({ident(history.start)}, '-infinity')"
    end, table = f"coalesce({ident(history.end)}, 'infinity')", ident(history.table)
    # If any two of a key overlap, two that follow each other do.
    found = engine.rows(
        f"SELECT {key}, {start} FROM {table} WHERE {key} IS NOT NULL AND {start} < {end}\n"
        f"QUALIFY {end} > lead({start}) OVER (PARTITION BY {key} ORDER BY {start}, {end}) ORDER BY 1, 2 LIMIT 1"
    )
    if not found:
        return ""
    name, day = found[0]
    return (
        f"two versions of {history.key} {name!r} in {history.table!r} hold on one day: that from {day} has not ended "
        "when the next begins, so a row would count twice"
    )


def _wrong_bridge(bridge: Bridge, engine: Engine, tables: frozenset[str]) -> str:
    if bridge.table not in tables:
        return f"the warehouse has no table {bridge.table!r} yet; run: crm load"
    return _all(describe(engine, bridge.table, {column: ident(column) for column in (bridge.key, bridge.member)})[1])


def _bind_levels(dimension: Dimension, tree: Tree, engine: Engine) -> dict[str, Attribute]:
    """The attributes, those of the levels with the kind of the tree's labels."""
    names = (tree.id, tree.parent, tree.label)
    types, wrong = describe(engine, dimension.table, {name: ident(name) for name in names})
    problem = told(dimension.place, _all(wrong) or _wrong_tree(dimension, tree, engine))
    kind = kind_of(types.get(tree.label, ""))
    return {
        name: replace(a, kind=kind, problem=problem) if name in tree.levels else a
        for name, a in dimension.attributes.items()
    }


def _wrong_tree(dimension: Dimension, tree: Tree, engine: Engine) -> str:
    node, table = ident(tree.id), ident(dimension.table)
    twice = engine.rows(
        f"SELECT {node} FROM {table} WHERE {node} IS NOT NULL GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT 1"
    )
    if twice:
        return f"{tree.id} {twice[0][0]!r} stands twice in {dimension.table!r}, so what is below it would count twice"
    lost = engine.rows(f'SELECT {node} FROM {source(dimension)} AS node WHERE "tree path" IS NULL ORDER BY 1 LIMIT 3')
    if not lost:
        return ""
    listed = ", ".join(repr(name) for (name,) in lost)
    return f"{tree.parent} of {tree.id} {listed} leads round in a circle and never to a root"


def _all(wrong: Mapping[str, str]) -> str:
    return "; ".join(wrong.values())
