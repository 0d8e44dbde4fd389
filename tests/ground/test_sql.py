from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.sql import Query, Value, ident, literal, statement

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.one_of(
    texts,
    st.none(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.decimals(-(10**12), 10**12, places=4),
    st.dates(),
    st.datetimes(),
)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    yield engine
    engine.close()


@given(VALUES)
def test_a_literal_is_the_value_and_nothing_else(engine: DuckEngine, value: Value) -> None:
    assert engine.rows(f"SELECT {literal(value)}") == [(value,)]


@given(VALUES)
def test_a_bound_value_reads_back_and_its_readable_form_asks_the_same(engine: DuckEngine, value: Value) -> None:
    query = Query("SELECT $value, '$other', 1 AS \"$value\"", {"value": value})
    assert engine.rows(query.text, {"value": value})[0][0] == value
    readable = Query("SELECT $value", {"value": value}).readable()
    assert engine.rows(readable) == [(value,)]


@given(texts.filter(bool))
def test_any_name_can_be_a_column(engine: DuckEngine, name: str) -> None:
    assert list(engine.columns(f"(SELECT 1 AS {ident(name)})")) == [name]


def test_a_value_that_looks_like_sql_stays_a_value(engine: DuckEngine) -> None:
    hostile = "x'; DROP TABLE t; --"
    engine.execute("CREATE OR REPLACE TABLE t AS SELECT 1 AS a")
    assert engine.rows(f"SELECT {literal(hostile)}") == [(hostile,)]
    assert engine.rows("SELECT a FROM t") == [(1,)]


def test_literals_by_hand() -> None:
    assert literal("O'Neil") == "'O''Neil'"
    assert literal(True) == "TRUE"
    assert literal(None) == "NULL"
    assert literal(Decimal("1.50")) == "1.50"
    assert literal(date(2017, 1, 2)) == "DATE '2017-01-02'"
    assert literal(datetime(2017, 1, 2, 3, 4)) == "TIMESTAMP '2017-01-02 03:04:00'"
    assert ident('a"b') == '"a""b"'


def test_a_parameter_without_a_value_is_left_as_it_stands() -> None:
    assert Query("SELECT $a, $b", {"a": 1}).readable() == "SELECT 1, $b"


def test_one_parameter_is_not_taken_for_the_beginning_of_another() -> None:
    assert Query("SELECT $a, $ab", {"a": 1, "ab": 2}).readable() == "SELECT 1, 2"


def test_a_statement_file_begins_with_its_grain() -> None:
    assert statement("crm_analytics.warehouse", "dim_date").startswith("-- One day of the calendar")
