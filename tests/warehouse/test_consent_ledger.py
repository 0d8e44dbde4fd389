"""How the ledger grows: nothing twice, nothing taken out, a no or a yes answered by another entry, and forgetting."""

from collections.abc import Iterator
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse.consent_chain import BEGINNING, LEDGER, SUBJECTS, Head, head, verify
from crm_analytics.warehouse.consent_ledger import BATCH, Appended, append_consents, astray, forget_subject
from crm_analytics.warehouse.consents import consent_history, consent_state
from tests.warehouse.consent_star import Ledger, Word, at, hashed

GRANT = Word("1", "granted", 1, wording="v3", proof="form 1", evidence="seen: Ann\nat 9:00, c:\\scan")
WITHDRAWAL = Word("1", "withdrawn", 2, channel=None)


@pytest.fixture(scope="module")
def shared() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    yield engine
    engine.close()


@pytest.fixture
def ledger(shared: DuckEngine) -> Ledger:
    return Ledger(shared)


def test_an_entry_says_all_of_the_word_and_nothing_of_whose_it_is_in_plain(ledger: Ledger) -> None:
    done = ledger.load([GRANT], day=7)
    [entry] = ledger.entries()
    assert entry == {
        "seq": 1,
        "kind": "register",
        "noted_at": at(7),
        "load_id": 1,
        "subject": sha256(b"salt 1 ann").hexdigest(),
        "source": "crm",
        "reference": sha256(b"salt 1 1").hexdigest(),
        "channel": "mail",
        "purpose": "marketing",
        "status": "granted",
        "recorded_at": at(1),
        "wording_version": "v3",
        # The proof, a line feed, the evidence: with its own line feed and backslash written so that nothing is lost.
        "evidence_hash": sha256(b"salt 1 form 1\nseen: Ann\\nat 9:00, c:\\\\scan").hexdigest(),
        "voids": None,
        "previous_hash": "0" * 64,
        "hash": hashed(entry),
        "customer_id": "ann",
    }
    assert done == Appended(words=1, voids=0, head=Head(1, entry["hash"])) == done
    assert head(ledger.engine) == done.head


def test_an_empty_register_has_no_entry_and_no_head(ledger: Ledger) -> None:
    assert ledger.load([]) == Appended(words=0, voids=0, head=Head(0, BEGINNING))
    assert verify(ledger.engine).ok


def test_the_same_words_again_add_nothing_whoever_sends_them_in_whatever_order(ledger: Ledger) -> None:
    words = [GRANT, WITHDRAWAL, Word("2", "opt_out", 2, customer="bob"), Word("3", "granted", customer="nobody")]
    first = ledger.load(words)
    assert (first.words, first.voids) == (4, 0)
    before = ledger.entries()
    assert ledger.load(reversed(words)) == Appended(words=0, voids=0, head=first.head)
    assert ledger.entries() == before
    assert ledger.engine.rows("SELECT count(*) FROM consent_head") == [(1,)]


def test_a_word_that_is_gone_is_answered_and_one_that_comes_back_is_noted_again(ledger: Ledger) -> None:
    ledger.load([GRANT])
    ledger.load([])
    ledger.load([GRANT])
    told = [(e["seq"], e["kind"], e["voids"], e["load_id"], e["status"]) for e in ledger.entries()]
    assert told == [
        (1, "register", None, 1, "granted"),
        (2, "void", 1, 2, None),
        (3, "register", None, 3, "granted"),
    ]


@pytest.mark.parametrize(
    "corrected",
    [
        Word("1", "granted", 1, wording="v3", proof="form 2", evidence=GRANT.evidence),
        Word("1", "granted", 1, wording="v3", proof="form 1", evidence="seen"),
        Word("1", "granted", 1, wording="v2", proof="form 1", evidence=GRANT.evidence),
        Word("1", "granted", 1.5, wording="v3", proof="form 1", evidence=GRANT.evidence),
        Word("1", "granted", 1, wording="v3", proof="form 1", evidence=GRANT.evidence, channel="sms"),
        Word("1", "granted", 1, wording="v3", proof="form 1", evidence=GRANT.evidence, purpose="service"),
        Word("1", "granted", 1, wording="v3", proof="form 1", evidence=GRANT.evidence, customer="bob"),
        Word("1", "granted", 1, wording="v3", proof="form 1", evidence=GRANT.evidence, source="web"),
        Word("9", "granted", 1, wording="v3", proof="form 1", evidence=GRANT.evidence),
    ],
)
def test_a_corrected_word_takes_the_old_one_back_and_adds_the_new(ledger: Ledger, corrected: Word) -> None:
    ledger.load([GRANT])
    done = ledger.load([corrected])
    assert (done.words, done.voids) == (1, 1)
    assert [e["kind"] for e in ledger.entries()] == ["register", "void", "register"]
    assert verify(ledger.engine).ok


LOADS = st.lists(st.sets(st.integers(0, 4)), max_size=3)


