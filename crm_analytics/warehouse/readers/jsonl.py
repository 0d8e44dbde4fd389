"""JSON lines: one object a line.

DuckDB's reader stops at a line that is not JSON, or loses it where it is told to
go on.  A file that it would stop at is put into a temporary table line by line
instead, where each line is judged by itself.

May import: errors, sql, engines, warehouse.raw, warehouse.readers.*.   Imported by: warehouse.readers.entry.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.sql import literal
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.files import Files, listed, path_of
from crm_analytics.warehouse.readers.jsonl_columns import columns_sql, parsed_sql, plain_type, together
from crm_analytics.warehouse.readers.text import MARK, marked_encoding, utf8_blocks

# DuckDB's own limit for an object.
LONGEST_LINE = 16_000_000
BATCH_BYTES = 8_000_000
LONGEST_WHOLE = 18  # digits that fit 64 bits


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is known of a file: its keys with their types, and whether its lines are in the table."""

    stamp: str
    columns: Mapping[str, str]
    by_line: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines(Files):
    """Files of JSON lines under one name."""

    _seen: dict[Path, _Seen] = field(default_factory=dict, init=False, repr=False, compare=False)

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        seen = [(piece, self._look(engine, piece)) for piece in pieces]
        columns = together(s.columns for _, s in seen)
        plain = [path_of(piece) for piece, s in seen if not s.by_line]
        odd = [piece for piece, s in seen if s.by_line]
        parts = []
        if plain:
            parts.append(f"SELECT {parsed_sql(columns, 'json')} FROM {_objects(plain)}")
        if odd:
            labels = ", ".join(literal(piece.label) for piece in odd)
            lines = f"{self._lines} WHERE good AND label IN ({labels})"
            parts.append(f"SELECT {parsed_sql(columns, 'CAST(line_text AS JSON)')} FROM {lines}")
        return f"SELECT {columns_sql(columns)} FROM ({' UNION ALL '.join(parts)})"

    def misread(self, engine: Engine) -> str:
        if self._lines not in engine.tables():
            return ""
        return (
            "SELECT label AS _label, line AS _line, reason AS _reason, "
            f"CAST(to_json({{line: line_text}}) AS VARCHAR) AS _row FROM {self._lines} WHERE NOT good"
        )

    def close(self, engine: Engine) -> None:
        engine.execute(f"DROP TABLE IF EXISTS {self._lines}")
        for path in [path for path, seen in self._seen.items() if seen.by_line]:
            del self._seen[path]

    @property
    def _lines(self) -> str:
        return f"_lines_{self.tag}"

    def _look(self, engine: Engine, piece: Piece) -> _Seen:
        path, stamp = path_of(piece), self.stamp(piece)
        if path in self._seen and self._seen[path].stamp == stamp:
            return self._seen[path]
        columns = _columns_of(engine, path)
        by_line = columns is None
        if columns is None:
            self._put_lines(engine, piece)
            columns = self._columns_of_lines(engine, piece)
        self._seen[path] = _Seen(stamp, columns, by_line)
        return self._seen[path]

    def _put_lines(self, engine: Engine, piece: Piece) -> None:
        """Put the lines of a piece into the table, each with what is wrong with it."""
        columns = "label VARCHAR, line BIGINT, line_text VARCHAR, reason VARCHAR, good BOOLEAN"
        engine.execute(f"CREATE TEMP TABLE IF NOT EXISTS {self._lines} ({columns})")
        engine.execute(f"DELETE FROM {self._lines} WHERE label = $label", {"label": piece.label})
        for batch in _batches(path_of(piece)):
            engine.append(self._lines, batch.with_columns(pl.lit(piece.label).alias("label")))
        # What DuckDB cannot walk through is nested over a hundred levels deep.
        engine.execute(
            f"UPDATE {self._lines} SET reason = CASE "
            "WHEN NOT json_valid(line_text) THEN 'is not JSON' "
            "WHEN json_type(line_text) NOT IN ('OBJECT', 'NULL') THEN 'is JSON, but no object' "
            "WHEN TRY(json_structure(line_text)) IS NULL THEN 'is nested too deep' END "
            "WHERE reason IS NULL AND label = $label",
            {"label": piece.label},
        )
        engine.execute(f"UPDATE {self._lines} SET good = reason IS NULL WHERE label = $label", {"label": piece.label})

    def _columns_of_lines(self, engine: Engine, piece: Piece) -> dict[str, str]:
        good = f"FROM {self._lines} WHERE good AND label = {literal(piece.label)}"
        ((structure,),) = engine.rows(f"SELECT CAST(json_group_structure(CAST(line_text AS JSON)) AS VARCHAR) {good}")
        found = json.loads(str(structure)) if structure else {}
        if not isinstance(found, dict):
            return {}
        kinds = {str(key): kind if isinstance(kind, str) else "JSON" for key, kind in found.items()}
        whole = [key for key, kind in kinds.items() if kind in ("BIGINT", "UBIGINT")]
        if whole:
            # Every whole number is told as UBIGINT, also those that do not fit BIGINT.
            longest = ", ".join(f"max(length(_texts[{i}]))" for i in range(1, len(whole) + 1))
            values = parsed_sql(dict.fromkeys(whole, "BIGINT"), "CAST(line_text AS JSON)")
            (lengths,) = engine.rows(f"SELECT {longest} FROM (SELECT {values} {good})")
            for key, length in zip(whole, lengths, strict=True):
                kinds[key] = "BIGINT" if length is None or int(str(length)) <= LONGEST_WHOLE else "VARCHAR"
        return {key: plain_type(kind) for key, kind in kinds.items()}


