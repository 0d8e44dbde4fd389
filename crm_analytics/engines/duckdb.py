"""DuckDB, the engine on this machine: the only file that imports duckdb.

Extensions are never fetched: what is not built in is reported, so that nothing
here can reach for the network.

May import: errors, sql, engines.arrow, engines.explain, engines.scans, engines.stoppable.
Imported by: engines (when a warehouse is opened).
"""

import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EDQUOT, EFBIG, ENOSPC, EROFS
from pathlib import Path
from typing import TypeVar

import duckdb
import polars as pl

from crm_analytics.engines.arrow import ArrowRows
from crm_analytics.engines.explain import drawn, measured_scans, planned_rows, planned_scans
from crm_analytics.engines.scans import PlanEstimate, Scan
from crm_analytics.engines.stoppable import Stoppable
from crm_analytics.errors import CannotWrite, CrmError, DataError, WarehouseError
from crm_analytics.sql import Query, Value, ident, literal

T = TypeVar("T")
Config = dict[str, str | bool | int | float | list[str]]

_HOLDER = re.compile(r"PID (\d+)")
_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
_CSV_FILE = re.compile(r"^\s*file = (.+)$", re.MULTILINE)
_NO_ROOM = "|".join(re.escape(os.strerror(number)) for number in (ENOSPC, EFBIG, EDQUOT, EROFS))
_UNWRITABLE = re.compile(rf'"([^"]+)": ({_NO_ROOM})')
_NO_ROOM_TO_SPILL = "max_temp_directory_size"
_CSV_WHY = re.compile(r"^(Expected Number|Value with|Invalid unicode|Maximum line size).*$", re.MULTILINE)


class DuckEngine:
    """One connection to one DuckDB file (or to memory, for tests)."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._con = connection
        self._stoppable = Stoppable(connection.interrupt)
        self.commits = 0

    @classmethod
    def open(
        cls, path: Path | None, *, read_only: bool = False, memory_limit: str = "2GB", threads: int | None = None
    ) -> "DuckEngine":
        """Open `path`, or memory where it is None.

        Raises
        ------
        WarehouseError : the file is held by another process, is not a DuckDB file, or cannot be written.
        """
        config: Config = {
            "memory_limit": memory_limit,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            # Row order is always asked for where it matters; keeping the file's order costs memory on big loads.
            "preserve_insertion_order": False,
        }
        if threads:
            config["threads"] = threads
        try:
            connection = _connected(path, read_only, config)
        except duckdb.Error as error:
            raise WarehouseError(_why_not_opened(path, error)) from None
        connection.execute("SET TimeZone = 'UTC'")
        return cls(connection)

    def frame(self, query: Query) -> pl.DataFrame:
        frame: pl.DataFrame = self._run(lambda: self._con.sql(query.text, params=dict(query.params)).pl())
        return frame

    def cells(self, query: Query) -> pl.DataFrame:
        return self._run(lambda: self._planned_once(query))

    def rows(self, text: str, params: Mapping[str, Value] | None = None) -> list[tuple[Value, ...]]:
        return self._run(lambda: self._con.execute(text, dict(params or {})).fetchall())

    def execute(self, text: str, params: Mapping[str, Value] | None = None) -> None:
        self.rows(text, params)

    def write_frame(self, table: str, frame: pl.DataFrame) -> None:
        self._run(lambda: self._take(f"CREATE OR REPLACE TABLE {ident(table)} AS SELECT * FROM _frame", frame))

    def append(self, table: str, rows: ArrowRows) -> None:
        # A stream can be read only once, so whether the table is there is asked first.
        known = self.rows("SELECT 1 FROM duckdb_tables() WHERE temporary AND table_name = $table", {"table": table})
        into = f"INSERT INTO {ident(table)} BY NAME" if known else f"CREATE TEMP TABLE {ident(table)} AS"
        self._run(lambda: self._take(f"{into} SELECT * FROM _frame", rows))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        # Everything stands within the block: Ctrl-C may be heard right after any of it.
        try:
            self.execute("BEGIN TRANSACTION")
            yield
            self._to_the_end("COMMIT")
            self.commits += 1
        except BaseException:
            # A statement that failed may have ended the transaction; there is nothing left to undo then.
            with suppress(CrmError):
                self._to_the_end("ROLLBACK")
            raise

    def tables(self) -> frozenset[str]:
        return frozenset(str(name) for (name,) in self.rows("SELECT table_name FROM duckdb_tables()"))

    def columns(self, relation: str) -> dict[str, str]:
        return {str(row[0]): str(row[1]) for row in self.rows(f"DESCRIBE SELECT * FROM {relation}")}

    def columns_of_files(self, relation: str) -> dict[str, str] | None:
        try:
            found = self._run(lambda: self._beside(f"DESCRIBE SELECT * FROM {relation}"))
        except (DataError, WarehouseError):
            return None
        return {str(row[0]): str(row[1]) for row in found}

    def estimate(self, query: Query) -> PlanEstimate:
        ((_, plan),) = self.rows(f"EXPLAIN (FORMAT json) {query.text}", query.params)
        sizes = self.rows("SELECT table_name, estimated_size FROM duckdb_tables()")
        scans = planned_scans(str(plan), {str(name): int(str(size)) for name, size in sizes})
        return PlanEstimate(scans, planned_rows(str(plan)), drawn(str(plan)))

    def scans(self, query: Query) -> tuple[Scan, ...]:
        ((_, plan),) = self.rows(f"EXPLAIN (ANALYZE, FORMAT json) {query.text}", query.params)
        return measured_scans(str(plan))

    def close(self) -> None:
        self._stoppable.close()
        self._con.close()

    def _run(self, call: Callable[[], T]) -> T:
        with _translated():
            return self._stoppable.run(call)

    def _to_the_end(self, text: str) -> None:
        """Run for its effect; Ctrl-C waits until it is done."""
        with _translated():
            self._stoppable.finish(lambda: self._con.execute(text).fetchall())

    def _planned_once(self, query: Query) -> pl.DataFrame:
        # A relation binds its statement to learn its columns, and again when it runs: a quarter of the time of a
        # question to 5,000 rows.  DuckDB warns that this way copies the rows once more; those of an answer are few.
        self._con.execute(query.text, dict(query.params))
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Arrow output on a DB-API result")
            return pl.DataFrame(self._con.to_arrow_table())

    def _beside(self, text: str) -> list[tuple[Value, ...]]:
        with self._con.cursor() as cursor:
            return cursor.execute(text).fetchall()

    def _take(self, text: str, rows: ArrowRows) -> None:
        """Run a statement that reads `rows` as `_frame`."""
        self._con.register("_frame", rows)
        try:
            self._con.execute(text).fetchall()
        finally:
            self._con.unregister("_frame")


def _connected(path: Path | None, read_only: bool, config: Config) -> duckdb.DuckDBPyConnection:
    if path is None or not read_only:
        return duckdb.connect(":memory:" if path is None else str(path), config=config)
    # Attached: a second connection to a path would be given what this process has open there already, and that may
    # be a file that another one has replaced.
    connection = duckdb.connect(":memory:", config={**config, "temp_directory": f"{path}.tmp"})
    try:
        connection.execute(f"ATTACH {literal(str(path))} AS warehouse (READ_ONLY)")
        connection.execute("USE warehouse")
    except duckdb.Error:
        connection.close()
        raise
    return connection


@contextmanager
def _translated() -> Iterator[None]:
    """DuckDB's errors as ours: the first line says what is wrong, the rest draws the statement."""
    try:
        yield
    except duckdb.Error as error:
        raise _ours(error) from None


