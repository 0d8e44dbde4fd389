"""A dimension as it was known before a day: what a model may see of attributes that change.

Read as it is today, an attribute tells what happened after the day: who is a gold
customer now bought much since.  Where a history is kept, its version of the last day
before `as_of` is read.

May import: config, engines, sql.   Imported by: features.{customers,purchases}.
"""

from datetime import date

from crm_analytics.config import HISTORY_COLUMNS
from crm_analytics.engines import Engine
from crm_analytics.sql import Query, ident


def as_known(engine: Engine, dimension: str, as_of: date) -> Query:
    """The relation to read instead of `dimension` in a statement that looks back from `as_of`.

    Attributes without a history, and dimensions without one, are those of today.
    """
    history = f"{dimension}_history"
    if history not in engine.tables():
        return Query(ident(dimension))
    key = f"{dimension.removeprefix('dim_')}_key"
    own = {key, *HISTORY_COLUMNS}
    known = engine.columns(dimension)
    tracked = ", ".join(
        f"h.{ident(name)} AS {ident(name)}" for name in engine.columns(history) if name in known and name not in own
    )
    return Query(
        f"(SELECT d.* REPLACE ({tracked}) FROM {ident(dimension)} AS d INNER JOIN {ident(history)} AS h "
        f"ON h.{ident(key)} = d.{ident(key)} AND h.valid_from < $known_on AND $known_on <= h.valid_to)",
        {"known_on": as_of},
    )
