"""Read `rollups:` of a cube file: what is aggregated ahead, by which attributes.

Once all cubes are read, for a formula may lead through other cubes.

May import: olap.load_dimension, olap.load_measure, olap.model, olap.reading, olap.rollup.   Imported by: olap.load.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from crm_analytics.olap.load_dimension import check_attribute
from crm_analytics.olap.load_measure import missing
from crm_analytics.olap.model import Cube
from crm_analytics.olap.reading import YamlReader
from crm_analytics.olap.rollup import Rollup, unstorable
from crm_analytics.yamlfile import Place

# The JSON Schema for editors lists the same keys (tests/olap/test_cube_load.py).
ROLLUP_KEYS = ("by", "measures")
PREFIX = "rollup_"


def with_rollups(readers: Mapping[str, YamlReader], cubes: Mapping[str, Cube]) -> dict[str, Cube]:
    """The cubes, each with the rollups of its file; mistakes are noted."""
    found = dict(cubes)
    tables: dict[str, str] = {}
    for name, yaml in readers.items():
        rollups = {rollup: _rollup(yaml, cubes, cubes[name], rollup) for rollup in yaml.names(("rollups",))}
        found[name] = replace(cubes[name], rollups=rollups) if rollups else cubes[name]
        for rollup in rollups.values():
            if rollup.table in tables:  # cube a_b with c, and cube a with b_c
                yaml.wrong(("rollups", rollup.name), f"table {rollup.table} is that of {tables[rollup.table]} too")
            tables[rollup.table] = f"rollup {rollup.name!r} of cube {name!r}"
    return found


def _rollup(yaml: YamlReader, cubes: Mapping[str, Cube], cube: Cube, name: str) -> Rollup:
    place = ("rollups", name)
    yaml.mapping(place, ROLLUP_KEYS)
    by, measures = yaml.texts((*place, "by")), yaml.texts((*place, "measures"))
    for i, ref in enumerate(by):
        _check_attribute(yaml, (*place, "by", i), ref, cube)
    stored: dict[str, None] = {}
    for i, measure in enumerate(measures):
        if measure not in cube.measures:
            yaml.unknown((*place, "measures", i), "measure of this cube", measure, cube.measures)
            continue
        if missing(cubes, cube, cube.measures[measure], ()):
            continue  # told where the measure stands
        for ground in grounds(cubes, cube, measure):
            if ground[0] != cube.name:
                continue  # a measure of another cube is for a rollup there to store
            stored[ground[1]] = None
            if why := unstorable(cube.measures[ground[1]]):
                yaml.wrong((*place, "measures", i), f"rollup {name!r}: {ground[1]} {why}")
    by = tuple(dict.fromkeys(by))
    return Rollup(name, f"{PREFIX}{cube.name}_{name}", by, measures, tuple(stored), place=yaml.file.where(*place))


def grounds(cubes: Mapping[str, Cube], cube: Cube, name: str) -> Iterator[tuple[str, str]]:
    """The aggregates behind a measure, each as its cube and name."""
    owner, _, last = name.rpartition(".")
    home = cubes[owner or cube.name]
    measure = home.measures[last]
    names = measure.formula.names if measure.formula else (measure.calc.of,) if measure.calc else ()
    if not names:
        yield home.name, last
    for part in names:
        yield from grounds(cubes, home, part)


def _check_attribute(yaml: YamlReader, place: Place, ref: str, cube: Cube) -> None:
    check_attribute(yaml, place, ref, cube.roles)
    role = cube.roles.get(ref.partition(".")[0])
    if role and role.dimension.overlaps:
        yaml.wrong(place, f"{ref}: a row may belong to several members of {role.name!r}, so its parts overlap")
