"""The rows that loads refused: counted by reason with a few of each, or all of them as a frame.

Only looks: what puts rows there is `warehouse.ledger`.  A refused row stands here
as its mapping gave it, with names and e-mail addresses in it, so unless asked to
show them this module hides the columns that are private by name or by what
stands in them (`warehouse.private`).

May import: errors, sql, engines, warehouse.private, warehouse.tables.   Imported by: project.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crm_analytics.engines import Engine
from crm_analytics.errors import UnknownName, WarehouseError
from crm_analytics.sql import Query, Value
from crm_analytics.warehouse.private import MASK, is_private, looks_private_sql
from crm_analytics.warehouse.tables import ENTITIES

if TYPE_CHECKING:  # Polars takes 0.2 s to import
    import polars as pl

# A line that could not be made a row is kept whole under this name; who stands in it nobody can say.
RAW_LINE = "line"
LONGEST_VALUE = 60
Private = Mapping[tuple[str, str], frozenset[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectGroup:
    """Rows of one entity of one source that were refused for one reason; `samples` are some of them, as JSON."""

    source: str
    entity: str
    reason: str
    rows: int
    first_load: int
    last_load: int
    samples: tuple[str, ...] = ()


def rejects(
    engine: Engine, entity: str = "", reason: str = "", load_id: int | None = None, show: bool = False
) -> "pl.DataFrame":
    """Every refused row that fits: load_id, source, entity, part, reason, row_json.

    `part` is the file or table it came from ('' where one part is all there is), `row_json` the row as its
    mapping gave it.

    Parameters
    ----------
    entity : only rows of this one
    reason : only rows whose reason has this text in it, whatever its capitals
    load_id : only rows that this load refused
    show : the private columns, too

    Raises
    ------
    UnknownName : no such entity or load.
    WarehouseError : the warehouse is not loaded.
    """
    where, params = _where(engine, entity, reason, load_id)
    text = f"""SELECT load_id, source, entity, coalesce(part.label, '') AS part, reason, row_json
FROM (SELECT * FROM rejects WHERE {where}) AS r LEFT JOIN (SELECT part_key, label FROM part) AS part USING (part_key)
ORDER BY ALL"""
    frame = engine.frame(Query(text, params))
    if show:
        return frame
    private = _private(engine)
    rows = frame.select("source", "entity", "row_json").iter_rows()
    masked = [_masked(row, private.get((source, entity), frozenset())) for source, entity, row in rows]
    import polars as pl

    return frame.with_columns(pl.Series("row_json", masked, dtype=pl.String))


def reject_groups(
    engine: Engine,
    entity: str = "",
    reason: str = "",
    load_id: int | None = None,
    samples: int = 2,
    show: bool = False,
) -> tuple[RejectGroup, ...]:
    """The refused rows by source, entity and reason, the most rows first, each with up to `samples` of them.

    The other arguments and errors are those of `rejects`.  Long values are cut in the samples.
    """
    where, params = _where(engine, entity, reason, load_id)
    private: Private = {} if show else _private(engine)
    found: dict[tuple[str, str, str], list[str]] = {}
    place = "row_number() OVER (PARTITION BY source, entity, reason ORDER BY load_id DESC, row_json)"
    text = (
        f"SELECT source, entity, reason, row_json FROM rejects WHERE {where} QUALIFY {place} <= $samples ORDER BY ALL"
    )
    for key in engine.rows(text, {**params, "samples": samples}):
        source, name, why, row = map(str, key)
        hidden = None if show else private.get((source, name), frozenset())
        found.setdefault((source, name, why), []).append(_sample(row, hidden))
    counted = engine.rows(
        "SELECT source, entity, reason, count(*), min(load_id), max(load_id) FROM rejects "
        f"WHERE {where} GROUP BY ALL ORDER BY 4 DESC, 1, 2, 3",
        params,
    )
    return tuple(
        RejectGroup(
            source=str(source),
            entity=str(name),
            reason=str(why),
            rows=int(str(rows)),
            first_load=int(str(first)),
            last_load=int(str(last)),
            samples=tuple(found.get((str(source), str(name), str(why)), ())),
        )
        for source, name, why, rows, first, last in counted
    )


def _where(engine: Engine, entity: str, reason: str, load_id: int | None) -> tuple[str, dict[str, Value]]:
    """The condition of a question as SQL, and the values bound in it."""
    if not {"rejects", "part"} <= engine.tables():
        raise WarehouseError("the warehouse is not loaded yet, or by an earlier version; run: crm load")
    conditions: list[str] = []
    params: dict[str, Value] = {}
    if entity:
        known = {str(name) for (name,) in engine.rows("SELECT DISTINCT entity FROM rejects")} | ENTITIES.keys()
        if entity not in known:
            raise UnknownName("rejects", "entity", entity, known)
        conditions.append("entity = $entity")
        params["entity"] = entity
    if reason:
        conditions.append("contains(lower(reason), lower($reason))")
        params["reason"] = reason
    if load_id is not None:
        loads = [int(str(load)) for (load,) in engine.rows("SELECT DISTINCT load_id FROM loads ORDER BY 1 DESC")]
        if load_id not in loads:
            raise WarehouseError(f"there is no load {load_id}; the last one is {max(loads, default=0)}")
        conditions.append("load_id = $load_id")
        params["load_id"] = load_id
    return " AND ".join(conditions) or "TRUE", params


def _private(engine: Engine) -> Private:
    """The columns of each source and entity whose name, or any of whose values, tells who somebody is."""
    value = "field.value->>'$'"
    found = engine.rows(
        f"""SELECT r.source, r.entity, field.key, bool_or({looks_private_sql(value)})
FROM rejects AS r, json_each(CASE WHEN json_valid(row_json) THEN row_json END) AS field
GROUP BY ALL"""
    )
    private: dict[tuple[str, str], set[str]] = {}
    for source, entity, column, looks in found:
        if looks or is_private(str(column)) or column == RAW_LINE:
            private.setdefault((str(source), str(entity)), set()).add(str(column))
    return {key: frozenset(columns) for key, columns in private.items()}


def _masked(row: str, private: frozenset[str]) -> str:
    """The row with a mask in the place of private values; a text that is no JSON object is hidden whole."""
    fields = _fields(row)
    if fields is None:
        return MASK
    hidden = {name: MASK if name in private and value is not None else value for name, value in fields.items()}
    return json.dumps(hidden, ensure_ascii=False)


def _sample(row: str, private: frozenset[str] | None) -> str:
    """The row for a screen: nothing private unless `private` is None, no long value, no sign that moves a cursor."""
    told = row if private is None else _masked(row, private)
    fields = _fields(told)
    text = _cut(told) if fields is None else json.dumps({n: _cut(v) for n, v in fields.items()}, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
    return _cut(json.dumps(value, ensure_ascii=False)) if isinstance(value, dict | list) else value


def _fields(row: str) -> dict[str, Any] | None:
    try:
        found = json.loads(row)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
