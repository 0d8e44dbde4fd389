"""How a customer is called in the raw files: numbers, ids that a mapping makes, several columns, objects."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import crm_analytics as crm
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.project import Project
from crm_analytics.warehouse.erasure.idcolumns import RawColumn, raw_columns
from tests.erasure.made import CUBE, NOW, rows

CONFIG = "version: 1\nname: Ids\nconsent: not_recorded\nthreads: 1\n"
ENGINE = DuckEngine.open(None, threads=1)


def columns(mapping: str) -> set[RawColumn]:
    return set(raw_columns(ENGINE, mapping, "customer_id")) - {RawColumn(("customer_id",))}


def test_the_columns_of_an_id_are_read_off_the_mapping() -> None:
    assert columns("SELECT no AS customer_id FROM raw_a") == {RawColumn(("no",))}
    assert columns("SELECT a.no AS customer_id, 1 AS x FROM raw_a a") == {RawColumn(("a", "no"))}
    (made,) = columns("SELECT 'H' || a.no AS customer_id FROM raw_a a")
    assert (made.path, made.sql, made.within) == (("a", "no"), "('H' || \"no\")", "('H' || a.\"no\")")


def test_an_id_is_followed_through_subqueries_and_joins() -> None:
    mapping = """WITH c AS (SELECT nr AS cid FROM raw_c)
SELECT cid AS customer_id FROM raw_o o LEFT JOIN c ON o.buyer = c.cid"""
    assert {column.path[-1] for column in columns(mapping)} == {"cid", "nr", "buyer"}


def numbered(folder: Path, customer_sql: str, sale_sql: str) -> Project:
    """Two customers 7 and 8 in Parquet, with whole numbers as ids; 7 bought for 1.10, 8 for 2.20, twice 7 pieces."""
    raw = folder / "data" / "crm"
    raw.mkdir(parents=True)
    (folder / "crm.yml").write_text(CONFIG)
    (folder / "cubes").mkdir()
    (folder / "cubes" / "sales.yml").write_text(CUBE.replace(", street: {}", "").replace(", customer.street", ""))
    (raw / "source.yml").write_text("version: 1\nfiles:\n  c: {path: c.parquet}\n  s: {path: s.parquet}\n")
    (raw / "customers.sql").write_text(f"SELECT {customer_sql} AS customer_id, name FROM raw_c")
    (raw / "sales.sql").write_text(
        f'SELECT o AS order_id, l AS line_id, {sale_sql} AS customer_id, "at" AS sold_at, pieces AS quantity, '
        "euros AS revenue FROM raw_s"
    )
    pl.DataFrame({"nr": pl.Series([7, 8], dtype=pl.Int32), "name": ["Ann Lee", "Bob Day"]}).write_parquet(
        raw / "c.parquet"
    )
    pl.DataFrame(
        {
            "o": [1, 2, 7],
            "l": [7, 7, 7],
            "nr": pl.Series([7, 8, None], dtype=pl.Int32),
            "at": [datetime(2023, 1, 1)] * 3,
            "pieces": [7, 7, 7],
            "euros": [Decimal("1.10"), Decimal("2.20"), Decimal("7.00")],
        }
    ).write_parquet(raw / "s.parquet")
    shop = crm.open(folder)
    shop.load(now=NOW)
    return shop


@pytest.mark.parametrize(
    ("customer_id", "made"), [("7", "CAST(nr AS VARCHAR)"), ("H0007", "'H' || lpad(CAST(nr AS VARCHAR), 4, '0')")]
)
def test_a_number_gives_way_to_a_number_and_comes_in_as_the_pseudonym(
    tmp_path: Path, customer_id: str, made: str
) -> None:
    shop = numbered(tmp_path / "shop", made, made)
    asked = (
        "SELECT c.customer_id, c.name, f.order_id, f.line_id, f.quantity, f.revenue FROM fct_sale f "
        "JOIN dim_customer c USING (customer_key) ORDER BY order_id"
    )
    before = rows(shop, asked)
    done = shop.forget(customer_id, "dpo", now=NOW)
    assert done.left == []
    wanted = [(done.pseudonym, None, *before[0][2:]), *before[1:]]
    assert rows(shop, asked) == wanted
    raw = pl.read_parquet(shop.folder / "data/crm/s.parquet")
    # Sevens that are no customers stay: an order, a line, pieces.
    assert raw.select("o", "l", "pieces").rows() == [(1, 7, 7), (2, 7, 7), (7, 7, 7)]
    assert raw["nr"].dtype == pl.Int32
    number = raw["nr"][0]
    assert (number < 0, raw["nr"].to_list()[1:]) == (True, [8, None])
    assert pl.read_parquet(shop.folder / "data/crm/c.parquet").rows() == [(number, None), (8, "Bob Day")]
    shop.load(now=NOW)
    assert rows(shop, asked) == wanted
    assert [check for check in shop.check() if check.ok is False] == []


def test_ids_within_objects_of_json_are_found(tmp_path: Path) -> None:
    raw = tmp_path / "shop" / "data" / "crm"
    raw.mkdir(parents=True)
    (tmp_path / "shop" / "crm.yml").write_text(CONFIG)
    (raw / "source.yml").write_text("version: 1\nfiles:\n  s: {path: s.jsonl}\n")
    (raw / "sales.sql").write_text(
        'SELECT id AS order_id, 1 AS line_id, s.customer.id AS customer_id, "at" AS sold_at, euros AS revenue '
        "FROM raw_s s"
    )
    line = '{{"id": {id}, "customer": {{"id": {who}, "name": "{name}"}}, "at": "2023-01-01 00:00:00", "euros": 1.10}}\n'
    (raw / "s.jsonl").write_text(line.format(id=7, who=7, name="Ann Lee") + line.format(id=8, who=8, name="Bob"))
    shop = crm.open(tmp_path / "shop")
    shop.load(now=NOW)
    done = shop.forget("7", "dpo", now=NOW)
    shop.load(now=NOW)
    assert rows(shop, "SELECT order_id, unresolved->>'$.customer_id' FROM fct_sale ORDER BY 1") == [
        ("7", done.pseudonym),
        ("8", "8"),
    ]
