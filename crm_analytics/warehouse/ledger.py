"""What the loads left behind: one row a load, source and entity, and every row that was refused.

May import: sql, engines.   Imported by: warehouse.*.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crm_analytics.engines import Engine
from crm_analytics.sql import Query, Value, ident, literal

TABLES = (
    """CREATE TABLE IF NOT EXISTS loads (
  load_id INTEGER, loaded_at TIMESTAMP, source VARCHAR, entity VARCHAR,
  rows_read BIGINT, rows_loaded BIGINT, rows_rejected BIGINT, rows_rounded BIGINT, seconds DOUBLE,
  rows_new BIGINT, rows_changed BIGINT, rows_removed BIGINT, parts INTEGER,
  content_hash VARCHAR, watermark TIMESTAMP, undone_at TIMESTAMP)""",
    """CREATE TABLE IF NOT EXISTS rejects (
  load_id INTEGER, part_key INTEGER, source VARCHAR, entity VARCHAR, reason VARCHAR, row_json VARCHAR)""",
)

EXACT_DIGITS = 15
_WIDE = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
# How the reason of a row begins that breaks nothing but stands there again, or is older than what is there.
REPEATS = "repeats the key"
OLDER = "an older version of"
LOST = f"(reason LIKE {literal(REPEATS + '%')} OR reason LIKE {literal(OLDER + '%')})"
# How it begins where a line of a file could not be made a row at all; no mapping has seen it.
MISREAD = "broken line"


LOADS = Query("""SELECT load_id, min(loaded_at) AS loaded_at,
  string_agg(DISTINCT source, ', ' ORDER BY source) AS sources, CAST(sum(parts) AS BIGINT) AS parts,
  CAST(sum(rows_read) AS BIGINT) AS rows_read, CAST(sum(rows_new) AS BIGINT) AS rows_new,
  CAST(sum(rows_changed) AS BIGINT) AS rows_changed, CAST(sum(rows_removed) AS BIGINT) AS rows_removed,
  CAST(sum(rows_rejected) AS BIGINT) AS rows_rejected, max(watermark) AS watermark,
  round(sum(seconds), 1) AS seconds, left(sha256(string_agg(content_hash, ',' ORDER BY source, entity)), 12) AS content,
  max(undone_at) AS undone_at
FROM loads GROUP BY load_id ORDER BY load_id DESC""")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityLoad:
    """What one load did for one entity of one source: every row read is loaded or rejected.

    Of the rows loaded some were there as they are; `rows_new`, `rows_changed` and
    `rows_removed` say what became different in the star.
    """

    source: str
    entity: str
    rows_read: int
    rows_loaded: int
    rows_rejected: int
    rows_rounded: int
    seconds: float
    rows_new: int = 0
    rows_changed: int = 0
    rows_removed: int = 0
    parts: int = 0
    content_hash: str = ""
    watermark: datetime | None = None


def begin(engine: Engine) -> int:
    """The id of the load that starts now."""
    for table in TABLES:
        engine.execute(table)
    ((last,),) = engine.rows("SELECT coalesce(max(load_id), 0) FROM loads")
    return int(str(last)) + 1


def row_json(row: str, kinds: Mapping[str, str], called: Mapping[str, str] | None = None) -> str:
    """SQL for the columns `kinds` (name to type) of the relation called `row`, as one JSON text.

    `called` says by which names the relation has them, where these are others.
    """
    names = called or {}
    fields = ", ".join(_field(name, f"{row}.{ident(names.get(name, name))}", kind) for name, kind in kinds.items())
    return f"CAST(to_json(struct_pack({fields})) AS VARCHAR)"


def _field(name: str, value: str, kind: str) -> str:
    if kind in ("DOUBLE", "FLOAT"):  # JSON has no word for not-a-number and infinity; they are kept as texts
        value = f"CASE WHEN isfinite({value}) THEN to_json({value}) ELSE to_json(CAST({value} AS VARCHAR)) END"
    elif wide := _WIDE.fullmatch(kind):  # a number of JSON is read back as a binary one, exact to 15 digits
        small = f"abs({value}) < 1e{EXACT_DIGITS - int(wide[2])}"
        if int(wide[1]) > EXACT_DIGITS:
            value = f"CASE WHEN {small} THEN to_json({value}) ELSE to_json(CAST({value} AS VARCHAR)) END"
    return f"{ident(name)} := {value}"


def reject(engine: Engine, load_id: int, entity: str, rows: str) -> None:
    """Keep the rows with a reason of a SELECT that gives `_reason`, `_row`, `source` and `part_key`."""
    engine.execute(
        "INSERT INTO rejects SELECT $load_id, part_key, source, $entity, _reason, _row "
        f"FROM ({rows}) WHERE _reason IS NOT NULL ORDER BY _reason, _row",
        {"load_id": load_id, "entity": entity},
    )


def record(engine: Engine, load_id: int, at: datetime, done: EntityLoad) -> None:
    """Write one row of the load log."""
    values: dict[str, Value] = {
        "load_id": load_id,
        "at": at,
        "source": done.source,
        "entity": done.entity,
        "read": done.rows_read,
        "loaded": done.rows_loaded,
        "rejected": done.rows_rejected,
        "rounded": done.rows_rounded,
        "seconds": done.seconds,
        "new": done.rows_new,
        "changed": done.rows_changed,
        "removed": done.rows_removed,
        "parts": done.parts,
        "content": done.content_hash,
        "mark": done.watermark,
    }
    engine.execute(f"INSERT INTO loads VALUES ({', '.join('$' + name for name in values)}, NULL)", values)
