"""DuckDB's plans as JSON: which tables are read, and how many rows the planner expects.

Text in, values out; nothing is run here.

May import: engines.scans.   Imported by: engines.duckdb.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from crm_analytics.engines.scans import Scan

Node = Mapping[str, Any]

MOST_TEXT = 80

_TOLD = (
    "CTE Name",
    "Function",
    "Join Type",
    "Conditions",
    "Expression",
    "Filters",
    "Groups",
    "Aggregates",
    "Order By",
    "Top",
)
_LAST_PART = re.compile(r'"((?:[^"]|"")*)"$|([^".]+)$')


def planned_scans(plan: str, sizes: Mapping[str, int]) -> tuple[Scan, ...]:
    """The passes over tables in the answer to EXPLAIN (FORMAT json); `sizes` gives the rows of each table."""
    nodes = _nodes(json.loads(plan))
    scans = ((_table(node), _expected(node)) for node in nodes if "Table" in node["extra_info"])
    return tuple(Scan(table, sizes.get(table, passed), passed) for table, passed in scans)


def planned_rows(plan: str) -> int:
    """How many rows the planner expects of the whole statement; of one that it knows to be empty it says nothing."""
    nodes = _nodes(json.loads(plan))
    return next((_expected(node) for node in nodes if "Estimated Cardinality" in node["extra_info"]), 0)


def drawn(plan: str) -> str:
    """The steps of a plan as lines, what a step works on indented below it.

    Not DuckDB's own drawing, which sets branches side by side and soon needs 250
    columns.  Projections are left out: they only hand columns on.
    """
    return "\n".join(_drawn(json.loads(plan), ""))


def measured_scans(plan: str) -> tuple[Scan, ...]:
    """The passes over tables in the answer to EXPLAIN (ANALYZE, FORMAT json).

    A statement that is answered without reading a row, such as a count of a
    whole table, has none.
    """
    nodes = _nodes(json.loads(plan).get("operator", ()))
    return tuple(
        Scan(_table(node), int(node["rows_scanned"]), int(node["intermediate_rows"]))
        for node in nodes
        if "Table" in node.get("extra_info", {})
    )


def _nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _nodes(node.get("children", ()))


def _drawn(nodes: Iterable[Node], indent: str) -> Iterator[str]:
    for node in nodes:
        below = indent
        if node["name"] != "PROJECTION":
            yield f"{indent}{_step(node)}"
            below += "  "
        yield from _drawn(node["children"], below)


def _step(node: Node) -> str:
    """What a step does, on what, and how many rows are expected of it."""
    extra = node["extra_info"]
    parts = [_table(node)] if "Table" in extra else []
    for told in _TOLD:
        text = ", ".join(extra[told]) if isinstance(extra.get(told), list) else str(extra.get(told, ""))
        # `#2` is the second column of the step below, which says nothing to people.
        parts += [text] if text and "#" not in text else []
    name = node["name"].replace("_", " ").lower()
    rows = f"  ~{_expected(node):,}" if "Estimated Cardinality" in extra else ""
    return f"{name}{': ' if parts else ''}{'; '.join(parts)[:MOST_TEXT]}{rows}"


def _expected(node: Node) -> int:
    return int(node["extra_info"]["Estimated Cardinality"])


def _table(node: Node) -> str:
    """`fct_sale` of `warehouse.main.fct_sale`, whose parts are quoted where they have to be."""
    found = _LAST_PART.search(node["extra_info"]["Table"])
    if found is None:
        return str(node["extra_info"]["Table"])
    return found[2] or found[1].replace('""', '"')
