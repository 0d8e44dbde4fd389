"""JSON lines: one object a line.

DuckDB's reader stops at a line that is not JSON, or loses it where it is told to
go on.  A file that it would stop at is put into a temporary table line by line
instead, where each line is judged by itself.

May import: sql, engines, warehouse.raw, warehouse.readers.*.   Imported by: warehouse.readers.entry.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.sql import literal
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.files import Files, listed, path_of
from crm_analytics.warehouse.readers.jsonl_columns import columns_sql, narrowest_sql, parsed_sql, plain_type, together
from crm_analytics.warehouse.readers.temporary import drop
from crm_analytics.warehouse.readers.text import MARK, marked_encoding, utf8_blocks

# DuckDB's own limit for an object.
LONGEST_LINE = 16_000_000
BATCH_BYTES = 8_000_000


@dataclass(slots=True)
class _Seen:
    """What is known of files, each as it was at its stamp.

    Attributes
    ----------
    plain   : files that DuckDB reads to their ends
    by_line : files whose lines are in the table, with their keys and types
    columns : keys and types of plain files that were looked at together
    """

    plain: dict[Path, str] = field(default_factory=dict)
    by_line: dict[Path, tuple[str, Mapping[str, str]]] = field(default_factory=dict)
    columns: dict[tuple[tuple[Path, str], ...], Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines(Files):
    """Files of JSON lines under one name."""

    _seen: _Seen = field(default_factory=_Seen, init=False, repr=False, compare=False)

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        if not self._seen.by_line:
            drop(engine, [self._lines])  # of a load that was broken off
        odd = [piece for piece in pieces if self._is_by_line(piece)]
        plain = [piece for piece in pieces if piece not in odd]
        columns = self._columns(engine, plain)
        if columns is None:
            # Some of them cannot be read, or all of them not together.
            alone = [piece for piece in plain if self._columns(engine, [piece]) is None]
            plain = [piece for piece in plain if piece not in alone]
            columns = self._columns(engine, plain)
            alone += plain if columns is None else []
            plain = [] if columns is None else plain
            odd += alone
        for piece in odd:
            if not self._is_by_line(piece):
                self._put_lines(engine, piece)
                self._seen.by_line[path_of(piece)] = self.stamp(piece), self._columns_of_lines(engine, piece)
        return self._select(plain, odd, together([columns or {}, *(self._seen.by_line[path_of(p)][1] for p in odd)]))

    def _select(self, plain: Sequence[Piece], odd: Sequence[Piece], columns: Mapping[str, str]) -> str:
        parts = []
        if plain:
            objects = f"read_ndjson_objects({listed(map(path_of, plain))})"
            parts.append(f"SELECT {parsed_sql(columns, 'json')} FROM {objects}")
        if odd:
            labels = ", ".join(literal(piece.label) for piece in odd)
            lines = f"{self._lines} WHERE good AND label IN ({labels})"
            parts.append(f"SELECT {parsed_sql(columns, 'CAST(line_text AS JSON)')} FROM {lines}")
        return f"SELECT {columns_sql(columns)} FROM ({' UNION ALL '.join(parts)})"

    def _is_by_line(self, piece: Piece) -> bool:
        known = self._seen.by_line.get(path_of(piece))
        return known is not None and known[0] == self.stamp(piece)

    def _columns(self, engine: Engine, pieces: Sequence[Piece]) -> Mapping[str, str] | None:
        """Keys and types as DuckDB sees them; None where it would stop at some line, or changes a key."""
        if not pieces:
            return {}
        key = tuple((path_of(piece), self.stamp(piece)) for piece in pieces)
        if key in self._seen.columns:
            return self._seen.columns[key]
        if any(marked_encoding(path) for path, _ in key):
            return None
        # All lines are looked at: a late text among numbers must not stop the file.
        options = "sample_size = -1, records = true, map_inference_threshold = -1, union_by_name = true"
        found = engine.columns_of_files(f"read_ndjson({listed(path for path, _ in key)}, {options})")
        if found is None or _renamed(found):
            return None
        columns = self._seen.columns[key] = {name: plain_type(kind) for name, kind in found.items()}
        return columns

    def misread(self, engine: Engine) -> str:
        if self._lines not in engine.tables():
            return ""
        return (
            "SELECT label AS _label, line AS _line, reason AS _reason, "
            f"CAST(to_json({{line: line_text}}) AS VARCHAR) AS _row FROM {self._lines} WHERE NOT good"
        )

    def close(self, engine: Engine) -> None:
        drop(engine, [self._lines])
        self._seen.by_line.clear()

    @property
    def _lines(self) -> str:
        return f"_lines_{self.tag}"

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
        texts = {key: "VARCHAR" for key, kind in kinds.items() if kind in ("BIGINT", "UBIGINT", "VARCHAR")}
        if texts:
            values = parsed_sql(texts, "CAST(line_text AS JSON)")
            listed_ = ", ".join(narrowest_sql(f"_texts[{i}]", kinds[key]) for i, key in enumerate(texts, start=1))
            (narrow,) = engine.rows(f"SELECT {listed_} FROM (SELECT {values} {good})")
            kinds |= {key: str(kind) for key, kind in zip(texts, narrow, strict=True)}
        return {key: plain_type(kind) for key, kind in kinds.items()}


def _renamed(names: Collection[str]) -> bool:
    """Whether DuckDB may have changed a key: `id` and `ID` come back as id and ID_1."""
    lower = {name.lower() for name in names}
    return any(re.sub(r"_\d+$", "", name) in lower - {name} for name in lower)


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
