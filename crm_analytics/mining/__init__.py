"""Models: arrays in, arrays out.  One file a model, found by name in `MODELS`.

Each model is a function `score(inputs) -> Scores` in its own module.  The
modules are imported only when asked for, so that `import crm_analytics` does
not wait for scikit-learn.  `rules` and `evaluate` are no models of a customer:
they are called directly.

May import: errors, arrays.   Imported by: campaigns, reports, project.
"""

from collections.abc import Callable
from importlib import import_module

from crm_analytics.arrays import Scores
from crm_analytics.errors import UnknownName
from crm_analytics.mining.inputs import ModelInputs, Training

ScoreFunction = Callable[[ModelInputs], Scores]

MODELS = {
    "rfm": "crm_analytics.mining.rfm",
    "segments": "crm_analytics.mining.segments",
    "lifetime_value": "crm_analytics.mining.lifetime_value",
    "churn": "crm_analytics.mining.churn",
    "next_offer": "crm_analytics.mining.next_offer",
}

__all__ = ["MODELS", "ModelInputs", "Training", "model"]


def model(name: str) -> ScoreFunction:
    """The `score` function of a registered model.

    Raises
    ------
    UnknownName : no model of that name.
    """
    if name not in MODELS:
        raise UnknownName("mining", "model", name, MODELS)
    score: ScoreFunction = import_module(MODELS[name]).score
    return score
