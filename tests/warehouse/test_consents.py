"""Who may be contacted as of when: against the ledger replayed in Python, the rule said another way, and by hand."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import DataError, WarehouseError
from crm_analytics.warehouse.consents import (
    consent_counts,
    consent_history,
    consent_state,
    consents_as_of,
    keeps_consents,
)
from tests.warehouse.consent_star import CHANNELS, CUSTOMERS, Ledger, Word, at, replayed

FAR = 70_000  # days: later than any that the star takes


@pytest.fixture(scope="module")
def shared() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    yield engine
    engine.close()


@pytest.fixture
def ledger(shared: DuckEngine) -> Ledger:
    return Ledger(shared)


def allowed(ledger: Ledger, day: float = FAR, purpose: str = "marketing") -> set[str]:
    """The channels through which ann may be contacted."""
    frame = consent_state(ledger.engine, at(day), purpose)
    return {row["channel"] for row in frame.iter_rows(named=True) if row["status"] == "granted"}


WORDS = st.builds(
    Word,
    id=st.sampled_from("abc"),
    said=st.sampled_from(["granted", "withdrawn", "opt_out", "complaint"]),
    day=st.integers(0, 4),
    channel=st.sampled_from([None, "mail", "sms", "pigeon"]),
    customer=st.sampled_from([*CUSTOMERS, "nobody"]),
    purpose=st.sampled_from(["marketing", "service"]),
    source=st.sampled_from(["crm", "web"]),
)
# Two rows with one number, one status and one time never reach the star together.
REGISTERS = st.lists(WORDS, max_size=7, unique_by=lambda w: (w.id, w.said, w.day))
REFUSED = st.lists(
    st.sampled_from(
        [
            ("consents", '{"customer_id": "ann", "status": "revoked"}'),
            ("consents", '{"customer_id": "bob", "status": "granted"}'),
            ("responses", '{"customer_id": "bob", "response_kind": "stop"}'),
        ]
    ),
    max_size=1,
)


@settings(max_examples=60)
@given(
    loads=st.lists(st.tuples(REGISTERS, REFUSED), min_size=1, max_size=3),
    day=st.integers(0, 6),
    known=st.none() | st.integers(1, 4),
    purpose=st.sampled_from(["marketing", "service"]),
)
def test_the_state_as_of_a_moment_is_the_ledger_read_out_up_to_it(
    shared: DuckEngine,
    loads: list[tuple[list[Word], list[tuple[str, str]]]],
    day: int,
    known: int | None,
    purpose: str,
) -> None:
    ledger = Ledger(shared)
    for number, (words, refused) in enumerate(loads, start=1):
        ledger.load(words, refused, day=number)
    knew = None if known is None else at(known)
    expected = replayed(ledger.entries(), at(day), purpose, knew)
    if knew is None:
        state = consent_state(shared, at(day), purpose)
        assert {(r["customer_id"], r["channel"]): (r["status"], r["entry"]) for r in state.iter_rows(named=True)} == (
            expected
        )
    grid = consents_as_of(shared, at(day), purpose, known_at=knew)
    assert [(r["customer_id"], r["channel"], r["status"], r["entry"]) for r in grid.iter_rows(named=True)] == [
        (customer, channel, *expected.get((customer, channel), ("denied", None)))
        for customer in CUSTOMERS
        for channel in CHANNELS
    ]
    alone = consents_as_of(shared, at(day), purpose, "bob", knew)
    assert alone.rows() == [row for row in grid.rows() if row[0] == "bob"]


@settings(max_examples=60)
@given(REGISTERS)
def test_a_channel_is_open_if_some_grant_for_it_was_followed_by_no_no(shared: DuckEngine, words: list[Word]) -> None:
    ledger = Ledger(shared)
    ledger.load(words)
    mine = [w for w in words if w.customer == "ann"]
    noes = [w for w in mine if w.said == "opt_out" or (w.said == "withdrawn" and w.purpose == "marketing")]
    open_ones = {
        (w.customer, w.channel)
        for w in mine
        if w.said == "granted" and w.purpose == "marketing" and w.channel in CHANNELS
        and not any(no.channel in (w.channel, None, "pigeon") and no.day >= w.day for no in noes)
    }  # fmt: skip
    frame = consents_as_of(shared, at(FAR), "marketing", "ann")
    assert {(r["customer_id"], r["channel"]) for r in frame.iter_rows(named=True) if r["status"] == "granted"} == (
        open_ones
    )


def test_a_word_counts_from_the_moment_after_it_was_given(ledger: Ledger) -> None:
    # Granted on day 0, withdrawn for all channels on day 2: open as of day 1 and of day 2, not of day 3.
    ledger.load([Word("1", "granted", 0), Word("2", "withdrawn", 2, channel=None)])
    assert [allowed(ledger, day) for day in range(4)] == [set(), {"mail"}, {"mail"}, set()]


def test_a_yes_does_not_count_before_its_day_and_a_no_counts_as_soon_as_it_is_known(ledger: Ledger) -> None:
    # Noted on day 10: a grant of sms dated day 20, and a withdrawal of mail dated day 20 (a clock that is ahead?).
    words = [Word("1", "granted", 1), Word("2", "withdrawn", 20), Word("3", "granted", 20, channel="sms")]
    ledger.load(words, day=10)
    assert [allowed(ledger, day) for day in (9, 11, 20, 21)] == [{"mail"}, set(), set(), {"sms"}]


def test_each_answer_comes_with_its_reason_in_words(ledger: Ledger) -> None:
    ledger.load(
        [
            Word("1", "granted", 1, wording="v3"),
            Word("2", "granted", 1, channel="sms", purpose="service"),
            Word("3", "granted", 1, channel="sms", purpose="contract_change"),
            Word("4", "withdrawn", 2, channel=None, customer="bob"),
            Word("5", "opt_out", 3, channel="sms", customer="bob"),
        ]
    )
    rows = consents_as_of(ledger.engine, at(5), "marketing").drop("source").rows()
    assert rows == [
        ("ann", "mail", "granted", at(1), "v3", 1, "granted"),
        ("ann", "sms", "denied", None, None, None, "granted for contract_change, service only"),
        ("bob", "mail", "denied", at(2), None, 4, "withdrawn for all channels"),
        ("bob", "sms", "denied", at(3), None, 5, "opted out of a campaign"),
    ]
    ledger.load([Word("1", "withdrawn", 1), Word("2", "opt_out", 1, channel=None, customer="bob")])
    reasons = consents_as_of(ledger.engine, at(5), "marketing")["reason"].to_list()
    unknown = "opted out of a campaign, and of which channel is not known"
    assert reasons == ["withdrawn", "never asked", unknown, unknown]


def test_purpose_is_a_word_whatever_its_capitals(ledger: Ledger) -> None:
    ledger.load([Word("1", "granted")])
    assert allowed(ledger, purpose=" Marketing ") == {"mail"}
    assert allowed(ledger, purpose="service") == set()


@pytest.mark.parametrize(
    ("entity", "row", "heard"),
    [
        ("consents", '{"customer_id": " ann ", "status": "withdrawn"}', True),
        ("consents", '{"customer_id": "ann", "status": null}', True),
        ("consents", '{"customer_id": "ann"}', True),
        ("consents", '{"customer_id": "ann", "status": "grant"}', True),
        ("consents", '{"customer_id": "ann", "status": " Granted"}', False),
        ("consents", '{"customer_id": "bob", "status": "withdrawn"}', False),
        ("consents", '{"status": "withdrawn"}', False),
        ("consents", '{"customer_id": " ", "status": "withdrawn"}', False),
        ("responses", '{"customer_id": "ann", "response_kind": "opt-out"}', True),
        ("responses", '{"customer_id": "ann", "response_kind": null}', True),
        ("responses", '{"customer_id": "ann", "response_kind": "Complaint"}', False),
        ("sales", '{"customer_id": "ann"}', False),
    ],
)
def test_a_refused_row_that_is_not_clearly_a_yes_is_a_no_of_its_customer(
    ledger: Ledger, entity: str, row: str, heard: bool
) -> None:
    # Ann agreed to mail at the last moment there is: no later grant outweighs a no of which nobody knows the time.
    ledger.load([Word("1", "granted", 60_000)], [(entity, row)])
    assert allowed(ledger) == (set() if heard else {"mail"})
    # The row is mended, and its no is taken back.
    ledger.load([Word("1", "granted", 60_000)])
    assert allowed(ledger) == {"mail"}


def test_of_several_records_of_one_customer_the_most_restrictive_counts_and_all_proofs_stay(ledger: Ledger) -> None:
    # ann of the crm and w7 of the web are one customer, p1.  Mail: no on day 1, yes of the other record on day 2.
    words = [
        Word("1", "withdrawn", 1),
        Word("2", "granted", 2, source="web", customer="w7", proof="form 2"),
        Word("3", "granted", 3, source="web", customer="w7", channel="sms"),
    ]
    ledger.load(words)
    assert allowed(ledger) == {"mail", "sms"}  # two customers, as far as anybody knows
    ledger.engine.execute("CREATE TABLE customer_identity (source VARCHAR, record_id VARCHAR, customer_id VARCHAR)")
    ledger.engine.execute("INSERT INTO customer_identity VALUES ('crm', 'ann', 'p1'), ('web', 'w7', 'p1')")
    state = consent_state(ledger.engine, at(5), "marketing")
    assert state.select("customer_id", "channel", "status").rows() == [
        ("p1", "mail", "denied"),
        ("p1", "sms", "granted"),
    ]
    history = consent_history(ledger.engine, "p1")
    assert history.select("recorded_at", "proof", "standing").rows() == [
        (at(1), None, "counts"),
        (at(2), "form 2", "superseded"),
        (at(3), None, "counts"),
    ]


def test_a_history_tells_what_became_of_each_entry(ledger: Ledger) -> None:
    ledger.load([Word("1", "granted", 1, proof="form 1"), Word("2", "granted", 9, channel="sms", proof="form 2")])
    ledger.load([Word("1", "granted", 1, proof="form 1b"), Word("2", "granted", 9, channel="sms", proof="form 2")])
    ledger.load(
        [
            Word("1", "granted", 1, proof="form 1b"),
            Word("2", "granted", 9, channel="sms", proof="form 2"),
            Word("3", "withdrawn", 3),
        ]
    )
    told = consent_history(ledger.engine, "ann", at(5))
    assert told.select("entry", "kind", "load_id", "proof", "standing").rows() == [
        (1, "register", 1, None, "taken back by entry 3"),
        (2, "register", 1, "form 2", "not yet"),
        (3, "void", 2, None, "takes back entry 1"),
        (4, "register", 2, "form 1b", "superseded"),
        (5, "register", 3, None, "counts"),
    ]
    assert consent_history(ledger.engine, "ann")["standing"].to_list()[1] == "counts"


def test_what_was_known_then_is_not_what_is_known_now(ledger: Ledger) -> None:
    # Ann's no of day 1 reached the register on day 3: who asked on day 2 did not know of it.
    ledger.load([Word("1", "granted", 0)], day=1)
    ledger.load([Word("1", "granted", 0), Word("2", "withdrawn", 1)], day=3)
    asked = {
        known: consents_as_of(ledger.engine, at(2), "marketing", "ann", known and at(known))["status"][0]
        for known in (None, 2, 3, 4)
    }
    assert asked == {None: "denied", 2: "granted", 3: "granted", 4: "denied"}


def test_counts_add_up_to_all_customers(ledger: Ledger) -> None:
    ledger.load([Word("1", "granted"), Word("2", "withdrawn", customer="bob"), Word("3", "granted", purpose="service")])
    assert consent_counts(ledger.engine, at(5)).rows() == [
        ("marketing", "mail", 1, 1, 0),
        ("marketing", "sms", 0, 0, 2),
        ("service", "mail", 1, 0, 1),
        ("service", "sms", 0, 0, 2),
    ]


def test_who_is_not_known_is_told_so(ledger: Ledger) -> None:
    ledger.load([])
    with pytest.raises(DataError, match="the warehouse has no customer 'eve'"):
        consents_as_of(ledger.engine, at(5), "marketing", "eve")
    with pytest.raises(DataError, match="the ledger has no entry about customer 'ann'"):
        consent_history(ledger.engine, "ann")
    ledger.engine.execute("DROP TABLE consent_head")
    for ask in (
        lambda: consent_state(ledger.engine, datetime.max, "marketing"),
        lambda: consent_counts(ledger.engine, at(1)),
    ):
        with pytest.raises(WarehouseError, match="has no consent_head; run: crm load"):
            ask()


def test_a_register_is_kept_if_it_has_rows_or_if_rows_were_ever_read(ledger: Ledger) -> None:
    ledger.load([Word("1", "opt_out")])
    assert not keeps_consents(ledger.engine)
    ledger.load([Word("1", "withdrawn")])
    assert keeps_consents(ledger.engine)
    ledger.load([])
    ledger.engine.execute("CREATE OR REPLACE TABLE loads (entity VARCHAR, rows_read BIGINT)")
    ledger.engine.execute("INSERT INTO loads VALUES ('sales', 5), ('consents', 0)")
    assert not keeps_consents(ledger.engine)
    ledger.engine.execute("INSERT INTO loads VALUES ('consents', 3)")
    assert keeps_consents(ledger.engine)
    ledger.engine.execute("DROP TABLE loads")
