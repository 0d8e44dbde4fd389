"""Read dimensions out of a cube file: members, attributes, hierarchies, and the roles a cube gives them.

May import: formats, sql, yamlfile, olap.calc, olap.cohort, olap.dimension, olap.load_kinds, olap.reading.
Imported by: olap.load, olap.load_access, olap.load_assertions.
"""

from collections.abc import Iterable, Mapping

from crm_analytics.formats import FORMATS
from crm_analytics.olap.calc import PERIODS
from crm_analytics.olap.cohort import cohort_attributes
from crm_analytics.olap.dimension import UNKNOWN, Attribute, Dimension, First, Role
from crm_analytics.olap.load_kinds import TREE, read_bridge, read_history, read_levels, read_tree
from crm_analytics.olap.reading import YamlReader, title_of
from crm_analytics.sql import ident
from crm_analytics.yamlfile import Place

SHARED = "dimensions.yml"

# The JSON Schema for editors lists the same keys (tests/olap/test_cube_load.py).
DIMENSION_KEYS = ("title", "table", "key", "unknown", "attributes", "hierarchies", "history", "bridge", "tree")
SHARED_DIMENSION_KEYS = (*DIMENSION_KEYS, "first")
FIRST_KEYS = ("cube", "customer", "date")
OWN_KEYS = (*DIMENSION_KEYS, "roles")
USE_KEYS = ("key", "roles")
ATTRIBUTE_KEYS = ("title", "sql", "format", "order_by", "unknown", "period")


def read_roles(yaml: YamlReader, name: str, shared: Mapping[str, Dimension]) -> list[Role]:
    """One role for each name under which the cube uses a dimension; usually one, the dimension's own."""
    place: Place = ("dimensions", name)
    spec = yaml.mapping(place)
    if any(key in spec for key in ("table", "attributes", "tree")):
        dimension = read_dimension(yaml, name, place, OWN_KEYS)
        column = dimension.bridge.key if dimension.bridge else dimension.key
        if "roles" in spec and not dimension.table:
            yaml.wrong(
                (*place, "roles"), f"dimension {name!r} has no 'table', so there is nothing for 'roles' to lead to"
            )
    elif name in shared:
        yaml.mapping(place, USE_KEYS)
        dimension = shared[name]
        column = yaml.text((*place, "key")) or (dimension.bridge.key if dimension.bridge else dimension.key)
        if dimension.first and spec:
            yaml.wrong(place, f"dimension {name!r} is a cohort, which takes neither 'key' nor 'roles'; write {{}}")
        if "key" in spec and "roles" in spec:
            yaml.wrong((*place, "key"), "'key' and 'roles' exclude each other: each role names its own column")
    else:
        yaml.unknown(place, f"shared dimension in {SHARED} called", name, shared)
        return []
    columns = {role: yaml.text((*place, "roles", role), required=True) for role in yaml.names((*place, "roles"))}
    return [
        Role(
            role,
            dimension.title if role == name else title_of(role),
            dimension,
            column,
            place=yaml.file.where(*place, "roles", role),
        )
        for role, column in (columns or {name: column}).items()
    ]


def read_dimension(yaml: YamlReader, name: str, place: Place, known: Iterable[str]) -> Dimension:
    """One dimension; a stand-in where it is broken, with every mistake noted."""
    spec = yaml.mapping(place, known)
    unknown = yaml.text((*place, "unknown")) or UNKNOWN
    if "first" in spec:
        return _cohort(yaml, name, place, unknown)
    names = yaml.names((*place, "attributes"))
    attributes = {a: _attribute(yaml, a, (*place, "attributes", a), unknown) for a in names}
    tree = read_tree(yaml, place)
    attributes |= read_levels(yaml, place, tree, attributes, unknown)
    if not attributes:
        yaml.wrong(place, f"dimension {name!r} needs 'attributes', at least one")
    hierarchies = {}
    for hierarchy in yaml.names((*place, "hierarchies")):
        hierarchies[hierarchy] = yaml.texts((*place, "hierarchies", hierarchy))
        for i, level in enumerate(hierarchies[hierarchy]):
            if level not in attributes:
                yaml.unknown((*place, "hierarchies", hierarchy, i), "attribute", level, attributes)
    if tree:
        if TREE in hierarchies:
            yaml.wrong((*place, "hierarchies", TREE), f"the levels of 'tree' are a hierarchy {TREE!r} already")
        hierarchies[TREE] = tree.levels
    table = yaml.text((*place, "table"))
    return Dimension(
        name,
        yaml.text((*place, "title")) or title_of(name),
        table,
        yaml.text((*place, "key"), required=bool(table)),
        attributes,
        hierarchies,
        read_history(yaml, place, attributes),
        read_bridge(yaml, place),
        tree,
        place=yaml.file.where(*place),
    )


def _cohort(yaml: YamlReader, name: str, place: Place, unknown: str) -> Dimension:
    if extra := [key for key in yaml.mapping(place) if key not in ("title", "unknown", "first")]:
        yaml.wrong((*place, extra[0]), f"dimension {name!r} is made from 'first', so it takes no {extra[0]!r}")
    yaml.mapping((*place, "first"), FIRST_KEYS)
    first = First(
        yaml.text((*place, "first", "cube"), required=True),
        yaml.text((*place, "first", "customer")) or "customer",
        yaml.text((*place, "first", "date")) or "date",
    )
    title, where = yaml.text((*place, "title")) or title_of(name), yaml.file.where(*place)
    return Dimension(name, title, "", "", cohort_attributes(unknown, where), {}, first=first, place=where)


def _attribute(yaml: YamlReader, name: str, place: Place, unknown: str) -> Attribute:
    yaml.mapping(place, ATTRIBUTE_KEYS)
    return Attribute(
        name,
        yaml.text((*place, "title")) or title_of(name),
        yaml.text((*place, "sql")) or ident(name),
        yaml.choice((*place, "format"), "format", FORMATS, "text"),
        yaml.text((*place, "order_by")),
        yaml.text((*place, "unknown")) or unknown,
        yaml.choice((*place, "period"), "period", (*PERIODS, ""), ""),
        place=yaml.file.where(*place),
    )


def check_attribute(yaml: YamlReader, place: Place, ref: str, roles: Mapping[str, Role]) -> None:
    """Note an attribute that the cube does not have."""
    dimension, _, attribute = ref.partition(".")
    if dimension not in roles:
        yaml.unknown(place, "dimension of this cube", dimension, roles)
    elif attribute not in roles[dimension].dimension.attributes:
        yaml.unknown(place, f"attribute of {dimension!r}", attribute, roles[dimension].dimension.attributes)
