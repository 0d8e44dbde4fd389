"""Which columns of the raw files hold what: read off the mappings, as DuckDB understands them.

`customer_no AS customer_id` says that the column `customer_no` holds customer
ids, through any depth of subqueries and joins; `'H' || id AS customer_id` also
says how a raw id becomes a customer's, so that the raw one can be found.

May import: errors, sql, engines.   Imported by: warehouse.erasure.plan.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from crm_analytics.engines import Engine

Node = dict[str, Any]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column that a mapping reads, as it is written there.

    `sql` makes the wanted value of it, `within` where it is a field of an object; both are '' where it is that value.
    """

    path: Path
    sql: str = ""
    within: str = ""


def raw_columns(engine: Engine, mapping: str, wanted: str) -> frozenset[RawColumn]:
    """The columns from which a mapping makes the column `wanted`; that name itself is always among them."""
    ((text,),) = engine.rows("SELECT json_serialize_sql($mapping)", {"mapping": mapping})
    tree = json.loads(str(text))
    items = [(_alias(item), item) for node in _nodes(tree) for item in node.get("select_list", ())]
    equal = [pair for node in _nodes(tree) if (pair := _equal_columns(node))]
    found, queue = {RawColumn((wanted,))}, [wanted]
    seen = set()
    while queue:
        name = queue.pop()
        if name in seen:
            continue
        seen.add(name)
        for item in [item for alias, item in items if alias == name]:
            paths = sorted({_path(node) for node in _nodes(item) if node.get("class") == "COLUMN_REF"})
            plain = item.get("class") == "COLUMN_REF"
            made = not plain and len(paths) == 1 and name == wanted
            texts = (_text_of(engine, item, 1), _text_of(engine, item, 2)) if made else ("", "")
            found |= {RawColumn(path, *texts) for path in paths}
            queue += [path[-1] for path in paths]
        # What is joined to an id is an id.
        for one, other in [*equal, *((b, a) for a, b in equal)]:
            if one[-1] == name:
                found.add(RawColumn(other))
                queue.append(other[-1])
    return frozenset(found)


def columns_read(engine: Engine, mapping: str) -> frozenset[str]:
    """The last names of all columns that a mapping names."""
    ((text,),) = engine.rows("SELECT json_serialize_sql($mapping)", {"mapping": mapping})
    found = (_path(node)[-1] for node in _nodes(json.loads(str(text))) if node.get("class") == "COLUMN_REF")
    return frozenset(found)


def only_for(engine: Engine, mapping: str, wanted: Collection[str]) -> frozenset[str]:
    """The last names of the columns that make some wanted ones, and nothing else in a mapping."""
    ((text,),) = engine.rows("SELECT json_serialize_sql($mapping)", {"mapping": mapping})
    found: tuple[set[str], set[str]] = (set(), set())
    for node in _nodes(json.loads(str(text))):
        for item in node.get("select_list", ()):
            names = {_path(inner)[-1] for inner in _nodes(item) if inner.get("class") == "COLUMN_REF"}
            found[_alias(item) in wanted].update(names)
    return frozenset(found[True] - found[False])


def _nodes(tree: Any) -> Iterator[Node]:
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _alias(item: Node) -> str:
    return str(item.get("alias") or (_path(item)[-1] if item.get("class") == "COLUMN_REF" else "")).lower()


def _path(reference: Node) -> Path:
    return tuple(str(name).lower() for name in reference["column_names"])


def _equal_columns(node: Node) -> tuple[Path, Path] | None:
    left, right = node.get("left"), node.get("right")
    if node.get("type") != "COMPARE_EQUAL" or not isinstance(left, dict) or not isinstance(right, dict):
        return None
    if left.get("class") == right.get("class") == "COLUMN_REF":
        return _path(left), _path(right)
    return None


def _text_of(engine: Engine, item: Node, names: int) -> str:
    """The SQL of one expression, its columns by their last `names`: without those of their tables."""
    ((template,),) = engine.rows("SELECT json_serialize_sql('SELECT 1')")
    tree = json.loads(str(template))
    bare = json.loads(json.dumps(item))
    bare["alias"] = ""
    for node in _nodes(bare):
        if node.get("class") == "COLUMN_REF":
            node["column_names"] = node["column_names"][-names:]
    tree["statements"][0]["node"]["select_list"] = [bare]
    ((text,),) = engine.rows("SELECT json_deserialize_sql($tree)", {"tree": json.dumps(tree)})
    return str(text).removeprefix("SELECT ")
