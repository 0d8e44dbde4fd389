"""Which table of the warehouse holds persons, and what becomes of them there.

Every table has its line.  One that is missing is not guessed at: erasure looks
through it and says what it found, and a test fails, so that whoever adds a
table says here what it holds.

May import: warehouse.tables.   Imported by: warehouse.erasure.*, pipeline.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from crm_analytics.warehouse.tables import ENTITIES, Entity

How = Literal["nobody", "blank", "stays", "goes", "json", "mentions", "anew"]
Record = tuple[str, str]

HOW: dict[How, str] = {
    "nobody": "holds nobody",
    "blank": "attributes gone, rows kept under the pseudonym",
    "stays": "kept under the pseudonym, texts that name them gone",
    "goes": "rows gone",
    "json": "what names them gone",
    "mentions": "texts that name them gone",
    "anew": "made anew from what stays",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """How a table holds persons, and in which columns.

    keys      : keys of `dim_customer`
    customers : ids of customers
    records   : pairs of columns: a source, and an id as that source means it
    fixed     : neither attributes nor texts, in which nobody is looked for
    wiped     : texts of rows that stay which go in any case
    """

    how: How
    about: str
    keys: tuple[str, ...] = ()
    customers: tuple[str, ...] = ()
    records: tuple[Record, ...] = ()
    fixed: tuple[str, ...] = ()
    wiped: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Every column with an id."""
        return (*self.customers, *(i for _, i in self.records))


_KEY = ("customer_key",)
_ID = ("customer_id",)
_RECORD = (("source", "customer_id"),)
_BOTH = (("source", "record_id"), ("other_source", "other_record"))
_ORIGIN = ("source", "part_key", "load_id", "gone_load_id")
_VALIDITY = ("valid_from", "valid_to", "is_current", "is_closed", "version_key")


# What a row that stays does not keep of a person, whatever stands in it: a consent's own proof may be a signature.
WIPED = ("evidence",)


def names_customers(entity: Entity) -> bool:
    """Whether the rows of an entity name a customer."""
    return entity.name == "customers" or any(c.dimension == "customer" for c in entity.columns)


def _nobody(about: str) -> Holding:
    return Holding(how="nobody", about=about)


def _star(entity: Entity) -> Holding:
    if not names_customers(entity):
        return _nobody(entity.grain)
    own_ids = tuple(k for k in entity.key if k.endswith("_id"))
    return Holding(how="stays", about=entity.grain, keys=_KEY, fixed=(*_ORIGIN, *own_ids), wiped=_wiped(entity))


def _journal(entity: Entity) -> Holding:
    about = f"a former row: {entity.grain}"
    if entity.name == "customers":
        return Holding(how="blank", about=about, records=_RECORD, fixed=_ORIGIN)
    if not names_customers(entity):
        return _nobody(about)
    fixed = (*_ORIGIN, *(k for k in entity.key if k not in _ID))
    return Holding(how="stays", about=about, records=_RECORD, fixed=fixed, wiped=_wiped(entity))


def _wiped(entity: Entity) -> tuple[str, ...]:
    return tuple(c.name for c in entity.columns if c.name in WIPED)


