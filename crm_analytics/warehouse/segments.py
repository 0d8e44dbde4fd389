"""Saved segments: lists of customers under a name, and the dimension that a cube can slice them by.

What is kept is the list as it was saved, by `customer_id`, with the question and
the statement it came from; a load does not change it.  `dim_segment` and
`bridge_customer_segment` are written anew from it at each save and load, so that
they speak of the customers that the star has today.

May import: errors, sql, engines.   Imported by: warehouse.load, project.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError, UnknownName, shortened
from crm_analytics.sql import Query

TABLES = (
    """CREATE TABLE IF NOT EXISTS segment (
  segment VARCHAR, customers BIGINT, saved_at TIMESTAMP, as_of DATE, question VARCHAR, sql VARCHAR)""",
    "CREATE TABLE IF NOT EXISTS segment_member (segment VARCHAR, customer_id VARCHAR)",
)
LONGEST_NAME = 60

_COLUMNS: dict[str, pl.DataType] = {
    "segment": pl.String(),
    "customers": pl.Int64(),
    "saved_at": pl.Datetime("us"),
    "as_of": pl.Date(),
    "question": pl.String(),
    "sql": pl.String(),
}
_NAME = re.compile(r"[a-z][a-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Segment:
    """A name for customers, and where they came from; `as_of` is the first day that the data said nothing about."""

    name: str
    saved_at: datetime
    as_of: date | None
    question: str = ""
    sql: str = ""


def save_segment(engine: Engine, segment: Segment, customer_ids: Sequence[str], *, replace: bool = False) -> int:
    """Keep these customers under the segment's name; gives their number, each counted once.

    Raises
    ------
    DataError : the name cannot be one, is taken and `replace` is not said, or an id is of no customer.
    """
    _check_name(segment.name)
    _tables(engine)
    taken = engine.rows("SELECT saved_at, customers FROM segment WHERE segment = $name", {"name": segment.name})
    if taken and not replace:
        at, customers = taken[0]
        raise DataError(
            f"segment {segment.name!r}: there is one already, saved {at} with {customers:,} customers; "
            "say replace to write over it, or choose another name"
        )
    ids = list(dict.fromkeys(customer_ids))
    with engine.transaction():
        engine.write_frame("new_member", pl.DataFrame({"customer_id": pl.Series(ids, dtype=pl.String)}))
        _check_known(engine, segment.name)
        _forget(engine, segment.name)
        engine.execute(
            "INSERT INTO segment VALUES ($name, $customers, $saved_at, $as_of, $question, $sql)",
            {
                "name": segment.name,
                "customers": len(ids),
                "saved_at": segment.saved_at,
                "as_of": segment.as_of,
                "question": segment.question,
                "sql": segment.sql,
            },
        )
        engine.execute(
            "INSERT INTO segment_member SELECT $name, customer_id FROM new_member ORDER BY customer_id",
            {"name": segment.name},
        )
        engine.execute("DROP TABLE new_member")
        renew_dim_segment(engine)
    return len(ids)


def delete_segment(engine: Engine, name: str) -> None:
    """Forget one segment.

    Raises
    ------
    UnknownName : there is none of that name.
    """
    _must_be(engine, name)
    with engine.transaction():
        _forget(engine, name)
        renew_dim_segment(engine)


def segments(engine: Engine) -> pl.DataFrame:
    """One row a segment, by name: how many customers, when it was saved, as of which day, from which question."""
    if "segment" not in engine.tables():
        return pl.DataFrame(schema=_COLUMNS)
    return engine.frame(Query(f"SELECT {', '.join(_COLUMNS)} FROM segment ORDER BY segment"))


def members(engine: Engine, name: str) -> pl.DataFrame:
    """The customers of one segment as they were saved: `customer_id`, sorted.

    Raises
    ------
    UnknownName : there is none of that name.
    """
    _must_be(engine, name)
    text = "SELECT customer_id FROM segment_member WHERE segment = $name ORDER BY customer_id"
    return engine.frame(Query(text, {"name": name}))


def renew_dim_segment(engine: Engine) -> None:
    """Write the dimension and its bridge to customers; one that a load has dropped is in the list and not in these."""
    _tables(engine)
    engine.execute("""CREATE OR REPLACE TABLE dim_segment AS
SELECT CAST(row_number() OVER (ORDER BY segment) AS INTEGER) AS segment_key, segment, saved_at, as_of FROM segment
UNION ALL SELECT 0, NULL, NULL, NULL
ORDER BY segment_key""")
    engine.execute("""CREATE OR REPLACE TABLE bridge_customer_segment AS
SELECT c.customer_key, s.segment_key
FROM segment_member m JOIN dim_segment s ON s.segment = m.segment JOIN dim_customer c ON c.customer_id = m.customer_id
ORDER BY customer_key, segment_key""")


def _tables(engine: Engine) -> None:
    for table in TABLES:
        engine.execute(table)


def _forget(engine: Engine, name: str) -> None:
    for table in ("segment", "segment_member"):
        engine.execute(f"DELETE FROM {table} WHERE segment = $name", {"name": name})


def _must_be(engine: Engine, name: str) -> None:
    known = segments(engine)["segment"].to_list()
    if name not in known:
        raise UnknownName("segments", "segment", name, known)


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise DataError(
            f"segment {name!r} cannot be called so: small letters, digits, _ and - only, a letter first, "
            f"at most {LONGEST_NAME} of them"
        )


def _check_known(engine: Engine, name: str) -> None:
    strangers = engine.rows("SELECT customer_id FROM new_member ANTI JOIN dim_customer USING (customer_id) ORDER BY 1")
    if strangers:
        shown = shortened(repr(row[0]) for row in strangers)
        raise DataError(f"segment {name!r}: the warehouse has no such customer: {shown}")
