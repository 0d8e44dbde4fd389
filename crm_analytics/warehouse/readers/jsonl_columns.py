"""The columns of JSON lines, as SQL: one a key, of the type that all its values share.

Numbers, truth values, texts, and texts that are all dates or times as ISO 8601
has them, have types of their own; what is nested, or of several kinds, stays JSON.

May import: sql.   Imported by: warehouse.readers.jsonl.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from crm_analytics.sql import ident, literal

TIMES = ("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
KEPT = ("BIGINT", "DOUBLE", "BOOLEAN", "VARCHAR", *TIMES)
# Some DuckDB reads out of texts, others are for numbers that do not fit 64 bits; as texts they lose nothing.
TEXTS = ("TIME", "UUID", "UBIGINT", "HUGEINT", "NULL")


def plain_type(kind: str) -> str:
    """The type of a column whose values DuckDB takes for `kind`."""
    return "VARCHAR" if kind in TEXTS else kind if kind in KEPT else "JSON"


def together(columns: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """The keys of several files, each with a type that holds the values of all."""
    found: dict[str, str] = {}
    for each in columns:
        for key, kind in each.items():
            before = found.setdefault(key, kind)
            if before != kind:
                found[key] = _both({before, kind})
    return found


def _both(kinds: set[str]) -> str:
    if kinds == {"BIGINT", "DOUBLE"}:
        return "DOUBLE"
    return "VARCHAR" if kinds <= {"VARCHAR", *TIMES} else "JSON"


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


def narrowest_sql(value: str, kind: str) -> str:
    """An aggregate that gives the type which all texts `value` of one key fit.

    `kind` is what DuckDB's `json_group_structure` calls them: it knows no dates, and every whole number that is not
    negative is UBIGINT to it.
    """
    if kind != "VARCHAR":
        return f"CASE WHEN count({value}) = count(TRY_CAST({value} AS BIGINT)) THEN 'BIGINT' ELSE 'VARCHAR' END"
    day, time, zone = r"\d{4}-\d\d-\d\d", r"[ T]\d\d:\d\d:\d\d(\.\d+)?", r"(Z|[+-]\d\d(:?\d\d)?)"
    written = zip(TIMES, (day, day + time, day + time + zone), strict=True)
    cases = " ".join(
        f"WHEN bool_and(regexp_full_match({value}, '{pattern}') AND TRY_CAST({value} AS {found}) IS NOT NULL) "
        f"FILTER ({value} IS NOT NULL) THEN '{found}'"
        for found, pattern in written
    )
    return f"CASE {cases} ELSE 'VARCHAR' END"


def _pointer(key: str) -> str:
    """Source: RFC 6901, JSON Pointer."""
    return literal("/" + key.replace("~", "~0").replace("/", "~1"))
