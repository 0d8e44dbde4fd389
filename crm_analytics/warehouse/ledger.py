"""What the loads left behind: one row a load and entity, and every row that was refused.

May import: sql, engines.   Imported by: warehouse.staging, warehouse.kept, warehouse.repeats, warehouse.load.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm_analytics.engines import Engine
from crm_analytics.sql import ident

TABLES = (
    """CREATE TABLE IF NOT EXISTS loads (
  load_id INTEGER, loaded_at TIMESTAMP, source VARCHAR, entity VARCHAR,
  rows_read BIGINT, rows_loaded BIGINT, rows_rejected BIGINT, rows_rounded BIGINT, seconds DOUBLE)""",
    """CREATE TABLE IF NOT EXISTS rejects (
  load_id INTEGER, source VARCHAR, entity VARCHAR, reason VARCHAR, row_json VARCHAR)""",
)

# How the reason of a row begins that breaks nothing but stands there again.
REPEATS = "repeats the key"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityLoad:
    """What became of one entity of one source: every row read is loaded or rejected."""

    source: str
    entity: str
    rows_read: int
    rows_loaded: int
    rows_rejected: int
    rows_rounded: int
    seconds: float


def begin(engine: Engine, sources: Sequence[str] | None) -> int:
    """The id of the load that starts now; what was refused of these sources (None: of all) before is forgotten."""
    for table in TABLES:
        engine.execute(table)
    if sources is None:
        engine.execute("DELETE FROM rejects")
    for source in sources or ():
        engine.execute("DELETE FROM rejects WHERE source = $source", {"source": source})
    ((last,),) = engine.rows("SELECT coalesce(max(load_id), 0) FROM loads")
    return int(str(last)) + 1


def row_json(row: str, kinds: Mapping[str, str]) -> str:
    """SQL for the columns `kinds` (name to type) of the relation called `row`, as one JSON text."""
    return f"CAST(to_json(struct_pack({', '.join(_field(row, n, k) for n, k in kinds.items())})) AS VARCHAR)"


def _field(row: str, name: str, kind: str) -> str:
    value = f"{row}.{ident(name)}"
    if kind in ("DOUBLE", "FLOAT"):  # JSON has no word for not-a-number and infinity; they are kept as texts
        value = f"CASE WHEN isfinite({value}) THEN to_json({value}) ELSE to_json(CAST({value} AS VARCHAR)) END"
    return f"{ident(name)} := {value}"


def reject(engine: Engine, load_id: int, source: str, entity: str, rows: str) -> None:
    """Keep the rows of a SELECT that gives `_reason` and `_row`."""
    engine.execute(
        "INSERT INTO rejects SELECT $load_id, $source, $entity, _reason, _row "
        f"FROM ({rows}) WHERE _reason IS NOT NULL ORDER BY _reason, _row",
        {"load_id": load_id, "source": source, "entity": entity},
    )


def record(engine: Engine, load_id: int, at: datetime, done: EntityLoad) -> None:
    """Write one row of the load log."""
    engine.execute(
        "INSERT INTO loads VALUES ($load_id, $at, $source, $entity, $read, $loaded, $rejected, $rounded, $seconds)",
        {
            "load_id": load_id,
            "at": at,
            "source": done.source,
            "entity": done.entity,
            "read": done.rows_read,
            "loaded": done.rows_loaded,
            "rejected": done.rows_rejected,
            "rounded": done.rows_rounded,
            "seconds": done.seconds,
        },
    )
