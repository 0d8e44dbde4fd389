"""How a statement is written: one item a line, named steps whose comment says what one row is.

May import: sql.   Imported by: olap.fact, olap.top, olap.compile.
"""

from collections.abc import Iterable

from crm_analytics.sql import ident


def select(items: Iterable[str]) -> str:
    """SELECT with one item a line."""
    return "SELECT\n  " + ",\n  ".join(items)


def indented(text: str) -> str:
    """Two spaces before every line, for what stands within parentheses."""
    return "\n".join(f"  {line}" for line in text.splitlines())


def cte(name: str, row: str, body: str) -> str:
    """A named step; its comment says what one row is."""
    return f"{ident(name)} AS (  -- {row}\n{indented(body)}\n)"
