"""What both directions of the Open Semantic Interchange share: its version, our extension, and how fields resolve.

Version 0.1.1 is the one release of the format (branch release/0.1.1 and tag osi-0.1.1-rc1 of apache/ossie, May
2026), and one of the two that dbt 1.12 reads.  What follows on the main branch is called 0.2.0.dev0 and changes under
that name: in September 2026 the `semantic_model` list went (apache/ossie pull request 383).

Keys as in core-spec/osi-schema.json at 0.1.1.

May import: olap.interchange.sqltext.   Imported by: osi, osi_export, osi_reading, osi_whole.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from crm_analytics.olap.interchange.sqltext import is_column, with_columns

VERSION = "0.1.1"
DIALECT = "ANSI_SQL"
VENDOR = "CRM_ANALYTICS"

# The keys whose meaning is carried over, or does not touch a number.
CUBE = {"version", "cube", "title", "description", "fact", "dimensions", "measures"}
DIMENSION = {"title", "table", "key", "unknown", "attributes", "hierarchies", "roles"}
MEASURE = {"title", "description", "format", "agg", "sql", "where", "p", "formula", "sketch"}

Fields = Mapping[str, Mapping[str, str]]  # dataset: field: expression


def unsaid(dimension: Mapping[str, Any]) -> list[str]:
    """The keys of a dimension that the format has no word for: with one it is no part of the document."""
    return sorted(dimension.keys() - DIMENSION)


def extension(data: Mapping[str, Any]) -> dict[str, Any]:
    """What only this program will read, as the format wants it; nothing where there is nothing."""
    if not data:
        return {}
    return {"custom_extensions": [{"vendor_name": VENDOR, "data": json.dumps(data, ensure_ascii=False)}]}


def resolved(expression: str, fields: Fields) -> str:
    """An expression over `dataset.field` with what each field is: two that resolve alike mean the same."""

    def column(parts: tuple[str, ...]) -> str:
        sql = fields.get(parts[0], {}).get(parts[-1], "") if len(parts) == 2 else ""
        if not sql:
            return ".".join(parts)
        return f"{parts[0]}.{sql}" if is_column(sql) else f"({sql})"

    return with_columns(expression, column)


def fingerprint(semantic_model: Any) -> str:
    """What a semantic model says without any extensions, as a short text: equal where nothing was changed."""
    plain = json.dumps(_plain(semantic_model), sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if key != "custom_extensions"}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value
