"""A load that fails leaves the warehouse as it was and says in one sentence which file is to blame."""

import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from crm_analytics.config import ProjectConfig
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.load import load
from tests.warehouse.made import CUSTOMERS, NOW, PRODUCTS, SALES, SHOP, Shop, star


def parquet(rows: int) -> bytes:
    raw = io.BytesIO()
    pl.DataFrame({"customer_id": [str(i) for i in range(rows)]}).write_parquet(raw)
    return raw.getvalue()


def good(shop: Shop) -> None:
    shop.source("till", SHOP)


def sql(entity: str, text: str) -> Callable[[Shop], None]:
    """The till's source with another mapping for one entity."""
    return lambda shop: void((shop.data / "till" / f"{entity}.sql").write_text(text))


def void(_: object) -> None:
    return None


def raw(name: str, content: str | bytes) -> Callable[[Shop], None]:
    """The till's source with other content in one raw file."""
    data = content if isinstance(content, bytes) else content.encode()
    return lambda shop: void((shop.data / "till" / f"{name}.csv").write_bytes(data))


def without(file: str) -> Callable[[Shop], None]:
    return lambda shop: (shop.data / "till" / file).unlink()


def with_parquet(content: bytes) -> Callable[[Shop], None]:
    mapping = {"customers": "SELECT * FROM raw_people"}
    return lambda shop: void(shop.source("crm", {"people.parquet": content}, mappings=mapping))


def overwritten(content: bytes, start: int, zeros: int) -> bytes:
    return content[:start] + b"\0" * zeros + content[start + zeros :]