def _objects(paths: Sequence[Path]) -> str:
    return f"read_ndjson_objects({listed(paths)})"


def _columns_of(engine: Engine, path: Path) -> dict[str, str] | None:
    """Keys and types as DuckDB sees them; None where it would stop at some line, or changes a key."""
    if marked_encoding(path):
        return None
    try:
        # All lines are looked at: a late text among numbers must not stop the file.
        options = "sample_size = -1, records = true, map_inference_threshold = -1"
        found = engine.columns(f"read_ndjson({listed([path])}, {options})")
    except CrmError:
        return None
    # `id` and `ID` come back as id and ID_1; whether that is a key of its own, only the lines themselves tell.
    if any(re.search(r"_\d+$", name) for name in found):
        return None
    return {name: plain_type(kind) for name, kind in found.items()}


def _batches(path: Path) -> Iterator[pl.DataFrame]:
    """The lines that are not blank, some MB at a time, with the reason where one cannot be judged as JSON."""
    numbers: list[int] = []
    texts: list[str] = []
    reasons: list[str | None] = []
    size = 0
    for number, line in _numbered(path):
        reason = "is longer than 16 MB" if len(line) > LONGEST_LINE else "is not UTF-8 text" if MARK in line else None
        numbers.append(number)
        texts.append(line[:LONGEST_LINE].decode("utf-8", "replace"))
        reasons.append(reason)
        size += len(line)
        if size > BATCH_BYTES:
            yield _frame(numbers, texts, reasons)
            numbers, texts, reasons, size = [], [], [], 0
    if numbers:
        yield _frame(numbers, texts, reasons)


def _frame(numbers: list[int], texts: list[str], reasons: list[str | None]) -> pl.DataFrame:
    schema = {"line": pl.Int64, "line_text": pl.String, "reason": pl.String}
    return pl.DataFrame({"line": numbers, "line_text": texts, "reason": reasons}, schema=schema)


def _numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each line that is not blank with its number; of a very long one the beginning."""
    rest, number = b"", 1
    for block in chain(utf8_blocks(path, marked_encoding(path) or "utf-8"), [b"\n"]):
        *whole, last = block.split(b"\n")
        for line in whole:
            line = (rest + line).strip()
            if line:
                yield number, line
            rest, number = b"", number + 1
        rest = (rest + last)[: LONGEST_LINE + 1]
