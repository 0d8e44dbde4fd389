"""Raw files of other kinds, read as source.yml says: forgotten in place, and the same star after the next load."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import crm_analytics as crm
from crm_analytics.project import Project
from tests.erasure.made import CUBE, NOW, found, rows

ASKED = (
    "SELECT customer_id, customer_key, name, email FROM dim_customer ORDER BY customer_key",
    "SELECT order_id, customer_key, revenue, unresolved FROM fct_sale ORDER BY order_id",
    # Not why: a line that had too many fields may have an empty one too many now, which is none.
    "SELECT entity, count(*) FROM rejects GROUP BY ALL",
)
SALES = "SELECT o AS order_id, 1 AS line_id, who AS customer_id, sold AS sold_at, euros AS revenue FROM raw_sales"
CUSTOMERS = "SELECT who AS customer_id, name, mail AS email FROM raw_customers"


def project(folder: Path, files: str) -> Path:
    """A project without its raw files; gives the folder they go to."""
    place = folder / "data" / "crm"
    place.mkdir(parents=True)
    (folder / "cubes").mkdir()
    (folder / "cubes" / "sales.yml").write_text(CUBE.replace(", street: {}", "").replace(", customer.street", ""))
    (folder / "crm.yml").write_text("version: 1\nname: Kinds\nconsent: not_recorded\nthreads: 1\n")
    (place / "source.yml").write_text(f"version: 1\nfiles:\n{files}")
    (place / "sales.sql").write_text(SALES)
    (place / "customers.sql").write_text(CUSTOMERS)
    return place


def forget_and_load_again(shop: Project, words: list[str]) -> None:
    shop.load(now=NOW)
    assert all(found(shop, [word]) for word in words)
    before = rows(shop, "SELECT count(*), sum(revenue), count(DISTINCT customer_key) FROM fct_sale")
    done = shop.forget("7", "dpo", now=NOW)
    assert done.left == []
    assert found(shop, words) == {}
    assert rows(shop, "SELECT count(*), sum(revenue), count(DISTINCT customer_key) FROM fct_sale") == before
    star = [rows(shop, text) for text in ASKED]
    assert star[0][1][0] == done.pseudonym
    shop.load(now=NOW, full=True)
    assert [rows(shop, text) for text in ASKED] == star
    assert [check.says for check in shop.check() if check.ok is False] == []


def test_tables_of_a_sqlite_file_each_by_their_own_mapping(tmp_path: Path) -> None:
    files = "  customers: {sqlite: crm.db, table: person}\n  sales: {sqlite: crm.db, table: sale}\n"
    place = project(tmp_path / "shop", files)
    with closing(sqlite3.connect(place / "crm.db")) as database, database:
        database.execute("CREATE TABLE person (who INTEGER PRIMARY KEY, name TEXT, mail TEXT, street TEXT NOT NULL)")
        database.executemany(
            "INSERT INTO person VALUES (?, ?, ?, ?)",
            [(7, "Ann Lee", "ann@x.de", "Elm Street 1"), (8, "Bob Day", "bob@x.de", "Elm Street 2")],
        )
        database.execute("CREATE TABLE sale (o TEXT, who INTEGER, sold TEXT, euros REAL, pieces INTEGER)")
        database.executemany(
            "INSERT INTO sale VALUES (?, ?, ?, ?, ?)",
            [("o1", 7, "2023-01-01", 1.10, 7), ("o2", 8, "2023-01-01", 2.20, 7), ("o3", 7, "never", 3.30, 1)],
        )
    with crm.open(tmp_path / "shop") as shop:
        forget_and_load_again(shop, ["Ann Lee", "ann@x.de"])
    assert b"Elm Street 1" not in (place / "crm.db").read_bytes()
    with closing(sqlite3.connect(place / "crm.db")) as database:
        # Seven pieces stay seven.
        assert database.execute("SELECT euros, pieces FROM sale ORDER BY o").fetchall() == [
            (1.1, 7),
            (2.2, 7),
            (3.3, 1),
        ]


@pytest.mark.parametrize("number", ["7", "007"])
def test_a_csv_in_its_own_encoding_with_a_broken_line(tmp_path: Path, number: str) -> None:
    files = (
        "  customers: {path: people.txt, encoding: cp1252, delimiter: ';', skip: 1}\n"
        "  sales: {path: sales.csv, delimiter: ';'}\n"
    )
    place = project(tmp_path / "shop", files)
    (place / "customers.sql").write_text(CUSTOMERS.replace("who AS", "ltrim(who, '0') AS"))
    (place / "sales.sql").write_text(SALES.replace("who AS", "ltrim(who, '0') AS"))
    people = f"export\nwho;name;mail\n{number};Zoë Lée;zoe@x.de\n8;Bob Day;bob@x.de\n"
    (place / "people.txt").write_bytes(people.encode("cp1252"))
    # A line with too many fields is kept as it stands, with the address in it.
    sales = f"o;who;sold;euros\no1;{number};2023-01-01;1.10\no2;8;2023-01-01;2.20\no3;{number};;;zoe@x.de\n"
    (place / "sales.csv").write_text(sales)
    with crm.open(tmp_path / "shop") as shop:
        forget_and_load_again(shop, ["Zoë Lée", "zoe@x.de"])
    assert (place / "people.txt").read_bytes().startswith("export\nwho;name;mail\nerased-".encode("cp1252"))
