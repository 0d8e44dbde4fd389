"""The consent ledger of a project, to ask from a notebook or the command line.

It only asks; the ledger is written by loads and by nothing else.

May import: errors, engines, warehouse.   Imported by: project.
"""

from dataclasses import dataclass
from datetime import date, datetime, time

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import UnknownName
from crm_analytics.warehouse.consent_chain import Verified, verify
from crm_analytics.warehouse.consents import consent_counts, consent_history, consents_as_of, purposes


@dataclass(frozen=True, slots=True)
class Consents:
    """`shop.consents`: questions to the ledger.  A date stands for its first moment, which is not looked at."""

    engine: Engine
    purpose: str

    def as_of(
        self, at: date | datetime, purpose: str = "", customer: str = "", known: date | datetime | None = None
    ) -> pl.DataFrame:
        """Who may be contacted, and why not; see `warehouse.consents.consents_as_of`.

        `purpose` is that of marketing where none is given.  With `known` nothing that a load
        brought on or after that day (after that moment) is looked at.

        Raises
        ------
        UnknownName : nobody was ever asked for this purpose.
        DataError : there is no such customer.
        """
        wanted = purpose.strip().lower()
        known_purposes = purposes(self.engine)
        if wanted and wanted not in {*known_purposes, self.purpose.strip().lower()}:
            raise UnknownName("consents", "purpose", purpose, known_purposes)
        knew = None if known is None else _moment(known)
        return consents_as_of(self.engine, _moment(at), wanted or self.purpose, customer, knew)

    def counts(self, at: date | datetime) -> pl.DataFrame:
        """How many may be contacted, one row a purpose and channel: granted, denied, never_asked."""
        return consent_counts(self.engine, _moment(at))

    def history(self, customer: str, at: date | datetime | None = None) -> pl.DataFrame:
        """Every entry about one customer, its proof and what became of it; see `warehouse.consents.consent_history`."""
        return consent_history(self.engine, customer, None if at is None else _moment(at))

    def verify(self, head: str = "") -> Verified:
        """Whether the ledger is as it was written; with a `head` noted elsewhere, also as it was then."""
        return verify(self.engine, head)


def _moment(at: date | datetime) -> datetime:
    return at if isinstance(at, datetime) else datetime.combine(at, time.min)
