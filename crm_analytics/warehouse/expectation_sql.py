"""The statement that looks at all expectations of one entity at once.  Text in, text out.

Each expectation becomes one column of a pass over the star table: true or false
for a row that is looked at, NULL for one that is not (its value is empty, or
`where` leaves it out).  Counting that column is all there is to judge.

May import: errors, sql, warehouse.expectations, warehouse.tables.   Imported by: warehouse.verdicts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from crm_analytics.errors import ConfigError, did_you_mean, shortened
from crm_analytics.sql import Query, Value, ident, literal
from crm_analytics.warehouse.expectations import Expectation
from crm_analytics.warehouse.expected_values import Given, kind_of
from crm_analytics.warehouse.tables import Column, Entity, star_column

NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT", "HUGEINT", "BIGINT", "INTEGER", "SMALLINT", "TINYINT")
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Term:
    """One expectation as a SQL expression over `relation`, and the values bound in it."""

    expectation: Expectation
    sql: str
    params: Mapping[str, Value]


def relation(entity: Entity, used: Iterable[str]) -> str:
    """The rows of a star table with the names of the contract beside its own.

    The unknown member is no row.  An id stands in another table, so it is only
    fetched where one of the texts `used` names it.
    """
    if entity.kind == "dimension":
        return f"SELECT * FROM {entity.table} WHERE {entity.member}_key > 0"
    words = {word.lower() for text in used for word in re.findall(r"\w+", text)}
    columns, joins = ["f.*"], []
    for c in entity.columns:
        if c.dimension and c.name in words:
            dim, business = f"dim_{c.dimension}", "channel" if c.dimension == "channel" else f"{c.dimension}_id"
            joins.append(f"LEFT JOIN {dim} ON {dim}.{c.dimension}_key = f.{c.dimension}_key")
            columns.append(f"coalesce({dim}.{ident(business)}, {_kept_id(c, 'f.')}) AS {ident(c.name)}")
        elif not c.dimension and star_column(c) != c.name:
            key = f"f.{star_column(c)}"
            day = f"make_date({key} // 10000, {key} // 100 % 100, {key} % 100)"
            columns.append(f"CASE WHEN {key} > 0 THEN {day} END AS {ident(c.name)}")
    return f"SELECT {', '.join(columns)} FROM {entity.table} AS f {' '.join(joins)}".rstrip()


def texts_used(expectations: Iterable[Expectation]) -> list[str]:
    """Every text of the expectations that may name an id whose value is needed, not only whether there is one."""
    used = []
    for e in expectations:
        used.append(e.where)
        if e.test in ("sql", "unique"):
            used += map(str, e.given)
        elif e.test not in ("filled_share", "known_share"):
            used.append(e.column)
    return used


def term(entity: Entity, expectation: Expectation, number: int, kinds: Mapping[str, str], today: date) -> Term:
    """The expectation as SQL; `kinds` are the columns of the entity and their types.

    Raises
    ------
    ConfigError : the star has no such column, or it is not of the kind that the test is for.
    """
    columns = [str(c) for c in expectation.given] if expectation.test == "unique" else [expectation.column]
    for column in filter(None, columns):
        if column not in kinds:
            known = [name for name in kinds if not name.endswith("_key") and name != "unresolved"]
            hint = f"{did_you_mean(column, known)} Known: {shortened(known)}."
            raise ConfigError(f"{expectation.place}: {entity.name} has no column {column!r}.{hint}")
    if wrong := _wrong_kind(expectation, kinds):
        raise ConfigError(f"{expectation.place}: {wrong}")
    given = [value for value in expectation.given if expectation.test in ("between", "in", "matches")]
    params = {f"p{number}_{i}": _bound(value) for i, value in enumerate(given) if value is not None}
    if expectation.test in ("not_future", "fresh_within_days"):
        params = {f"p{number}_0": today}
    sql = _condition(entity, expectation, f"p{number}", kinds)
    return Term(
        expectation, f"CASE WHEN (\n{expectation.where}\n) THEN {sql} END" if expectation.where else sql, params
    )


def statement(entity: Entity, terms: Sequence[Term]) -> Query:
    """One row: for each term how many rows it was asked of, and how many fail (of a fresh one: the last day)."""
    columns = ",\n    ".join(f"{term.sql} AS e{i}" for i, term in enumerate(terms))
    counts = []
    for i, term in enumerate(terms):
        match term.expectation.test:
            case "unique":
                found = f"count(e{i}) - count(DISTINCT e{i})"
            case "fresh_within_days":
                found = f"max(e{i})"
            case _:
                found = f"count(*) FILTER (WHERE NOT e{i})"
        counts.append(f"count(e{i}) AS asked_{i}, {found} AS found_{i}")
    listed = ",\n  ".join(counts)
    text = f"""WITH looked_at AS (  -- {entity.grain}: what was expected of it, and whether it is so
  SELECT
    {columns}
  FROM ({relation(entity, texts_used(t.expectation for t in terms))})
)
SELECT
  {listed}