# What is done to a loaded project before it is loaded again, and what has to be said of it.
BREAKS: dict[str, tuple[Callable[[Shop], None], str]] = {
    "SQL that does not parse": (sql("sales", "SELEC 1"), r"till/sales\.sql: .*syntax error"),
    "SQL that is not there": (sql("sales", " ; "), r"till/sales\.sql: is empty"),
    "SQL that is only a comment": (sql("sales", "-- soon"), r"till/sales\.sql: is empty"),
    "a raw file that is not listed": (sql("sales", "FROM raw_lines"), r"till/sales\.sql: .*raw_lines does not exist"),
    "a column the file lacks": (sql("sales", "SELECT odrer_id FROM raw_sales"), r"till/sales\.sql: .*odrer_id"),
    "a value the mapping itself cannot convert": (
        sql("customers", "SELECT *, CAST(name AS INTEGER) AS n FROM raw_customers"),
        r"till/customers\.sql: .*Could not convert",
    ),
    "a required column left out": (
        sql("sales", "SELECT order_id, line_id, revenue FROM raw_sales"),
        r"till/sales\.sql: does not give sold_at, which every row of sales must have",
    ),
    "names that the star needs": (
        sql("products", "SELECT *, 1 AS product_key, 2 AS source, 3 AS _n, 4 AS rowid FROM raw_products"),
        r"till/products\.sql: _n, product_key, rowid, source: the star keeps this name for itself",
    ),
    "a missing file": (without("sales.csv"), r"till/source\.yml:5: no such file: .*sales\.csv"),
    "a file without a header": (raw("sales", ""), r"sales\.csv:1: needs a header line"),
    "a header that names a column twice": (raw("sales", "a,b,A\n"), r"sales\.csv:1: the header names a twice"),
    "a header that is not UTF-8": (raw("customers", b"customer_id,\xe4\n1,2\n"), r"customers\.csv: is not UTF-8 text"),
    "a Parquet file that was cut off": (
        with_parquet(parquet(9)[:-9]),
        r"crm/source\.yml: files: people: .*people\.parquet",
    ),
    "a Parquet file that is none": (
        with_parquet(b"customer_id\n1\n"),
        r"crm/source\.yml: files: people: .*people\.parquet",
    ),
    "a Parquet file with a hole in it": (
        with_parquet(overwritten(parquet(9999), 4, 2000)),
        r"crm/source\.yml: files: people: .*people\.parquet: is damaged: its rows cannot be read",
    ),
    "two sources that disagree on what an attribute is": (
        lambda shop: void(
            shop.source(
                "crm", {"c": "id\n1\n"}, mappings={"customers": "SELECT id AS customer_id, {x: 1} AS name2 FROM raw_c"}
            )
            and shop.source(
                "web", {"c": "id\n2\n"}, mappings={"customers": "SELECT id AS customer_id, 7 AS name2 FROM raw_c"}
            )
        ),
        r"crm/customers\.sql, .*web/customers\.sql: ",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_a_failed_load_changes_nothing_and_names_the_file(case: str, shop: Shop) -> None:
    break_it, says = BREAKS[case]
    good(shop)
    shop.load()
    before = star(shop.engine)
    break_it(shop)
    with pytest.raises(CrmError, match=says) as caught:
        shop.load()
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)  # what stands in a broken line may be private
    assert star(shop.engine) == before
    # The connection is good for another try.
    good(shop)
    shop.load("till")
    assert star(shop.engine) == before


BROKEN_LINES = {
    "a byte that is not UTF-8": (b"customer_id\nann\n\xe4\nbob\n", 1),
    "a value too many": (b"customer_id,name\nann,A\nbob,B,secret\ncy,C\n", 1),
    "a quote that is not closed": (b'customer_id,name\ncy,C\nann,"A\nbob,B\n', 1),
}


@pytest.mark.parametrize("case", BROKEN_LINES)
def test_a_broken_line_is_kept_as_a_reject_and_the_others_are_loaded(case: str, shop: Shop) -> None:
    content, broken = BROKEN_LINES[case]
    shop.source("till", {"customers": content})
    (done,) = shop.load()
    lines = content.count(b"\n") - 1
    assert (done.rows_read, done.rows_loaded) == (lines, lines - broken)
    rejected = shop.rejects()
    assert len(rejected) == broken
    assert all(
        reason.startswith("broken line: ") and "line" in row and row["number"] > 1 for *_, reason, row in rejected
    )
    assert shop.failed() == []


def test_a_first_load_that_fails_leaves_an_empty_warehouse(shop: Shop) -> None:
    good(shop)
    sql("offers", "SELECT nothing")(shop)  # the last entity of all, when the others are built already
    with pytest.raises(CrmError, match=r"offers\.sql: "):
        shop.load()
    assert shop.engine.tables() == frozenset()


def test_a_load_that_is_interrupted_changes_nothing(shop: Shop) -> None:
    good(shop)
    shop.load()
    before = star(shop.engine)
    shop.source(
        "till",
        {
            "customers": CUSTOMERS + "cy,C,\n",
            "products": PRODUCTS,
            "sales": SALES + "o9,1,cy,tea,web,2017-03-01,1,3.00\n",
        },
    )

    def stop(said: str) -> None:
        if said.startswith("sales"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        load(shop.engine, ProjectConfig(name="test"), shop.data, (), NOW, stop)
    assert star(shop.engine) == before


def test_running_out_of_memory_says_what_to_do_and_changes_nothing(tmp_path: Path) -> None:
    # 600,000 texts of 288 letters need more than 20 MB, and a warehouse in memory cannot spill to disk.
    engine = DuckEngine.open(None, threads=1, memory_limit="20MB")
    engine.execute("SET temp_directory = ''")
    shop = Shop(tmp_path, engine)
    big = "SELECT repeat(md5(range::VARCHAR), 9) AS customer_id FROM range(600_000), raw_people"
    shop.source("crm", {"people": "customer_id\n1\n"}, mappings={"customers": big})
    with pytest.raises(CrmError, match=r"crm/customers\.sql: Out of Memory.* Raise memory_limit in crm\.yml\.$"):
        shop.load()
    assert engine.tables() == frozenset()
    engine.close()


def test_every_mistake_in_source_yml_is_told_at_once(shop: Shop) -> None:
    folder = shop.source("till", SHOP)
    (folder / "custmers.sql").write_text("SELECT 1")
    (folder / "products.sql").write_bytes(b"-- \xe4")
    (folder / "source.yml").write_text(
        "version: 2\n"  # 1
        "source: shop\n"  # 2
        "flies: {}\n"  # 3
        "files:\n"  # 4
        "  customers: customers.csv\n"  # 5
        "  sales: {path: [sales.csv], pth: 1}\n"  # 6
        "  lost: {path: lost.csv}\n"  # 7
        "  odd: {path: source.yml}\n"  # 8
        "  both: {path: '*s.*'}\n"  # 9
        "  demo: {package: no_such_package, path: x.csv}\n"  # 10
        "  demo2: {package: '..', path: x.csv}\n"  # 11
        "  3: {path: sales.csv}\n"  # 12
        "controls:\n"  # 13
        "  - {name: a, entity: sale, measure: rows, sql: SELECT 1}\n"  # 14
        "  - {name: a, entity: sales, measure: revenu, sql: SELECT 1}\n"  # 15
        "  - {name: a, entitty: sales, measure: rows, sql: SELECT 1}\n"  # 16
        "  - SELECT 1\n"  # 17
        "counts: 5\n"  # 18
    )
    with pytest.raises(CrmError) as caught:
        shop.load()
    told = str(caught.value).replace(f"{shop.data}/", "").splitlines()
    entities = "customers, products, stores, campaigns, sales, deals, contacts, responses, consents, promotions, offers"
    assert told == [
        "till/source.yml:3: unknown key 'flies'. Did you mean 'files'? "
        "Known: version, source, files, incremental, controls, counts.",
        "till/source.yml:1: needs 'version: 1', the only version there is",
        "till/source.yml:2: says 'shop', but a source is called as its folder",
        "till/source.yml:5: needs a path, such as {path: raw/customers.csv}",
        "till/source.yml:6: needs a path, such as {path: raw/customers.csv}",
        "till/source.yml:7: no such file: till/lost.csv",
        "till/source.yml:8: cannot read source.yml; known endings: .parquet, .csv, .tsv, .txt, .jsonl, .ndjson, .xlsx",
        "till/source.yml:9: mixes .csv, .sql; give each kind a name of its own",
        "till/source.yml:10: the package no_such_package is not installed; try: pip install no_such_package",
        "till/source.yml:11: the package .. is not installed; try: pip install ..",
        "till/source.yml:4: 3 cannot follow raw_ in SQL; use letters, digits and _",
        f"till/source.yml:14: no entity 'sale'. Did you mean 'sales'? Known: {entities}.",
        "till/source.yml:15: no measure 'revenu' of sales. Did you mean 'revenue'? "
        "Known: rows, revenue, discount, cost.",
        "till/source.yml:16: unknown key 'entitty'. Did you mean 'entity'? Known: name, entity, measure, sql.",
        "till/source.yml:16: needs entity",
        "till/source.yml:17: needs name, entity, measure, sql, got 'SELECT 1'",
        "till/source.yml:18: counts must be a list; begin each with '- name:'",
        f"till/custmers.sql: no entity 'custmers'. Did you mean 'customers'? Known: {entities}.",
        "till/products.sql: cannot be read: 'utf-8' codec can't decode byte 0xe4 in position 3: unexpected end of data",
    ]


def test_a_source_without_files_or_mappings_says_both(shop: Shop) -> None:
    (shop.data / "crm").mkdir(parents=True)
    (shop.data / "crm" / "source.yml").write_text("version: 1\nfiles:\n")
    with pytest.raises(CrmError, match=r"(?s)source\.yml:2: needs 'files': names with values.*has no \.sql file"):
        shop.load()
