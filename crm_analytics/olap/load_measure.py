"""Read the measures of a cube file, and see that formulas and calculations name what there is.

May import: errors, formats, yamlfile, olap.calc, olap.formula, olap.load_additivity, olap.load_calc, olap.measure,
olap.model, olap.reading.   Imported by: olap.load.
"""

from collections.abc import Mapping
from typing import cast

from crm_analytics.errors import ConfigError, did_you_mean, shortened
from crm_analytics.formats import FORMATS
from crm_analytics.olap.calc import Calc
from crm_analytics.olap.formula import Formula, parse_formula
from crm_analytics.olap.load_additivity import ADDITIVITY_KEYS, read_additivity
from crm_analytics.olap.load_calc import CALC_KEYS, read_calc
from crm_analytics.olap.measure import AGGREGATES, SKETCHES, Aggregate, Measure
from crm_analytics.olap.model import Cube
from crm_analytics.olap.reading import YamlReader, title_of
from crm_analytics.yamlfile import Place

# The JSON Schema for editors lists the same keys (tests/olap/test_cube_load.py).
MEASURE_KEYS = (
    "title",
    "description",
    "agg",
    "sql",
    "where",
    "p",
    "sketch",
    "formula",
    *CALC_KEYS,
    "format",
    *ADDITIVITY_KEYS,
)


def read_measure(yaml: YamlReader, name: str, place: Place) -> Measure:
    """One measure; a stand-in where it is broken, with every mistake noted."""
    spec = yaml.mapping(place, MEASURE_KEYS)
    agg, text, sql = (yaml.text((*place, key)) for key in ("agg", "formula", "sql"))
    formula: Formula | None = None
    calc = read_calc(yaml, name, place)
    if [bool(agg), bool(text), calc is not None].count(True) != 1:
        yaml.wrong(place, f"measure {name!r} needs either 'agg', 'formula' or 'of'")
    elif calc:
        if extra := [key for key in ("sql", "where", "p", "sketch") if key in spec]:
            yaml.wrong((*place, extra[0]), f"a calculation takes no {extra[0]!r}; put it on the measure {calc.of!r}")
    elif text:
        if extra := [key for key in ("sql", "where", "p", "sketch") if key in spec]:
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
    semi, adds, not_over = read_additivity(yaml, name, agg, place)
    return Measure(
        name,
        yaml.text((*place, "title")) or title_of(name),
        cast(Aggregate, agg) if agg else None,
        sql,
        yaml.text((*place, "where")),
        formula,
        yaml.choice((*place, "format"), "format", (*FORMATS, ""), _format(agg, calc)),
        " ".join(yaml.text((*place, "description")).split()),
        _share(yaml, name, agg, place),
        semi,
        adds,
        not_over,
        calc=calc,
        sketch=_sketch(yaml, name, agg, place),
        place=yaml.file.where(*place),
    )


def _format(agg: str, calc: Calc | None) -> str:
    """The format of a measure that states none; '' is that of the measure it is a calculation on."""
    if calc:
        return "percent" if calc.relative else ""
    return "count" if agg.startswith("count") else "number"


def _share(yaml: YamlReader, name: str, agg: str, place: Place) -> float | None:
    """The `p` of a percentile, which no other aggregate has."""
    text = yaml.text((*place, "p"))
    if agg != "percentile":
        if text:
            yaml.wrong((*place, "p"), f"measure {name!r}: only agg: percentile takes 'p'")
        return None
    try:
        if 0 < (p := float(text)) < 1:
            return p
    except ValueError:
        pass
    yaml.wrong(place, f"measure {name!r}: a percentile needs 'p' between 0 and 1, such as 0.9; not {text!r}")
    return 0.5


def _sketch(yaml: YamlReader, name: str, agg: str, place: Place) -> str:
    """How a distinct count is estimated; '' where it is exact."""
    if not yaml.text((*place, "sketch")):
        return ""
    if agg != "count_distinct":
        yaml.wrong((*place, "sketch"), f"measure {name!r}: only agg: count_distinct takes 'sketch'")
    return yaml.choice((*place, "sketch"), "sketch", SKETCHES, SKETCHES[0])


def format_of(cubes: Mapping[str, Cube], home: Cube, measure: Measure) -> str:
    """The format of a measure; a calculation that states none has that of its measure."""
    if measure.format or not measure.calc:
        return measure.format
    owner, _, last = measure.calc.of.rpartition(".")
    cube = cubes[owner or home.name]
    return format_of(cubes, cube, cube.measures[last])


def missing(cubes: Mapping[str, Cube], home: Cube, measure: Measure, path: tuple[str, ...]) -> str:
    """What a formula or calculation cannot get: a name nobody knows, or its own answer.  '' where all is well."""
    here = f"{home.name}.{measure.name}"
    if here in path:
        return f"it needs itself: {' needs '.join((*path[path.index(here) :], here))}"
    names = measure.formula.names if measure.formula else (measure.calc.of,) if measure.calc else ()
    for name in names:
        owner, _, last = name.rpartition(".")
        other = cubes.get(owner or home.name)
        if other is None:
            return f"no cube {owner!r}.{did_you_mean(owner, cubes)} Known: {shortened(sorted(cubes))}."
        if last not in other.measures:
            known = sorted(other.measures)
            return f"cube {other.name!r} has no measure {last!r}.{did_you_mean(last, known)} Known: {shortened(known)}."
        if wrong := missing(cubes, other, other.measures[last], (*path, here)):
            return wrong
    return ""
