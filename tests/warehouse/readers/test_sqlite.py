"""SQLite files, read only: types as the values are, and only what changed where that is asked."""

import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from crm_analytics.config import ProjectConfig
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.raw import Raw
from crm_analytics.warehouse.undo import undo
from tests.warehouse.made import NOW, Shop
from tests.warehouse.readers.made import raw

ENGINE = DuckEngine.open(None, threads=1)

ORDERS = """
CREATE TABLE orders (id INTEGER, price REAL, note TEXT, mixed INTEGER, photo BLOB, empty INTEGER, updated_at TEXT);
INSERT INTO orders VALUES (1, 1.5, 'a', 7, x'ff', NULL, '2024-01-01 10:00:00');
INSERT INTO orders VALUES (2, 2, 'it''s', 'seven', NULL, NULL, '2024-01-02T10:00:00');
INSERT INTO orders VALUES (3, NULL, NULL, x'0a', NULL, NULL, 'last week');
"""


@pytest.fixture
def crm(tmp_path: Path) -> Path:
    path = tmp_path / "crm 100%.db"
    with closing(sqlite3.connect(path)) as con:
        con.executescript(ORDERS)
    return path


def entry(folder: Path, **options: object) -> Raw:
    return raw(folder, None, sqlite="crm 100%.db", **options)


def rows(found: Raw, since: datetime | None = None) -> list[tuple[Any, ...]]:
    return ENGINE.rows(found.open(ENGINE, found.pieces(), since))


def test_a_table_keeps_its_types_and_mixed_columns_are_texts(crm: Path) -> None:
    found = entry(crm.parent, table="orders")
    assert [piece.label for piece in found.pieces()] == ["table orders"]
    select = found.open(ENGINE, found.pieces())
    assert list(ENGINE.columns(f"({select})").values()) == [
        "BIGINT", "DOUBLE", "VARCHAR", "VARCHAR", "BLOB", "VARCHAR", "VARCHAR",
    ]  # fmt: skip
    assert [row[:6] for row in ENGINE.rows(select)] == [
        (1, 1.5, "a", "7", b"\xff", None),
        (2, 2.0, "it's", "seven", None, None),
        (3, None, None, "0a", None, None),
    ]
    found.close(ENGINE)
    assert not [t for t in ENGINE.tables() if t.startswith("_pulled")]


def test_a_query_is_read_like_a_table(crm: Path) -> None:
    found = entry(crm.parent, query="SELECT id * 10 AS ten, note FROM orders WHERE price > 1 -- dear ones\n;")
    assert rows(found) == [(10, "a"), (20, "it's")]
    found.close(ENGINE)


def test_only_rows_that_changed_since_come_and_those_of_which_nobody_knows(crm: Path) -> None:
    found = entry(crm.parent, table="orders", changed="updated_at")
    assert found.changed == "updated_at"
    assert [row[0] for row in rows(found, datetime(2024, 1, 1, 10, 0, 1))] == [2, 3]
    assert [row[0] for row in rows(found, datetime(2024, 1, 1, 10, 0))] == [1, 2, 3]
    assert [row[0] for row in rows(found)] == [1, 2, 3]
    found.close(ENGINE)


@pytest.mark.parametrize("unit", [1, 1000])
def test_a_change_may_be_told_in_seconds_or_milliseconds(unit: int, tmp_path: Path) -> None:
    # 2024-01-01 00:00:00 UTC is 1704067200 seconds after 1970.
    with closing(sqlite3.connect(tmp_path / "crm 100%.db")) as con, con:
        con.execute("CREATE TABLE t (id, at)")
        con.executemany("INSERT INTO t VALUES (?, ?)", [(1, 1704067199 * unit), (2, 1704067200 * unit), (3, None)])
    found = entry(tmp_path, table="t", changed="at")
    assert [row[0] for row in rows(found, datetime(2024, 1, 1))] == [2, 3]
    found.close(ENGINE)


