"""Read what makes a dimension more than a table of members: its history, its bridge, its tree.

May import: sql, yamlfile, olap.dimension, olap.reading.   Imported by: olap.load_dimension.
"""

from collections.abc import Iterable, Mapping
from typing import Literal

from crm_analytics.olap.dimension import Attribute, Bridge, History, Tree
from crm_analytics.olap.reading import YamlReader, title_of
from crm_analytics.sql import ident
from crm_analytics.yamlfile import Place

# The JSON Schema for editors lists the same keys (tests/olap/test_cube_load.py).
HISTORY_KEYS = ("table", "key", "from", "to", "attributes", "date", "default")
BRIDGE_KEYS = ("table", "key", "member")
TREE_KEYS = ("id", "parent", "label", "levels")

# The name of the hierarchy that the levels of a tree make.
TREE = "tree"


def read_history(yaml: YamlReader, place: Place, attributes: Mapping[str, Attribute]) -> History | None:
    """The versions of the members, None where the dimension has no `history`."""
    here = (*place, "history")
    if not _has(yaml, here, HISTORY_KEYS):
        return None
    if yaml.value((*place, "bridge")) is not None:
        yaml.wrong(here, "'history' and 'bridge' exclude each other: versions belong to the one member of a row")
    names = yaml.texts((*here, "attributes"))
    levels = yaml.value((*place, "tree", "levels")) or ()
    for i, name in enumerate(names):
        if name not in attributes:
            yaml.unknown((*here, "attributes", i), "attribute", name, attributes)
        elif name in levels:
            yaml.wrong((*here, "attributes", i), f"{name!r} is a level of 'tree', which has no history")
    default = yaml.choice((*here, "default"), "default", ("sale", "today"), "today")
    as_of: Literal["sale", "today"] = "sale" if default == "sale" else "today"
    return History(
        yaml.text((*here, "table"), required=True),
        yaml.text((*here, "key"), required=True),
        yaml.text((*here, "from"), required=True),
        yaml.text((*here, "to"), required=True),
        {name: attributes[name] for name in names if name in attributes},
        yaml.text((*here, "date")) or "date",
        as_of,
    )


def read_bridge(yaml: YamlReader, place: Place) -> Bridge | None:
    """The bridge to the members of a row, None where the dimension has none."""
    here = (*place, "bridge")
    if not _has(yaml, here, BRIDGE_KEYS):
        return None
    return Bridge(*(yaml.text((*here, key), required=True) for key in BRIDGE_KEYS))


def read_tree(yaml: YamlReader, place: Place) -> Tree | None:
    """The tree that the members stand in, None where they stand in none."""
    here = (*place, "tree")
    if not _has(yaml, here, TREE_KEYS):
        return None
    id_ = yaml.text((*here, "id"), required=True)
    levels = yaml.texts((*here, "levels"))
    return Tree(id_, yaml.text((*here, "parent"), required=True), yaml.text((*here, "label")) or id_, levels)


def read_levels(
    yaml: YamlReader, place: Place, tree: Tree | None, attributes: Iterable[str], unknown: str
) -> dict[str, Attribute]:
    """An attribute for each level of the tree."""
    found: dict[str, Attribute] = {}
    here = (*place, "tree", "levels")
    for i, level in enumerate(tree.levels if tree else ()):
        if not yaml.is_name(level, (*here, i)):
            continue
        if level in attributes or level in found:
            yaml.wrong((*here, i), f"{level!r} is an attribute already; a level needs a name of its own")
        sql, line = ident(f"tree level {i + 1}"), yaml.file.where(*here)
        found[level] = Attribute(level, title_of(level), sql, unknown=unknown, place=line)
    return found


def _has(yaml: YamlReader, here: Place, known: Iterable[str]) -> bool:
    """Whether the key is there at all; told where the dimension has no table that it could stand beside."""
    if yaml.value(here) is None:
        return False
    yaml.mapping(here, known)
    if not yaml.text((*here[:-1], "table")):
        yaml.wrong(here, f"{here[-1]!r} needs a dimension with 'table'")
    return True
