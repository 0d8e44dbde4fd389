"""Read a folder of cube files into a `Model`, or say everything that is wrong with it at once.

`dimensions.yml` holds the dimensions that cubes share; every other `.yml` is
one cube.  Whether tables and columns exist is not asked here: that is
`olap.bind`, when there is a warehouse.

May import: errors, formats, sql, yamlfile, olap.model, olap.formula, olap.reading.   Imported by: project.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from crm_analytics.errors import ConfigError, did_you_mean, shortened
from crm_analytics.formats import FORMATS
from crm_analytics.olap.formula import FUNCTIONS, Formula, parse_formula
from crm_analytics.olap.model import AGGREGATES, UNKNOWN, Aggregate, Attribute, Cube, Dimension, Measure, Model, Role
from crm_analytics.olap.reading import YamlReader
from crm_analytics.sql import ident
from crm_analytics.yamlfile import Place, Problems, YamlFile, read_yaml

SHARED = "dimensions.yml"

# Every key a file may hold; the JSON Schema for editors lists the same (tests/olap/test_load.py).
SHARED_KEYS = ("version", "dimensions")
CUBE_KEYS = ("version", "cube", "title", "description", "fact", "dimensions", "measures")
FACT_KEYS = ("table", "key")
DIMENSION_KEYS = ("title", "table", "key", "unknown", "attributes", "hierarchies")
OWN_KEYS = (*DIMENSION_KEYS, "roles")
USE_KEYS = ("key", "roles")
ATTRIBUTE_KEYS = ("title", "sql", "format", "order_by", "unknown")
MEASURE_KEYS = ("title", "description", "agg", "sql", "where", "formula", "format")

# Words of filters and formulas, and the columns that a result adds.
RESERVED = frozenset(
    ("and", "or", "not", "in", "between", "like", "is", "unknown", "true", "false", "total", "others", *FUNCTIONS)
)


def load_model(folder: Path) -> Model:
    """Read every cube of `folder`.

    Raises
    ------
    ConfigError : one line for each mistake in any of the files, with file, line and the nearest right name.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder; cubes stand there, one .yml file each")
    problems = Problems()
    files = [file for path in sorted(folder.glob("*.yml")) if (file := _read(path, problems))]
    readers = [YamlReader(file, problems, RESERVED) for file in files]
    shared: dict[str, Dimension] = {}
    for yaml in readers:
        if yaml.file.path.name == SHARED:
            shared = _shared_dimensions(yaml)
    cubes: dict[str, Cube] = {}
    for yaml in readers:
        if yaml.file.path.name != SHARED:
            cube = _cube(yaml, shared)
            if cube.name in cubes:
                yaml.wrong(("cube",), f"cube {cube.name!r} stands already at {cubes[cube.name].place}")
            cubes[cube.name] = cube
    for cube in cubes.values():
        for role in cube.roles.values():
            if role.name in cubes:
                problems.add(role.place, f"{role.name!r} is a cube too, so {role.name}.x could mean two things")
        for measure in cube.measures.values():
            if wrong := _missing(cubes, cube, measure, ()):
                problems.add(measure.place, f"measure {measure.name!r}: {wrong}")
    problems.raise_any()
    if not cubes:
        raise ConfigError(f"{folder}: no cube here; write one .yml file for each")
    return Model(cubes)


def _read(path: Path, problems: Problems) -> YamlFile | None:
    try:
        return read_yaml(path)
    except ConfigError as error:
        problems.found.append(str(error))
        return None


def _shared_dimensions(yaml: YamlReader) -> dict[str, Dimension]:
    yaml.mapping((), SHARED_KEYS)
    _version(yaml)
    shared = {}
    for name in yaml.names(("dimensions",)):
        shared[name] = _dimension(yaml, name, ("dimensions", name), DIMENSION_KEYS)
        if not shared[name].table:
            yaml.wrong(
                ("dimensions", name),
                f"shared dimension {name!r} needs 'table'; one of columns of the fact stands in the cube's own file",
            )
    return shared


def _cube(yaml: YamlReader, shared: Mapping[str, Dimension]) -> Cube:
    yaml.mapping((), CUBE_KEYS)
    yaml.mapping(("fact",), FACT_KEYS)
    _version(yaml)
    name = yaml.text(("cube",), required=True) or yaml.file.path.stem
    yaml.is_name(name, ("cube",))
    roles: dict[str, Role] = {}
    for dimension in yaml.names(("dimensions",)):
        for role in _roles(yaml, dimension, shared):
            if role.name in roles:
                yaml.problems.add(role.place, f"two dimensions are called {role.name!r}")
            roles[role.name] = role
    measures = {measure: _measure(yaml, measure, ("measures", measure)) for measure in yaml.names(("measures",))}
    if not measures:
        yaml.wrong(("measures",), "a cube needs 'measures', at least one")
    return Cube(
        name,
        yaml.text(("title",)) or _title(name),
        " ".join(yaml.text(("description",)).split()),
        yaml.text(("fact", "table"), required=True),
        yaml.texts(("fact", "key")),
        roles,
        measures,
        place=yaml.file.where("cube"),
    )


