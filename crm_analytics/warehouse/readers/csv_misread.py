"""The lines of CSV files that could not be made a row, in one temporary table a raw.

Some come from `csv_mend`.  The others, those with a wrong number of fields, are
kept by DuckDB's reader: into tables that `read_csv` names, several errors a line,
all of them again each time the statement is run, and counted in records, not in
lines.  `collect` makes them one row a line.

May import: engines, warehouse.readers.csv_mend, warehouse.readers.text.
Imported by: warehouse.readers.csv, warehouse.readers.csv_copies.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np
import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.warehouse.readers.csv_mend import Broken
from crm_analytics.warehouse.readers.text import open_bytes

BLOCK = 4_000_000
BATCH_LINES = 20_000


@dataclass(frozen=True, slots=True)
class Misread:
    """The table of one raw; `tag` sets it apart from those of others."""

    tag: str
    _labels: dict[str, str] = field(default_factory=dict)

    def options(self, labels: Mapping[Path, str]) -> str:
        """What makes `read_csv` keep the lines of some files; `labels` says which piece each file is of."""
        self._labels.update({str(path): label for path, label in labels.items()})
        return f"store_rejects = true, rejects_table = '{self._kept}', rejects_scan = '{self._files}'"

    def add(self, engine: Engine, label: str, lines: Iterator[Broken]) -> None:
        """Put in the broken lines of a piece, in place of those that it had before."""
        self._make(engine)
        engine.execute(f"DELETE FROM {self._table} WHERE _label = $label", {"label": label})
        while batch := list(islice(lines, BATCH_LINES)):
            rows = [json.dumps({"line": broken.text}, ensure_ascii=False) for broken in batch]
            frame = pl.DataFrame(
                {
                    "_label": label,
                    "_line": [broken.line for broken in batch],
                    "_reason": [broken.reason for broken in batch],
                    "_row": rows,
                },
                schema_overrides={"_line": pl.Int64},
            )
            engine.append(self._table, frame)

    def collect(self, engine: Engine) -> str:
        """A SELECT of all lines so far; '' where there are none."""
        tables = engine.tables()
        if self._kept in tables:
            self._take_kept(engine)
        elif self._table not in tables:
            return ""
        return f"SELECT _label, _line, _reason, _row FROM {self._table}"

    def close(self, engine: Engine) -> None:
        """Drop the tables."""
        for table in (self._table, self._kept, self._files, self._places):
            engine.execute(f"DROP TABLE IF EXISTS {table}")
        self._labels.clear()

    def _take_kept(self, engine: Engine) -> None:
        """Move what DuckDB kept; a line that was moved before, when the statement was run before, is there already."""
        self._make(engine)
        self._number_lines(engine)
        engine.execute(
            f"INSERT INTO {self._table} BY NAME "
            "SELECT p.label AS _label, p.line AS _line, "
            f"'has ' || any_value(CASE WHEN k.error_type LIKE 'MISSING%' THEN 'fewer' ELSE 'more' END || ' than ' || "
            "regexp_extract(k.error_message, 'Columns: (\\d+)', 1) || ' fields') AS _reason, "
            "CAST(to_json({line: any_value(k.line)}) AS VARCHAR) AS _row "
            f"FROM ({self._told()}) k JOIN {self._places} p ON p.path = k.file_path AND p.place = k.place "
            f"ANTI JOIN {self._table} m ON m._label = p.label AND m._line = p.line GROUP BY p.label, p.line"
        )
        for table in (self._kept, self._files, self._places):
            engine.execute(f"DELETE FROM {table}")

    def _number_lines(self, engine: Engine) -> None:
        """Say for each place in a file where a kept line begins which line of which piece it is."""
        engine.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {self._places} (path VARCHAR, label VARCHAR, place BIGINT, line BIGINT)"
        )
        by_file: dict[str, list[int]] = {}
        for path, place in engine.rows(f"SELECT DISTINCT file_path, place FROM ({self._told()}) ORDER BY ALL"):
            by_file.setdefault(str(path), []).append(int(str(place)))
        for path, places in by_file.items():
            lines = line_numbers(Path(path), places)
            label = self._labels[path]
            engine.append(self._places, pl.DataFrame({"path": path, "label": label, "place": places, "line": lines}))

    def _told(self) -> str:
        """What DuckDB kept.  Where lines end in two signs, one may begin with the second sign of the line before."""
        return (
            "SELECT f.file_path, k.line_byte_position + length(k.csv_line) - length(ltrim(k.csv_line, E'\\r\\n')) "
            "AS place, trim(k.csv_line, E'\\r\\n') AS line, k.error_type, k.error_message "
            f"FROM {self._kept} k JOIN {self._files} f ON f.scan_id = k.scan_id AND f.file_id = k.file_id"
        )

    def _make(self, engine: Engine) -> None:
        columns = "_label VARCHAR, _line BIGINT, _reason VARCHAR, _row VARCHAR"
        engine.execute(f"CREATE TEMP TABLE IF NOT EXISTS {self._table} ({columns})")

    @property
    def _table(self) -> str:
        return f"_misread_{self.tag}"

    @property
    def _kept(self) -> str:
        return f"_kept_{self.tag}"

    @property
    def _files(self) -> str:
        return f"_files_{self.tag}"

    @property
    def _places(self) -> str:
        return f"_places_{self.tag}"


def line_numbers(path: Path, places: Sequence[int]) -> list[int]:
    """The line that begins at each place of a file, both counted from 1; the places ascend."""
    wanted, lines = np.asarray(places, dtype=np.int64) - 1, np.ones(len(places), dtype=np.int64)
    start = 0
    with open_bytes(path) as file:
        while block := file.read(BLOCK):
            ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + start
            start += len(block)
            first, last = np.searchsorted(wanted, [start - len(block), start])
            lines[first:last] += np.searchsorted(ends, wanted[first:last])
            lines[last:] += len(ends)
    return [int(line) for line in lines]
