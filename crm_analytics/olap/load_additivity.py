"""Read what a measure says of its being added up: `additive` and `semi_additive`.

May import: olap.dimension, olap.measure, olap.reading, yamlfile.   Imported by: olap.load, olap.load_measure.
"""

from collections.abc import Mapping
from typing import NamedTuple, cast

from crm_analytics.olap.dimension import Role
from crm_analytics.olap.measure import TAKES, Measure, SemiAdditive, Take
from crm_analytics.olap.reading import YamlReader
from crm_analytics.yamlfile import Place

# The JSON Schema for editors lists the same keys (tests/olap/test_cube_load.py).
ADDITIVITY_KEYS = ("additive", "semi_additive")
ADDITIVE_KEYS = ("not_over",)
SEMI_KEYS = ("over", "take", "per", "by")

_ADDABLE = ("sum", "count")
TAKEABLE = ("sum", "count", "avg", "min", "max")


class Additivity(NamedTuple):
    """The fields of a measure that say how it adds up."""

    semi: SemiAdditive | None
    adds: bool
    not_over: tuple[str, ...]


def read_additivity(yaml: YamlReader, name: str, agg: str, place: Place) -> Additivity:
    """What the measure says, with every mistake noted that shows without the dimensions of the cube."""
    semi = _semi(yaml, name, agg, (*place, "semi_additive"))
    here = (*place, "additive")
    said = yaml.value(here)
    if said is None:
        return Additivity(semi, True, ())
    if agg not in _ADDABLE and semi is None:
        kind = f"{agg} is never added up, it is recomputed" if agg else "a formula is recomputed"
        yaml.wrong(here, f"measure {name!r}: 'additive' is for sum and count; {kind} at every total")
    if isinstance(said, bool):
        return Additivity(semi, said, ())
    yaml.mapping(here, ADDITIVE_KEYS)
    return Additivity(semi, True, yaml.texts((*here, "not_over")))


def _semi(yaml: YamlReader, name: str, agg: str, place: Place) -> SemiAdditive | None:
    if yaml.value(place) is None:
        return None
    if agg not in TAKEABLE:
        what = f"agg: {agg}" if agg else "a formula"
        yaml.wrong(place, f"measure {name!r}: 'semi_additive' is for {', '.join(TAKEABLE)}, not for {what}")
    spec = yaml.mapping(place, SEMI_KEYS)
    over = yaml.text((*place, "over"), required=True)
    take = yaml.choice((*place, "take"), "way to take a value (take)", TAKES, "last")
    by = yaml.text((*place, "by"))
    if by and take == "avg":
        yaml.wrong((*place, "by"), f"measure {name!r}: an average takes all rows of a day, so 'by' orders nothing")
    elif by and agg == "count":
        yaml.wrong((*place, "by"), f"measure {name!r}: 'by' leaves one row a day, so there is nothing to count")
    per = yaml.texts((*place, "per")) if "per" in spec else ()
    return SemiAdditive(over, cast(Take, take), per, by)


def check_additivity_names(yaml: YamlReader, roles: Mapping[str, Role], measures: Mapping[str, Measure]) -> None:
    """Note what does not go together with the dimensions of the cube."""
    for measure in measures.values():
        if measure.semi:
            _check_semi(yaml, roles, measure, measure.semi)
        _check_not_over(yaml, roles, measure)


def _check_semi(yaml: YamlReader, roles: Mapping[str, Role], measure: Measure, semi: SemiAdditive) -> None:
    place = ("measures", measure.name, "semi_additive")
    if semi.over and semi.over not in roles:
        yaml.unknown((*place, "over"), "dimension of this cube", semi.over, roles)
    elif semi.over and not roles[semi.over].dimension.finest:
        yaml.wrong(
            (*place, "over"),
            f"measure {measure.name!r}: which day is the {semi.take} shows in the finest level of a hierarchy, "
            f"and dimension {semi.over!r} has no 'hierarchies'",
        )
    for role in semi.per:
        if role not in roles:
            yaml.unknown((*place, "per"), "dimension of this cube", role, roles)
        elif role == semi.over:
            yaml.wrong((*place, "per"), f"measure {measure.name!r}: 'per' and 'over' cannot both be {role!r}")


def _check_not_over(yaml: YamlReader, roles: Mapping[str, Role], measure: Measure) -> None:
    place = ("measures", measure.name, "additive", "not_over")
    for role in measure.not_over:
        if role not in roles:
            yaml.unknown(place, "dimension of this cube", role, roles)
        elif measure.semi and role == measure.semi.over:
            yaml.wrong(place, f"measure {measure.name!r}: 'semi_additive' says already what happens over {role!r}")
        elif measure.semi and role in measure.semi.per:
            yaml.wrong(place, f"measure {measure.name!r}: 'semi_additive' adds up over {role!r} ('per')")
        elif not roles[role].dimension.finest:
            yaml.wrong(
                place,
                f"measure {measure.name!r}: dimension {role!r} has no 'hierarchies', so no attribute is known to "
                "tell its members apart, and every question would be refused",
            )
