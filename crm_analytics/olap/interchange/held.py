"""What a cube file can hold of the measures of a foreign model.

The one table is the loader's own: `MEASURE_KEYS`, `AGGREGATES` and `TAKEABLE`.  A word that
the loader learns is carried over from then on.

May import: olap.load_additivity, olap.load_measure and olap.measure (names), olap.interchange.dataset.
Imported by: assemble.
"""

import re
from collections.abc import Mapping
from typing import Any

from crm_analytics.olap.interchange.dataset import PERIODS, Dataset, Spec
from crm_analytics.olap.load_additivity import TAKEABLE
from crm_analytics.olap.load_measure import MEASURE_KEYS
from crm_analytics.olap.measure import AGGREGATES

_SPAN = re.compile(r"[1-9]\d{0,3}\s+(day|week|month|quarter|year)s?")


def drop_what_cannot_be_held(datasets: Mapping[str, Dataset]) -> None:
    """Leave out the measures for which a cube file has no word, or which need a calendar that there is not."""
    for dataset in datasets.values():
        for name, made in list(dataset.measures.items()):
            spec = made.spec
            if why := _along_time(spec, dataset, datasets) or _no_word(spec):
                made.source.leave(why)
                del dataset.measures[name]


def _no_word(spec: Spec) -> str:
    if (agg := spec.get("agg", "count")) not in AGGREGATES:
        return f"a cube file has no aggregate {agg!r}"
    return next((f"a cube file has no {key!r}" for key in spec if key not in MEASURE_KEYS), "")


def _along_time(spec: Spec, dataset: Dataset, datasets: Mapping[str, Dataset]) -> str:
    """Why a measure cannot follow the time: '' where it can, or where it does not.

    A calculation takes a calendar, a dimension with one row a day that the fact
    reaches; a stock any dates of the fact.
    """
    calendars = {link.column: link.role for link in dataset.links if link.to in datasets and datasets[link.to].calendar}
    if "of" in spec and calendars:
        spans = [str(spec[key]) for key in ("shift", "trailing") if key in spec]
        odd = next((span for span in spans if not _SPAN.fullmatch(span)), "")
        odd = odd or next((word for word in [spec.get("to_date", "day")] if word not in PERIODS), "")
        return f"time is counted in days, weeks, months, quarters and years here, and not in {odd!r}" if odd else ""
    if semi := spec.get("semi_additive"):
        if (agg := str(spec.get("agg"))) not in TAKEABLE:
            return f"the value of one day can be a {', '.join(TAKEABLE)} here, and no {agg}"
        roles = {link.role for link in dataset.links}
        if lost := next((name for name in semi.get("per", ()) if name not in roles), ""):
            return f"{lost!r} is no dimension of the cube, so none of its members has a last day"
        shared = any(link.to == dataset.name for other in datasets.values() for link in other.links if other.measures)
        column = dataset.times.get(semi["over"], "")
        if column in calendars or (column and not shared):
            semi["over"] = calendars.get(column, semi["over"])
            both = semi["over"] in semi.get("per", ())
            return (
                f"each member of {semi['over']!r} is to have a last day of its own, and it is the days" if both else ""
            )
    elif "of" not in spec:
        return ""
    said = {key: value for key, value in spec.items() if key not in ("title", "description", "format")}
    cube = dataset.cube or dataset.name
    return f"it follows a calendar, and {cube} has no key of one; with a date dimension write {_on_one_line(said)}"


def _on_one_line(value: Any) -> str:
    """A piece of a cube file as it would stand there."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {_on_one_line(inner)}' for key, inner in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_on_one_line, value))}]"
    return str(value).lower() if isinstance(value, bool) else str(value)
