"""SQL as values: identifiers, bound parameters, named statement files.

Not a query builder: cubes are composed in `olap.compile`, everything else is a
`.sql` file beside its module.  Values never enter the text; they travel as
named parameters (`$name`), so the order in which a statement is put together
cannot mix them up.

May import: nothing.   Imported by: engines and every floor above.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from importlib.resources import files

Value = str | int | float | bool | Decimal | date | datetime | None

_PARAMETER = re.compile(r"\$([A-Za-z_][A-Za-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Query:
    """One SQL statement and the values bound to its `$name` parameters."""

    text: str
    params: Mapping[str, Value] = field(default_factory=dict)

    def readable(self) -> str:
        """The statement with its values written in, to read or to paste into a SQL shell."""
        return _PARAMETER.sub(lambda m: literal(self.params[m[1]]) if m[1] in self.params else m[0], self.text)


def ident(name: str) -> str:
    """A quoted identifier.  Always quote: DuckDB reads a bare `sum(x) minutes` as an interval."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Value) -> str:
    """A SQL literal, for text that people read and for paths; statements bind their values."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float() | Decimal():
            return str(value)
        case datetime():
            return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
        case date():
            return f"DATE '{value.isoformat()}'"
        case _:
            return "'" + value.replace("'", "''") + "'"


def statement(package: str, name: str) -> str:
    """The text of `<name>.sql` in `<package>/sql`; its first line is the grain sentence."""
    return (files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
