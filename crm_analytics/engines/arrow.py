"""Rows as libraries hand them to each other.

May import: nothing.   Imported by: engines, engines.duckdb, warehouse.readers.*.
"""

from typing import Protocol


class ArrowRows(Protocol):
    """A table, or a stream that can be read once: of Polars, pandas, Arrow or a database driver.

    Source: the Arrow PyCapsule interface, arrow.apache.org/docs/format/CDataInterface.
    """

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...
