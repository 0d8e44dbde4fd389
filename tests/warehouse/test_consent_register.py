"""From a register in files to the ledger: rows sent twice, corrected or refused, and loads that fail or are undone."""

import pytest

from crm_analytics.config import ProjectConfig
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.consent_chain import LEDGER, SUBJECTS, head, verify
from crm_analytics.warehouse.consents import consent_history, consent_state
from crm_analytics.warehouse.undo import undo
from tests.warehouse.consent_star import at
from tests.warehouse.made import NOW, Shop

REGISTER = "customer_id,consent_id,channel,purpose,status,recorded_at,proof\n"
YES, NO = "ann,1,store,marketing,granted,2023-01-01,form 1\n", "ann,2,web,marketing,withdrawn,2023-01-02,form 2\n"
OPTED_OUT = "ann,r1,web,opt_out,2023-01-03\n"


def load(shop: Shop, register: str, responses: str = "", source: str = "crm") -> None:
    answers = "customer_id,response_id,channel,response_kind,responded_at\n"
    files = {"customers": "customer_id\nann\n", "consents": REGISTER + register, "responses": answers + responses}
    shop.source(source, files)
    shop.load()


def granted(shop: Shop) -> set[str]:
    state = consent_state(shop.engine, at(0), "marketing")
    return {r["channel"] for r in state.iter_rows(named=True) if r["status"] == "granted"}


def test_a_row_that_stands_twice_in_the_register_is_one_word(shop: Shop) -> None:
    load(shop, YES + NO + NO + YES, OPTED_OUT + OPTED_OUT)
    assert granted(shop) == {"store"}
    assert head(shop.engine).entries == 3
    assert len(shop.rejects()) == 3  # the repeats are kept there, as of any entity
    assert [c.says for c in shop.failed()] == []


def test_a_register_that_a_second_source_sends_too_is_the_same_words(shop: Shop) -> None:
    load(shop, YES + NO)
    load(shop, YES + NO, source="web")
    assert granted(shop) == {"store"}
    assert head(shop.engine).entries == 2
    assert [c for c in shop.failed() if c.kind == "consents"] == []


@pytest.mark.parametrize(
    "other",
    [
        NO.replace("web", "store"),
        NO.replace("marketing", "service"),
        NO.replace("form 2", "form 3"),
        NO.replace("form 2", ""),
    ],
)
def test_a_row_that_repeats_the_key_of_another_and_says_something_else_closes_all_channels(
    shop: Shop, other: str
) -> None:
    load(shop, YES + NO + other)
    assert granted(shop) == set()
    assert [c.table for c in shop.failed()] == ["fct_consent"]
    load(shop, YES + NO)  # mended
    assert granted(shop) == {"store"}
    assert shop.failed() == []


def test_a_row_without_a_time_stays_a_no_for_all_channels(shop: Shop) -> None:
    load(shop, YES + NO.replace("2023-01-02", ""))
    assert granted(shop) == set()
    assert [c.table for c in shop.failed()] == ["fct_consent"]


def test_a_newer_file_that_corrects_a_row_takes_the_old_word_back_and_closes_nothing(shop: Shop) -> None:
    more = "incremental:\n  consents: {by: day_1}\n"
    files = {"customers": "customer_id\nann\n", "day_1": REGISTER + YES + NO}
    mappings = {"customers": "SELECT * FROM raw_customers", "consents": "SELECT * FROM raw_day_1"}
    folder = shop.source("crm", files, mappings=mappings, more=more)
    source = folder / "source.yml"
    source.write_text(source.read_text().replace("path: day_1.csv", "path: day_*.csv"))
    shop.load()
    assert granted(shop) == {"store"}
    (folder / "day_2.csv").write_text(REGISTER + NO.replace("web", "store"))  # the no was for the store
    shop.load()
    assert granted(shop) == set()
    assert consent_history(shop.engine, "ann").select("kind", "channel", "standing").rows() == [
        ("register", "store", "superseded"),
        ("register", "web", "taken back by entry 3"),
        ("void", None, "takes back entry 2"),
        ("register", "store", "counts"),
    ]
    assert [c for c in shop.failed() if c.kind == "consents"] == []


def test_a_load_that_is_taken_back_is_answered_too(shop: Shop) -> None:
    load(shop, YES)
    load(shop, YES + NO + NO.replace("2,web", "3,store"))
    assert granted(shop) == set()
    undo(shop.engine, ProjectConfig(name="test", channels=("store", "web")), 2, NOW)
    assert granted(shop) == {"store"}
    told = consent_history(shop.engine, "ann")
    assert told["standing"].to_list() == [
        "counts",
        "taken back by entry 4",
        "taken back by entry 5",
        "takes back entry 2",
        "takes back entry 3",
    ]
    assert shop.rows("SELECT load_id, entries FROM consent_head ORDER BY ALL") == [(1, 1), (2, 3), (2, 5)]
    assert verify(shop.engine).ok


def test_a_load_that_fails_leaves_the_ledger_as_it_was(shop: Shop) -> None:
    load(shop, YES)
    before = shop.rows(f"FROM {LEDGER}"), shop.rows(f"FROM {SUBJECTS}"), head(shop.engine)
    (shop.data / "crm" / "offers.sql").write_text("SELECT nothing")
    with pytest.raises(CrmError, match="offers"):
        load(shop, YES + NO)
    assert (shop.rows(f"FROM {LEDGER}"), shop.rows(f"FROM {SUBJECTS}"), head(shop.engine)) == before
