"""`crm plan` and `crm export`: from scores to the priority list, and from the list to a file.

May import: errors, wholefile, config, sql, engines, warehouse, features, campaigns, exports.   Imported by: project.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, time
from pathlib import Path

import numpy as np
import polars as pl

from crm_analytics.arrays import Scores
from crm_analytics.campaigns.consent import Register, check_rule
from crm_analytics.campaigns.priority import PriorityInputs, priority_list
from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import WarehouseError
from crm_analytics.exports import TARGETS, Write
from crm_analytics.exports.door import Exported, export_list
from crm_analytics.features.customers import customer_features, preferences
from crm_analytics.features.margin import margin_share
from crm_analytics.mining.expected_value import expected_spend
from crm_analytics.pipeline.kept import keep, kept
from crm_analytics.sql import Query
from crm_analytics.warehouse.consent_chain import head
from crm_analytics.warehouse.consents import consent_state, keeps_consents
from crm_analytics.warehouse.erasure.log import PSEUDONYM
from crm_analytics.warehouse.scores import TEXTS, save_scores
from crm_analytics.wholefile import made, whole

LIST = "priority_list"
FILES = ("csv", "parquet")


def plan(engine: Engine, config: ProjectConfig, as_of: date, files: Mapping[Path, Write]) -> pl.DataFrame:
    """Rank the customers scored as of a day; keep the list in the warehouse and write it to the files.

    Raises
    ------
    WarehouseError : nothing is scored as of that day.
    """
    check_rule(config.consent, keeps_consents(engine))
    listed = priority_list(
        PriorityInputs(
            # Models may learn from what a pseudonym bought; there is nobody to contact.
            scored=_scored(engine, as_of).filter(~pl.col("customer_id").str.starts_with(PSEUDONYM)),
            preferences=preferences(engine, as_of),
            consents=consent_state(engine, datetime.combine(as_of, time.min), config.marketing_purpose),
            rule=config.consent,
            currency=config.currency,
            margin_share=margin_share(engine, as_of),
        )
    )
    ranks = Scores(
        model="priority",
        as_of=as_of,
        customer_id=listed["customer_id"].to_numpy().astype(object),
        values={"priority_rank": listed["rank"].to_numpy().astype(np.float64)},
    )
    for file, write in files.items():
        made(file.parent)
        write(listed, file)
    with engine.transaction():
        keep(engine, LIST, listed, as_of)
        save_scores(engine, f"{as_of:%Y%m%d}", as_of, [ranks])
    return listed


@contextmanager
def list_files(output: Path) -> Iterator[dict[Path, Write]]:
    """The files for `plan` to write; they take their places below `output` when the block ends well."""
    with ExitStack() as files:
        yield {
            files.enter_context(whole(output / f"{LIST}{ending}")): write
            for ending, write in (TARGETS[t] for t in FILES)
        }


def export(engine: Engine, config: ProjectConfig, target: str, folder: Path, now: datetime) -> Exported:
    """Write the kept list for a campaign tool, after looking at every consent once more, as of `now`.

    Raises
    ------
    WarehouseError : there is no list yet.
    """
    query = kept(engine, LIST)
    if query is None:
        raise WarehouseError("there is no priority list yet; run: crm plan")
    listed = engine.frame(query)
    as_of = listed["as_of"][0]
    register = Register(
        words=consent_state(engine, now, config.marketing_purpose), rule=config.consent, kept=keeps_consents(engine)
    )
    # Whoever keeps the manifest keeps a head of the ledger by which it can be verified later.
    ledger = head(engine)
    about = {
        "project": config.name,
        "as_of": str(as_of),
        "consents_as_of": now.isoformat(sep=" ", timespec="seconds"),
        "consent_ledger_entries": f"{ledger.entries}",
        "consent_ledger_head": ledger.hash,
    }
    return export_list(listed.drop("as_of"), register, target, folder, about)


def _scored(engine: Engine, as_of: date) -> pl.DataFrame:
    """All scores of one day, one row a customer and one column a score, with what the list is ranked by.

    Customers whom a later load brought have no scores yet and are left out.
    """
    long = engine.frame(
        Query(
            """SELECT c.customer_id, s.score_name, s.value, s.label
FROM fct_score s JOIN dim_customer c ON c.customer_key = s.customer_key
WHERE s.as_of = $as_of AND s.model <> 'priority'""",
            {"as_of": as_of},
        )
    )
    if long.is_empty():
        raise WarehouseError(f"nothing is scored as of {as_of}; run: crm score --as-of {as_of}")
    is_text = pl.col("score_name").is_in(TEXTS)
    values = long.filter(~is_text).pivot("score_name", index="customer_id", values="value")
    labels = long.filter(is_text).pivot("score_name", index="customer_id", values="label")
    features = customer_features(engine, as_of)
    known = pl.DataFrame(
        {
            "customer_id": pl.Series(features.customer_id, dtype=pl.String),
            "days_since_last_order": features["days_since_last_order"],
        }
    )
    scored = known.join(values, on="customer_id", how="left", maintain_order="left")
    scored = scored.join(labels, on="customer_id", how="left", maintain_order="left")
    if "churn_risk" not in scored.columns:
        return scored  # the list will say which scores it lacks
    forecast = expected_spend(features, scored["churn_risk"].cast(pl.Float64).fill_null(np.nan).to_numpy())
    return scored.with_columns(expected_spend_90d=forecast).filter(pl.col("churn_risk").is_not_null())
