"""What each customer has agreed to, as the register of consents and their own opt-outs say.

In doubt, no.  A withdrawal and a grant at the same moment count as withdrawn.  A
withdrawal for no channel, or for one that crm.yml does not know, is for all of
them, until a later grant opens one again.  An opt-out among the responses is a
withdrawal.  A refused row of the register that is not clearly a grant, and a
refused response that is not clearly anything but an opt-out, close all channels
of that customer for good: nobody can say which, or since when.

May import: sql, engines.   Imported by: pipeline.
"""

from datetime import date

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.sql import Query, statement

# Later than any day the star takes: "everything recorded so far".
FAR_AHEAD = date(2200, 1, 1)


def consents(engine: Engine, purpose: str, before: date = FAR_AHEAD) -> pl.DataFrame:
    """The last word on each channel, one row a customer and channel.

    Columns: customer_id, channel, status (`granted` or `withdrawn`).  A customer
    and channel without a row was never asked, which is no consent.  A row without
    a channel says that all of them were withdrawn at some time; the rows of the
    channels already reckon with it.
    """
    text = statement("crm_analytics.features", "consents")
    # The star keeps purposes in lower case.
    return engine.frame(Query(text, {"purpose": purpose.strip().lower(), "before": before}))


def keeps_consents(engine: Engine) -> bool:
    """Whether a register of consents was ever loaded, even one whose rows were all rejected."""
    ((any_row,),) = engine.rows("SELECT EXISTS (SELECT 1 FROM fct_consent)")
    if any_row or "loads" not in engine.tables():
        return bool(any_row)
    ((any_read,),) = engine.rows("SELECT EXISTS (SELECT 1 FROM loads WHERE entity = 'consents' AND rows_read > 0)")
    return bool(any_read)
