"""`shop.identity`: look at pairs of records, decide about them, and see why a customer is one.

Each decision is one transaction: the word is written to the log, and every table of
identity is brought up to date.

May import: errors, identity_rules, engines, olap.rollup_log, warehouse.   Imported by: project.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.olap.rollup_log import forget_all
from crm_analytics.warehouse.card_index import renew_card_index
from crm_analytics.warehouse.customers import renew_customers
from crm_analytics.warehouse.identity import decisions, reading
from crm_analytics.warehouse.identity.decisions import Word
from crm_analytics.warehouse.identity.reading import Explained
from crm_analytics.warehouse.identity.resolve import Resolved
from crm_analytics.warehouse.identity.tables import make_tables, record_columns
from crm_analytics.warehouse.scores import renew_dim_score
from crm_analytics.warehouse.segments import renew_dim_segment


class Identity:
    """The identity of one project's customers.  A record is written `source:id`, or `id` where one source has it."""

    def __init__(
        self,
        reading: Callable[[], Engine],
        writing: Callable[[str], AbstractContextManager[Engine]],
        rules: IdentityRules | None,
        after: Callable[[Engine], None],
    ) -> None:
        if rules is None:
            raise ConfigError(
                "crm.yml has no section 'identity'; with 'identity: {}' records are matched by the defaults"
            )
        self._reading = reading
        self._writing = writing
        self._rules = rules
        self._after = after

    def review(self, show: bool = False) -> pl.DataFrame:
        """The pairs to look at; private values masked unless `show`.  See `warehouse.identity.reading.review`."""
        return reading.review(self._reading(), show)

    def shared_keys(self) -> list[tuple[str, int, int]]:
        """Kind, values and records of the e-mails and phones that too many records share to be a key."""
        return reading.shared_keys(self._reading(), self._rules)

    def explain(self, customer: str, show: bool = False) -> Explained:
        """Which records are this customer, by which rule, and which record each value came from."""
        return reading.explain(self._reading(), customer, show)

    def log(self, newest: int = 50) -> pl.DataFrame:
        """The last decisions of people and rules, newest first."""
        return reading.log(self._reading(), newest)

    def accept(self, a: str, b: str, *, who: str, why: str = "", now: datetime | None = None) -> Resolved:
        """Say that two records (or customers) are one customer."""

        def decide(engine: Engine, word: Word) -> None:
            decisions.accept(engine, decisions.find_record(engine, a), decisions.find_record(engine, b), word)

        return self._decide("crm identity accept", decide, who, why, now)

    def reject(self, a: str, b: str, *, who: str, why: str = "", now: datetime | None = None) -> Resolved:
        """Say that two records are two customers, and keep them apart whatever they share."""

        def decide(engine: Engine, word: Word) -> None:
            decisions.reject(engine, decisions.find_record(engine, a), decisions.find_record(engine, b), word)

        return self._decide("crm identity reject", decide, who, why, now)

    def split(
        self, customer_id: str, records: Sequence[str], *, who: str, why: str = "", now: datetime | None = None
    ) -> Resolved:
        """Take records out of a customer; `accept` of one of them brings all back."""

        def decide(engine: Engine, word: Word) -> None:
            leaving = [decisions.find_record(engine, name) for name in records]
            decisions.split(engine, customer_id, leaving, word)

        return self._decide("crm identity split", decide, who, why, now)

    def _decide(
        self, doing: str, decide: Callable[[Engine, Word], None], who: str, why: str, now: datetime | None
    ) -> Resolved:
        word = Word(who, now or datetime.now(), why)
        with self._writing(doing) as engine:
            with engine.transaction():
                record_columns(engine, self._rules)  # says so where nothing was loaded
                make_tables(engine)
                decide(engine, word)
                forget_all(engine)  # interrupted before they are renewed, they must not answer for former customers
                resolved = renew_customers(engine, self._rules, word.at)
                renew_dim_score(engine)
                renew_dim_segment(engine)
                renew_card_index(engine)
            self._after(engine)
            return resolved
