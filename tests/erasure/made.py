"""A small project whose customers hide in many places, and a search for every byte of them."""

import json
import re
import sqlite3
import zipfile
from collections.abc import Iterable
from contextlib import closing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl

import crm_analytics as crm
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.project import Project
from crm_analytics.sql import ident

NOW = datetime(2024, 1, 1, 12, 0)
ID = re.compile(r"[A-Z]\d+")

# Zoë is in every file.  Karl and Karl bear one name; a1 and a3 share a phone; a9 bought and is in no customer file.
ZOE = 'Zoë "Zo" O\'Brien'
CUSTOMERS = f"""customer_no,full_name,email,phone,street
a1,{json.dumps(ZOE, ensure_ascii=False).replace(chr(92) + '"', '""')},zoe@example.com,+49 170 1234567,Elm Street 1
a2,Karl Maier,karl@example.com,+49 170 2222222,Elm Street 2
a3,Karl Maier,other.karl@example.com,+49 170 1234567,"Elm Street 3
at the back"
"""
PEOPLE = {
    "a1": (ZOE, "zoe@example.com", "+49 170 1234567", "Elm Street 1"),
    "a2": ("Karl Maier", "karl@example.com", "+49 170 2222222", "Elm Street 2"),
    "a3": ("Karl Maier", "other.karl@example.com", "+49 170 1234567", "Elm Street 3"),
}
SALES = """order_no,line_no,customer_no,sold,paid
o1,1,a1,2023-01-02 10:00:00,10.00
o1,2,a1,2023-01-02 10:00:00,2.55
o2,1,a2,2023-02-01 09:30:00,7.25
o3,1,a9,2023-03-01 09:30:00,100.01
o4,1,a3,2023-04-01 09:30:00,0.99
o5,1,a1,yesterday,5.00
"""
CONTACTS = [
    {"id": "k1", "customer_no": "a1", "at": "2023-01-03 10:00:00", "said": f"{ZOE} asked to be called"},
    {"id": "k2", "customer_no": "a2", "at": "2023-01-04 10:00:00", "said": "forwarded to ZOE@example.com, 0 answers"},
    {"id": "k3", "customer_no": "a2", "at": "2023-01-05 10:00:00", "said": "on holiday"},
]
MAPPINGS = {
    "customers": "SELECT customer_no AS customer_id, full_name AS name, email, phone, street FROM raw_customers",
    "sales": "SELECT order_no AS order_id, line_no AS line_id, customer_no AS customer_id, sold AS sold_at, "
    "paid AS revenue FROM raw_sales",
    "contacts": "SELECT id AS contact_id, customer_no AS customer_id, \"at\" AS contacted_at, 'inbound' AS direction, "
    "said AS outcome FROM raw_contacts",
    "deals": "SELECT deal AS deal_id, who AS customer_id, opened AS opened_on, 'lost' AS status, why AS lost_reason, "
    "worth AS amount FROM raw_deals",
}
SOURCE = """version: 1
files:
  customers: {path: raw/customers.csv}
  sales: {path: raw/sales.csv}
  contacts: {path: raw/contacts.jsonl}
  deals: {path: raw/deals.parquet}
controls:
  - {name: paid, entity: sales, measure: revenue, sql: 'SELECT sum(CAST(paid AS DECIMAL(18,2))) FROM raw_sales'}
"""
CUBE = """version: 1
cube: sales
fact: {table: fct_sale, key: [order_id, line_id]}
dimensions:
  customer:
    table: dim_customer
    key: customer_key
    attributes: {customer_id: {}, street: {}}
measures:
  revenue: {agg: sum, sql: revenue, format: money}
rollups:
  by_customer: {by: [customer.customer_id, customer.street], measures: [revenue]}
"""


