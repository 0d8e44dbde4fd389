"""The columns of a CSV file, as SQL: dates and numbers that are written in another way become texts in DuckDB's.

A value that is not written as source.yml says never passes for another one: the
contract of the star then refuses its row, and the value can still be read.

May import: sql, warehouse.readers.csv_options.   Imported by: warehouse.readers.csv.
"""

from collections.abc import Sequence

from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.readers.csv_options import CsvOptions


def columns_sql(names: Sequence[str], options: CsvOptions) -> str:
    """`*`, with what has to be replaced in it."""
    found = {name.lower(): name for name in names}
    changed = [
        f"{_date(ident(found[name.lower()]), formats)} AS {ident(found[name.lower()])}"
        for name, formats in options.dates.items()
        if name.lower() in found
    ]
    changed += [
        f"{_number(ident(found[name.lower()]), options)} AS {ident(found[name.lower()])}"
        for name in options.numbers
        if name.lower() in found
    ]
    return f"* REPLACE ({', '.join(changed)})" if changed else "*"


def _date(column: str, formats: Sequence[str]) -> str:
    """What none of the formats reads stays: a date as ISO 8601 has it is plain anyway, anything else is refused."""
    listed = ", ".join(literal(wanted) for wanted in formats)
    return f"coalesce(CAST(try_strptime(trim({column}), [{listed}]) AS VARCHAR), {column})"


def _number(column: str, options: CsvOptions) -> str:
    """Where commas are decimal, 1.500 may be one and a half or fifteen hundred: it is marked, not guessed."""
    decimal, thousands = _escaped(options.decimal), _escaped(options.thousands)
    whole = rf"(\d+|\d{{1,3}}({thousands}\d{{3}})+)" if thousands else r"\d+"
    pattern = literal(rf"[+-]?({whole}({decimal}\d*)?|{decimal}\d+)")
    plain = f"trim({column})"
    without = f"replace({plain}, {literal(options.thousands)}, '')" if thousands else plain
    read = f"replace({without}, {literal(options.decimal)}, '.')"
    like = f"1{options.thousands}234{options.decimal}56"
    return (
        f"CASE WHEN {plain} = '' OR regexp_full_match({plain}, {pattern}) THEN {read} "
        f"ELSE {column} || {literal(f' [not written like {like}]')} END"
    )


def _escaped(sign: str) -> str:
    return rf"\x{{{ord(sign):x}}}" if sign else ""
