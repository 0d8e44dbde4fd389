"""Pre-aggregations of a Cube data model as rollups of a cube file.

May import: olap.interchange.account, olap.interchange.cube_refs, olap.interchange.dataset,
olap.interchange.sqltext.   Imported by: cube_yaml.
"""

from crm_analytics.olap.interchange.account import Source
from crm_analytics.olap.interchange.cube_refs import Members
from crm_analytics.olap.interchange.dataset import PERIODS, Dataset, Rollup, fit_name
from crm_analytics.olap.interchange.sqltext import Refused

# Which periods follow from one: a week lies in two months now and then, so nothing follows from weeks.
_COARSER = {
    "year": ("year",),
    "quarter": ("year", "quarter"),
    "month": ("year", "quarter", "month"),
    "week": ("week",),
    "day": tuple(PERIODS),
}


def read_rollups(dataset: Dataset, members: Members, cubes: dict[str, Members]) -> None:
    """Give the dataset every pre-aggregation that is a plain rollup."""
    for source in members.source.many("pre_aggregations", "pre-aggregation"):
        name, kind = fit_name(source.text("name", required=True), dataset.rollups), source.text("type") or "rollup"
        try:
            if kind != "rollup":
                raise Refused(f"a cube file has no {kind}")
            by = [_member(members, cubes, ref) for ref in source.texts("dimensions")] + _times(members, cubes, source)
            measures = [_measure(members, ref) for ref in source.texts("measures")]
            if not by or not measures:
                raise Refused("it has no dimensions or no measures")
        except Refused as error:
            source.leave(str(error))
            continue
        dataset.rollups[name] = Rollup(by, measures, source)


def _times(members: Members, cubes: dict[str, Members], source: Source) -> list[str]:
    """The periods of its time dimension, as `table.time.month`."""
    time = source.text("time_dimension")
    if not time:
        return []
    granularity = source.text("granularity", required=True)
    if granularity not in _COARSER:
        raise Refused(f"only years, quarters, months, weeks and days are carried over, not {granularity!r}")
    ref = _member(members, cubes, time)
    return [f"{ref}.{period}" for period in _COARSER[granularity]]


def _member(members: Members, cubes: dict[str, Members], ref: str) -> str:
    """A dimension as `table.attribute`."""
    cube, dot, name = ref.rpartition(".")
    home = members if not dot or members.is_own(cube) else cubes.get(cube)
    if home is None or name not in home.dimensions:
        raise Refused(f"{ref!r} is no dimension that could be carried over")
    return f"{home.name}.{home.names[name]}"


def _measure(members: Members, ref: str) -> str:
    cube, dot, name = ref.rpartition(".")
    if (dot and not members.is_own(cube)) or name not in members.measures:
        raise Refused(f"{ref!r} is no measure of the cube itself")
    return members.names[name]
