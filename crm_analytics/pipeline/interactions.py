"""What the report asks of deals, contacts and responses, where a project has cubes of them.

May import: errors, engines, olap, reports.   Imported by: pipeline.reporting.
"""

from collections.abc import Sequence

from crm_analytics.engines import Engine
from crm_analytics.errors import UnknownName
from crm_analytics.olap.browse import browse
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.reports.inputs import Sourced


def deals(engine: Engine, model: Model) -> Sourced | None:
    """Decided deals by the month of their end."""
    query = CubeQuery("deals").measures("won", "lost", "won_amount", "lost_amount").by("closed.month")
    return _asked(engine, model, query.dice("deal.status != 'open'"))


def lost_reasons(engine: Engine, model: Model) -> Sourced | None:
    """Lost deals by reason, the most frequent first."""
    query = CubeQuery("deals").measures("lost", "lost_amount").by("deal.lost_reason")
    return _asked(engine, model, query.dice("deal.status = 'lost'").sort("lost", descending=True))


def contacts(engine: Engine, model: Model) -> Sourced | None:
    """Contacts by channel, the most used first."""
    query = CubeQuery("contacts").measures("contacts", "outbound", "inbound", "customers_contacted")
    return _asked(engine, model, query.by("channel.channel").sort("contacts", descending=True))


def responses(engine: Engine, model: Model) -> Sourced | None:
    """Responses by campaign, the most first; a campaign without any is left out."""
    query = CubeQuery("responses").measures("responses", "customers_responding").by("campaign.campaign_name")
    query = query.dice("responses > 0").sort("responses", descending=True)
    return _asked(engine, model, query, ("responder_share", "complaints", "opt_outs"))


def _asked(engine: Engine, model: Model, query: CubeQuery, optional: Sequence[str] = ()) -> Sourced | None:
    """The answer, with those of the `optional` measures that the cube has; None where it lacks another part."""
    try:
        known = model.cube(query.cube).measures
        cells = browse(engine, model, query.measures(*(name for name in optional if name in known)))
    except UnknownName:
        return None
    return Sourced(cells.frame, cells.sql)
