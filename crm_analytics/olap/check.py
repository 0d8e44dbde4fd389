"""Hold the cubes to a warehouse: every table, column and fragment of SQL that they name must be there.

May import: engines, olap.bind, olap.model.   Imported by: project.
"""

from crm_analytics.engines import Engine
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.model import Model


def misfits(model: Model, engine: Engine) -> list[str]:
    """What the warehouse cannot answer of these cubes, one sentence each with file and line."""
    return list(bind_model(model, engine).problems())
