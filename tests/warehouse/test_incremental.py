"""Loads that read what has changed end where a load of everything ends, and can be taken back."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.config import ProjectConfig
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import DataError, UnknownName
from crm_analytics.warehouse.undo import undo
from tests.warehouse.made import NOW, Shop, by_business_ids

HEAD = "order_id,line_id,customer_id,sold_at,revenue,note\n"
CONFIG = ProjectConfig(name="test", channels=("store", "web"))
SOURCE = """version: 1
files:
  days: {path: day_*.csv}
  people: {path: people.csv}
incremental:
  sales: {by: days}
"""


def line(order: str, customer: str = "ann", revenue: str = "1.00", day: str = "2024-01-01") -> str:
    return f"{order},1,{customer},{day},{revenue},\n"


def till(shop: Shop, days: dict[str, str], people: str = "ann\nbob\n", source: str = SOURCE) -> Path:
    """A till that writes one file a day."""
    folder = shop.data / "till"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("day_*.csv"):
        if old.stem.removeprefix("day_") not in days:
            old.unlink()
    for day, lines in days.items():
        path = folder / f"day_{day}.csv"
        if not path.exists() or path.read_text() != HEAD + lines:
            path.write_text(HEAD + lines)
    (folder / "people.csv").write_text("customer_id\n" + people)
    (folder / "source.yml").write_text(source)
    (folder / "sales.sql").write_text("SELECT * FROM raw_days")
    (folder / "customers.sql").write_text("SELECT * FROM raw_people")
    return folder


def revenue(shop: Shop) -> list[tuple[str, float]]:
    found = shop.rows("SELECT order_id, CAST(revenue AS DOUBLE) FROM fct_sale ORDER BY 1")
    return [(str(order), float(amount)) for order, amount in found]


def anew(data: Path) -> dict[str, object]:
    """What a warehouse says that has never seen anything but these files."""
    engine = DuckEngine.open(None, threads=1)
    shop = Shop(data, engine)
    shop.load()
    said = {"star": by_business_ids(engine), "rejects": sorted(shop.rejects(), key=repr)}
    engine.close()
    return said


def said(shop: Shop) -> dict[str, object]:
    return {"star": by_business_ids(shop.engine), "rejects": sorted(shop.rejects(), key=repr)}


def test_only_the_new_file_is_read(shop: Shop) -> None:
    till(shop, {"1": line("a") + line("b")})
    shop.load()
    till(shop, {"1": line("a") + line("b"), "2": line("c")})
    (done,) = shop.load()
    assert (done.entity, done.parts, done.rows_read, done.rows_new) == ("sales", 1, 1, 1)
    assert revenue(shop) == [("a", 1), ("b", 1), ("c", 1)]
    assert shop.load() == ()


def test_a_file_that_grew_brings_only_what_is_new(shop: Shop) -> None:
    till(shop, {"1": line("a")})
    shop.load()
    till(shop, {"1": line("a") + line("b") + line("c")})
    (done,) = shop.load()
    assert (done.rows_read, done.rows_new, done.rows_changed, done.rows_removed) == (3, 2, 0, 0)
    assert shop.rows("SELECT order_id, load_id FROM fct_sale ORDER BY 1") == [("a", 1), ("b", 2), ("c", 2)]


def test_a_correction_in_a_later_file_wins_and_the_older_line_is_kept_as_a_reject(shop: Shop) -> None:
    till(shop, {"1": line("a") + line("b"), "2": line("a", revenue="5.00")})
    shop.load()
    assert revenue(shop) == [("a", 5), ("b", 1)]
    assert [(reason, row["revenue"]) for _, _, reason, row in shop.rejects()] == [
        ("an older version of order_id, line_id", 1.0)
    ]
    assert shop.failed() == []


@pytest.mark.parametrize("first", ["1", "2"])
def test_which_line_wins_does_not_depend_on_which_file_came_first(shop: Shop, first: str) -> None:
    days = {"1": line("a"), "2": line("a", revenue="5.00")}
    till(shop, {first: days[first]})
    shop.load()
    till(shop, days)
    shop.load()
    assert revenue(shop) == [("a", 5)]
    assert said(shop) == anew(shop.data)


def test_the_newest_line_can_be_told_by_a_column(shop: Shop) -> None:
    newest = SOURCE.replace("{by: days}", "{by: days, newest: note}")
    # The later file brings the older line: its note says January, the other's February.
    days = {"1": "a,1,ann,2024-01-01,5.00,2024-02-01\n", "2": "a,1,ann,2024-01-01,1.00,2024-01-01\n"}
    till(shop, days, source=newest)
    shop.load()
    assert revenue(shop) == [("a", 5)]


def test_when_the_correction_is_withdrawn_the_older_line_comes_back(shop: Shop) -> None:
    till(shop, {"1": line("a"), "2": line("a", revenue="5.00")})
    shop.load()
    till(shop, {"1": line("a"), "2": line("z")})
    shop.load()
    assert revenue(shop) == [("a", 1), ("z", 1)]
    assert shop.rejects() == []


def test_undo_takes_out_the_older_line_that_had_come_back(shop: Shop) -> None:
    days = {"1": line("a"), "2": line("a", revenue="5.00")}
    till(shop, days)
    shop.load()
    before = said(shop)
    till(shop, {"1": line("a"), "2": line("z")})
    shop.load()
    undo(shop.engine, CONFIG, 2, NOW)
    assert said(shop) == before


def test_what_comes_back_is_what_it_was_to_the_last_digit(shop: Shop) -> None:
    # 9,999,999,999,999,999.99 is no binary number: the nearest has another digit before the point.
    folder = till(shop, {"1": line("a", revenue="9999999999999999.99"), "2": line("a")})
    (folder / "sales.sql").write_text(
        "SELECT * REPLACE (CAST(revenue AS DECIMAL(18,2)) AS revenue), MAP {'points': 1.5} AS bonus FROM raw_days"
    )
    shop.load()
    till(shop, {"1": line("a", revenue="9999999999999999.99"), "2": line("z")})
    (folder / "sales.sql").write_text(
        "SELECT * REPLACE (CAST(revenue AS DECIMAL(18,2)) AS revenue), MAP {'points': 1.5} AS bonus FROM raw_days"
    )
    shop.load()
    assert shop.rows("SELECT CAST(revenue AS VARCHAR), CAST(bonus AS VARCHAR) FROM fct_sale WHERE order_id = 'a'") == [
        ("9999999999999999.99", "{points=1.5}")
    ]


def rival(shop: Shop, lines: str) -> None:
    """A source that comes before the till by name, and so is believed first."""
    shop.source("kiosk", {"sales": HEAD + lines})


def test_a_load_of_one_source_knows_by_which_column_the_others_tell_the_newest(shop: Shop) -> None:
    newest = SOURCE.replace("{by: days}", "{by: days, newest: note}")
    days = {"1": "a,1,ann,2024-01-01,5.00,2024-02-01\n", "2": "a,1,ann,2024-01-01,1.00,2024-01-01\n"}
    till(shop, days, source=newest)
    rival(shop, line("a", revenue="9.00"))
    shop.load()
    assert revenue(shop) == [("a", 9)]
    rival(shop, line("b"))
    shop.load("kiosk")  # of the till's two lines February's is back, though the till is not read
    assert revenue(shop) == [("a", 5), ("b", 1)]
    assert said(shop) == anew(shop.data)


def test_the_reason_of_a_reject_follows_the_row_that_wins_now(shop: Shop) -> None:
    till(shop, {"1": line("a"), "2": line("a", revenue="5.00")})
    shop.load()
    rival(shop, line("a", revenue="9.00"))
    shop.load()
    before = said(shop)
    assert [reason for _, _, reason, _ in shop.rejects()] == ["repeats the key order_id, line_id"] * 2
    assert before == anew(shop.data)
    rival(shop, line("b"))
    shop.load("kiosk")
    assert [reason for _, _, reason, _ in shop.rejects()] == ["an older version of order_id, line_id"]
    undo(shop.engine, CONFIG, 3, NOW)
    assert said(shop) == before


def test_a_file_that_is_gone_keeps_its_rows_until_a_full_load(shop: Shop) -> None:
    till(shop, {"1": line("a"), "2": line("b")})
    shop.load()
    till(shop, {"2": line("b")})
    shop.load()
    assert revenue(shop) == [("a", 1), ("b", 1)]
    shop.load(full=True)
    assert revenue(shop) == [("b", 1)]


def test_a_changed_mapping_reads_all_files_again(shop: Shop) -> None:
    folder = till(shop, {"1": line("a"), "2": line("b")})
    shop.load()
    (folder / "sales.sql").write_text(
        "SELECT * EXCLUDE (note), CAST(revenue AS DECIMAL(9,2)) * 2 AS doubled FROM raw_days"
    )
    (done,) = shop.load()
    assert (done.parts, done.rows_changed) == (2, 2)
    assert shop.rows("SELECT DISTINCT doubled FROM fct_sale") == [(2,)]
    assert "note" not in shop.engine.columns("fct_sale")


def test_customers_that_come_later_resolve_the_sales_that_waited_for_them(shop: Shop) -> None:
    till(shop, {"1": line("a", "cy") + line("b", "eve")})
    shop.load()
    till(shop, {"1": line("a", "cy") + line("b", "eve")}, people="bob\ncy\n")
    shop.load()
    resolved = (
        "SELECT order_id, d.customer_id, unresolved->>'$.customer_id' "
        "FROM fct_sale JOIN dim_customer d USING (customer_key)"
    )
    assert sorted(shop.rows(resolved)) == [("a", "cy", None), ("b", None, "eve")]
    till(shop, {"1": line("a", "cy") + line("b", "eve")}, people="bob\n")
    shop.load()
    assert sorted(shop.rows(resolved)) == [("a", None, "cy"), ("b", None, "eve")]
    assert said(shop) == anew(shop.data)


orders = st.lists(
    st.tuples(
        st.sampled_from("abcde"),
        st.sampled_from(["ann", "bob", "cy", "dan", ""]),
        st.sampled_from(["1.00", "2.00", "x"]),
    ),
    max_size=6,
)
deliveries = st.tuples(
    st.dictionaries(st.sampled_from("123"), orders, min_size=1),
    st.lists(st.sampled_from(["ann", "bob", "cy"]), unique=True),
    st.booleans(),
)


@settings(max_examples=15)
@given(st.lists(deliveries, min_size=1, max_size=4))
def test_any_order_of_loads_ends_where_one_load_of_the_last_files_ends(
    steps: list[tuple[dict[str, list[tuple[str, str, str]]], list[str], bool]],
) -> None:
    engine = DuckEngine.open(None, threads=1)
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder), engine)
        before: dict[str, object] = {}
        for number, (days, people, taken_back) in enumerate(steps):
            files = {day: "".join(line(*row) for row in rows) for day, rows in days.items()}
            till(shop, files, people="".join(f"{name}\n" for name in people))
            done = shop.load(full=True)  # files that are gone go, so that the files are all there is to compare with
            assert said(shop) == anew(shop.data)
            assert all(d.rows_read == d.rows_loaded + d.rows_rejected for d in done)
            if taken_back and number:
                ((last,),) = shop.rows("SELECT max(load_id) FROM loads")
                after = said(shop)
                undo(engine, CONFIG, last, NOW)
                assert said(shop) == before
                shop.load(full=True)
                assert said(shop) == after
            before = said(shop)
            assert [c.says for c in shop.failed()] == []
    engine.close()


def test_a_column_that_is_to_tell_the_newest_row_must_be_a_time(shop: Shop) -> None:
    newest = SOURCE.replace("{by: days}", "{by: days, newest: note}")
    till(shop, {"1": "a,1,ann,2024-01-01,5.00,06.10.2026\n"}, source=newest)
    with pytest.raises(DataError, match=r"till/source\.yml: incremental: sales: newest: note is no time in 1 rows"):
        shop.load()
    till(shop, {"1": line("a")}, source=SOURCE.replace("{by: days}", "{by: days, newest: noted}"))
    with pytest.raises(UnknownName, match=r"no column 'noted'\. Did you mean 'note'"):
        shop.load()
