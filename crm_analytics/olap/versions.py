"""Join a fact to the versions of a dimension's members: as of the fact's own day, or as of one day for all.

A fact that no version covers, or without a day, keeps its row and has no member,
which is the unknown one.  That versions of one key do not overlap, so that no row
is doubled, is seen to by `olap.bind_kinds`.

May import: errors, sql, olap.conditions, olap.dimension, olap.members, olap.model, olap.plan.   Imported by: olap.rows.
"""

from collections.abc import Sequence
from datetime import date

from crm_analytics.errors import ConfigError, QueryError
from crm_analytics.olap.conditions import Params
from crm_analytics.olap.dimension import Attribute, Role
from crm_analytics.olap.members import columns
from crm_analytics.olap.model import Cube
from crm_analytics.olap.plan import Axis
from crm_analytics.sql import ident


def day_of(cube: Cube, axis: Axis) -> Axis:
    """The attribute that dates a fact: of the role that the history names, else of the first role that has one.

    Raises
    ------
    QueryError : the cube has none.
    """
    history = axis.role.dimension.history
    named = history.day if history else ""
    roles = sorted(cube.roles.values(), key=lambda role: role.name != named)
    found = ((role, _day(role)) for role in roles if not role.dimension.overlaps)
    role, day = next(((role, day) for role, day in found if day), (None, None))
    if role is None or day is None:
        raise QueryError(
            f"cube {cube.name!r} has no dimension with a day, so {axis.ref} cannot be asked as of the sale; "
            "ask as of today, or as of a day"
        )
    if problem := role.problem or role.dimension.problem or day.problem:
        raise ConfigError(problem)
    return Axis(f"{role.name}.{day.name}", role, day, shown=False)


def _day(role: Role) -> Attribute | None:
    attributes = role.dimension.attributes.values()
    return role.dimension.day or next((a for kind in ("date", "timestamp") for a in attributes if a.kind == kind), None)


def version_join(role: Role, foreign: str, axes: Sequence[Axis], day: str, params: Params) -> str:
    """LEFT JOIN the version that is true on `day`, SQL for the fact's own; its interval is half-open.

    An open end is written as infinity: with OR in its condition the join would
    compare every row with every version.
    """
    history = role.dimension.history
    if history is None:
        raise AssertionError(f"dimension {role.dimension.name!r} has no history")
    name, as_of = axes[0].alias, axes[0].as_of
    alias, key, start, end = (ident(one) for one in (name, f"{name} key", f"{name} from", f"{name} to"))
    first, last = f"coalesce({ident(history.start)}, '-infinity')", f"coalesce({ident(history.end)}, 'infinity')"
    listed = [f"{ident(history.key)} AS {key}", *columns(axes, params)]
    on = f"{key} = {foreign}"
    if isinstance(as_of, date):
        fixed = params.bind("as of", as_of)
        where = f" WHERE {first} <= {fixed} AND {fixed} < {last}"
    else:
        where = ""
        listed += [f"{first} AS {start}", f"{last} AS {end}"]
        on += f" AND {start} <= {day} AND {day} < {end}"
    return f"LEFT JOIN (SELECT {', '.join(listed)} FROM {ident(history.table)}{where}) AS {alias}\n  ON {on}"
