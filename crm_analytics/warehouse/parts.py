"""Parts: what a load reads anew and what it can leave alone.

A part is the rows that one file or table, or one whole mapping, brings for one
entity of one source.  The star is what all parts say together, so a load that
reads only the parts that changed ends where a load of everything would.

    part       which parts there are
    part_load  what each load read of them: its hash, its columns, its counts
    piece      raw files as they were last seen, so that one that was not touched is not even hashed
    part_plan  which entities of a source come piece by piece, and which column tells the newest row

May import: engines, sql, warehouse.tables.   Imported by: warehouse.delivery, warehouse.load, warehouse.undo.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crm_analytics.engines import Engine
from crm_analytics.sql import literal
from crm_analytics.warehouse.tables import Entity

TABLES = (
    "CREATE TABLE IF NOT EXISTS part (part_key INTEGER, source VARCHAR, entity VARCHAR, label VARCHAR)",
    """CREATE TABLE IF NOT EXISTS part_load (
  load_id INTEGER, part_key INTEGER, content_hash VARCHAR, mapping_hash VARCHAR, columns VARCHAR,
  rows_read BIGINT, rows_rounded BIGINT, watermark TIMESTAMP)""",
    """CREATE TABLE IF NOT EXISTS piece (
  source VARCHAR, raw VARCHAR, label VARCHAR, stamp VARCHAR, content_hash VARCHAR)""",
    "CREATE TABLE IF NOT EXISTS part_plan (source VARCHAR, entity VARCHAR, newest VARCHAR)",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part as it was last loaded.  `label` is '' where one part is all that a source brings for an entity."""

    key: int
    source: str
    entity: str
    label: str
    content_hash: str
    mapping_hash: str
    columns: Mapping[str, str]
    watermark: datetime | None


def make_tables(engine: Engine) -> None:
    """Make the tables of parts where they are not yet there."""
    for table in TABLES:
        engine.execute(table)


def known_parts(engine: Engine) -> dict[tuple[str, str, str], Part]:
    """Every part that has rows in the star, by source, entity and label."""
    found = engine.rows(
        "SELECT p.part_key, p.source, p.entity, p.label, l.content_hash, l.mapping_hash, l.columns, l.watermark "
        "FROM part p JOIN part_load l ON l.part_key = p.part_key "
        "QUALIFY row_number() OVER (PARTITION BY p.part_key ORDER BY l.load_id DESC) = 1 ORDER BY p.part_key"
    )
    parts = [
        Part(
            key=int(str(key)),
            source=str(source),
            entity=str(entity),
            label=str(label),
            content_hash=str(content),
            mapping_hash=str(mapping),
            columns=json.loads(str(columns)),
            watermark=mark if isinstance(mark, datetime) else None,
        )
        for key, source, entity, label, content, mapping, columns, mark in found
        if columns is not None
    ]
    return {(p.source, p.entity, p.label): p for p in parts}


def part_keys(engine: Engine) -> dict[tuple[str, str, str], int]:
    """The number of every part there ever was, by source, entity and label."""
    found = engine.rows("SELECT source, entity, label, part_key FROM part")
    return {(str(source), str(entity), str(label)): int(str(key)) for source, entity, label, key in found}


def part_key(engine: Engine, keys: dict[tuple[str, str, str], int], source: str, entity: str, label: str) -> int:
    """The number of a part, from `keys`; a new one gets the next and is added there too."""
    if (source, entity, label) not in keys:
        keys[source, entity, label] = key = max(keys.values(), default=0) + 1
        engine.execute(
            "INSERT INTO part VALUES ($key, $source, $entity, $label)",
            {"key": key, "source": source, "entity": entity, "label": label},
        )
    return keys[source, entity, label]


def extras_of(engine: Engine, entity: Entity) -> dict[str, str]:
    """The attributes beyond the contract that the loaded parts of an entity bring, with a type that holds them all."""
    kinds: dict[str, list[str]] = {}
    contract = {c.name for c in entity.columns}
    for part in known_parts(engine).values():
        if part.entity == entity.name:
            for name, kind in part.columns.items():
                if name not in contract and kind not in kinds.setdefault(name, []):
                    kinds[name].append(kind)
    return {name: common_type(engine, kinds[name]) for name in sorted(kinds)}


def common_type(engine: Engine, kinds: list[str]) -> str:
    """The type that DuckDB gives a column in which these meet."""
    if len(kinds) == 1:
        return kinds[0]
    union = " UNION ALL ".join(f"SELECT CAST(NULL AS {kind}) AS v" for kind in kinds)
    return engine.columns(f"({union})")["v"]


def record_part(
    engine: Engine, load_id: int, part: Part, rows_read: int, rows_rounded: int, *, gone: bool = False
) -> None:
    """Write down what a load read of a part; of one that is `gone` that there is nothing any more."""
    engine.execute(
        "INSERT INTO part_load VALUES ($load, $part, $content, $mapping, $columns, $read, $rounded, $mark)",
        {
            "load": load_id,
            "part": part.key,
            "content": part.content_hash,
            "mapping": part.mapping_hash,
            "columns": None if gone else json.dumps(dict(part.columns)),
            "read": rows_read,
            "rounded": rows_rounded,
            "mark": part.watermark,
        },
    )


def finish_part(engine: Engine, load_id: int, part: Part, rows_read: int, rows_rounded: int) -> None:
    """Add to what `record_part` wrote what is known once the rows are read."""
    engine.execute(
        "UPDATE part_load SET rows_read = $read, rows_rounded = $rounded, watermark = $mark "
        "WHERE load_id = $load AND part_key = $part",
        {"read": rows_read, "rounded": rows_rounded, "mark": part.watermark, "load": load_id, "part": part.key},
    )


def seen_pieces(engine: Engine, source: str) -> dict[tuple[str, str], tuple[str, str]]:
    """Stamp and hash of each raw file of a source when it was last looked at, by raw name and label."""
    found = engine.rows("SELECT raw, label, stamp, content_hash FROM piece WHERE source = $source", {"source": source})
    return {(str(raw), str(label)): (str(stamp), str(content)) for raw, label, stamp, content in found}


def remember_pieces(engine: Engine, source: str, seen: Mapping[tuple[str, str], tuple[str, str]]) -> None:
    """Write down how the raw files of a source look now."""
    engine.execute("DELETE FROM piece WHERE source = $source", {"source": source})
    rows = [f"({', '.join(literal(v) for v in (source, *name, *state))})" for name, state in sorted(seen.items())]
    if rows:
        engine.execute(f"INSERT INTO piece VALUES {', '.join(rows)}")


def newest_of(engine: Engine, entity: str) -> dict[str, str]:
    """By source that brings an entity piece by piece: the column that tells the newest row, or ''."""
    found = engine.rows(
        "SELECT source, newest FROM part_plan WHERE entity = $entity ORDER BY source", {"entity": entity}
    )
    return {str(source): str(newest) for source, newest in found}


def remember_newest(engine: Engine, source: str, newest: Mapping[str, str]) -> None:
    """Write down of each entity that a source brings piece by piece which column tells the newest row.

    A load of one source must know it of the others too: their rows may come to the front.
    """
    engine.execute("DELETE FROM part_plan WHERE source = $source", {"source": source})
    for entity, column in newest.items():
        engine.execute(
            "INSERT INTO part_plan VALUES ($source, $entity, $newest)",
            {"source": source, "entity": entity, "newest": column},
        )
