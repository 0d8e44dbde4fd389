"""Scores, kept as rows (`fct_score`) and as attributes to slice a cube by (`dim_score`).

Yesterday's scores come back through these tables, never inside the call that
made them.

May import: sql, arrays, engines, warehouse.calendar.   Imported by: warehouse.load, project.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from crm_analytics.arrays import Scores
from crm_analytics.engines import Engine
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.calendar import reach

FCT_SCORE = """CREATE TABLE IF NOT EXISTS fct_score (
  run_id VARCHAR, as_of DATE, date_key INTEGER, model VARCHAR, score_name VARCHAR,
  customer_key INTEGER, value DOUBLE, label VARCHAR)"""

# The attributes of dim_score.  They exist before the first scoring, so that a cube can always name them.
NUMBERS = {
    "r_score": "INTEGER",
    "f_score": "INTEGER",
    "m_score": "INTEGER",
    "segment_no": "INTEGER",
    "p_alive": "DOUBLE",
    "bg_nbd_orders_90d": "DOUBLE",
    "bg_nbd_spend_90d": "DOUBLE",
    "expected_order_value": "DOUBLE",
    "churn_risk": "DOUBLE",
    "churn_decile": "INTEGER",
    "offer_score": "DOUBLE",
    "priority_rank": "INTEGER",
}
TEXTS = ("rfm_class", "segment", "next_offer", "next_offer_kind", "next_offer_reason")


def save_scores(engine: Engine, run_id: str, as_of: date, scores: Sequence[Scores]) -> int:
    """Write the scores of one run in place of any earlier one of the same models and date; gives the rows written."""
    engine.execute(FCT_SCORE)
    frame = pl.concat([_long(s) for s in scores])
    engine.write_frame("new_score", frame)
    models = ", ".join(literal(s.model) for s in scores)
    engine.execute(f"DELETE FROM fct_score WHERE as_of = $as_of AND model IN ({models})", {"as_of": as_of})
    engine.execute(
        """INSERT INTO fct_score
SELECT $run_id, $as_of, CAST(strftime($as_of, '%Y%m%d') AS INTEGER), n.model, n.score_name, c.customer_key,
  n.value, n.label
FROM new_score n JOIN dim_customer c ON c.customer_id = n.customer_id
ORDER BY n.model, n.score_name, c.customer_key""",
        {"run_id": run_id, "as_of": as_of},
    )
    engine.execute("DROP TABLE new_score")
    reach(engine, as_of)
    renew_dim_score(engine)
    count = f"SELECT count(*) FROM fct_score WHERE as_of = $as_of AND model IN ({models})"
    ((written,),) = engine.rows(count, {"as_of": as_of})
    return int(str(written))


def renew_dim_score(engine: Engine) -> None:
    """Lay the latest score of each kind beside each customer; a customer never scored has none."""
    engine.execute(FCT_SCORE)
    # Scores of customers that a load has dropped speak of nobody.
    engine.execute("DELETE FROM fct_score WHERE customer_key NOT IN (SELECT customer_key FROM dim_customer)")
    columns = [f"CAST(max(value) FILTER (WHERE {_is(n)}) AS {kind}) AS {ident(n)}" for n, kind in NUMBERS.items()]
    columns += [f"max(label) FILTER (WHERE {_is(n)}) AS {ident(n)}" for n in TEXTS]
    engine.execute(f"""CREATE OR REPLACE TABLE dim_score AS
WITH latest AS (
  SELECT s.* FROM fct_score s
  JOIN (SELECT model, max(as_of) AS as_of FROM fct_score GROUP BY model) m ON m.model = s.model AND m.as_of = s.as_of
)
SELECT c.customer_key, {", ".join(columns)}
FROM dim_customer c LEFT JOIN latest s ON s.customer_key = c.customer_key
GROUP BY c.customer_key
ORDER BY c.customer_key""")


def _is(score_name: str) -> str:
    return f"score_name = {literal(score_name)}"


def _long(scores: Scores) -> pl.DataFrame:
    """One row a score and customer."""
    ids = pl.Series("customer_id", scores.customer_id, dtype=pl.String)
    parts = [
        pl.DataFrame(
            {"customer_id": ids, "value": values, "label": pl.Series([None] * len(ids), dtype=pl.String)}
        ).with_columns(score_name=pl.lit(name))
        for name, values in scores.values.items()
    ]
    parts += [
        pl.DataFrame(
            {
                "customer_id": ids,
                "value": pl.Series([None] * len(ids), dtype=pl.Float64),
                "label": pl.Series("label", labels, dtype=pl.String),
            }
        ).with_columns(score_name=pl.lit(name))
        for name, labels in scores.labels.items()
    ]
    return pl.concat(parts).with_columns(model=pl.lit(scores.model))