TABLES: dict[str, Holding] = {
    **{e.table: _star(e) for e in ENTITIES.values()},
    **{f"journal_{e.name}": _journal(e) for e in ENTITIES.values()},
    # Customers: as they are, as they were, and the source records that became them.
    "dim_customer": Holding(how="blank", about="one customer", keys=_KEY, customers=_ID, fixed=_ORIGIN),
    "dim_customer_history": Holding(
        how="blank", about="one customer as of a time", keys=_KEY, customers=_ID, fixed=(*_ORIGIN, *_VALIDITY)
    ),
    "seen_customer": Holding(
        how="blank", about="what a load saw anew of a customer", customers=_ID, fixed=(*_ORIGIN, *_VALIDITY)
    ),
    "version_customer": Holding(
        how="blank", about="one delivered version of a customer", customers=_ID, fixed=(*_ORIGIN, *_VALIDITY)
    ),
    "customer_record": Holding(how="blank", about="one record of a source", records=_RECORD, fixed=_ORIGIN),
    "customer_golden": Holding(how="blank", about="one customer from its records", customers=_ID, fixed=_ORIGIN),
    "customer_identity": Holding(
        how="stays", about="which customer a record is", customers=_ID, records=_BOTH, fixed=("rule", "other_source")
    ),
    "customer_ref": Holding(
        how="stays",
        about="which customer an id means in a source",
        keys=_KEY,
        customers=_ID,
        records=(("source", "id"),),
        fixed=("source",),
    ),
    "customer_golden_source": Holding(
        how="stays",
        about="which record gave a customer a field",
        customers=_ID,
        records=_BOTH[:1],
        fixed=("source", "field"),
    ),
    "customer_contact_point": Holding(how="goes", about="one e-mail or phone", customers=_ID, records=_BOTH[:1]),
    "identity_decision": Holding(
        how="stays",
        about="who said that two records are one customer or are not",
        customers=_ID,
        records=_BOTH,
        fixed=("kind", "source", "other_source"),
        wiped=("why",),
    ),
    "identity_pair": Holding(how="goes", about="two records that are alike", records=_BOTH),
    "identity_review": Holding(how="goes", about="two records to look at", records=_BOTH),
    "identity_state": _nobody("from which records and rules the identities were made"),
    # Loads.
    "loads": _nobody("one entity of one load"),
    "loads_of_earlier_version": _nobody("one entity of one load"),
    "part": _nobody("one file or mapping"),
    "part_load": _nobody("what a load read of a part"),
    "piece": _nobody("one raw file as it was last seen"),
    "star_settings": _nobody("what crm.yml said of the star at the last load"),
    "part_plan": _nobody("one entity that a source brings piece by piece"),
    "history_declared": _nobody("by what versions are told apart"),
    "rejects": Holding(how="json", about="one refused row"),
    "journal_rejects": Holding(how="json", about="a former refused row"),
    # Consents: an entry of the ledger says whose it is only by a hash, whose salt is in consent_subject.
    "consent_ledger": _nobody("one word on a consent, of a subject that only its salt tells"),
    "consent_head": _nobody("how far the ledger went"),
    "consent_subject": Holding(how="goes", about="the salt of one customer's subject", records=_RECORD),
    # Models, lists and segments.
    "fct_score": Holding(how="goes", about="one score of one customer", keys=_KEY),
    "dim_score": Holding(how="goes", about="the last scores of one customer", keys=_KEY),
    "segment": Holding(how="mentions", about="one saved segment, with the question it came from", fixed=("segment",)),
    "segment_member": Holding(how="goes", about="one customer of one saved segment", customers=_ID),
    "dim_segment": _nobody("one saved segment"),
    "bridge_customer_segment": Holding(how="goes", about="one customer of one saved segment", keys=_KEY),
    "mined_priority_list": Holding(how="goes", about="one customer of the priority list", customers=_ID),
    "mined_churn_drivers": _nobody("one feature of the churn model"),
    "mined_clv_parameters": _nobody("one parameter of the lifetime model"),
    "mined_rule": _nobody("one rule"),
    "mined_rule_later": _nobody("one rule, counted on later orders"),
    "mined_segment_choice": _nobody("one number of segments that was tried"),
    "mined_segment_profile": _nobody("one segment"),
    "mined_evaluation": _nobody("one model beside one measure of its worth"),
    "mined_calibration": _nobody("one tenth of the customers by churn risk"),
    "mined_churn_lift": _nobody("one tenth of the customers by churn risk"),
    # Numbers, days, and what was erased.
    "rollups": _nobody("one rollup, by its statement"),
    "card_index": _nobody("from how many rows an index was made"),
    "card_everybody": _nobody("what everybody bought on one day"),
    **{f"card_days_{e.table}": _nobody("on which day a key is in a fact") for e in ENTITIES.values()},
    "dim_channel": _nobody("one channel"),
    "dim_date": _nobody("one day"),
    "retail_calendar": _nobody("how fiscal years begin"),
    "erasure_salt": _nobody("the salt of the hashes"),
    "erased": _nobody("one hash by which a later load knows an erased person"),
    "erasure_proof": _nobody("one erasure"),
}


def holding(table: str, rollups: Iterable[str] = ()) -> Holding | None:
    """What is said of a table, or None where nothing is; `rollups` are the tables that hold rollups."""
    if table in rollups:
        return Holding(how="anew", about="stored numbers of one cube")
    return TABLES.get(table)
