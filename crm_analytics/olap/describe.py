"""Ask DuckDB what expressions over a table are, and why those that do not fit do not.

It only describes: no row is read.

May import: errors, sql, engines, olap.dimension.   Imported by: olap.bind, olap.bind_kinds.
"""

import re
from collections.abc import Mapping

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.olap.dimension import Kind
from crm_analytics.sql import ident

_KINDS: tuple[tuple[re.Pattern[str], Kind], ...] = (
    (re.compile(r"VARCHAR|UUID|ENUM.*"), "text"),
    (re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*|DOUBLE|FLOAT"), "number"),
    (re.compile(r"DATE"), "date"),
    (re.compile(r"TIMESTAMP.*"), "timestamp"),
    (re.compile(r"BOOLEAN"), "boolean"),
)


def describe(
    engine: Engine, table: str, expressions: Mapping[str, str], rows: bool = False
) -> tuple[dict[str, str], dict[str, str]]:
    """The type of each expression over `table`, and what DuckDB says of those that do not fit.

    With `rows` an expression has to give one value a row, so that an aggregate does not fit.
    """
    try:
        return _types(engine, table, expressions, rows), {}
    except CrmError:
        types: dict[str, str] = {}
        wrong: dict[str, str] = {}
        for name, sql in expressions.items():
            try:
                types |= _types(engine, table, {name: sql}, rows)
            except CrmError as error:
                wrong[name] = _reason(engine, table, sql) or str(error)
        return types, wrong


def _reason(engine: Engine, table: str, sql: str) -> str:
    """What is wrong with an expression that DuckDB understands, but not for every row: '' otherwise."""
    try:
        _types(engine, table, {"": sql}, rows=False)
    except CrmError:
        return ""
    return f"{sql!r} takes many rows together; an attribute has one value for each"


def _types(engine: Engine, table: str, expressions: Mapping[str, str], rows: bool) -> dict[str, str]:
    if not expressions:
        return {}
    # Numbered names: a name of ours must not stand in for a column that the table lacks.
    names = {name: f"expression {i}" for i, name in enumerate(expressions)}
    items = [f"{sql} AS {ident(names[name])}" for name, sql in expressions.items()]
    # Beside the plain columns no aggregate can stand.
    listed = ",\n  ".join((*items, "*") if rows else items)
    types = engine.columns(f"(SELECT\n  {listed}\nFROM {ident(table)})")
    return {name: types[names[name]] for name in expressions}


def kind_of(type_: str) -> Kind:
    """What values of a type are compared as."""
    for pattern, kind in _KINDS:
        if pattern.fullmatch(type_):
            return kind
    return "other" if type_ else ""


def no_table(place: str, table: str) -> str:
    """The sentence about a table that is not there."""
    return f"{place}: the warehouse has no table {table!r} yet; run: crm load"


def told(place: str, wrong: str | None) -> str:
    """The sentence about a part of the model: '' where nothing is wrong with it."""
    return f"{place}: {wrong}" if wrong else ""
