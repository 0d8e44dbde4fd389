"""Keep customers under a name: those behind a cell, or a list of ids.

May import: periods, engines, warehouse, features, olap.   Imported by: project.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from crm_analytics.engines import Engine
from crm_analytics.features.coverage import last_day
from crm_analytics.olap.drill import Customers
from crm_analytics.warehouse import segments


def save_segment(engine: Engine, name: str, customers: Customers | Sequence[str], replace: bool) -> int:
    """Keep them with the day after the last sale as their `as_of`, and the question that they come from.

    Gives their number.
    """
    ids, come_from = (customers.ids, customers.provenance) if isinstance(customers, Customers) else (customers, ())
    last = last_day(engine)  # None where there are contacts and no sales
    segment = segments.Segment(name, datetime.now(), last and last + timedelta(days=1), *come_from)
    return segments.save_segment(engine, segment, ids, replace=replace)
