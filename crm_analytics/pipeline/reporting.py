"""`crm report`: ask the cubes and the kept tables, hand the answers to the report.

The report itself asks nothing; every question it shows is put here.

May import: wholefile, config, engines, sql, warehouse, olap, features, reports, pipeline.*.   Imported by: project.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import WarehouseError
from crm_analytics.features.coverage import NO_SALES
from crm_analytics.features.margin import margin_share
from crm_analytics.mining.lifetime_value import HORIZON_DAYS
from crm_analytics.olap.browse import browse
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.pipeline import interactions
from crm_analytics.pipeline.expected import expectations
from crm_analytics.pipeline.kept import kept
from crm_analytics.reports.html import render
from crm_analytics.reports.inputs import OverviewInputs, Sourced
from crm_analytics.reports.overview import overview
from crm_analytics.sql import Query, literal
from crm_analytics.warehouse.quality import HELD, REJECTS, notes
from crm_analytics.warehouse.tables import FACTS
from crm_analytics.wholefile import made, whole

HEAD = 25


def write_report(engine: Engine, model: Model, config: ProjectConfig, data: Path, output: Path, today: date) -> Path:
    """Write `report.html`, whole or not at all, and give its path.

    `data` is the folder of the sources and of quality.yml; `today` is the day on which data has to be fresh.
    """
    page = render(overview(overview_inputs(engine, model, config, data, today)))
    made(output)
    path = output / "report.html"
    with whole(path) as part:
        part.write_text(page, encoding="utf-8")
    return path


def overview_inputs(engine: Engine, model: Model, config: ProjectConfig, data: Path, today: date) -> OverviewInputs:
    """Every frame of the overview; what was not computed yet is None, and the report says so."""
    last_day, headline = _headline(engine, model)
    next_day = last_day + timedelta(days=1)
    priority = _kept(engine, "priority_list", HEAD)
    return OverviewInputs(
        title=config.name,
        as_of=next_day,
        currency=config.currency,
        horizon_days=HORIZON_DAYS,
        last_month_incomplete=next_day.day != 1,
        headline=headline,
        promotions=_promotions(engine, model),
        by_month=_ask(engine, model, ("revenue", "customers", "orders"), ("date.month",)),
        departments=_departments(engine, model),
        deals=interactions.deals(engine, model),
        lost_reasons=interactions.lost_reasons(engine, model),
        contacts=interactions.contacts(engine, model),
        responses=interactions.responses(engine, model),
        rfm=_read(engine, _RFM),
        rfm_classes=_read(engine, _RFM_CLASSES),
        segments=_kept(engine, "segment_profile"),
        # Rules whose lift was counted again on later orders say more; before `crm evaluate` there are none.
        rules=_rules(engine, "rule_later") or _rules(engine, "rule"),
        evaluation=_kept(engine, "evaluation"),
        churn_calibration=_kept(engine, "calibration"),
        churn_lift=_kept(engine, "churn_lift"),
        priority=priority,
        consents=_consents(engine),
        value_is_margin=priority is not None and margin_share(engine, priority.frame["as_of"][0]) is not None,
        quality=_read(engine, HELD),
        unknown=_read(engine, _unknown()),
        rejects=_read(engine, REJECTS),
        expectations=expectations(engine, data, today),
        notes=notes(engine),
    )


# Spend is added up as money, not as DOUBLE: the same whichever thread adds first.
_RFM = Query("""SELECT r_score, f_score, count(*) AS customers, avg(spend) AS mean_spend
FROM dim_score s
JOIN (SELECT customer_key, sum(revenue) AS spend FROM fct_sale
      WHERE sold_at < (SELECT max(as_of) FROM fct_score WHERE model = 'rfm') GROUP BY customer_key) b
  ON b.customer_key = s.customer_key
