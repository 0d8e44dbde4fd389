"""PostgreSQL, asked of a real server: types, changes, and nothing told of the connection string."""

import os
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from adbc_driver_postgresql import dbapi

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.raw import Raw
from tests.warehouse.readers.made import raw
from tests.warehouse.readers.postgres_server import binaries, server

ENGINE = DuckEngine.open(None, threads=1)
PROGRAMS = binaries()

pytestmark = pytest.mark.skipif(
    PROGRAMS is None and "CI" not in os.environ, reason="PostgreSQL is not installed; CI installs it"
)

TABLES = """
CREATE TYPE mood AS ENUM ('glad', 'sad');
CREATE SCHEMA shop;
CREATE TABLE shop.orders (
  id bigint, price numeric(10,2), free numeric, note text, mood mood, paid money, day date, at timestamptz, tags text[],
  more jsonb, gift boolean, "odd ""name" integer);
INSERT INTO shop.orders VALUES
  (1, 12345678.90, 0.1, 'it''s', 'glad', 1.25, '2024-02-29', '2024-01-01 10:00:00+02', '{a,b}', '{"a": 1}', true, 7),
  (2, 0.10, 'NaN', NULL, 'sad', NULL, 'infinity', '2024-01-02 00:00:00+00', NULL, NULL, NULL, NULL),
  (3, NULL, NULL, '', NULL, -5, NULL, NULL, '{}', '[]', false, -7);
CREATE TABLE readings (id integer, value numeric(4,1));
INSERT INTO readings VALUES (1, 1.5), (2, 'NaN');
CREATE TABLE many AS SELECT g AS id, 'customer ' || g AS name FROM generate_series(1, 200000) g;
CREATE SEQUENCE numbers;
CREATE TABLE no_rows (id integer, price numeric(10,2));
"""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    assert PROGRAMS is not None, "CI installs PostgreSQL, so that this is always tested there"
    with server(PROGRAMS) as socket:
        address = f"postgresql://crm@/postgres?host={socket}"
        with dbapi.connect(address, autocommit=True) as con, con.cursor() as cursor:
            for statement in TABLES.split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
        yield address


