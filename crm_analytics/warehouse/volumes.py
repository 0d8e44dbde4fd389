"""How many rows the last load of an entity brought, beside the loads before it.

Counted a part, which is a file, a table or a whole mapping: a load may read one
file or, where everything is loaded anew, a thousand.  What was taken back does not count.

May import: sql, engines.   Imported by: warehouse.verdicts.
"""

from dataclasses import dataclass

from crm_analytics.engines import Engine
from crm_analytics.sql import Query

LOADS = """WITH load AS (  -- what one load read of one source, a part
  SELECT source, load_id, sum(rows_read) / sum(parts) AS rows,
    row_number() OVER (PARTITION BY source ORDER BY load_id DESC) AS place
  FROM loads
  WHERE entity = $entity AND parts > 0 AND undone_at IS NULL
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
    """What the last load of one source brought, in rows a part.  `median` is that of the loads before, if any."""

    source: str
    load_id: int
    rows: float
    median: float | None


@dataclass(frozen=True, slots=True)
class Volumes:
    """The volumes of one entity by source, and the statement that gave them."""

    each: tuple[Volume, ...]
    query: Query


def volumes(engine: Engine, entity: str, of_last: int) -> Volumes:
    """Rows a part of the last load of each source, and the median of up to `of_last` loads before it."""
    query = Query(LOADS, {"entity": entity, "of_last": of_last})
    found = [
        Volume(str(source), int(str(load)), float(str(rows)), None if usual is None else float(str(usual)))
        for source, load, rows, usual in engine.rows(query.text, query.params)
    ]
    return Volumes(tuple(found), query)