WHERE r_score IS NOT NULL
GROUP BY r_score, f_score
ORDER BY r_score, f_score""")

_RFM_CLASSES = Query("""SELECT rfm_class, count(*) AS customers, sum(spend) AS spend
FROM dim_score s
JOIN (SELECT customer_key, sum(revenue) AS spend FROM fct_sale
      WHERE sold_at < (SELECT max(as_of) FROM fct_score WHERE model = 'rfm') GROUP BY customer_key) b
  ON b.customer_key = s.customer_key
WHERE rfm_class IS NOT NULL
GROUP BY rfm_class
ORDER BY spend DESC, rfm_class""")


def _headline(engine: Engine, model: Model) -> tuple[date, Sourced]:
    measures = ("revenue", "customers", "orders", "average_order_value", "first_sale", "last_sale")
    asked = _ask(engine, model, measures, ())
    if asked.frame["first_sale"][0] is None:
        raise WarehouseError(NO_SALES)
    frame = asked.frame.rename({"first_sale": "first_day", "last_sale": "last_day"}).with_columns(
        pl.col("first_day", "last_day").cast(pl.Date)
    )
    return frame["last_day"][0], Sourced(frame, asked.sql)


def _promotions(engine: Engine, model: Model) -> Sourced:
    asked = _ask(engine, model, ("promotions.placements",), ())
    return Sourced(asked.frame.select(pl.all().alias("promotions")), asked.sql)


def _departments(engine: Engine, model: Model) -> Sourced:
    query = CubeQuery("sales").measures("revenue", "customers", "orders").by("product.department")
    cells = browse(engine, model, query.sort("revenue", descending=True).with_totals())
    total = pl.col("revenue").filter(pl.col("total") != "").first()
    frame = cells.frame.with_columns(
        share=pl.col("revenue").cast(pl.Float64) / total.cast(pl.Float64), is_total=pl.col("total") != ""
    ).drop("total")
    return Sourced(frame, cells.sql)


def _ask(engine: Engine, model: Model, measures: Sequence[str], by: Sequence[str]) -> Sourced:
    cells = browse(engine, model, CubeQuery("sales").measures(*measures).by(*by))
    return Sourced(cells.frame, cells.sql)


def _consents(engine: Engine) -> Sourced | None:
    """What is known of consent on the whole list, of which the report shows only the head."""
    query = kept(engine, "priority_list")
    if query is None:
        return None
    counted = f"SELECT consent, count(*) AS customers\nFROM ({query.text})\nGROUP BY consent\nORDER BY consent"
    return _read(engine, Query(counted))


def _unknown() -> Query:
    """One row per reference that did not always resolve, the most rows first."""
    references = "\n  UNION ALL\n".join(
        f'  SELECT {literal(fact.table)} AS "table", {literal(column.name)} AS "column", '
        f"count(unresolved->>{literal('$.' + column.name)}) AS rows_unknown, count(*) AS rows FROM {fact.table}"
        for fact in FACTS.values()
        for column in fact.references
    )
    return Query(f"""WITH reference AS (  -- one column of a fact that names a member of a dimension
{references}
)
SELECT "table", "column", rows_unknown, rows_unknown / rows AS share
FROM reference
WHERE rows_unknown > 0
ORDER BY rows_unknown DESC, "table", "column"
""")


def _kept(engine: Engine, name: str, head: int | None = None) -> Sourced | None:
    """A kept table, or its first rows; None where that step has not run."""
    query = kept(engine, name)
    if query is None:
        return None
    return _read(engine, query if head is None else Query(f"{query.text} LIMIT {head}"))


def _rules(engine: Engine, name: str) -> Sourced | None:
    """The kept rules, of each pair of items the direction with the higher confidence: the other says the same."""
    query = kept(engine, name)
    if query is None:
        return None
    pair = "least(antecedents, consequents), greatest(antecedents, consequents)"
    place = f"row_number() OVER (PARTITION BY {pair} ORDER BY confidence DESC, antecedents)"
    return _read(engine, Query(f"SELECT * FROM ({query.text}) QUALIFY {place} = 1 ORDER BY lift DESC, antecedents"))


def _read(engine: Engine, query: Query) -> Sourced:
    return Sourced(engine.frame(query), query.text)
