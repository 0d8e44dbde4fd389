"""Read `drill_through:` out of a cube file: what the rows behind a cell are shown with.

May import: yamlfile, olap.dimension, olap.model, olap.reading.   Imported by: olap.load.
"""

from collections.abc import Mapping

from crm_analytics.olap.dimension import Role
from crm_analytics.olap.model import MOST_ROWS, DrillThrough
from crm_analytics.olap.reading import YamlReader
from crm_analytics.yamlfile import Place

# The JSON Schema for editors lists the same keys (tests/olap/test_cube_load.py).
DRILL_KEYS = ("columns", "limit")


def read_drill_through(yaml: YamlReader, roles: Mapping[str, Role]) -> DrillThrough:
    """What the rows behind a cell are shown with; whether the fact has its columns is for `olap.bind` to say."""
    place: Place = ("drill_through",)
    spec = yaml.mapping(place, DRILL_KEYS)
    columns = yaml.texts((*place, "columns")) if "columns" in spec else ()
    for i, column in enumerate(columns):
        name, dot, attribute = column.partition(".")
        if dot and name not in roles:
            yaml.unknown((*place, "columns", i), "dimension", name, roles)
        elif dot and roles[name].dimension.overlaps:
            yaml.wrong(
                (*place, "columns", i), f"a row may have several members of {name!r}, so it is no column of rows"
            )
        elif dot and attribute not in roles[name].dimension.attributes:
            yaml.unknown((*place, "columns", i), f"attribute of {name!r}", attribute, roles[name].dimension.attributes)
    limit = yaml.value((*place, "limit")) if "limit" in spec else MOST_ROWS
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
        yaml.wrong((*place, "limit"), f"'limit' needs a whole number of rows, 1 or more, not {limit!r}")
        limit = MOST_ROWS
    return DrillThrough(columns, limit, place=yaml.file.where(*place))
