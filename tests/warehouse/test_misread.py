"""Lines that cannot be read do not stop a load: they are rejects like others, and every line is counted."""

from datetime import datetime

import polars as pl

from tests.warehouse.made import SHOP, Shop

BROKEN = {
    "customers": b"customer_id,name\nann,A\nbob,B,more\ncy,\xe4\n",
    "products": b'product_id,department\ntea,drinks\n"pie,food\n',
    "sales.jsonl": (
        b'{"order_id": "o1", "line_id": 1, "customer_id": "ann", "product_id": "tea", "channel": "web", '
        b'"sold_at": "2017-01-02 10:00:00", "quantity": 1, "revenue": 2.5}\n{"order_id": "o2"\n'
    ),
}


def test_a_broken_line_is_a_reject_and_every_line_is_counted(shop: Shop) -> None:
    shop.source("till", BROKEN)
    done = {item.entity: item for item in shop.load()}
    counts = {name: (item.rows_read, item.rows_loaded, item.rows_rejected) for name, item in done.items()}
    assert counts == {"customers": (3, 1, 2), "products": (2, 1, 1), "sales": (2, 1, 1)}
    assert [(entity, reason.partition(": ")[2], row) for _, entity, reason, row in shop.rejects()] == [
        ("customers", "has more than 2 fields", {"line": "bob,B,more", "number": 3}),
        ("customers", "is not UTF-8 text", {"line": "cy,\ufffd", "number": 4}),
        ("products", "has a quote that is not closed, or text after a closed one", {"line": '"pie,food', "number": 3}),
        ("sales", "is not JSON", {"line": '{"order_id": "o2"', "number": 2}),
    ]
    assert shop.failed() == []


def test_a_file_that_was_mended_is_loaded_whole(shop: Shop) -> None:
    shop.source("till", BROKEN)
    shop.load()
    shop.source("till", {"customers": b"customer_id,name\nann,A\nbob,B\ncy,C\n"}, mappings={})
    (folder,) = (shop.data / "till",)
    (folder / "source.yml").write_text(
        "version: 1\nfiles:\n  customers: {path: customers.csv}\n  products: {path: products.csv}\n"
        "  sales: {path: sales.jsonl}\n"
    )
    shop.load()
    assert [entity for _, entity, _, _ in shop.rejects()] == ["products", "sales"]
    assert shop.rows("SELECT count(customer_id) FROM dim_customer") == [(3,)]
    assert shop.failed() == []


def test_options_of_source_yml_reach_the_star(shop: Shop) -> None:
    sales = "Kasse 7\nBon;Zeile;Zeit;Umsatz\n1;1;31.12.2016 18:30;1.234,50\n1;2;31.12.2016 18:30;0,99 €\n"
    folder = shop.source("till", {"sales": sales.encode("cp1252")}, mappings={})
    (folder / "source.yml").write_text(
        "version: 1\nfiles:\n"
        "  bons: {path: sales.csv, encoding: cp1252, skip: 1, dates: {zeit: '%d.%m.%Y %H:%M'}, "
        "numbers: umsatz, decimal: ',', thousands: '.'}\n"
    )
    (folder / "sales.sql").write_text(
        "SELECT Bon AS order_id, Zeile AS line_id, Zeit AS sold_at, Umsatz AS revenue FROM raw_bons"
    )
    shop.load()
    assert shop.rows("SELECT sold_at, revenue FROM fct_sale") == [(datetime(2016, 12, 31, 18, 30), 1234.5)]
    assert [reason for *_, reason, _ in shop.rejects()] == ["revenue: not a sum of money"]
    assert shop.failed() == []


def test_a_parquet_file_beside_broken_lines_is_read_as_before(shop: Shop) -> None:
    shop.source("till", SHOP)
    pl.DataFrame({"customer_id": ["dora"], "name": ["D"]}).write_parquet(shop.data / "till" / "more.parquet")
    (shop.data / "till" / "source.yml").write_text(
        "version: 1\nfiles:\n  customers: {path: customers.csv}\n  products: {path: products.csv}\n"
        "  sales: {path: sales.csv}\n  more: {path: more.parquet}\n"
    )
    (shop.data / "till" / "customers.sql").write_text(
        "SELECT customer_id, name FROM raw_customers UNION ALL BY NAME FROM raw_more"
    )
    with (shop.data / "till" / "customers.csv").open("a") as file:
        file.write("broken\n")
    done = {item.entity: item for item in shop.load()}
    assert (done["customers"].rows_read, done["customers"].rows_loaded) == (4, 3)
