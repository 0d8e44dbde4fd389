"""What runs SQL: the `Engine` protocol and how to open one.

Not a query layer: an engine takes finished statements and gives back frames.
DuckDB is the only engine today; a distributed one gets a file of its own and
runs the same statements.

May import: errors, sql, engines.arrow, engines.scans.   Imported by: warehouse, olap, features, project.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crm_analytics.engines.arrow import ArrowRows
from crm_analytics.engines.scans import PlanEstimate, Scan
from crm_analytics.sql import Query, Value

if TYPE_CHECKING:  # Polars takes 0.2 s to import; `crm --help` must not pay for it
    import polars as pl


class Engine(Protocol):
    """An open warehouse.

    Every method raises `CrmError` with one sentence, never the driver's own error.
    Ctrl-C stops what runs, raises `KeyboardInterrupt`, and the next call is answered.
    `commits` counts the transactions that came to their end.
    """

    commits: int

    def frame(self, query: Query) -> "pl.DataFrame":
        """Run and return all rows as a Polars frame."""

    def cells(self, query: Query) -> "pl.DataFrame":
        """The same for few rows, sooner: planned once, not twice, at the price of one more copy of the rows."""

    def rows(self, text: str, params: Mapping[str, Value] | None = None) -> list[tuple[Value, ...]]:
        """Run and return all rows as Python tuples; for the few-row questions of checks and loads."""

    def execute(self, text: str, params: Mapping[str, Value] | None = None) -> None:
        """Run for its effect."""

    def write_frame(self, table: str, frame: "pl.DataFrame") -> None:
        """Create or replace `table` with the rows of `frame`."""

    def append(self, table: str, rows: ArrowRows) -> None:
        """Put rows at the end of the temporary `table`, by the names of their columns; makes the table at first."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing: commits at the end of the block, rolls back on any error."""

    def tables(self) -> frozenset[str]:
        """The names of the tables that exist."""

    def columns(self, relation: str) -> dict[str, str]:
        """Column name to type of a table, view or parenthesised SELECT, without running it."""

    def columns_of_files(self, relation: str) -> dict[str, str] | None:
        """The same for a relation of files alone; None where they cannot be read so.

        Looked at beside the transaction that runs, which such an error would end.
        """

    def estimate(self, query: Query) -> PlanEstimate:
        """How the statement would be run.  It is planned, not run."""

    def scans(self, query: Query) -> tuple[Scan, ...]:
        """Run, let go of the answer, and tell what was read."""

    def close(self) -> None:
        """Let go of the file."""


def connect(path: Path, *, read_only: bool = False, memory_limit: str = "2GB", threads: int | None = None) -> Engine:
    """Open the warehouse file at `path` on DuckDB; creates it unless `read_only`."""
    from crm_analytics.engines.duckdb import DuckEngine

    return DuckEngine.open(path, read_only=read_only, memory_limit=memory_limit, threads=threads)