@pytest.fixture
def connected(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_DATABASE", address)


def entry(folder: Path, **options: object) -> Raw:
    return raw(folder, None, postgres="SHOP_DATABASE", **options)


def rows(found: Raw, since: datetime | None = None) -> list[tuple[Any, ...]]:
    return ENGINE.rows(
        f"SELECT COLUMNS(lambda c: c <> 'at') FROM ({found.open(ENGINE, found.pieces(), since)}) ORDER BY ALL"
    )


@pytest.mark.usefixtures("connected")
def test_a_table_comes_with_its_types(tmp_path: Path) -> None:
    found = entry(tmp_path, table="shop.orders")
    assert [piece.label for piece in found.pieces()] == ["table shop.orders"]
    assert ENGINE.columns(f"({found.open(ENGINE, found.pieces())})") == {
        "id": "BIGINT",
        "price": "DECIMAL(10,2)",
        "free": "VARCHAR",
        "note": "VARCHAR",
        "mood": "VARCHAR",
        "paid": "VARCHAR",
        "day": "DATE",
        "at": "TIMESTAMP WITH TIME ZONE",
        "tags": "VARCHAR[]",
        "more": "JSON",
        "gift": "BOOLEAN",
        'odd "name': "INTEGER",
    }
    names = 'id, price, free, note, mood, paid, CAST("at" AS TIMESTAMP), tags, more->>\'a\', gift, "odd ""name"'
    kept = ENGINE.rows(f"SELECT {names} FROM ({found.open(ENGINE, found.pieces())}) ORDER BY id")
    at = datetime(2024, 1, 1, 8, 0), datetime(2024, 1, 2)
    assert kept == [
        (1, Decimal("12345678.90"), "0.1", "it's", "glad", "1.25", at[0], ["a", "b"], "1", True, 7),
        (2, Decimal("0.10"), "NaN", None, "sad", None, at[1], None, None, None, None),
        (3, None, None, "", None, "-5.00", None, [], None, False, -7),
    ]
    found.close(ENGINE)


@pytest.mark.usefixtures("connected")
def test_a_number_that_no_decimal_can_hold_keeps_the_column_text(tmp_path: Path) -> None:
    found = entry(tmp_path, table="readings")
    assert rows(found) == [(1, "1.5"), (2, "NaN")]
    found.close(ENGINE)


@pytest.mark.usefixtures("connected")
def test_a_query_is_read_like_a_table_and_may_be_empty(tmp_path: Path) -> None:
    found = entry(tmp_path, query="SELECT id, day AS on_day FROM shop.orders WHERE id = 1 -- the first\n;")
    assert rows(found) == [(1, date(2024, 2, 29))]
    found.close(ENGINE)
    found = entry(tmp_path, table="no_rows")
    assert rows(found) == []
    assert list(ENGINE.columns(f"({found.open(ENGINE, found.pieces())})").values()) == ["INTEGER", "DECIMAL(10,2)"]
    found.close(ENGINE)


@pytest.mark.usefixtures("connected")
def test_many_rows_come_in_batches(tmp_path: Path) -> None:
    found = entry(tmp_path, table="many")
    select = found.open(ENGINE, found.pieces())
    # 1 + 2 + ... + 200,000
    assert ENGINE.rows(f"SELECT count(*), sum(id) FROM ({select})") == [(200_000, 20_000_100_000)]
    found.close(ENGINE)


@pytest.mark.usefixtures("connected")
def test_only_rows_that_changed_since_come_and_those_of_which_nobody_knows(tmp_path: Path) -> None:
    # The first row changed at 08:00 UTC, written as 10:00 with two hours of difference.
    found = entry(tmp_path, query="SELECT id, at FROM shop.orders", changed="at")
    assert [row[0] for row in rows(found, datetime(2024, 1, 1, 8, 0))] == [1, 2, 3]
    assert [row[0] for row in rows(found, datetime(2024, 1, 1, 8, 0, 1))] == [2, 3]
    assert [row[0] for row in rows(found)] == [1, 2, 3]
    found.close(ENGINE)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"table": "shop.order"}, 'table shop.order: relation "shop.order" does not exist'),
        ({"query": "SELEC 1"}, 'query x: syntax error at or near "1"'),
        ({"query": "DELETE FROM readings RETURNING id"}, 'query x: syntax error at or near "FROM"'),
        (
            {"query": "SELECT CAST(note AS int) FROM shop.orders"},
            "query x: the server stopped the query",
        ),
    ],
    ids=str,
)
@pytest.mark.usefixtures("connected")
def test_what_cannot_be_asked_is_told(options: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(CrmError) as caught:
        rows(entry(tmp_path, **options))
    assert str(caught.value) == says


@pytest.mark.usefixtures("connected")
def test_a_query_cannot_change_the_database(tmp_path: Path) -> None:
    with pytest.raises(CrmError, match="query x: the server stopped the query"):
        rows(entry(tmp_path, query="SELECT nextval('numbers')"))


ADDRESSES = {
    "postgresql://crm:pa/ssword@/postgres?host={}": "it cannot be reached so",
    "postgresql://crm:password@/shop?host={}": "there is no such user or database",
    "postgresql://ann:password@/postgres?host={}": "there is no such user or database",
    "postgresql://crm:password@/postgres?host={}/nowhere": "no server listens there",
    "password": "it cannot be reached so",
}


@pytest.mark.parametrize("wrong", ADDRESSES)
def test_nothing_of_the_connection_string_is_told(
    wrong: str, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DATABASE", wrong.format(address.split("host=")[1]))
    found = entry(tmp_path, table="readings")
    with pytest.raises(CrmError) as caught:
        rows(found)
    assert str(caught.value) == (
        f"table readings: no connection to the database that SHOP_DATABASE names: {ADDRESSES[wrong]}"
    )
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert "password" not in repr(found)


def test_a_variable_that_is_not_set_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_DATABASE", raising=False)
    with pytest.raises(CrmError, match="table t: the environment variable SHOP_DATABASE is not set; set it to"):
        rows(entry(tmp_path, table="t"))


def test_a_connection_string_in_source_yml_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(CrmError, match=r"source\.yml:3: postgres: names the environment variable") as caught:
        raw(tmp_path, None, postgres="postgresql://crm:password@host/shop", table="t")
    assert "password@" not in str(caught.value)
