"""The columns of JSON lines, as SQL: one a key, of the type that all its values share.

Whole numbers, fractions, truth values and texts have types of their own; dates
stay texts, as in CSV files; what is nested, or of several kinds, stays JSON.

May import: sql.   Imported by: warehouse.readers.jsonl.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from crm_analytics.sql import ident, literal

SIMPLE = {"BIGINT": "BIGINT", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN", "VARCHAR": "VARCHAR", "NULL": "VARCHAR"}
# DuckDB reads these out of texts, or for numbers that do not fit 64 bits; as texts they lose nothing.
TEXTS = ("DATE", "TIME", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "UUID", "UBIGINT", "HUGEINT")


def plain_type(kind: str) -> str:
    """The type of a column whose values DuckDB takes for `kind`."""
    return "VARCHAR" if kind in TEXTS else SIMPLE.get(kind, "JSON")


def together(columns: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The keys of several files, each with a type that holds the values of all."""
    found: dict[str, str] = {}
    for each in columns:
        for key, kind in each.items():
            before = found.setdefault(key, kind)
            if before != kind:
                found[key] = "DOUBLE" if {before, kind} == {"BIGINT", "DOUBLE"} else "JSON"
    return found


def columns_sql(columns: Mapping[str, str]) -> str:
    """The SELECT list that makes columns of what `parsed_sql` gives."""
    texts, nested = count(1), count(1)
    by_name: dict[str, list[str]] = {}
    for key, kind in columns.items():
        value = f"_nested[{next(nested)}]" if kind == "JSON" else f"TRY_CAST(_texts[{next(texts)}] AS {kind})"
        by_name.setdefault(key.lower(), []).append(value)
    # SQL does not tell `id` from `ID`: they are one column.
    names = {key.lower(): key for key in reversed(list(columns))}
    listed = [f"{_one(values)} AS {ident(names[name] or 'column1')}" for name, values in by_name.items()]
    return ", ".join(listed) or "CAST(NULL AS VARCHAR) AS json"


def _one(values: Sequence[str]) -> str:
    if len(values) == 1:
        return values[0]
    return f"coalesce({', '.join(f'CAST({value} AS VARCHAR)' for value in values)})"


def parsed_sql(columns: Mapping[str, str], json: str) -> str:
    """The values of all keys as two lists, so that an object is parsed twice at most, however many keys there are."""
    texts = ", ".join(_pointer(key) for key, kind in columns.items() if kind != "JSON")
    nested = ", ".join(_pointer(key) for key, kind in columns.items() if kind == "JSON")
    parts = [f"json_extract_string({json}, [{texts}]) AS _texts"] if texts else []
    parts += [f"json_extract({json}, [{nested}]) AS _nested"] if nested else []
    return ", ".join(parts) or "NULL AS _texts"


def _pointer(key: str) -> str:
    """Source: RFC 6901, JSON Pointer."""
    return literal("/" + key.replace("~", "~0").replace("/", "~1"))
