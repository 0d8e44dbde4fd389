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
# A day, perhaps with a time and with what tells its zone; times are local, so the zone is not reckoned with.
MOMENT = (
    r"\s*\d{1,6}[-/ ]\d{1,2}[-/ ]\d{1,2}"
    r"([T ]+\d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?\s*(Z|z|UTC|[+-]\d{1,2}(:?\d{2})?)?)?\s*"
)
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
    (true where a money value was rounded to the cent).  `given` are the columns that the mapping brings.
    """

    extras: Mapping[str, str]
    select: str
    given: frozenset[str] = frozenset()


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
    return Staged(extras, _select(entity, mapping, kinds, extras, origin), frozenset(kinds))


def _select(
    entity: Entity, mapping: str, kinds: Mapping[str, str], extras: Mapping[str, str], origin: Mapping[str, str]
) -> str:
    """Three layers, so that every value is worked out once: read, judged, told.

    DuckDB works an expression out anew wherever it stands in a CASE.
    """
    given = {name: _given(f"_raw{i}", kind) for i, (name, kind) in enumerate(kinds.items())}
    contract = {c.name: given[c.name] for c in entity.columns if c.name in given}
    raws = ", ".join(f"_raw{i}" for i in range(len(kinds)))
    read = "".join(f", {_read(c, contract[c.name])} AS {ident(c.name)}" for c in entity.columns if c.name in contract)
    faults = [fault for c in entity.columns if c.name in contract for fault in _faults(c, contract[c.name])]
    broken = " OR ".join(f"({condition})" for condition, _ in faults) or "FALSE"
    told = [f"{_told(c, c.name in contract)} AS {ident(c.name)}" for c in entity.columns]
    told += [f"_raw{list(kinds).index(name)} AS {ident(name)}" for name in extras]
    told += [f"{value} AS {ident(name)}" for name, value in origin.items()]
    # Millions of good rows are told by comparing alone; reason and JSON are only built for those that are refused.
    reasons = ", ".join(f"CASE WHEN {condition} THEN {literal(reason)} END" for condition, reason in faults)
    rounded = [r for c in entity.money if c.name in contract and (r := _rounded(c, contract[c.name]))]
    row = row_json("judged", kinds, {name: f"_raw{i}" for i, name in enumerate(kinds)})
    told += [
        f"CASE WHEN _broken THEN concat_ws('; ', {reasons or 'NULL'}) END AS _reason",
        f"CASE WHEN _broken THEN {row} END AS _row",
        f"CASE WHEN {' OR '.join(rounded) or 'FALSE'} THEN TRUE END AS _rounded",
    ]
    return (
        "SELECT\n  " + ",\n  ".join(told) + f"\nFROM (SELECT *, CASE WHEN {broken} THEN TRUE END AS _broken\n"
        f"FROM (SELECT *{read}\nFROM (\n{mapping}\n) AS mapped({raws})) AS read) AS judged"
    )


def _given(column: str, kind: str) -> Given:
    if kind == "JSON":  # cast to text it would keep its quotes
        return Given(f"({column}->>'$')", "VARCHAR")
    return Given(f"CAST({column} AS VARCHAR)", "VARCHAR") if kind.startswith("ENUM") else Given(column, kind)


def _read(column: Column, given: Given) -> str:
    """SQL for what a column says, in the type of the contract; NULL where it says nothing or cannot be read."""
    if column.type in ("DATE", "TIMESTAMP") and given.kind == "VARCHAR":
        # DuckDB 2.0 reads '2024-05-01 09:15 o'clock' as a time and lets what follows it fall.
        cast = f"TRY_CAST({given.sql} AS {column.type})"
        return f"CASE WHEN regexp_full_match({given.sql}, {literal(MOMENT)}) THEN {cast} END"
    if column.type != given.kind:
        return f"TRY_CAST({given.sql} AS {column.type})"
    if column.type != "VARCHAR":
        return given.sql
    if column.default:
        # Descriptions of 20 million rows: trimming them all would cost more than it is worth.
        return f"nullif({given.sql}, '')"
    # A blank id is no id, 'Mail' is the channel 'mail', and 'Withdrawn' is withdrawn.
    # Few have a blank, and to look for one costs a quarter of trimming.
    value = f"nullif(CASE WHEN contains({given.sql}, ' ') THEN trim({given.sql}) ELSE {given.sql} END, '')"
    return f"lower({value})" if column.folded else value


def _told(column: Column, given: bool) -> str:
    """SQL for the value of a contract column, which stands under its own name once it is read."""
    default = f"CAST({column.default or 'NULL'} AS {column.type})"
    if not given:
        return default
    return f"coalesce({ident(column.name)}, {default})" if column.default else ident(column.name)


def _rounded(column: Column, given: Given) -> str:
    """SQL that is true where a sum of money has fractions of a cent; '' where its type has room for none."""
    raw, read = given.sql, ident(column.name)
    if given.kind == "DOUBLE":
        # In binary, 0.1 + 0.2 is 0.30000000000000004: a difference in the 16th digit is no fraction of a cent.
        return f"abs({raw} - CAST({read} AS DOUBLE)) > 1e-12 * abs({raw})"
    if given.kind == "FLOAT":
        return f"{raw} <> CAST({read} AS FLOAT)"
    if given.kind == "VARCHAR":
        # Only a text with more than two digits after the point, or with an exponent, is worth reading once more.
        fine = f"(strpos({raw}, '.') > 0 AND length({raw}) - strpos({raw}, '.') > 2)"
        longer = f"{fine} OR contains({raw}, 'e') OR contains({raw}, 'E')"
        return f"CASE WHEN {longer} THEN TRY_CAST({raw} AS DECIMAL(38,10)) <> {read} END"
    return f"{raw} <> {read}" if given.kind.startswith("DECIMAL") else ""


def _faults(column: Column, given: Given) -> list[tuple[str, str]]:
    """Each way a value can break its contract: the SQL that is true where it does, and the reason to give."""
    raw, kind, read = given.sql, given.kind, ident(column.name)
    filled = f"{raw} IS NOT NULL" + (f" AND trim({raw}) <> ''" if kind == "VARCHAR" else "")
    found = []
    if column.required:
        found.append((f"{read} IS NULL AND NOT ({filled})", "missing"))
    if kind != column.type and not _always_fits(kind, column.type):
        what = f"not a {'sum of money' if column.type == MONEY else column.type}"
        found.append((f"{read} IS NULL AND {filled}", what))
    if column.type == "DOUBLE" and kind not in WHOLE_NUMBERS:
        found.append((f"NOT isfinite({read})", "not a finite number"))
    if column.type in ("DATE", "TIMESTAMP"):
        outside = f"{read} < DATE '{FIRST_YEAR}-01-01' OR {read} >= DATE '{LAST_YEAR + 1}-01-01'"
        found.append((outside, f"outside the years {FIRST_YEAR} to {LAST_YEAR}"))
    if column.values:
        allowed = ", ".join(literal(v) for v in column.values)
        found.append((f"{read} NOT IN ({allowed})", f"not one of {', '.join(column.values)}"))
    return [(condition, f"{column.name}: {what}") for condition, what in found]


def _always_fits(kind: str, wanted: str) -> bool:
    return (
        wanted == "VARCHAR"
        or (wanted == "DOUBLE" and kind in WHOLE_NUMBERS)
        or (wanted == "TIMESTAMP" and kind == "DATE")
    )
