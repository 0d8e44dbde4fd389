"""Which columns of a table or file can name the person at all: one scan, so that few have to be looked at closely.

May import: sql, engines, warehouse.erasure.needles.   Imported by: warehouse.erasure.*.
"""

from collections.abc import Iterable, Mapping

from crm_analytics.engines import Engine
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.erasure.needles import Needles


def texts(kinds: Mapping[str, str]) -> list[str]:
    """The columns that may hold a text."""
    return [name for name, kind in kinds.items() if "VARCHAR" in kind or kind == "JSON" or kind.startswith("ENUM")]


def near(
    engine: Engine, relation: str, columns: Iterable[str], needles: Needles, same: Iterable[str] = ()
) -> list[str]:
    """Those of the `columns` in which a text may name the person or is one of the `same`; none of them is missing."""
    columns, equal = list(columns), ", ".join(literal(text) for text in same)
    if not columns or not (needles.all or equal):
        return []
    asked = []
    for column in columns:
        text = f"CAST({ident(column)} AS VARCHAR)"
        told = f" OR trim({text}) IN ({equal})" if equal else ""
        asked.append(f"coalesce(bool_or({needles.near_sql(text)}{told}), FALSE)")
    (found,) = engine.rows(f"SELECT {', '.join(asked)} FROM {relation}")
    return [column for column, hit in zip(columns, found, strict=True) if hit]
