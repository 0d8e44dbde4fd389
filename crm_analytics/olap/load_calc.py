"""Read a time calculation of a cube file: `revenue_ytd: {of: revenue, to_date: year}`.

May import: olap.calc, olap.reading, yamlfile.   Imported by: olap.load_measure.
"""

from crm_analytics.olap.calc import PERIODS, Calc, How, Span, Window, read_span
from crm_analytics.olap.reading import YamlReader
from crm_analytics.yamlfile import Place

# The JSON Schema for editors lists the same keys (tests/olap/test_cube_load.py).
CALC_KEYS = ("of", "shift", "change", "growth", "to_date", "trailing", "cumulative", "over")


def read_calc(yaml: YamlReader, name: str, place: Place) -> Calc | None:
    """The calculation that a measure is; None where it is none."""
    spec = yaml.mapping(place)
    used = [key for key in CALC_KEYS if key in spec]
    if not used:
        return None
    of = yaml.text((*place, "of"))
    if not of:
        yaml.wrong((*place, used[0]), f"measure {name!r}: {used[0]!r} needs 'of', the measure that it is taken of")
        return None
    if len([key for key in used if key in ("to_date", "trailing", "cumulative")]) > 1 or {"change", "growth"} <= {
        *used
    }:
        yaml.wrong(place, f"measure {name!r}: of {', '.join(used[1:])} only one window and one comparison can hold")
    if not {*used} - {"of", "over"}:
        yaml.wrong(place, f"measure {name!r} needs one of {', '.join(CALC_KEYS[1:-1])} beside 'of'")
    shift, against, trailing = (
        _span(yaml, name, place, keys) for keys in (("shift",), ("change", "growth"), ("trailing",))
    )
    window = Window(trailing=trailing) if trailing else None
    if "to_date" in spec:
        window = Window(yaml.choice((*place, "to_date"), "period", PERIODS, "year"))
    elif "cumulative" in spec:
        if yaml.value((*place, "cumulative")) is not True:
            yaml.wrong((*place, "cumulative"), f"measure {name!r}: 'cumulative' takes only true")
        window = Window()
    over = yaml.text((*place, "over"))
    return Calc(of, How(window, (shift,) if shift else (), over), against, "growth" in spec)


def _span(yaml: YamlReader, name: str, place: Place, keys: tuple[str, ...]) -> Span | None:
    for key in keys:
        if text := yaml.text((*place, key)):
            if span := read_span(text):
                return span
            yaml.wrong((*place, key), f"measure {name!r}: {text!r} is no length of time, such as 1 year or 90 days")
    return None
