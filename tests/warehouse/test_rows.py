"""Every row read is loaded or rejected, whatever stands in it; nothing is lost, doubled or changed on the way."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from tests.warehouse.made import Shop, by_business_ids

NASTY = (
    *("", " ", "\t", "#", "# 1", "'", '"', '""', "'a,b'", ";", "|", "\\", "\\N", "NULL", "null", "None", "\r\n", "\n"),
    *(
        "'; DROP TABLE fct_sale; --",
        "$source",
        "{}",
        '{"a": 1}',
        "é́",
        "\u202eabc",
        "\ufeff",
        "\x85",
        "\u2028",
        "🛒",
        "x" * 300,
    ),
    *(
        "nan",
        "NaN",
        "inf",
        "-Infinity",
        "1e309",
        "-1e309",
        "99999999999999999999",
        "1,5",
        "1_000",
        "0x1F",
        "-0",
        "1e-20",
    ),
    *("0001-01-01", "9999-12-31", "10000-01-01", "1899-12-31", "2200-01-01", "2017-02-29", "infinity", "2017-13-45"),
    *("2017-01-01 24:00:00", "2017-01-01T10:00:00+02:00", "epoch", "now"),
)
texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
)
ids = st.one_of(st.sampled_from(["ann", "bob", "a", "1", "2"]), texts)
amounts = st.one_of(st.sampled_from(["1.00", "-2.50", "0", "1.005", "0.004", "9999999999999999.99"]), texts)
days = st.one_of(st.sampled_from(["2017-01-01", "2016-12-31 23:59:59.999999", "1900-01-01", "2199-12-31"]), texts)
SALE = {
    "order_id": ids, "line_id": ids, "customer_id": ids, "product_id": ids, "channel": ids,
    "sold_at": days, "quantity": amounts, "revenue": amounts, "discount": amounts,
}  # fmt: skip
CUSTOMER = {"customer_id": ids, "name": texts, "registered_on": days}


@contextmanager
def fresh_shop(engine: DuckEngine) -> Iterator[Shop]:
    """A folder for one example; the warehouse is kept, for each example replaces all of its one source."""
    with TemporaryDirectory() as folder:
        yield Shop(Path(folder), engine)


def as_csv(names: list[str], rows: list[dict[str, str]], separator: str, quote_all: bool) -> str:
    """The rows as CSV with their number in a last column `n`."""
    out = io.StringIO()
    # Python 3.11 leaves a lone carriage return unquoted, and that would end the line.
    bare = not quote_all and "\r" not in "".join(v for row in rows for v in row.values())
    quoting = csv.QUOTE_MINIMAL if bare else csv.QUOTE_ALL
    writer = csv.writer(out, delimiter=separator, quoting=quoting, lineterminator="\n")
    writer.writerow([*names, "n"])
    writer.writerows([*(row[name] for name in names), i] for i, row in enumerate(rows))
    return out.getvalue()


def held_to_every_row(shop: Shop, entity: str, table: str, rows: int) -> None:
    """Each of the rows, known by its number, is in the star or in the rejects, once; the counts and checks agree."""
    (done,) = (d for d in shop.load(full=True) if d.entity == entity)
    assert done.rows_read == rows == done.rows_loaded + done.rows_rejected
    loaded = [int(n) for (n,) in shop.rows(f"SELECT n FROM {table} WHERE source IS NOT NULL")]
    rejected = [int(row["n"]) for _, name, _, row in shop.rejects() if name == entity]
    assert (len(loaded), len(rejected)) == (done.rows_loaded, done.rows_rejected)
    assert sorted(loaded + rejected) == list(range(rows))
    assert all(reason for _, _, reason, _ in shop.rejects())
    assert [c.says for c in shop.failed()] == []


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    yield engine
    engine.close()


@settings(max_examples=12)
@given(st.lists(st.fixed_dictionaries(SALE), max_size=40), st.sampled_from(",;\t|"), st.booleans())
def test_every_sale_of_a_hostile_csv_is_loaded_or_rejected(
    engine: DuckEngine, rows: list[dict[str, str]], separator: str, quote_all: bool
) -> None:
    with fresh_shop(engine) as shop:
        sales = as_csv(list(SALE), rows, separator, quote_all)
        shop.source("till", {"customers": "customer_id\nann\nbob\n", "sales": sales})
        held_to_every_row(shop, "sales", "fct_sale", len(rows))
        # A row that was loaded still says what the file said; blank is nothing, and ids lose their outer blanks.
        for row in by_business_ids(engine)["sales"]:
            got = dict(row)
            raw = rows[int(got["n"])]
            for name in ("order_id", "line_id", "customer_id", "product_id"):
                assert got[name] == (raw[name].strip(" ") or None)


@settings(max_examples=10)
@given(st.lists(st.fixed_dictionaries(CUSTOMER), max_size=40), st.booleans())
def test_every_customer_of_a_hostile_csv_is_loaded_or_rejected(
    engine: DuckEngine, rows: list[dict[str, str]], quote_all: bool
) -> None:
    with fresh_shop(engine) as shop:
        shop.source("till", {"customers": as_csv(list(CUSTOMER), rows, ",", quote_all)})
        held_to_every_row(shop, "customers", "dim_customer", len(rows))
        # A rejected row is kept as it was read, under the names of its columns.
        for _, _, reason, row in shop.rejects():
            raw = rows[int(row["n"])]
            if "repeats" not in reason:
                assert row["name"] == (raw["name"] or None)


# Money above 10 thousand billion does not fit a binary fraction to the cent; there no check could be right.
floats = st.one_of(
    st.floats(-1e13, 1e13).map(lambda x: round(x, 2)),
    st.floats(-1e6, 1e6),
    st.sampled_from([float("nan"), float("inf"), float("-inf"), 1e300, -1e16, 0.005, -0.0]),
    st.none(),
)
moments = st.one_of(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)),
    st.datetimes(datetime(1899, 12, 1), datetime(1900, 2, 1)),
    st.none(),
)


@settings(max_examples=10)
@given(st.lists(st.tuples(st.integers(0, 9), floats, floats, moments), max_size=40))
def test_every_sale_of_a_hostile_parquet_file_is_loaded_or_rejected(
    engine: DuckEngine, rows: list[tuple[Any, ...]]
) -> None:
    schema = {"line_id": pl.Int64, "quantity": pl.Float64, "revenue": pl.Float64, "sold_at": pl.Datetime("us")}
    frame = pl.DataFrame(rows, schema=schema, orient="row").with_row_index("n")
    raw = io.BytesIO()
    frame.write_parquet(raw)
    with fresh_shop(engine) as shop:
        mapping = {"sales": "SELECT *, 'o' AS order_id, quantity AS attribute FROM raw_lines"}
        shop.source("till", {"lines.parquet": raw.getvalue()}, mappings=mapping)
        held_to_every_row(shop, "sales", "fct_sale", len(rows))


@settings(max_examples=8)
@given(st.lists(st.tuples(st.sampled_from(["p", "q", ""]), st.sampled_from(["s", "t", ""])), max_size=40))
def test_promotions_that_name_unknown_products_are_told_apart_by_their_ids(
    engine: DuckEngine, rows: list[tuple[str, str]]
) -> None:
    # p is a product, the others are not: all of those have key 0, and yet q and nothing are different rows.
    lines = "".join(f"{p},{s},2017-01-01,{i}\n" for i, (p, s) in enumerate(rows))
    with fresh_shop(engine) as shop:
        shop.source("till", {"products": "product_id\np\n", "promotions": "product_id,store_id,week_start,n\n" + lines})
        held_to_every_row(shop, "promotions", "fct_promotion", len(rows))
        assert engine.rows("SELECT count(*) FROM fct_promotion") == [(len(set(rows)),)]


def test_lines_of_one_order_that_name_different_unknown_customers_are_still_one_line(shop: Shop) -> None:
    # The grain is order and line; who the unknown customer is does not make it two.
    head = "order_id,line_id,customer_id,sold_at,revenue\n"
    shop.source("till", {"sales": head + "o,1,eve,2017-01-01,1\no,1,mallory,2017-01-01,2\n"})
    shop.load()
    assert shop.rows("SELECT count(*), sum(revenue) FROM fct_sale") == [(1, 1)]
    ((_, _, reason, row),) = shop.rejects()
    assert (reason, row["customer_id"]) == ("repeats the key order_id, line_id", "mallory")


GOOD = {"deal_id": "d", "opened_on": "2017-01-31", "status": "won", "amount": "1.50"}
BROKEN = {  # one change to a good deal, and what is said of it; None where it is still good
    "good": ({}, None),
    "an id of blanks": ({"deal_id": "  "}, "deal_id: missing"),
    "no day": ({"opened_on": ""}, "opened_on: missing"),
    "a day that is not one": ({"opened_on": "2017-02-29"}, "opened_on: not a DATE"),
    "a day with words after it": ({"opened_on": "2017-01-31 12:00 noon"}, "opened_on: not a DATE"),
    "a day with its time written twice": ({"opened_on": "2017-01-31 00:00:00 12:00:00"}, "opened_on: not a DATE"),
    "a day with its time": ({"opened_on": "2017-01-31T12:00:00.5Z"}, None),
    "the first day of all": ({"opened_on": "1900-01-01"}, None),
    "a day too early": ({"opened_on": "1899-12-31"}, "opened_on: outside the years 1900 to 2199"),
    "the last day of all": ({"closed_on": "2199-12-31"}, None),
    "a day too late": ({"closed_on": "2200-01-01"}, "closed_on: outside the years 1900 to 2199"),
    "no last day, which may be": ({"closed_on": ""}, None),
    "a status nobody knows": ({"status": "maybe"}, "status: not one of won, lost, open"),
    "a status with blanks around it": ({"status": " won "}, None),
    "money with a comma": ({"amount": "1,50"}, "amount: not a sum of money"),
    "money that is not a number": ({"amount": "nan"}, "amount: not a sum of money"),
    "more money than there is": ({"amount": "1e30"}, "amount: not a sum of money"),
    "a negative sum, which may be": ({"amount": "-1.50"}, None),
    "two faults at once": ({"deal_id": "", "status": "?"}, "deal_id: missing; status: not one of won, lost, open"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_row_is_rejected_for_the_right_reason(case: str, shop: Shop) -> None:
    change, reason = BROKEN[case]
    row = {**GOOD, "closed_on": "2017-02-01", **change}
    shop.source("crm", {"deals": as_csv(list(row), [row], ",", False)})
    (done,) = (d for d in shop.load(full=True) if d.entity == "deals")
    assert (done.rows_loaded, done.rows_rejected) == ((1, 0) if reason is None else (0, 1))
    kept = {name: value or None for name, value in row.items()}
    assert shop.rejects() == ([] if reason is None else [("crm", "deals", reason, {**kept, "n": "0"})])


def test_types_that_json_lines_bring_are_taken_as_they_are_meant(shop: Shop) -> None:
    # Line 3's id is a text among numbers; 'dan' lies beyond the 20,480 lines that DuckDB looks at by default.
    lines = ['{"customer_id": 1, "born": "1990-05-01"}', '{"customer_id": 2}', '{"customer_id": "x3"}']
    lines += [f'{{"customer_id": {i}}}' for i in range(4, 20_500)] + ['{"customer_id": "dan", "late": true}']
    shop.source("crm", {"people.jsonl": "\n".join(lines)}, mappings={"customers": "SELECT * FROM raw_people"})
    (done,) = shop.load()
    assert (done.rows_loaded, done.rows_rejected) == (20_500, 0)
    found = shop.rows("SELECT customer_id FROM dim_customer WHERE customer_id IN ('1', '2', 'x3', 'dan') ORDER BY 1")
    assert found == [("1",), ("2",), ("dan",), ("x3",)]
    assert shop.rows("SELECT born FROM dim_customer WHERE customer_id = '1'") == [(date(1990, 5, 1),)]


def test_what_a_source_leaves_out_gets_its_default(shop: Shop) -> None:
    shop.source(
        "till",
        {
            "sales": "order_id,line_id,sold_at,revenue\no,1,2017-01-01,1\n",
            "promotions": "product_id,store_id,week_start,display\np,s,2017-01-01,\n",
        },
    )
    shop.load()
    assert shop.rows("SELECT quantity, discount, customer_key, channel_key, unresolved FROM fct_sale") == [
        (1.0, None, 0, 0, None)
    ]
    assert shop.rows("SELECT display, mailer FROM fct_promotion") == [("none", "none")]
