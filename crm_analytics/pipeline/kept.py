"""Tables that the models leave in the warehouse for reports to read: `mined_<name>`, each with its `as_of`.

May import: errors, sql, engines, olap.   Imported by: pipeline.*.
"""

from datetime import date

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.olap.rollup_log import forget
from crm_analytics.sql import Query, ident

PREFIX = "mined_"


def keep(engine: Engine, name: str, frame: pl.DataFrame, as_of: date) -> None:
    """Put `frame` in place of what was kept under this name; `row_no` remembers its order, which a table does not."""
    forget(engine, PREFIX + name)
    engine.write_frame(PREFIX + name, frame.with_columns(as_of=pl.lit(as_of)).with_row_index("row_no", offset=1))


def kept(engine: Engine, name: str) -> Query | None:
    """The statement that reads a kept table in its order, or None where that step has not run."""
    table = PREFIX + name
    text = f"SELECT * EXCLUDE (row_no) FROM {ident(table)} ORDER BY row_no"
    return Query(text) if table in engine.tables() else None
