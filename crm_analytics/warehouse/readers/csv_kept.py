"""The lines that DuckDB's reader keeps aside while it reads CSV files: those with a wrong number of fields.

DuckDB keeps them in tables that `read_csv` names: several errors a line, all of
them again each time the statement is run, counted in records and not in lines.
`move` makes them one row a line of `misread`.

May import: engines, warehouse.readers.{misread, temporary, text}.   Imported by: warehouse.readers.csv.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.warehouse.readers.misread import Misread
from crm_analytics.warehouse.readers.temporary import drop
from crm_analytics.warehouse.readers.text import open_bytes

BLOCK = 4_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """The tables of one raw; `tag` sets them apart from those of others."""

    tag: str
    _labels: dict[str, str] = field(default_factory=dict)

    def options(self, labels: Mapping[Path, str]) -> str:
        """What makes `read_csv` keep the lines of some files; `labels` says which piece each file is of."""
        self._labels.update({os.path.abspath(path): label for path, label in labels.items()})
        return f"store_rejects = true, rejects_table = '{self._kept}', rejects_scan = '{self._files}'"

    def move(self, engine: Engine) -> None:
        """Move what DuckDB kept so far; a line that was moved before, when the statement was run before, stays one."""
        if self._kept not in engine.tables() or engine.rows(f"SELECT EXISTS (SELECT * FROM {self._kept})") == [
            (False,)
        ]:
            return
        self._misread.make(engine)
        self._number_lines(engine)
        into = self._misread.table
        engine.execute(
            f"INSERT INTO {into} BY NAME SELECT p.label AS _label, p.line AS _line, "
            "'has ' || any_value(CASE WHEN k.error_type LIKE 'MISSING%' THEN 'fewer' ELSE 'more' END || ' than ' || "
            "regexp_extract(k.error_message, 'Columns: (\\d+)', 1) || ' fields') AS _reason, "
            "CAST(to_json({line: any_value(k.line)}) AS VARCHAR) AS _row "
            f"FROM ({self._told()}) k JOIN {self._places} p ON p.path = k.file_path AND p.place = k.place "
            f"ANTI JOIN {into} m ON m._label = p.label AND m._line = p.line GROUP BY p.label, p.line"
        )
        for table in (self._kept, self._files, self._places):
            engine.execute(f"DELETE FROM {table}")

    def close(self, engine: Engine) -> None:
        """Drop the tables."""
        drop(engine, (self._kept, self._files, self._places))
        self._labels.clear()

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

    @property
    def _misread(self) -> Misread:
        return Misread(self.tag)

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
