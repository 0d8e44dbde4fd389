"""Who may be contacted through what, for which purpose, as of when: the one place that says so.

The plan, the door of the exports and every question to the ledger come here.  In
doubt, no.  A withdrawal and a grant at the same moment count as withdrawn.  A
withdrawal for no channel, or for one that crm.yml does not know, is for all of
them, until a later grant opens one again.  An opt-out among the responses is a
withdrawal, whatever the purpose.  A refused row of the register that is not clearly
a grant, and a refused response that is not clearly anything but an opt-out, close
all channels of that customer for good: nobody can say which, or since when.

A moment is the first one that is *not* looked at, as with dates: as of 1 June,
what was said in May counts.  Times are as the sources give them, in one time zone.

May import: errors, engines, sql, warehouse.consent_chain, warehouse.consent_ledger, warehouse.consent_words.
Imported by: pipeline.
"""

from datetime import datetime

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError
from crm_analytics.sql import Query, Value, statement
from crm_analytics.warehouse.consent_chain import must_have_ledger
from crm_analytics.warehouse.consent_ledger import owners
from crm_analytics.warehouse.consent_words import said

GRANTED, DENIED = "granted", "denied"


def consent_state(engine: Engine, at: datetime, purpose: str) -> pl.DataFrame:
    """The word that counts, one row a customer and channel that somebody spoke of for this purpose.

    Columns: those of `consents_as_of`.  A customer and channel without a row was never
    asked, which is no consent.

    Raises
    ------
    WarehouseError : the warehouse has no ledger.
    """
    must_have_ledger(engine)
    columns = "customer_id, channel, status, since, wording_version, source, entry, reason"
    text = f"SELECT {columns} FROM ({_state(engine)}) AS state ORDER BY customer_id, channel"
    return engine.frame(Query(text, _params(at, asked=purpose, only=True)))


def consents_as_of(
    engine: Engine, at: datetime, purpose: str, customer_id: str = "", known_at: datetime | None = None
) -> pl.DataFrame:
    """Every customer, or one, and every channel: may they be contacted for this purpose, and why not.

    Parameters
    ----------
    at       : the first moment that is not looked at
    known_at : the first moment whose loads are not looked at, for "what did we know then?"; None: all are

    Returns
    -------
    Columns: customer_id, channel, status (`granted` or `denied`), since (the time of the word that
    counts), wording_version, source, entry (its number in the ledger), reason (in words).

    Raises
    ------
    DataError : the warehouse has no such customer.
    WarehouseError : the warehouse has no ledger.
    """
    must_have_ledger(engine)
    if customer_id and not engine.rows("SELECT 1 FROM dim_customer WHERE customer_id = $id", {"id": customer_id}):
        raise DataError(f"consents: the warehouse has no customer {customer_id!r}")
    text = _statement("consent_grid", state=_state(engine, of_one=bool(customer_id)))
    query = Query(text, _params(at, asked=purpose, customer=customer_id or None, known=known_at))
    return engine.cells(query) if customer_id else engine.frame(query)


def consent_counts(engine: Engine, at: datetime) -> pl.DataFrame:
    """How many of all customers may be contacted: one row a purpose and channel.

    Columns: purpose, channel, granted, denied (who were asked, or opted out), never_asked.
    """
    must_have_ledger(engine)
    text = _statement("consent_counts", state=_state(engine))
    return engine.frame(Query(text, _params(at)))


def consent_history(engine: Engine, customer_id: str, at: datetime | None = None) -> pl.DataFrame:
    """Every entry about one customer, with its proof and what has become of it as of `at` (None: of all time).

    Columns: entry, kind (register, opt_out, refused, void), noted_at, load_id, recorded_at, channel,
    purpose, status, wording_version, source, proof, evidence_hash, standing (counts, superseded,
    not yet, taken back by entry 7).

    Raises
    ------
    DataError : the ledger has no entry about that customer.
    WarehouseError : the warehouse has no ledger.
    """
    must_have_ledger(engine)
    proofs = said("about", ("proof",))
    text = _statement("consent_history", owner=owners(engine), state=_state(engine, of_one=True), said=proofs)
    found = engine.frame(Query(text, _params(at or datetime.max, customer=customer_id)))
    if found.is_empty():
        raise DataError(f"consents: the ledger has no entry about customer {customer_id!r}")
    return found


def purposes(engine: Engine) -> list[str]:
    """The purposes that the ledger knows of."""
    must_have_ledger(engine)
    found = engine.rows("SELECT DISTINCT purpose FROM consent_ledger WHERE purpose IS NOT NULL ORDER BY 1")
    return [str(name) for (name,) in found]


def keeps_consents(engine: Engine) -> bool:
    """Whether a register of consents was ever loaded, even one whose rows were all rejected."""
    ((any_row,),) = engine.rows("SELECT EXISTS (SELECT 1 FROM fct_consent)")
    if any_row or "loads" not in engine.tables():
        return bool(any_row)
    ((any_read,),) = engine.rows("SELECT EXISTS (SELECT 1 FROM loads WHERE entity = 'consents' AND rows_read > 0)")
    return bool(any_read)


def _state(engine: Engine, *, of_one: bool = False) -> str:
    owner = owners(engine)
    if of_one:  # said here, so that the ledger is looked through for these subjects and not joined whole
        owner = f"SELECT * FROM ({owner}) AS every_owner WHERE customer_id = CAST($customer AS VARCHAR)"
    return _statement("consent_state", owner=owner)


def _statement(name: str, **parts: str) -> str:
    text = statement("crm_analytics.warehouse", name)
    for part, sql in parts.items():
        text = text.replace(f"{{{part}}}", sql)
    return text


def _params(
    at: datetime,
    asked: str | None = None,
    *,
    only: bool = False,
    customer: str | None = None,
    known: datetime | None = None,
) -> dict[str, Value]:
    # The star keeps purposes in lower case.
    purpose = None if asked is None else asked.strip().lower()
    return {"at": at, "asked": purpose, "only": only, "customer": customer, "known": known}
