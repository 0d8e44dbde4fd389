"""What part of revenue is margin, where the sources know costs.

May import: sql, engines.   Imported by: pipeline.
"""

from datetime import date

from crm_analytics.engines import Engine
from crm_analytics.sql import statement


def margin_share(engine: Engine, as_of: date) -> float | None:
    """Margin over revenue before `as_of`, above 0 and at most 1; None where no line has a cost.

    Also None where the company sells below cost: times a negative share, the best
    customers would rank last.
    """
    ((share,),) = engine.rows(statement("crm_analytics.features", "margin"), {"as_of": as_of})
    return float(str(share)) if share is not None and 0 < float(str(share)) <= 1 else None
