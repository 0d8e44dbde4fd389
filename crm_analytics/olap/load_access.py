"""Read `access:` of a cube file: for each role the rows that it may see.

May import: errors, olap.dimension, olap.filters, olap.load_dimension, olap.reading.   Imported by: olap.load.
"""

from collections.abc import Mapping

from crm_analytics.errors import CrmError
from crm_analytics.olap.dimension import Role
from crm_analytics.olap.filters import Condition, comparisons, conjuncts, parse_filter, pers
from crm_analytics.olap.load_dimension import check_attribute
from crm_analytics.olap.reading import YamlReader

ACCESS_KEYS = ("where",)


def read_access(yaml: YamlReader, roles: Mapping[str, Role]) -> dict[str, Condition | None]:
    """The condition of each role, None where it may see all rows; mistakes are noted."""
    access: dict[str, Condition | None] = {}
    for name in yaml.names(("access",)):
        place = ("access", name, "where")
        yaml.mapping(place[:2], ACCESS_KEYS)
        text = yaml.text(place)
        access[name] = None
        if not text:
            continue
        try:
            access[name] = condition = parse_filter(text, places=True)
        except CrmError as error:
            yaml.wrong(place, str(error))
            continue
        if any(pers(condition)):
            yaml.wrong(place, f"role {name!r}: 'per' has no place here; compare attributes")
        for compare in comparisons(condition):
            check_attribute(yaml, place, compare.name, roles)
        for part in conjuncts(condition):
            _check_members(yaml, place, name, part, roles)
    return access


def _check_members(
    yaml: YamlReader, place: tuple[str, ...], role: str, part: Condition, roles: Mapping[str, Role]
) -> None:
    """No `or` or `not` may be about members of which a row has several and about others: see `olap.bridge`."""
    refs = {compare.name.partition(".")[0]: compare.name for compare in comparisons(part)}
    overlaps = [ref for name, ref in refs.items() if name in roles and roles[name].dimension.overlaps]
    if overlaps and len(refs) > 1:
        other = next(ref for ref in refs.values() if ref != overlaps[0])
        yaml.wrong(
            place,
            f"role {role!r}: {overlaps[0]}, of which a row may have several members, cannot be mixed with {other} "
            "within one 'or' or 'not'",
        )