def _roles(yaml: YamlReader, name: str, shared: Mapping[str, Dimension]) -> list[Role]:
    """One role for each name under which the cube uses a dimension; usually one, the dimension's own."""
    place: Place = ("dimensions", name)
    spec = yaml.mapping(place)
    if "table" in spec or "attributes" in spec:
        dimension = _dimension(yaml, name, place, OWN_KEYS)
        column = dimension.key
        if "roles" in spec and not dimension.table:
            yaml.wrong(
                (*place, "roles"), f"dimension {name!r} has no 'table', so there is nothing for 'roles' to lead to"
            )
    elif name in shared:
        yaml.mapping(place, USE_KEYS)
        dimension = shared[name]
        column = yaml.text((*place, "key")) or dimension.key
        if "key" in spec and "roles" in spec:
            yaml.wrong((*place, "key"), "'key' and 'roles' exclude each other: each role names its own column")
    else:
        yaml.unknown(place, f"shared dimension in {SHARED} called", name, shared)
        return []
    columns = {role: yaml.text((*place, "roles", role), required=True) for role in yaml.names((*place, "roles"))}
    return [
        Role(
            role,
            dimension.title if role == name else _title(role),
            dimension,
            column,
            place=yaml.file.where(*place, "roles", role),
        )
        for role, column in (columns or {name: column}).items()
    ]


def _dimension(yaml: YamlReader, name: str, place: Place, known: Iterable[str]) -> Dimension:
    yaml.mapping(place, known)
    unknown = yaml.text((*place, "unknown")) or UNKNOWN
    names = yaml.names((*place, "attributes"))
    attributes = {a: _attribute(yaml, a, (*place, "attributes", a), unknown) for a in names}
    if not attributes:
        yaml.wrong(place, f"dimension {name!r} needs 'attributes', at least one")
    hierarchies = {}
    for hierarchy in yaml.names((*place, "hierarchies")):
        hierarchies[hierarchy] = yaml.texts((*place, "hierarchies", hierarchy))
        for i, level in enumerate(hierarchies[hierarchy]):
            if level not in attributes:
                yaml.unknown((*place, "hierarchies", hierarchy, i), "attribute", level, attributes)
    table = yaml.text((*place, "table"))
    return Dimension(
        name,
        yaml.text((*place, "title")) or _title(name),
        table,
        yaml.text((*place, "key"), required=bool(table)),
        attributes,
        hierarchies,
        place=yaml.file.where(*place),
    )


def _attribute(yaml: YamlReader, name: str, place: Place, unknown: str) -> Attribute:
    yaml.mapping(place, ATTRIBUTE_KEYS)
    return Attribute(
        name,
        yaml.text((*place, "title")) or _title(name),
        yaml.text((*place, "sql")) or ident(name),
        yaml.choice((*place, "format"), "format", FORMATS, "text"),
        yaml.text((*place, "order_by")),
        yaml.text((*place, "unknown")) or unknown,
        place=yaml.file.where(*place),
    )


def _measure(yaml: YamlReader, name: str, place: Place) -> Measure:
    spec = yaml.mapping(place, MEASURE_KEYS)
    agg, text, sql = (yaml.text((*place, key)) for key in ("agg", "formula", "sql"))
    formula: Formula | None = None
    if bool(agg) == bool(text):
        yaml.wrong(place, f"measure {name!r} needs either 'agg' or 'formula'")
    elif text:
        if extra := [key for key in ("sql", "where") if key in spec]:
            yaml.wrong((*place, extra[0]), f"a formula takes no {extra[0]!r}; put it on the measures it names")
        try:
            formula = parse_formula(text)
        except ConfigError as error:
            yaml.wrong((*place, "formula"), f"measure {name!r}: {error}")
        if formula and not formula.names:
            yaml.wrong((*place, "formula"), f"measure {name!r}: formula {text!r} names no measure")
    else:
        agg = yaml.choice((*place, "agg"), "aggregate", AGGREGATES, "count")
        if not sql and agg != "count":
            yaml.wrong(place, f"measure {name!r}: {agg} needs 'sql', the column or expression it is taken over")
    return Measure(
        name,
        yaml.text((*place, "title")) or _title(name),
        cast(Aggregate, agg) if agg else None,
        sql,
        yaml.text((*place, "where")),
        formula,
        yaml.choice((*place, "format"), "format", FORMATS, "count" if agg.startswith("count") else "number"),
        " ".join(yaml.text((*place, "description")).split()),
        place=yaml.file.where(*place),
    )


def _version(yaml: YamlReader) -> None:
    if (version := yaml.value(("version",))) != 1:
        yaml.wrong(("version",), f"'version' is {version!r}; this program reads version 1")


def _missing(cubes: Mapping[str, Cube], home: Cube, measure: Measure, path: tuple[str, ...]) -> str:
    """What a formula cannot get: a name that does not exist, or its own answer.  '' where all is well."""
    here = f"{home.name}.{measure.name}"
    if here in path:
        return f"it needs itself: {' needs '.join((*path[path.index(here) :], here))}"
    for name in measure.formula.names if measure.formula else ():
        owner, _, last = name.rpartition(".")
        other = cubes.get(owner or home.name)
        if other is None:
            return f"no cube {owner!r}.{did_you_mean(owner, cubes)} Known: {shortened(sorted(cubes))}."
        if last not in other.measures:
            known = sorted(other.measures)
            return f"cube {other.name!r} has no measure {last!r}.{did_you_mean(last, known)} Known: {shortened(known)}."
        if wrong := _missing(cubes, other, other.measures[last], (*path, here)):
            return wrong
    return ""


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
