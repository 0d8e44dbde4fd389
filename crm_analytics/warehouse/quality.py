"""What a reader must know of the data before believing a report: loads, rejects, unknown members, gaps.

May import: sql, engines, warehouse.*.   Imported by: pipeline.
"""

from crm_analytics.engines import Engine
from crm_analytics.sql import Query, ident
from crm_analytics.warehouse.tables import FACTS

LAST_LOADS = Query("""SELECT source, entity, rows_read, rows_loaded, rows_rejected, rows_rounded AS rounded
FROM loads
QUALIFY row_number() OVER (PARTITION BY source, entity ORDER BY load_id DESC) = 1
ORDER BY source, rows_read DESC""")

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
