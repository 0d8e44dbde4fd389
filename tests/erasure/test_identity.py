"""A customer of several source records is forgotten with all of them, and stays one customer under the pseudonym."""

import json
from pathlib import Path

import pytest

import crm_analytics as crm
from crm_analytics.errors import DataError
from crm_analytics.project import Project
from tests.erasure.made import NOW, found, rows

# 17 of the CRM and w1 of the shop are one person, by e-mail; 17 of the shop is somebody else.
FILES = {
    "crm": {
        "customers.csv": "customer_id,name,email\n17,Ann Lee,ann@x.de\n18,Bob Day,bob@x.de\n",
        "sales.csv": "order_id,line_id,customer_id,sold_at,revenue\no1,1,17,2023-01-01,1.10\no2,1,18,2023-01-01,2.20\n",
    },
    "shop": {
        "customers.csv": "customer_id,name,email\nw1,Ann Lee,ann@x.de\n17,Cem Ay,cem@x.de\n",
        "sales.csv": "order_id,line_id,customer_id,sold_at,revenue\np1,1,w1,2023-01-01,0.40\np2,1,17,2023-01-01,8.00\n",
    },
}
CONFIG = "version: 1\nname: Two\nconsent: not_recorded\nthreads: 1\nidentity: {sources: [crm, shop]}\n"
CUBE = """version: 1
cube: sales
fact: {table: fct_sale, key: [order_id, line_id]}
measures:
  revenue: {agg: sum, sql: revenue, format: money}
"""
STAR = (
    "SELECT customer_id, customer_key, name, email FROM dim_customer ORDER BY customer_key",
    "SELECT order_id, customer_key, revenue, unresolved FROM fct_sale ORDER BY order_id",
    "SELECT source, customer_id, name, email FROM customer_record ORDER BY ALL",
    "SELECT source, record_id, customer_id FROM customer_identity ORDER BY ALL",
)


def two_sources(folder: Path) -> Project:
    for source, files in FILES.items():
        place = folder / "data" / source
        place.mkdir(parents=True)
        listed = "".join(f"  {Path(name).stem}: {{path: {name}}}\n" for name in files)
        (place / "source.yml").write_text(f"version: 1\nfiles:\n{listed}")
        for name, text in files.items():
            (place / name).write_text(text)
            (place / f"{Path(name).stem}.sql").write_text(f"SELECT * FROM raw_{Path(name).stem}")
    (folder / "cubes").mkdir()
    (folder / "cubes" / "sales.yml").write_text(CUBE)
    (folder / "crm.yml").write_text(CONFIG)
    shop = crm.open(folder)
    shop.load(now=NOW)
    return shop


def test_all_records_of_a_customer_are_forgotten_and_a_namesake_id_stays(tmp_path: Path) -> None:
    shop = two_sources(tmp_path / "shop")
    [(customer,)] = rows(shop, "SELECT customer_id FROM customer_identity WHERE source = 'shop' AND record_id = 'w1'")
    spent = "SELECT customer_key, sum(revenue) FROM fct_sale GROUP BY 1 ORDER BY 1"
    before = rows(shop, spent)
    done = shop.forget(str(customer), "dpo", now=NOW)
    assert done.left == []
    assert found(shop, ["Ann Lee", "ann@x.de", "w1,"]) == {}
    assert rows(shop, spent) == before
    assert rows(shop, "SELECT count(*) FROM customer_record WHERE name = 'Cem Ay' AND customer_id = '17'") == [(1,)]
    assert (shop.folder / "data/shop/sales.csv").read_text().splitlines()[2] == "p2,1,17,2023-01-01,8.00"
    star = [rows(shop, text) for text in STAR]
    shop.load(now=NOW)
    assert [rows(shop, text) for text in STAR] == star
    assert [check.says for check in shop.check() if check.ok is False] == []
    # 17 of a source without records meant nobody as long as two bore it, and does not mean Cem now.
    assert rows(shop, "SELECT source, customer_id FROM customer_ref WHERE id = '17'") == [("shop", "shop:17")]


def test_a_record_stands_for_its_customer_where_it_is_of_one_alone(tmp_path: Path) -> None:
    shop = two_sources(tmp_path / "shop")
    with pytest.raises(DataError, match=r"'17' is a record of several customers: .*shop:17.*; say which"):
        shop.forget("17", "dpo", now=NOW)
    [(customer,)] = rows(shop, "SELECT customer_id FROM customer_identity WHERE source = 'shop' AND record_id = 'w1'")
    written = shop.access("w1", tmp_path / "answer", now=NOW)
    assert json.loads(written.document.read_text())["customer_id"] == customer


def test_a_source_that_sends_them_again_brings_nobody_back(tmp_path: Path) -> None:
    shop = two_sources(tmp_path / "shop")
    [(customer,)] = rows(shop, "SELECT customer_id FROM customer_identity WHERE source = 'shop' AND record_id = 'w1'")
    done = shop.forget(str(customer), "dpo", now=NOW)
    before = [rows(shop, text) for text in STAR]
    for source, files in FILES.items():
        for name, text in files.items():
            (shop.folder / "data" / source / name).write_text(text)
    shop.load(now=NOW, full=True)
    assert [rows(shop, text) for text in STAR] == before
    assert rows(shop, f"SELECT name FROM dim_customer WHERE customer_id = '{done.pseudonym}'") == [(None,)]
