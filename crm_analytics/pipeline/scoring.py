"""`crm score`: features of today, models, scores back into the warehouse.

May import: errors, arrays, config, engines, warehouse, olap, features, mining.   Imported by: project.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from time import perf_counter

import polars as pl

from crm_analytics.arrays import Scores
from crm_analytics.config import ProjectConfig
from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError, UnknownName
from crm_analytics.features.coverage import must_cover, next_day
from crm_analytics.features.customers import customer_features
from crm_analytics.features.labels import labels
from crm_analytics.features.purchases import purchases
from crm_analytics.mining import MODELS, model
from crm_analytics.mining.inputs import ModelInputs, Training
from crm_analytics.mining.lifetime_value import HORIZON_DAYS
from crm_analytics.mining.rules import mine_rules
from crm_analytics.olap.rollup_log import forget
from crm_analytics.pipeline.kept import keep
from crm_analytics.warehouse.scores import save_scores

RULES = "rules"
LEARNS_FROM_OUTCOMES = "churn"
Say = Callable[[str], None]


def score(engine: Engine, config: ProjectConfig, as_of: date, names: Sequence[str], say: Say) -> int:
    """Run the models `names` (all and the rules where empty) as of a day; gives the number of scores kept.

    A model that refuses (too little history to learn from) does not keep the others
    from being kept; where it was asked for by name, its refusal is raised after.

    Raises
    ------
    UnknownName : no such model.
    DataError   : no customer had ordered by then, or every model asked for refused.
    """
    for name in names:
        if name not in MODELS and name != RULES:
            raise UnknownName("crm score", "model", name, [*MODELS, RULES])
    wanted = [name for name in MODELS if not names or name in names]
    if as_of > (known := next_day(engine)):
        say(f"note: the sales end before {known}; what customers did until {as_of} is not known")
    inputs = ModelInputs(
        features=customer_features(engine, as_of), purchases=purchases(engine, None, as_of, config.item)
    )
    scored: list[Scores] = []
    refused: list[CrmError] = []
    for name in wanted:
        started = perf_counter()
        try:
            if name == LEARNS_FROM_OUTCOMES:
                inputs = replace(inputs, training=training_before(engine, as_of))
            scored.append(model(name)(inputs))
        except CrmError as error:
            say(f"{name:<15} not scored: {error}")
            refused.append(error)
            continue
        say(f"{name:<15}{scored[-1].customer_id.size:>9,} customers scored   {perf_counter() - started:5.1f} s")
    kept = _keep(engine, as_of, scored, mine_rules(inputs.purchases) if not names or RULES in names else None, say)
    if refused and (names or not scored):
        raise refused[0]
    return kept


def _keep(engine: Engine, as_of: date, scored: Sequence[Scores], rules: pl.DataFrame | None, say: Say) -> int:
    with engine.transaction():
        for result in scored:
            for table, frame in result.tables.items():
                keep(engine, table, frame, as_of)
        if rules is not None:
            keep(engine, "rule", rules, as_of)
            say(f"{RULES:<15}{rules.height:>9,} rules mined")
        forget(engine, "fct_score", "dim_score")
        return save_scores(engine, f"{as_of:%Y%m%d}", as_of, scored) if scored else 0


def training_before(engine: Engine, as_of: date) -> Training:
    """A look back from one horizon before `as_of`, with what followed until `as_of`."""
    must_cover(engine, as_of)
    earlier = as_of - timedelta(days=HORIZON_DAYS)
    features = customer_features(engine, earlier)
    return Training(features=features, labels=labels(engine, earlier, HORIZON_DAYS, features.customer_id))