FROM looked_at"""
    return Query(text, {name: value for t in terms for name, value in t.params.items()})


def examples(entity: Entity, term: Term) -> tuple[tuple[str, ...], Query]:
    """The names of the columns that tell a row from others, and up to three rows that fail the term."""
    e = term.expectation
    names = (e.column,) if e.test == "known_share" else entity.key
    shown = ", ".join(f"CAST({ident(n)} AS VARCHAR) AS {ident(n)}" for n in names)
    rows = relation(entity, [*texts_used([e]), *names])
    if e.test == "unique":
        order = ", ".join(ident(n) for n in names)
        place = f"row_number() OVER (PARTITION BY {term.sql} ORDER BY {order})"
        failing = f"SELECT * FROM ({rows}) WHERE {term.sql} IS NOT NULL QUALIFY {place} > 1"
    else:
        failing = f"SELECT * FROM ({rows}) WHERE NOT {term.sql}"
    return names, Query(f"SELECT DISTINCT {shown} FROM ({failing}) ORDER BY ALL LIMIT {EXAMPLES}", term.params)


def _kept_id(column: Column, of: str = "") -> str:
    """The id that a fact keeps because no key says it."""
    return f"{of}unresolved->>{literal('$.' + column.name)}"


def _condition(entity: Entity, e: Expectation, name: str, kinds: Mapping[str, str]) -> str:
    column = ident(e.column)
    named = next((c for c in entity.references if c.name == e.column), None) if entity.kind != "dimension" else None
    match e.test:
        case "between":
            value = f"CAST({column} AS DATE)" if _kind(kinds[e.column]) == "day" else column
            bounds = zip((">=", "<="), e.given, (0, 1), strict=True)
            return "(" + " AND ".join(f"{value} {sign} ${name}_{i}" for sign, b, i in bounds if b is not None) + ")"
        case "in":
            value = f"CAST({column} AS {'DATE' if _kind(kinds[e.column]) == 'day' else 'VARCHAR'})"
            value = value if _kind(kinds[e.column]) in ("day", "text") else column
            return f"({value} IN ({', '.join(f'${name}_{i}' for i in range(len(e.given)))}))"
        case "matches":
            return f"regexp_full_match(CAST({column} AS VARCHAR), ${name}_0)"
        case "not_future":
            return f"(CAST({column} AS DATE) <= ${name}_0)"
        case "filled_share":
            return _filled(column, kinds[e.column]) if named is None else _named(named)
        case "known_share" if named is not None:
            return f"CASE WHEN {_named(named)} THEN {named.dimension}_key > 0 END"
        case "unique":
            filled = " AND ".join(f"{ident(str(c))} IS NOT NULL" for c in e.given)
            return f"CASE WHEN {filled} THEN row({', '.join(ident(str(c)) for c in e.given)}) END"
        case "fresh_within_days":
            return f"CASE WHEN CAST({column} AS DATE) <= ${name}_0 THEN CAST({column} AS DATE) END"
        case _:
            return f"(\n{e.given[0]}\n)"


def _named(column: Column) -> str:
    """Whether the row names a member at all, known or not."""
    return f"({column.dimension}_key > 0 OR {_kept_id(column)} IS NOT NULL)"


def _filled(column: str, kind: str) -> str:
    return f"coalesce(trim({column}) <> '', FALSE)" if kind == "VARCHAR" else f"({column} IS NOT NULL)"


def _bound(value: Given) -> Value:
    """Decimal fractions as they are written: in binary, 0.1 is a little more."""
    return Decimal(str(value)) if isinstance(value, float) else value


def _kind(type_: str) -> str:
    """The kind of value that a column of this type holds, in the words of `kind_of`."""
    if type_.startswith(("DATE", "TIMESTAMP")):
        return "day"
    if type_ == "VARCHAR" or type_.startswith("ENUM"):
        return "text"
    return "yes or no" if type_ == "BOOLEAN" else "number" if type_.removeprefix("U").startswith(NUMBERS) else ""


def _wrong_kind(e: Expectation, kinds: Mapping[str, str]) -> str:
    """A sentence where the column cannot hold what the test is about."""
    match e.test:
        case "between" | "in":
            wanted = next(kind_of(value) for value in e.given if value is not None)
        case "matches":
            wanted = "text"
        case "not_future" | "fresh_within_days":
            wanted = "day"
        case _:
            return ""
    found = _kind(kinds[e.column])
    if found == wanted:
        return ""
    hint = "; put quotes around the values" if (found, e.test) == ("text", "in") else ""
    return f"{e.test} speaks of a {wanted}, but {e.column} is {kinds[e.column]}{hint}"
