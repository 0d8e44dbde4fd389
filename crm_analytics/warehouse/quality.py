"""What a reader must know of the data before believing a report: loads, rejects, unknown members, gaps.

May import: sql, engines, warehouse.*.   Imported by: pipeline.
"""

from crm_analytics.engines import Engine
from crm_analytics.sql import Query, ident, literal
from crm_analytics.warehouse.tables import ENTITIES, FACTS

IN_STAR = "\n  UNION ALL\n".join(
    f"  SELECT {literal(e.name)} AS entity, source, count(*) AS rows FROM {e.table} WHERE source <> '' GROUP BY source"
    for e in ENTITIES.values()
)

# What the star and its rejects hold, not what the last load read: that may have been one new file of many.
HELD = Query(f"""WITH in_star AS (  -- one entity of one source
{IN_STAR}
),
refused AS (
  SELECT entity, source, count(*) AS rows FROM rejects GROUP BY entity, source
),
last_read AS (  -- one part, as it was last read
  SELECT entity, source, rows_rounded
  FROM part JOIN part_load USING (part_key)
  QUALIFY row_number() OVER (PARTITION BY part_key ORDER BY load_id DESC) = 1
),
rounded AS (
  SELECT entity, source, CAST(sum(rows_rounded) AS BIGINT) AS rows FROM last_read GROUP BY entity, source
)
SELECT
  source,
  entity,
  coalesce(in_star.rows, 0) + coalesce(refused.rows, 0) AS rows_read,
  coalesce(in_star.rows, 0) AS rows_loaded,
  coalesce(refused.rows, 0) AS rows_rejected,
  coalesce(rounded.rows, 0) AS rounded
FROM in_star
FULL JOIN refused USING (entity, source)
LEFT JOIN rounded USING (entity, source)
ORDER BY source, rows_read DESC, entity""")

REJECTS = Query("""SELECT entity, reason, count(*) AS rows
FROM rejects GROUP BY entity, reason ORDER BY rows DESC, entity, reason""")

# What it means for a reader when a kind of fact was never brought.
ABSENT = {
    "consent": "The sources bring no consents: nobody in these lists is known to have agreed to be contacted.",
    "deal": "The sources bring no deals, so nothing is said of deals won or lost.",
    "contact": "The sources bring no contacts, so nothing is said of what customers were sent.",
    "response": "The sources bring no responses, so nothing is said of what campaigns achieved.",
}


def notes(engine: Engine) -> tuple[str, ...]:
    """Gaps worth a sentence: kinds of facts that are absent, customers of whom only the id is known."""
    said = []
    for member, sentence in ABSENT.items():
        ((rows,),) = engine.rows(f"SELECT count(*) FROM {FACTS[member].table}")
        if not rows:
            said.append(sentence)
    attributes = [c for c in engine.columns("dim_customer") if c not in ("customer_key", "customer_id", "source")]
    filled = f"coalesce({', '.join(f'CAST({ident(c)} AS VARCHAR)' for c in attributes)}) IS NOT NULL"
    ((bare, every),) = engine.rows(
        f"SELECT count(*) FILTER (WHERE NOT ({filled})), count(*) FROM dim_customer WHERE customer_key > 0"
    )
    if bare:
        said.append(f"Of {int(str(bare)):,} of the {int(str(every)):,} customers only the id is known.")
    return tuple(said)