def write_project(folder: Path) -> Project:
    """The project on disk, not loaded."""
    raw = folder / "data" / "crm" / "raw"
    raw.mkdir(parents=True)
    (folder / "cubes").mkdir()
    (folder / "crm.yml").write_text("version: 1\nname: Small\nconsent: not_recorded\nthreads: 1\n")
    (folder / "cubes" / "sales.yml").write_text(CUBE)
    (folder / "data" / "crm" / "source.yml").write_text(SOURCE)
    for entity, sql in MAPPINGS.items():
        (folder / "data" / "crm" / f"{entity}.sql").write_text(sql)
    (raw / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    (raw / "sales.csv").write_text(SALES, encoding="utf-8")
    lines = [json.dumps(row, ensure_ascii=i % 2 == 0) for i, row in enumerate(CONTACTS)]
    (raw / "contacts.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    pl.DataFrame(
        {
            "deal": ["d1", "d2", "d3"],
            "who": ["a1", "a2", None],
            "opened": [date(2023, 1, 1)] * 3,
            "why": ["too dear, says zoe@example.com", 'Zoë "Zo" O\'Brien advised against it', "no answer"],
            "worth": [Decimal("100.10"), Decimal("0.05"), Decimal("7.00")],
        }
    ).write_parquet(raw / "deals.parquet")
    return crm.open(folder)


def use(shop: Project) -> None:
    """What people leave in a project folder: a segment, an export, notes, a notebook, a database of their own."""
    shop.save_segment("elm", ["a1", "a2"])
    out = shop.output / "export"
    out.mkdir(parents=True)
    pl.DataFrame({"rank": [1, 2], "customer_id": ["a1", "a2"]}).write_csv(out / "list.csv")
    (out / "list.csv.manifest.json").write_text(
        json.dumps({"target": "csv", "file": "list.csv", "as_of": "2024-01-01", "sha256": "x", "customers": 2})
    )
    (shop.folder / "notes.md").write_text(f"call {ZOE} under 00491701234567, not Karl Maier\n", encoding="utf-8")
    cells = [{"cell_type": "code", "source": ["x"], "outputs": [{"text": ["a1 zoe@example.com\n", "a2\n"]}]}]
    (shop.folder / "walk.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    with closing(sqlite3.connect(shop.folder / "till.db")) as till, till:
        till.execute("CREATE TABLE visit (customer_no TEXT, note TEXT NOT NULL, euros REAL)")
        till.executemany("INSERT INTO visit VALUES (?, ?, ?)", [("a1", "zoe@example.com", 1.5), ("a2", "tea", 2.5)])
    (shop.folder / "latin.csv").write_bytes('customer_no;wer\na1;Zoë ""Zo"" O\'Brien\na2;Zoé\n'.encode("cp1252"))


def texts_in(folder: Path) -> Iterable[tuple[str, str]]:
    """Every file as text: its bytes, and of packed ones what is in them too."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            yield path.name, raw.decode("utf-8", "surrogateescape")
            yield path.name, raw.decode("cp1252", "replace")
            if path.suffix == ".parquet":
                yield path.name, repr(pl.read_parquet(path).to_dicts())
            if path.suffix == ".duckdb":
                yield from tables_in(path)
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as packed:
                    for name in packed.namelist():
                        yield f"{path.name}/{name}", packed.read(name).decode("utf-8", "replace")


def tables_in(warehouse: Path) -> Iterable[tuple[str, str]]:
    """Every cell of every table as text: a byte that compression hides in the file shows here."""
    engine = DuckEngine.open(warehouse, read_only=True)
    for table in sorted(engine.tables()):
        for column in engine.columns(ident(table)):
            cells = engine.rows(f"SELECT DISTINCT CAST({ident(column)} AS VARCHAR) FROM {ident(table)} ORDER BY 1")
            yield f"{table}.{column}", "\n".join(str(cell) for (cell,) in cells)
    engine.close()


def found(shop: Project, words: Iterable[str]) -> dict[str, list[str]]:
    """Where the words stand, whatever their case and the spelling of their bytes: by file, and by table and column."""
    shop.close()
    texts = [(name, text.lower()) for name, text in texts_in(shop.folder)]
    hits: dict[str, list[str]] = {}
    for word in words:
        spelt = {word, json.dumps(word)[1:-1], word.replace('"', '""')}
        looked = "|".join(re.escape(form.lower()) for form in spelt)
        if ID.fullmatch(word):  # c1753 also stands within hashes now and then
            looked = f"(?<![0-9a-z]){looked}(?![0-9a-z])"
        for name, low in texts:
            if re.search(looked, low):
                hits.setdefault(word, []).append(name)
    return {word: sorted(set(names)) for word, names in hits.items()}


def rows(shop: Project, text: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in shop.engine.rows(text)]
