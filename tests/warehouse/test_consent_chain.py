"""Whatever is done to the ledger behind its back, `verify` says where the chain breaks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import DataError
from crm_analytics.warehouse.checks import check_star
from crm_analytics.warehouse.consent_chain import BEGINNING, COVERED, HEADS, LEDGER, SUBJECTS, head, verify
from tests.warehouse.consent_star import Ledger, Word, at, hashed
from tests.warehouse.made import SHOP, Shop

ENTRIES = 7
TABLES = (LEDGER, HEADS, SUBJECTS)


@pytest.fixture(scope="module")
def pristine() -> Iterator[DuckEngine]:
    """Two loads: entries 1 to 4, then 5 (which takes 2 back), 6 and 7."""
    engine = DuckEngine.open(None, threads=1)
    ledger = Ledger(engine)
    grants = [
        Word(str(i), "granted", i, ("mail", None, "sms", "mail")[i], wording="v1", proof=f"form {i}") for i in range(4)
    ]
    ledger.load(grants)
    ledger.load([grants[0], *grants[2:], Word("8", "opt_out", 8, customer="bob"), Word("9", "withdrawn", 9)])
    assert head(engine).entries == ENTRIES
    for table in TABLES:
        engine.execute(f"CREATE TABLE pristine_{table} AS FROM {table}")
    yield engine
    engine.close()


@pytest.fixture
def engine(pristine: DuckEngine) -> DuckEngine:
    restore(pristine)
    return pristine


def restore(engine: DuckEngine) -> None:
    for table in TABLES:
        engine.execute(f"CREATE OR REPLACE TABLE {table} AS FROM pristine_{table}")


def breaks(engine: DuckEngine, noted: str = "") -> list[str]:
    found = verify(engine, noted)
    assert found.ok == (not found.breaks)
    return list(found.breaks)


def test_an_untouched_ledger_is_whole(engine: DuckEngine) -> None:
    found = verify(engine, head(engine).hash)
    assert (found.ok, found.broken, found.breaks, found.noted) == (True, 0, (), ENTRIES)
    assert found.head == head(engine)


TAMPERED = {
    "an entry is changed": (
        f"UPDATE {LEDGER} SET status = 'granted' WHERE seq = 7",
        ["entry 7 is not what was written"],
    ),
    "an entry is deleted": (f"DELETE FROM {LEDGER} WHERE seq = 3", ["entry 3 is missing"]),
    "the first entry is deleted": (f"DELETE FROM {LEDGER} WHERE seq = 1", ["entry 1 is missing"]),
    "several are deleted": (f"DELETE FROM {LEDGER} WHERE seq IN (2, 3)", ["entries 2 to 3 are missing"]),
    "the last one is cut off": (
        f"DELETE FROM {LEDGER} WHERE seq = 7",
        [
            "the ledger ends with entry 6, and the last head with entry 7",
            "entry 7 is not the one that load 2 ended with",
        ],
    ),
    "all of them are gone": (
        f"DELETE FROM {LEDGER}",
        [
            "the ledger ends with entry 0, and the last head with entry 7",
            "entry 4 is not the one that load 1 ended with",
            "entry 7 is not the one that load 2 ended with",
        ],
    ),
    "an entry is put in twice": (f"INSERT INTO {LEDGER} FROM {LEDGER} WHERE seq = 3", ["entry 3 stands twice"]),
    "two change places": (
        f"UPDATE {LEDGER} SET seq = CASE seq WHEN 2 THEN 3 ELSE 2 END WHERE seq IN (2, 3)",
        [
            "entry 2 is not what was written",
            "entry 3 is not what was written",
            "entry 4 does not follow from entry 3",
        ],
    ),
    "an entry loses its number": (
        f"UPDATE {LEDGER} SET seq = NULL WHERE seq = 7",
        [
            "an entry has no number",
            "the ledger ends with entry 6, and the last head with entry 7",
            "entry 7 is not the one that load 2 ended with",
        ],
    ),
    "an entry gets number 0": (
        f"UPDATE {LEDGER} SET seq = -2 WHERE seq = 1",
        ["entry -2 has a number that none can have", "entries -1 to 1 are missing"],
    ),
    "a hash is lost": (
        f"UPDATE {LEDGER} SET hash = NULL WHERE seq = 2",
        ["entry 2 is not what was written", "entry 3 does not follow from entry 2"],
    ),
    "a head is changed": (
        f"UPDATE {HEADS} SET hash = upper(hash) WHERE load_id = 1",
        ["entry 4 is not the one that load 1 ended with"],
    ),
    "the last head is removed": (
        f"DELETE FROM {HEADS} WHERE load_id = 2",
        ["the ledger ends with entry 7, and the last head with entry 4"],
    ),
    "entries are given to another customer": (
        f"UPDATE {SUBJECTS} SET customer_id = 'bob' WHERE customer_id = 'ann'",
        ["6 entries are said to be of a customer whose id does not give their subject"],
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
def test_verify_says_where_the_chain_breaks(case: str, engine: DuckEngine) -> None:
    sql, says = TAMPERED[case]
    engine.execute(sql)
    assert breaks(engine) == says


def test_a_forged_entry_at_the_end_is_beyond_the_head(engine: DuckEngine) -> None:
    forge(engine)
    assert breaks(engine) == ["the ledger ends with entry 8, and the last head with entry 7"]


def forge(engine: DuckEngine) -> str:
    """A grant that was never given, chained as it should be."""
    names = [*COVERED, "previous_hash", "hash"]
    [row] = engine.rows(f"SELECT {', '.join(names)} FROM {LEDGER} WHERE seq = 7")
    entry: dict[str, Any] = dict(zip(names, row, strict=True))
    entry |= {"seq": 8, "status": "granted", "previous_hash": entry["hash"]}
    entry["hash"] = hashed(entry)
    engine.execute(f"INSERT INTO {LEDGER} VALUES ({', '.join('$' + n for n in names)})", entry)
    return str(entry["hash"])


def test_a_ledger_that_was_written_anew_is_found_by_a_head_that_was_noted_elsewhere(engine: DuckEngine) -> None:
    noted = head(engine).hash
    # The last entry is cut off together with the load's head: all that is left agrees.
    engine.execute(f"DELETE FROM {LEDGER} WHERE seq > 4")
    engine.execute(f"DELETE FROM {HEADS} WHERE load_id = 2")
    assert breaks(engine) == []
    assert breaks(engine, noted) == ["no entry has the head that was noted: this is not the ledger it was then"]
    # A head noted before is still that of the first four, and one from before the first entry stands for none.
    [(earlier,)] = engine.rows(f"SELECT hash FROM {LEDGER} WHERE seq = 4")
    assert [verify(engine, h).noted for h in (str(earlier), BEGINNING, "")] == [4, 0, None]


@pytest.mark.parametrize("noted", ["7", "G" * 64, "a" * 63, "A" * 64])
def test_a_head_that_is_no_hash_is_refused(engine: DuckEngine, noted: str) -> None:
    with pytest.raises(DataError, match="is no head; one is 64 of the signs"):
        verify(engine, noted)


def test_of_many_breaks_the_first_few_are_told_and_all_are_counted(engine: DuckEngine) -> None:
    engine.execute(f"UPDATE {LEDGER} SET wording_version = 'v9'")
    found = verify(engine)
    assert (found.broken, len(found.breaks), found.breaks[0]) == (ENTRIES, 5, "entry 1 is not what was written")


def another(value: object, draw: st.DataObject) -> object:
    """A value that is not the same: one sign more, less or other; nothing instead of something; another moment."""
    match value:
        case str():
            place = draw.draw(st.integers(0, len(value)))
            sign = draw.draw(st.text(max_size=1))
            end = draw.draw(st.sampled_from([place, place + 1]))
            return value[:place] + sign + value[end:]
        case int():
            return value + draw.draw(st.sampled_from([-1, 1, 10]))
        case datetime():
            return value + timedelta(microseconds=draw.draw(st.sampled_from([-1, 1, 10**6])))
        case _:
            return None


@settings(max_examples=150)
@given(
    seq=st.integers(1, ENTRIES),
    column=st.sampled_from([*COVERED, "previous_hash", "hash"]),
    emptied=st.booleans(),
    draw=st.data(),
)
def test_any_change_to_any_column_of_any_entry_is_found(
    pristine: DuckEngine, seq: int, column: str, emptied: bool, draw: st.DataObject
) -> None:
    restore(pristine)
    [(old,)] = pristine.rows(f"SELECT {column} FROM {LEDGER} WHERE seq = {seq}")
    if old is None:
        # Where there was nothing, the text of nothing: '' or the sign for it, and the like.
        fill = {"VARCHAR": ["", r"\N", "NULL"], "BIGINT": [0], "INTEGER": [0], "TIMESTAMP": [at(0)]}
        new = draw.draw(st.sampled_from(fill[COVERED[column]]))
    else:
        new = None if emptied else another(old, draw)
        assume(new != old)
    pristine.execute(f"UPDATE {LEDGER} SET {column} = $new WHERE seq = {seq}", {"new": new})  # type: ignore[dict-item]
    found = verify(pristine)
    assert not found.ok
    if column not in ("seq", "hash"):
        assert f"entry {seq} is not what was written" in found.breaks


@given(order=st.permutations(range(1, ENTRIES + 1)))
def test_any_other_order_is_found(pristine: DuckEngine, order: list[int]) -> None:
    assume(order != sorted(order))
    restore(pristine)
    places = " ".join(f"WHEN {old} THEN {new}" for new, old in enumerate(order, start=1))
    pristine.execute(f"UPDATE {LEDGER} SET seq = CASE seq {places} END")
    assert not verify(pristine).ok


def test_moving_text_from_one_column_to_the_next_is_found(engine: DuckEngine) -> None:
    # 'v1' and nothing, or 'v' and '1': the lines are the same in no way.
    engine.execute(f"UPDATE {LEDGER} SET channel = channel || chr(10) || purpose, purpose = NULL WHERE seq = 3")
    assert breaks(engine) == ["entry 3 is not what was written"]


def test_check_tells_the_head_and_fails_on_a_broken_chain(shop: Shop) -> None:
    register = "customer_id,consent_id,channel,purpose,status,recorded_at\nann,1,store,marketing,granted,2023-01-01\n"
    shop.source("till", {**SHOP, "consents": register})
    shop.load()
    said = [c.says for c in check_star(shop.engine) if c.table == LEDGER]
    assert said == [
        f"the chain of 1 entries holds; its head is {head(shop.engine).hash}",
        "register, opt-outs and ledger say the same",
    ]
    shop.engine.execute(f"UPDATE {LEDGER} SET channel = 'web'")
    failed = [(c.says, c.rows) for c in shop.failed()]
    assert failed == [
        ("the chain of 1 entries should hold; entry 1 is not what was written", 1),
        # The star says store: one entry to take back, one to add.
        ("register, opt-outs and ledger should say the same; crm load notes what changed", 2),
    ]
    shop.engine.execute(f"DROP TABLE {SUBJECTS}")
    assert [c.says for c in shop.failed()] == ["the warehouse has no consent_subject; run: crm load"]
