"""A condition in the words of the filter language, to read.

May import: sql, olap.filters.   Imported by: olap.why.
"""

from datetime import date, datetime

from crm_analytics.olap.filters import And, Compare, Condition, Not, Number, Or, Per
from crm_analytics.sql import Value, literal


def in_words(condition: Condition) -> str:
    """The condition as a filter that could be typed."""
    match condition:
        case Compare(name, "unknown") | Compare(name, "=", (None,)):
            return f"{name} is unknown"
        case Compare(name, "in", values):
            return f"{name} in ({', '.join(map(_value, values))})"
        case Compare(name, "between", (low, high)):
            return f"{name} between {_value(low)} and {_value(high)}"
        case Compare(name, operator, values):
            return f"{name} {operator} {_value(values[0])}"
        case Not(part):
            return f"not ({in_words(part)})"
        case And(parts):
            return " and ".join(map(_inner, parts))
        case Or(parts):
            return " or ".join(map(_inner, parts))
        case Per(part, attributes):
            whom = attributes[0] if len(attributes) == 1 else f"({', '.join(attributes)})"
            return f"{_inner(part)} per {whom}"


def _inner(part: Condition) -> str:
    return f"({in_words(part)})" if isinstance(part, And | Or) else in_words(part)


def _value(value: Value) -> str:
    match value:
        case None:
            return "unknown"
        case Number():
            return str(value)
        case bool():
            return "true" if value else "false"
        case datetime():
            return literal(value.isoformat(sep=" "))
        case date():
            return literal(value.isoformat())
        case _:
            return literal(value)
