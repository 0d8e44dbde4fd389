"""Read a folder of cube files into a `Model`, or say everything that is wrong with it at once.

`dimensions.yml` holds the dimensions that cubes share; every other `.yml` is
one cube.  Whether tables and columns exist is not asked here: that is
`olap.bind`, when there is a warehouse.

May import: errors, yamlfile, olap.model, olap.formula, olap.load_access, olap.load_additivity,
olap.load_assertions, olap.load_dimension, olap.load_measure, olap.load_rollup,
olap.reading.   Imported by: project.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from crm_analytics.errors import ConfigError
from crm_analytics.olap.dimension import Dimension, Role
from crm_analytics.olap.formula import FUNCTIONS
from crm_analytics.olap.load_access import read_access
from crm_analytics.olap.load_additivity import check_additivity_names
from crm_analytics.olap.load_assertions import read_assertions
from crm_analytics.olap.load_dimension import DIMENSION_KEYS, SHARED, read_dimension, read_roles
from crm_analytics.olap.load_measure import format_of, missing, read_measure
from crm_analytics.olap.load_rollup import with_rollups
from crm_analytics.olap.model import Cube, Model
from crm_analytics.olap.reading import YamlReader, title_of
from crm_analytics.yamlfile import Problems, YamlFile, read_yaml

# The JSON Schema for editors lists the same keys (tests/olap/test_cube_load.py).
SHARED_KEYS = ("version", "dimensions")
CUBE_KEYS = ("version", "cube", "title", "description", "fact", "dimensions", "measures", "access", "tests", "rollups")
FACT_KEYS = ("table", "key")

_WORDS = ("and", "or", "not", "in", "between", "like", "is", "per", "unknown", "true", "false")
# Words of filters and formulas, and the columns that a result adds.
RESERVED = frozenset((*_WORDS, "total", "others", *FUNCTIONS))


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
    of: dict[str, YamlReader] = {}
    for yaml in readers:
        if yaml.file.path.name != SHARED:
            cube = _cube(yaml, shared)
            if cube.name in cubes:
                yaml.wrong(("cube",), f"cube {cube.name!r} stands already at {cubes[cube.name].place}")
            cubes[cube.name], of[cube.name] = cube, yaml
    for cube in cubes.values():
        for role in cube.roles.values():
            if role.name in cubes:
                problems.add(role.place, f"{role.name!r} is a cube too, so {role.name}.x could mean two things")
        for measure in cube.measures.values():
            if wrong := missing(cubes, cube, measure, ()):
                problems.add(measure.place, f"measure {measure.name!r}: {wrong}")
    cubes = with_rollups(of, cubes)
    problems.raise_any()
    if not cubes:
        raise ConfigError(f"{folder}: no cube here; write one .yml file for each")
    return Model({cube.name: _formatted(cubes, cube) for cube in cubes.values()})


def _formatted(cubes: Mapping[str, Cube], cube: Cube) -> Cube:
    return replace(cube, measures={n: replace(m, format=format_of(cubes, cube, m)) for n, m in cube.measures.items()})


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
        shared[name] = read_dimension(yaml, name, ("dimensions", name), DIMENSION_KEYS)
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
        for role in read_roles(yaml, dimension, shared):
            if role.name in roles:
                yaml.problems.add(role.place, f"two dimensions are called {role.name!r}")
            roles[role.name] = role
    measures = {measure: read_measure(yaml, measure, ("measures", measure)) for measure in yaml.names(("measures",))}
    if not measures:
        yaml.wrong(("measures",), "a cube needs 'measures', at least one")
    check_additivity_names(yaml, roles, measures)
    return Cube(
        name,
        yaml.text(("title",)) or title_of(name),
        " ".join(yaml.text(("description",)).split()),
        yaml.text(("fact", "table"), required=True),
        yaml.texts(("fact", "key")),
        roles,
        measures,
        read_access(yaml, roles),
        tests=read_assertions(yaml, roles, measures),
        place=yaml.file.where("cube"),
    )


def _version(yaml: YamlReader) -> None:
    if (version := yaml.value(("version",))) != 1:
        yaml.wrong(("version",), f"'version' is {version!r}; this program reads version 1")
