"""The last word of a customer on a channel, against the rule said another way and on rows worked out by hand."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.features.consents import consents, keeps_consents

START = datetime(2024, 1, 1)
CHANNELS = {1: "mail", 2: "sms"}
DDL = """
CREATE OR REPLACE TABLE dim_customer (customer_key INTEGER, customer_id VARCHAR);
CREATE OR REPLACE TABLE dim_channel (channel_key INTEGER, channel VARCHAR);
CREATE OR REPLACE TABLE fct_consent (
  customer_key INTEGER, channel_key INTEGER, purpose VARCHAR, status VARCHAR, recorded_at TIMESTAMP);
CREATE OR REPLACE TABLE fct_response (
  customer_key INTEGER, channel_key INTEGER, response_kind VARCHAR, responded_at TIMESTAMP);
CREATE OR REPLACE TABLE rejects (entity VARCHAR, row_json VARCHAR);
INSERT INTO dim_customer VALUES (0, NULL), (1, 'ann'), (2, 'bob');
INSERT INTO dim_channel VALUES (0, NULL), (1, 'mail'), (2, 'sms')
"""
Word = tuple[int, str, int]  # channel key, what was said, day
KINDS = ("granted", "withdrawn", "opt_out", "complaint")


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    yield engine
    engine.close()


def fill(engine: DuckEngine, words: list[Word]) -> DuckEngine:
    """The tiny star, with these words of ann."""
    for statement in DDL.split(";"):
        engine.execute(statement)
    for channel, said, day in words:
        values: dict[str, str | int | datetime] = {"channel": channel, "said": said, "at": START + timedelta(days=day)}
        into_register = "INSERT INTO fct_consent VALUES (1, $channel, 'marketing', $said, $at)"
        into_responses = "INSERT INTO fct_response VALUES (1, $channel, $said, $at)"
        engine.execute(into_register if said in KINDS[:2] else into_responses, values)
    return engine


def allowed(engine: DuckEngine, before: date = date(2200, 1, 1), purpose: str = "marketing") -> set[str]:
    frame = consents(engine, purpose, before)
    return {channel for _, channel, status in frame.rows() if status == "granted"}


@given(st.lists(st.tuples(st.sampled_from([0, 1, 2]), st.sampled_from(KINDS), st.integers(0, 4)), max_size=6))
def test_a_channel_is_open_if_some_grant_for_it_was_followed_by_no_no(engine: DuckEngine, words: list[Word]) -> None:
    open_ones = {
        CHANNELS[channel]
        for channel, said, day in words
        if channel and said == "granted"
        and not any(c in (0, channel) and s in ("withdrawn", "opt_out") and d >= day for c, s, d in words)
    }  # fmt: skip
    assert allowed(fill(engine, words)) == open_ones


def test_a_word_counts_from_the_day_after_it_was_given(engine: DuckEngine) -> None:
    # Granted on day 0, withdrawn for all channels on day 2: open for a list of day 1 and of day 2, not of day 3.
    fill(engine, [(1, "granted", 0), (0, "withdrawn", 2)])
    by_day = [allowed(engine, (START + timedelta(days=day)).date()) for day in range(4)]
    assert by_day == [set(), {"mail"}, {"mail"}, set()]


def test_purpose_is_a_word_whatever_its_capitals(engine: DuckEngine) -> None:
    fill(engine, [(1, "granted", 0)])
    assert allowed(engine, purpose=" Marketing ") == {"mail"}
    assert allowed(engine, purpose="service") == set()


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
        ("responses", '{"customer_id": "ann", "response_kind": "opt-out"}', True),
        ("responses", '{"customer_id": "ann", "response_kind": null}', True),
        ("responses", '{"customer_id": "ann", "response_kind": "Complaint"}', False),
        ("sales", '{"customer_id": "ann"}', False),
    ],
)
def test_a_refused_row_that_is_not_clearly_a_yes_is_a_no_of_its_customer(
    engine: DuckEngine, entity: str, row: str, heard: bool
) -> None:
    # Ann agreed to mail at the last moment there is: no later grant outweighs a no of which nobody knows the time.
    fill(engine, [(1, "granted", 60_000)])
    engine.execute("INSERT INTO rejects VALUES ($entity, $row)", {"entity": entity, "row": row})
    assert allowed(engine) == (set() if heard else {"mail"})


def test_a_register_is_kept_if_it_has_rows_or_if_rows_were_ever_read(engine: DuckEngine) -> None:
    assert not keeps_consents(fill(engine, [(1, "opt_out", 0)]))
    assert keeps_consents(fill(engine, [(1, "withdrawn", 0)]))
    fill(engine, [])
    engine.execute("CREATE TABLE loads (entity VARCHAR, rows_read BIGINT)")
    engine.execute("INSERT INTO loads VALUES ('sales', 5), ('consents', 0)")
    assert not keeps_consents(engine)
    engine.execute("INSERT INTO loads VALUES ('consents', 3)")
    assert keeps_consents(engine)
