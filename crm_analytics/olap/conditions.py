"""Conditions as SQL: each value read as its attribute's kind and bound by name.

May import: errors, sql, olap.dimension, olap.filters.   Imported by: every module of olap that writes SQL.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from crm_analytics.errors import QueryError
from crm_analytics.olap.dimension import Kind
from crm_analytics.olap.filters import And, Compare, Condition, Not, Number, Or, Per
from crm_analytics.sql import Value

_EXAMPLE = {"number": "2017", "date": "'2017-03-31'", "timestamp": "'2017-03-31 18:00'", "boolean": "true"}


@dataclass(frozen=True, slots=True)
class Term:
    """What a name in a condition stands for: an expression, its kind, and how its missing values are shown."""

    sql: str
    kind: Kind
    unknown: str | None = None


@dataclass(frozen=True, slots=True)
class Params:
    """The values of one statement under readable names; an equal value under an equal hint is bound once."""

    values: dict[str, Value] = field(default_factory=dict)

    def bind(self, hint: str, value: Value) -> str:
        """`$product_department`, or the same with a number where that name has another value."""
        stem = name = re.sub(r"\W+", "_", hint)
        number = 2
        # By type too: 1, 1.0 and True are equal in Python and not in SQL.
        while name in self.values and (type(self.values[name]), self.values[name]) != (type(value), value):
            name = f"{stem}_{number}"
            number += 1
        self.values[name] = value
        return f"${name}"


def condition_sql(
    condition: Condition, term: Callable[[str], Term], params: Params, found: Callable[[Per], str] | None = None
) -> str:
    """The condition as SQL; `found` gives what is true of the members that a `Per` chose.

    Negation asks IS NOT TRUE of what it negates: a comparison with a missing
    value is NULL, counts as false, and so its opposite holds.
    """
    match condition:
        case Compare():
            return _compare(condition, term(condition.name), params)
        case Not(part):
            return f"({condition_sql(part, term, params, found)}) IS NOT TRUE"
        case And(parts):
            return " AND ".join(f"({condition_sql(part, term, params, found)})" for part in parts)
        case Or(parts):
            return " OR ".join(f"({condition_sql(part, term, params, found)})" for part in parts)
        case Per():
            if found is None:
                raise QueryError("a filter with 'per' cannot stand within another one")
            return found(condition)


def _compare(compare: Compare, term: Term, params: Params) -> str:
    sql = term.sql
    if compare.operator == "unknown":
        return f"{sql} IS NULL"
    if compare.operator == "like" and term.kind not in ("", "text"):
        raise QueryError(f"{compare.name} holds no text, so 'like' does not apply; compare with =, < or >")
    # What is shown as the unknown member is asked for by that name, whatever the kind of the attribute.
    missing = [v for v in compare.values if v is None or (isinstance(v, str) and v == term.unknown)]
    if compare.operator in ("=", "!=", "in") and missing:
        found = _equal(compare, term, params)
        return f"({found}) IS NOT TRUE" if compare.operator == "!=" else found
    bound = [params.bind(compare.name, read_value(v, term.kind, compare.name)) for v in compare.values]
    match compare.operator:
        case "in":
            return f"{sql} IN ({', '.join(bound)})"
        case "between":
            return f"{sql} BETWEEN {bound[0]} AND {bound[1]}"
        case "like":
            return f"{sql} LIKE {bound[0]}"
        case "!=":
            return f"{sql} IS DISTINCT FROM {bound[0]}"
        case _:
            return f"{sql} {compare.operator} {bound[0]}"


def _equal(compare: Compare, term: Term, params: Params) -> str:
    """Equality with a list that names the unknown member: NULL, or a real member that is shown alike."""
    parts = [f"{term.sql} IS NULL"]
    values = [v for v in compare.values if v is not None]
    if term.kind not in ("", "text"):
        values = [v for v in values if v != term.unknown]
    for value in values:
        parts.append(f"{term.sql} = {params.bind(compare.name, read_value(value, term.kind, compare.name))}")
    return f"({' OR '.join(parts)})" if values else parts[0]


def read_value(value: Value, kind: Kind, name: str) -> Value:
    """A filter value as the kind it is compared with; `'2017'` and `2017` both find the year 2017.

    Raises
    ------
    QueryError : it cannot be read so; names the attribute and shows an example.
    """
    try:
        match kind:
            case "number":
                return _number(value)
            case "date":
                return value if isinstance(value, date) else date.fromisoformat(str(value))
            case "timestamp":
                return value if isinstance(value, date) else datetime.fromisoformat(str(value))
            case "boolean":
                return value if isinstance(value, bool) else {"true": True, "false": False}[str(value).lower()]
            case "text":
                return value.isoformat() if isinstance(value, date) else str(value)
            case _:
                return value.exact() if isinstance(value, Number) else value
    except (ValueError, KeyError, InvalidOperation):
        raise QueryError(f"{name} cannot be {str(value)!r}; write it like {_EXAMPLE[kind]}") from None


def _number(value: Value) -> Value:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError
    if not isinstance(value, str):
        return value
    exact = Decimal(value)
    if not exact.is_finite():
        raise ValueError
    return int(exact) if exact == exact.to_integral_value() and abs(exact) < 2**63 else exact
