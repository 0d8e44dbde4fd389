"""Parts of a `Model` as they would stand in a cube file: only what differs from the defaults.

May import: sql, olap.dimension, olap.load_dimension and olap.load_measure (names), olap.measure, olap.reading.
Imported by: osi_export.
"""

from typing import Any

from crm_analytics.olap.dimension import UNKNOWN, Attribute
from crm_analytics.olap.load_dimension import ATTRIBUTE_KEYS
from crm_analytics.olap.load_measure import MEASURE_KEYS
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.reading import title_of
from crm_analytics.sql import ident

Spec = dict[str, Any]


def measure_spec(measure: Measure) -> Spec:
    """A measure as a mapping of a cube file."""
    spec = {key: getattr(measure, key) for key in MEASURE_KEYS} | {"title": own_title(measure.name, measure.title)}
    if measure.formula:
        spec["formula"] = measure.formula.text
    if measure.format == ("count" if measure.counts else "number"):
        spec["format"] = ""
    return {key: value for key, value in spec.items() if value not in ("", None)}


def attribute_spec(attribute: Attribute) -> Spec:
    """An attribute as a mapping of a cube file."""
    spec = {key: getattr(attribute, key) for key in ATTRIBUTE_KEYS}
    spec["title"] = own_title(attribute.name, attribute.title)
    defaults = {"sql": ident(attribute.name), "format": "text", "unknown": UNKNOWN}
    return {key: value for key, value in spec.items() if value not in ("", None, defaults.get(key))}


def own_title(name: str, title: str) -> str:
    """The title, unless it is the one that the name gives anyway."""
    return "" if title == title_of(name) else title
