"""Join a fact to a dimension of which one row may have several members, so that each counts the row once.

The bridge is first brought down to one row for each key and what is shown of its
members: two members of one label, or two that both go into Others, count a row once.
A key without members has one, the unknown one.

Conditions on such a dimension choose among the members of a row: a row counts if at
least one of its members meets all of them, and is shown under those that do.

May import: errors, sql, olap.conditions, olap.filters, olap.members, olap.plan.   Imported by: olap.rows, olap.fact.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm_analytics.errors import QueryError
from crm_analytics.olap.conditions import Params, Term, condition_sql
from crm_analytics.olap.dimension import Bridge, Role
from crm_analytics.olap.filters import Condition, Per, comparisons, pers
from crm_analytics.olap.members import columns, table_of
from crm_analytics.olap.plan import Axis
from crm_analytics.sql import ident


@dataclass(frozen=True, slots=True)
class Cut:
    """The ranking of a top-N that cuts an axis of several members: a step with the column `place` and a rank."""

    axis: Axis
    step: str
    place: str
    rank: str
    others: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A condition with the axes that it names; `found` is what is true, over some columns, of what a `Per` chose."""

    part: Condition
    axes: Mapping[str, Axis]
    found: Callable[[Per, Callable[[Axis], str]], str]

    def sql(self, column: Callable[[Axis], str], params: Params) -> str:
        """The condition over these columns."""

        def term(ref: str) -> Term:
            axis = self.axes[ref]
            return Term(column(axis), axis.attribute.kind, axis.attribute.unknown)

        return condition_sql(self.part, term, params, lambda per: self.found(per, column))


def chooser(part: Condition, axes: Mapping[str, Axis]) -> str:
    """The role of several members to a row that a condition is about: '' where it is about none.

    Raises
    ------
    QueryError : it is about others beside: which members it chooses would hang on the row.
    """
    asked = [axes[ref] for ref in _refs(part)]
    bridged = next((axis for axis in asked if axis.overlaps), None)
    if bridged is None:
        return ""
    if other := next((axis for axis in asked if axis.role.name != bridged.role.name), None):
        raise QueryError(
            f"a filter cannot mix {bridged.ref}, of which a row may have several members, and {other.ref} within one "
            "'or', 'not' or 'per'; write two filters (with totals or a top-N, a filter on a measure counts as 'per' "
            "all attributes shown)"
        )
    return bridged.role.name


def _refs(part: Condition) -> Iterator[str]:
    yield from (compare.name for compare in comparisons(part))
    for per in pers(part):
        yield from per.attributes


def bridge_join(
    role: Role, foreign: str, axes: Sequence[Axis], chosen: Sequence[Choice], cut: Cut | None, params: Params
) -> tuple[str, list[str]]:
    """LEFT JOIN the members of a row, one row for each combination shown; and what WHERE must hold."""
    bridge = role.dimension.bridge
    if bridge is None:
        raise AssertionError(f"dimension {role.dimension.name!r} has no bridge")
    alias, key, flag = (ident(name) for name in (role.name, f"{role.name} key", f"{role.name} chosen"))
    shown = list({axis.ref: axis for axis in axes if axis.shown}.values())
    keys = [key]
    for axis in shown:
        is_cut = cut is not None and axis.ref == cut.axis.ref
        member = f"member.{axis.column}"
        keys.append(
            f"CASE WHEN {cut.rank} IS NOT NULL THEN {member} END AS {axis.column}" if cut and is_cut else member
        )
    keys += [cut.rank] if cut else []
    where = []
    if chosen:
        met, unknown = (
            f"({' AND '.join(f'({one.sql(column, params)})' for one in chosen)}) IS TRUE"
            for column in (lambda axis: f"member.{axis.column}", lambda axis: "NULL")
        )
        keys.append(f"{met} AS {flag}")
        where.append(f"coalesce({alias}.{flag}, {unknown})")
    if cut and not cut.others:
        where.append(f"{rank_of(role.name, cut)} IS NOT NULL")
    orders = [f"min(member.{axis.order}) AS {axis.order}" for axis in shown if axis.attribute.order_by]
    lines = [f"LEFT JOIN (SELECT {', '.join((*keys, *orders))}"]
    lines.append(f"  FROM {_members(bridge, role, key, axes, params)}")
    if cut:
        lines.append(f"  LEFT JOIN {cut.step} ON {cut.place} IS NOT DISTINCT FROM member.{cut.axis.column}")
    lines.append(
        f"  GROUP BY {', '.join(str(i + 1) for i in range(len(keys)))}) AS {alias} ON {alias}.{key} = {foreign}"
    )
    return "\n".join(lines), where


def rank_of(role: str, cut: Cut) -> str:
    """The rank of a row's member in a top-N: that of the unknown member where the row has none."""
    unknown = f"(SELECT {cut.rank} FROM {cut.step} WHERE {cut.place} IS NULL)"
    alias = ident(role)
    return f"CASE WHEN {alias}.{ident(f'{role} key')} IS NULL THEN {unknown} ELSE {alias}.{cut.rank} END"


def _members(bridge: Bridge, role: Role, key: str, axes: Sequence[Axis], params: Params) -> str:
    """Every row of the bridge with the attributes of its member: missing ones where the dimension lacks it."""
    listed = list({axis.ref: axis for axis in axes}.values())
    member = ident(f"{role.name} member")
    names = [name for a in listed for name in ((a.column, a.order) if a.attribute.order_by else (a.column,))]
    inner = ", ".join((f"{ident(role.dimension.key)} AS {member}", *columns(listed, params)))
    return (
        f"(SELECT bridge.{ident(bridge.key)} AS {key}, {', '.join(names)} FROM {ident(bridge.table)} AS bridge\n"
        f"    LEFT JOIN (SELECT {inner} FROM {table_of(listed)}) AS member ON {member} = bridge.{ident(bridge.member)}"
        ") AS member"
    )
