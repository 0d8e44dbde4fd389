"""Conditions on who may see which rows, as the text that a cube file holds.

May import: sql, olap.filters.   Imported by: reach.
"""

from collections.abc import Callable
from dataclasses import replace

from crm_analytics.olap.filters import And, Compare, Condition, Not, Number, Or, Per, Placeholder
from crm_analytics.sql import Value, literal


def condition_text(condition: Condition) -> str:
    """The condition in the filter language: read again, it is the same one."""
    match condition:
        case Compare(name, "unknown"):
            return f"{name} is unknown"
        case Compare(name, "in", values):
            return f"{name} in ({', '.join(map(_value, values))})"
        case Compare(name, "between", (low, high)):
            return f"{name} between {_value(low)} and {_value(high)}"
        case Compare(name, operator, (value, *_)):
            return f"{name} {operator} {_value(value)}"
        case Not(part):
            return f"not ({condition_text(part)})"
        case And(parts):
            return " and ".join(map(_part, parts))
        case Or(parts):
            return " or ".join(map(_part, parts))
    raise AssertionError(condition)  # olap.load lets no 'per' into access


def renamed_condition(condition: Condition, name_of: Callable[[str], str]) -> Condition:
    """The condition with its attributes under other names."""
    match condition:
        case Compare():
            return replace(condition, name=name_of(condition.name))
        case Not(part):
            return Not(renamed_condition(part, name_of))
        case And(parts):
            return And(tuple(renamed_condition(part, name_of) for part in parts))
        case Or(parts):
            return Or(tuple(renamed_condition(part, name_of) for part in parts))
        case Per():
            raise AssertionError("no import makes a 'per'")


def _part(condition: Condition) -> str:
    text = condition_text(condition)
    return f"({text})" if isinstance(condition, And | Or) else text


def _value(value: Value) -> str:
    if isinstance(value, Number | Placeholder):
        return str(value)
    return str(value).lower() if isinstance(value, bool) else literal(value)