@settings(max_examples=25)
@given(LOADS)
def test_the_entries_that_stand_are_the_words_of_the_star_whatever_was_loaded_before(
    shared: DuckEngine, loads: list[set[int]]
) -> None:
    kinds = ("granted", "withdrawn", "opt_out")
    pool = [Word(str(i), kinds[i % 3], i, customer="ann" if i < 3 else "bob") for i in range(5)]
    ledger, entries = Ledger(shared), []
    for number, chosen in enumerate([*loads, {0}], start=1):
        before = entries
        ledger.load([pool[i] for i in sorted(chosen)])
        entries = ledger.entries()
        assert entries[: len(before)] == before  # nothing that was written changes
        assert [e["seq"] for e in entries] == list(range(1, len(entries) + 1))
        taken_back = {e["voids"] for e in entries}
        standing = [(e["customer_id"], e["recorded_at"]) for e in entries if e["kind"] != "void"
                    and e["seq"] not in taken_back]  # fmt: skip
        assert sorted(standing) == sorted((pool[i].customer, at(pool[i].day)) for i in chosen)
        assert {e["load_id"] for e in entries[len(before) :]} <= {number}
    assert verify(shared).ok
    assert astray(shared) == 0


def test_the_chain_is_what_python_computes_from_the_columns(ledger: Ledger) -> None:
    ledger.load(
        [GRANT, Word("2", "opt_out", 2, channel=None), Word("3", "granted", customer="bob", proof="Zoë 🙂\r\n")]
    )
    ledger.load([WITHDRAWAL])
    entries = ledger.entries()
    previous = BEGINNING
    for entry in entries:
        assert entry["previous_hash"] == previous
        assert entry["hash"] == (previous := hashed(entry))
    assert len(entries) == 3 + 3 + 1


def test_a_star_that_says_something_else_than_the_ledger_is_counted(ledger: Ledger) -> None:
    ledger.load([GRANT, Word("2", "granted", customer="bob")])
    assert astray(ledger.engine) == 0
    # One word less, and another one changed (one to take back, one to add); a new customer speaks.
    ledger.engine.execute("DELETE FROM fct_consent WHERE consent_id = '2'")
    ledger.engine.execute("UPDATE fct_consent SET proof = 'form 7'")
    assert astray(ledger.engine) == 3
    ledger.engine.execute("INSERT INTO rejects VALUES (1, 'web', 'consents', 'x', '{\"customer_id\": \"eve\"}')")
    assert astray(ledger.engine) == 4


def test_after_a_customer_is_forgotten_the_chain_holds_and_nobody_can_tell_whose_entries_they_were(
    ledger: Ledger,
) -> None:
    words = [GRANT, WITHDRAWAL, Word("2", "granted", customer="bob"), Word("3", "opt_out", 3, source="web")]
    done = ledger.load(words)
    assert forget_subject(ledger.engine, "ann") == 3
    assert forget_subject(ledger.engine, "ann") == 0
    found = verify(ledger.engine, done.head.hash)
    assert (found.ok, found.noted) == (True, 4)
    assert [e["customer_id"] for e in ledger.entries()].count(None) == 3
    # Neither the id nor any guess at the proof leads to an entry: the salt that went into every hash is gone.
    everything = repr(ledger.engine.rows(f"SELECT * FROM {LEDGER}")) + repr(ledger.engine.rows(f"FROM {SUBJECTS}"))
    for guess in (b"ann", b"1", b"form 1"):
        assert sha256(guess).hexdigest() not in everything
    assert "salt 1 " not in everything
    assert "ann" not in everything
    assert set(consent_state(ledger.engine, at(9), "marketing")["customer_id"]) == {"bob"}
    # The star without them is what the ledger says, and the next load takes nothing back.
    assert ledger.load([Word("2", "granted", customer="bob")]) == Appended(words=0, voids=0, head=done.head)


def test_who_comes_back_after_being_forgotten_is_somebody_new(ledger: Ledger) -> None:
    ledger.load([GRANT])
    forget_subject(ledger.engine, "ann")
    done = ledger.load([GRANT])
    assert (done.words, done.voids) == (1, 0)
    assert consent_history(ledger.engine, "ann")["entry"].to_list() == [2]
    assert len({e["subject"] for e in ledger.entries()}) == 2


def test_all_records_of_one_customer_are_forgotten_and_no_namesake_in_another_source(ledger: Ledger) -> None:
    ledger.load([GRANT, Word("2", "granted", source="web"), Word("3", "granted", source="web", customer="w7")])
    ledger.engine.execute("CREATE TABLE customer_identity (source VARCHAR, record_id VARCHAR, customer_id VARCHAR)")
    ledger.engine.execute(
        "INSERT INTO customer_identity VALUES ('crm', 'ann', 'p1'), ('web', 'w7', 'p1'), ('web', 'ann', 'p2')"
    )
    assert forget_subject(ledger.engine, "p1") == 2
    assert ledger.engine.rows(f"SELECT source, customer_id FROM {SUBJECTS}") == [("web", "ann")]


def test_a_warehouse_without_a_ledger_has_nobody_to_forget() -> None:
    engine = DuckEngine.open(None, threads=1)
    assert forget_subject(engine, "ann") == 0
    engine.close()


def test_more_entries_than_are_chained_at_once_make_one_chain(ledger: Ledger) -> None:
    ledger.engine.execute(
        f"INSERT INTO fct_consent SELECT i, 1, 1, 'marketing', 'granted', TIMESTAMP '2024-01-01' + to_seconds(i), "
        f"NULL, NULL, NULL, 'crm', 1, 1, NULL FROM range({BATCH + 2}) t(i)"
    )
    done = append_consents(ledger.engine, 1, at(7))
    assert (done.words, done.head.entries) == (BATCH + 2, BATCH + 2)
    assert verify(ledger.engine).ok
    salts = ledger.engine.rows(f"SELECT length(salt) FROM {SUBJECTS}")
    assert salts == [(64,)]  # 32 random bytes where nobody asked for others
