"""From a mapping to rows that keep their contract, as SQL text.

Every row of a mapping gets its columns cast to the contract and, where it
breaks the contract, a reason.  Rows without a reason go to the star, the others
to `rejects`; nothing else can happen to a row.

May import: errors, sql, engines, warehouse.ledger, warehouse.sources, warehouse.tables.   Imported by: warehouse.load.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError, CrmError
from crm_analytics.periods import FIRST_YEAR, LAST_YEAR
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.ledger import row_json
from crm_analytics.warehouse.sources import Source
from crm_analytics.warehouse.tables import MONEY, Column, Entity

RESERVED = frozenset({"source", "load_id", "unresolved", "rowid"})
WHOLE_NUMBERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})


@dataclass(frozen=True, slots=True)
class Given:
    """A column as the mapping gives it: the SQL of its value, and its type."""

    sql: str
    kind: str


@dataclass(frozen=True, slots=True)
class Staged:
    """The rows that one part brings, as a SELECT of contract rows.

    It gives the contract columns, the `extras` (name and type), where the row is from, and
    what warehouse.build calls its verdict: `_reason` (how it breaks the contract, or
    NULL), `_row` (then the row as the mapping gave it, as JSON) and `_rounded`
    (true where a money value was rounded to the cent).
    """

    extras: Mapping[str, str]
    select: str


def stage(engine: Engine, source: Source, entity: Entity, part_key: int, load_id: int, scope: str = "") -> Staged:
    """The contract rows of `entity` in `source`; its raw views must be open.

    `scope` is the start of a statement (`WITH raw_x AS (...)`) that narrows what the mapping reads.

    Raises
    ------
    ConfigError : the mapping is not valid SQL, lacks a required column, or gives one a reserved name.
    """
    path = source.path(entity.name)
    mapping = f"{scope} SELECT * FROM (\n{source.mappings[entity.name]}\n)" if scope else source.mappings[entity.name]
    try:
        kinds = {name.lower(): kind for name, kind in engine.columns(f"({mapping}\n) AS mapped").items()}
    except CrmError as error:
        raise type(error)(f"{path}: {error}") from None
    lacking = [c.name for c in entity.columns if (c.required or c.named) and c.name not in kinds]
    if lacking:
        raise ConfigError(f"{path}: does not give {', '.join(lacking)}, which every row of {entity.name} must have")
    contract = {c.name for c in entity.columns}
    extras = {name: kind for name, kind in kinds.items() if name not in contract}
    taken = sorted(n for n in extras if n in RESERVED or n.endswith("_key") or n.startswith("_"))
    if taken:
        raise ConfigError(f"{path}: {', '.join(taken)}: the star keeps this name for itself; give the column another")
    origin = {"source": literal(source.name), "part_key": f"CAST({part_key} AS INTEGER)"}
    origin |= {"load_id": f"CAST({load_id} AS INTEGER)"}
    return Staged(extras, _select(entity, mapping, kinds, extras, origin))


def _select(
    entity: Entity, mapping: str, kinds: Mapping[str, str], extras: Mapping[str, str], origin: Mapping[str, str]
) -> str:
    given = {name: _given(name, kind) for name, kind in kinds.items()}
    columns = [f"{_value(c, given.get(c.name))} AS {ident(c.name)}" for c in entity.columns]
    columns += [f"mapped.{ident(name)} AS {ident(name)}" for name in extras]
    columns += [f"{value} AS {ident(name)}" for name, value in origin.items()]
    faults = [fault for c in entity.columns if c.name in given for fault in _faults(c, given[c.name])]
    # Millions of good rows are told by comparing alone; reason and JSON are only built for those that are refused.
    broken = " OR ".join(f"({condition})" for condition, _ in faults) or "FALSE"
    reasons = ", ".join(f"CASE WHEN {condition} THEN {literal(reason)} END" for condition, reason in faults)
    rounded = [r for c in entity.money if c.name in given and (r := _rounded(c, given[c.name]))]
    columns += [
        f"CASE WHEN {broken} THEN concat_ws('; ', {reasons or 'NULL'}) END AS _reason",
        f"CASE WHEN {broken} THEN {row_json('mapped', kinds)} END AS _row",
        f"CASE WHEN {' OR '.join(rounded) or 'FALSE'} THEN TRUE END AS _rounded",
    ]
    names = ", ".join(ident(name) for name in kinds)
    return "SELECT\n  " + ",\n  ".join(columns) + f"\nFROM (\n{mapping}\n) AS mapped({names})"


def _given(name: str, kind: str) -> Given:
    column = f"mapped.{ident(name)}"
    if kind == "JSON":  # cast to text it would keep its quotes
        return Given(f"({column}->>'$')", "VARCHAR")
    return Given(f"CAST({column} AS VARCHAR)", "VARCHAR") if kind.startswith("ENUM") else Given(column, kind)


def _value(column: Column, given: Given | None) -> str:
    if given is None:
        return f"CAST({column.default or 'NULL'} AS {column.type})"
    if column.type == given.kind == "VARCHAR" and column.default:
        # Descriptions of 20 million rows: trimming them all would cost more than it is worth.
        return f"coalesce(nullif({given.sql}, ''), {column.default})"
    if column.type == given.kind == "VARCHAR":
        # A blank id is no id, 'Mail' is the channel 'mail', and 'Withdrawn' is withdrawn.
        value = f"nullif(trim({given.sql}), '')"
        value = f"lower({value})" if column.folded else value
    else:
        value = given.sql if given.kind == column.type else _cast(column, given)
    return f"coalesce({value}, CAST({column.default} AS {column.type}))" if column.default else value


def _cast(column: Column, given: Given) -> str:
    return f"TRY_CAST({given.sql} AS {column.type})"


def _rounded(column: Column, given: Given) -> str:
    """SQL that is true where a sum of money has fractions of a cent; '' where its type has room for none."""
    if given.kind == "DOUBLE":
        # In binary, 0.1 + 0.2 is 0.30000000000000004: a difference in the 16th digit is no fraction of a cent.
        return f"abs({given.sql} - CAST({_cast(column, given)} AS DOUBLE)) > 1e-12 * abs({given.sql})"
    if given.kind == "FLOAT":
        return f"{given.sql} <> CAST({_cast(column, given)} AS FLOAT)"
    if given.kind == "VARCHAR":
        return f"TRY_CAST({given.sql} AS DECIMAL(38,10)) <> {_cast(column, given)}"
    return f"{given.sql} <> {_cast(column, given)}" if given.kind.startswith("DECIMAL") else ""


def _faults(column: Column, given: Given) -> list[tuple[str, str]]:
    """Each way a value can break its contract: the SQL that is true where it does, and the reason to give."""
    raw, kind, value = given.sql, given.kind, _value(column, given)
    found = []
    if column.required:
        blank = f" OR trim({raw}) = ''" if kind == "VARCHAR" else ""
        found.append((f"{raw} IS NULL{blank}", "missing"))
    if kind != column.type and not _always_fits(kind, column.type):
        filled = f" AND trim({raw}) <> ''" if kind == "VARCHAR" else ""
        what = f"not a {'sum of money' if column.type == MONEY else column.type}"
        found.append((f"{raw} IS NOT NULL{filled} AND {_cast(column, given)} IS NULL", what))
    if column.type == "DOUBLE" and kind not in WHOLE_NUMBERS:
        found.append((f"NOT isfinite({_cast(column, given)})", "not a finite number"))
    if column.type in ("DATE", "TIMESTAMP"):
        outside = f"{value} < DATE '{FIRST_YEAR}-01-01' OR {value} >= DATE '{LAST_YEAR + 1}-01-01'"
        found.append((outside, f"outside the years {FIRST_YEAR} to {LAST_YEAR}"))
    if column.values:
        allowed = ", ".join(literal(v) for v in column.values)
        found.append((f"{value} NOT IN ({allowed})", f"not one of {', '.join(column.values)}"))
    return [(condition, f"{column.name}: {what}") for condition, what in found]


def _always_fits(kind: str, wanted: str) -> bool:
    return (
        wanted == "VARCHAR"
        or (wanted == "DOUBLE" and kind in WHOLE_NUMBERS)
        or (wanted == "TIMESTAMP" and kind == "DATE")
    )