def test_more_rows_than_one_batch_holds(tmp_path: Path) -> None:
    # The text comes in the last row: all rows decide on the type, not the first ones.
    with closing(sqlite3.connect(tmp_path / "crm 100%.db")) as con, con:
        con.execute("CREATE TABLE t (x INTEGER)")
        con.executemany("INSERT INTO t VALUES (?)", [(i,) for i in range(60_000)])
        con.execute("INSERT INTO t VALUES ('text')")
    found = entry(tmp_path, table="t")
    select = found.open(ENGINE, found.pieces())
    assert ENGINE.rows(f"SELECT count(*), count(DISTINCT x), max(x) FROM ({select})") == [(60_001, 60_001, "text")]
    found.close(ENGINE)


def test_bytes_that_are_no_text_do_not_stop_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "crm 100%.db")) as con, con:
        con.execute("CREATE TABLE t (x)")
        con.execute("INSERT INTO t VALUES (CAST(x'61ff' AS TEXT))")
    found = entry(tmp_path, table="t")
    assert rows(found) == [("a\ufffd",)]
    found.close(ENGINE)


def test_a_locked_database_says_so(crm: Path) -> None:
    with closing(sqlite3.connect(crm, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.raises(CrmError, match=r"crm 100%\.db: table orders: another program has been writing"):
            rows(entry(crm.parent, table="orders"))
        writer.execute("ROLLBACK")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"table": "order"}, "crm 100%.db: table order: no such table: order"),
        ({"query": "SELEC 1"}, 'crm 100%.db: query x: near "1": syntax error'),
        ({"query": "DELETE FROM orders"}, 'crm 100%.db: query x: near "DELETE": syntax error'),
        (
            {"table": "orders", "changed": "update_at"},
            "crm 100%.db: table orders: no column 'update_at'. Did you mean 'updated_at'? "
            "Known: empty, id, mixed, note, photo, price, updated_at.",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_told(options: dict[str, str], says: str, crm: Path) -> None:
    found = entry(crm.parent, **options)
    with pytest.raises(CrmError) as caught:
        rows(found, datetime(2024, 1, 1))
    assert str(caught.value) == f"{crm.parent}/{says}"


def test_a_file_that_is_no_database_and_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CrmError, match=r"source\.yml:3: no such file: .*crm 100%\.db"):
        entry(tmp_path, table="t")
    (tmp_path / "crm 100%.db").write_text("customer_id\n1\n" * 100)
    with pytest.raises(CrmError, match=r"crm 100%\.db: table t: is no SQLite database"):
        rows(entry(tmp_path, table="t"))
    with pytest.raises(CrmError, match=r"source\.yml:3: needs a table, such as \{table: orders\}, or a query"):
        entry(tmp_path)


def test_a_row_that_was_refused_is_a_reject_no_more_once_it_is_mended(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "till"
    folder.mkdir(parents=True)
    (folder / "source.yml").write_text(
        "version: 1\nfiles:\n  lines: {sqlite: till.db, table: lines, changed: at}\n"
        "incremental:\n  sales: {by: lines}\n"
    )
    (folder / "sales.sql").write_text("SELECT * FROM raw_lines")
    with closing(sqlite3.connect(folder / "till.db")) as con:
        con.execute("CREATE TABLE lines (order_id, line_id, sold_at, revenue, at)")
        con.executemany(
            "INSERT INTO lines VALUES (?, '1', '2024-01-01', ?, '2024-01-01')", [("a", "?"), ("b", "?"), ("c", "3")]
        )
        con.commit()
        with closing(DuckEngine.open(None, threads=1)) as engine:
            shop = Shop(tmp_path / "data", engine)
            shop.load()
            con.execute("UPDATE lines SET revenue = '1', at = '2024-02-01' WHERE order_id = 'a'")
            con.execute("UPDATE lines SET revenue = '!', at = '2024-02-01' WHERE order_id = 'b'")
            con.commit()
            (done,) = shop.load()
            # c is as new as the last load and read again; a is good now; b is as bad as before, and a reject once.
            assert (done.rows_read, done.rows_loaded, done.rows_rejected, done.rows_new) == (3, 2, 1, 1)
            assert [(row["order_id"], row["revenue"]) for *_, row in shop.rejects()] == [("b", "!")]
            undo(engine, ProjectConfig(name="test", channels=("store", "web")), 2, NOW)
            assert sorted((row["order_id"], row["revenue"]) for *_, row in shop.rejects()) == [("a", "?"), ("b", "?")]
