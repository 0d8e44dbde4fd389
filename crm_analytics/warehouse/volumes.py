"""How many rows the last load of an entity brought, beside the loads before it.

May import: sql, engines.   Imported by: warehouse.verdicts.
"""

from dataclasses import dataclass

from crm_analytics.engines import Engine
from crm_analytics.sql import Query

LOADS = """WITH load AS (  -- what one load read of one source
  SELECT source, load_id, sum(rows_read) AS rows,
    row_number() OVER (PARTITION BY source ORDER BY load_id DESC) AS place
  FROM loads
  WHERE entity = $entity
  GROUP BY source, load_id
)
SELECT
  source,
  max(load_id) AS last_load,
  max(rows) FILTER (WHERE place = 1) AS rows,
  median(rows) FILTER (WHERE place BETWEEN 2 AND 1 + $of_last) AS usual_rows
FROM load
GROUP BY source
ORDER BY source"""


@dataclass(frozen=True, slots=True)
class Volume:
    """What the last load of one source brought.  `median` is that of the loads before; None: there are none."""

    source: str
    load_id: int
    rows: int
    median: float | None


@dataclass(frozen=True, slots=True)
class Volumes:
    """The volumes of one entity by source, and the statement that gave them."""

    each: tuple[Volume, ...]
    query: Query


def volumes(engine: Engine, entity: str, of_last: int) -> Volumes:
    """Rows of the last load of each source, and the median of up to `of_last` loads before it."""
    query = Query(LOADS, {"entity": entity, "of_last": of_last})
    found = [
        Volume(str(source), int(str(load)), int(str(rows)), None if usual is None else float(str(usual)))
        for source, load, rows, usual in engine.rows(query.text, query.params)
    ]
    return Volumes(tuple(found), query)
