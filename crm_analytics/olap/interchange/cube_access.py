"""Access policies of a Cube data model as the rows that each role may see.

Who has several policies sees the rows of each of them.  One that is not
understood, or that restricts anything else than rows, is left out: nobody sees
more by that, and a role of which nothing is left may not ask the cube.

May import: sql, olap.filters, olap.interchange.account, olap.interchange.cube_refs, olap.interchange.dataset,
olap.interchange.sqltext.   Imported by: cube_yaml.
"""

import re
from typing import Any

from crm_analytics.olap.filters import And, Compare, Condition, Not, Number, Operator, Or, Placeholder
from crm_analytics.olap.interchange.account import Source
from crm_analytics.olap.interchange.cube_refs import Members
from crm_analytics.olap.interchange.dataset import Dataset, Rule, fit_name
from crm_analytics.olap.interchange.sqltext import Refused
from crm_analytics.sql import Value

_COMPARE: dict[str, Operator] = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_CONTEXT = re.compile(r"\{\s*(?:securityContext|userAttributes|security_context|user_attributes)\.(?:\w+\.)*(\w+)\s*\}")


def read_access(dataset: Dataset, members: Members, cubes: dict[str, Members]) -> None:
    """Give each role the rows of its policies."""
    for policy in members.source.many("access_policy", "access policy"):
        raw = [*policy.texts("role"), *policy.texts("group"), *policy.texts("groups")]
        if not raw:
            policy.wrong("needs 'role', 'group' or 'groups'")
        try:
            condition = _rows(members, cubes, policy, raw)
        except Refused as error:
            policy.leave(f"{error}; whom no other policy names may not ask the cube")
            continue
        for name in map(fit_name, raw):
            known = dataset.access.get(name)
            dataset.access[name] = Rule(_either(known.condition, condition) if known else condition, policy)


def _either(one: Condition | None, other: Condition | None) -> Condition | None:
    """Who has two policies sees the rows of both; None is all rows."""
    return Or((one, other)) if one and other else None


def _rows(members: Members, cubes: dict[str, Members], policy: Source, roles: list[str]) -> Condition | None:
    """The rows of one policy, None for all of them.

    Raises
    ------
    Refused : it says something that a cube file has no word for.
    """
    if "*" in roles:
        raise Refused("it is for everybody, and a cube file names its roles")
    for key in ("conditions", "member_masking"):
        if key in policy:
            raise Refused(f"a cube file has no {key} of a role")
    level = policy.one("member_level")
    if level and (level.texts("includes") != ["*"] or level.texts("excludes")):
        raise Refused("a role sees every member of a cube that it may ask")
    rows = policy.one("row_level")
    if rows is None or rows.flag("allow_all", False):
        return None
    found = [_filter(members, cubes, f) for f in rows.many("filters", "filter")]
    if not found:
        raise Refused("it has no filters")
    return found[0] if len(found) == 1 else And(tuple(found))


def _filter(members: Members, cubes: dict[str, Members], source: Source) -> Condition:
    for word, kind in (("and", And), ("or", Or)):
        if word in source:
            return kind(tuple(_filter(members, cubes, inner) for inner in source.many(word, "filter")))
    name, operator = _member(members, cubes, source.text("member", required=True)), source.text("operator", True)
    values = [_value(value) for value in source.data.get("values") or ()]
    source.texts("values")
    match operator:
        case "set":
            return Not(Compare(name, "unknown"))
        case "notSet":
            return Compare(name, "unknown")
        case "equals" | "in" if values:
            return _among(name, values)
        case "notEquals" | "notIn" if values:
            return Not(_among(name, values))
        case "gt" | "gte" | "lt" | "lte" if len(values) == 1:
            return Compare(name, _COMPARE[operator], (values[0],))
    raise Refused(f"its operator {operator!r} has no word in a cube file")


def _among(name: str, values: list[Value]) -> Condition:
    """One of the values; what stands for a name may be a list."""
    many = len(values) > 1 or isinstance(values[0], Placeholder)
    return Compare(name, "in" if many else "=", tuple(values))


def _value(value: Any) -> Value:
    """`{ securityContext.region }` as `:region`, a number as it was written, the rest as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return Number(value)
    text = str(value)
    if found := _CONTEXT.fullmatch(text.strip()):
        return Placeholder(f":{found[1]}")
    if "{" in text:
        raise Refused(f"{text!r} is no value")
    return text


def _member(members: Members, cubes: dict[str, Members], name: str) -> str:
    """A member as `table.attribute`."""
    cube, dot, member = name.rpartition(".")
    home = cubes.get(cube) if dot and not members.is_own(cube) else members
    if home is None or member not in home.dimensions:
        raise Refused(f"it filters by {name!r}, which is no attribute here")
    return f"{home.name}.{home.names[member]}"