def _ours(error: duckdb.Error) -> CrmError:
    if unwritable := _UNWRITABLE.search(str(error)):
        return CannotWrite(f"{unwritable[1]}: cannot be written: {unwritable[2]}")
    if isinstance(error, duckdb.OutOfMemoryException) and _NO_ROOM_TO_SPILL in str(error):
        return CannotWrite("the disk has no room for what does not fit into memory_limit (crm.yml)")
    if isinstance(error, duckdb.OutOfMemoryException):
        return WarehouseError(f"{_first_line(error)} Raise memory_limit in crm.yml.")
    return (WarehouseError if isinstance(error, duckdb.IOException) else DataError)(_first_line(error))


def _first_line(error: Exception) -> str:
    """DuckDB's own sentence and its hint, without the picture of the statement."""
    if csv := _CSV_FILE.search(str(error)):
        return _broken_csv(csv[1], str(error))
    lines = [line.strip() for line in str(error).splitlines()]
    kept = [line for line in lines if line and not line.startswith(("LINE ", "^"))]
    return " ".join(kept[:3])


def _broken_csv(file: str, text: str) -> str:
    """Which line of which file, and why; without the line itself, which may be private."""
    line, why = _CSV_LINE.search(text), _CSV_WHY.search(text)
    where = f"{file}:{line[1]}" if line else file
    return f"{where}: broken CSV: {why[0] if why else 'its lines end in different ways, or a quote is not closed'}"


def _why_not_opened(path: Path | None, error: duckdb.Error) -> str:
    text = str(error)
    if "Conflicting lock" in text or "Could not set lock" in text:
        holder = _HOLDER.search(text)
        who = f"process {holder[1]}" if holder else "another process"
        return f"{path}: {who} is using this warehouse; wait until it has finished and try again"
    return f"{path}: {_first_line(error)}"
