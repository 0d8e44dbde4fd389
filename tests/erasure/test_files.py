"""One file of each kind: the person's values go, everything else keeps its bytes or its values."""

import json
import sqlite3
import zipfile
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.erasure.files import change_file
from crm_analytics.warehouse.erasure.needles import Needle, Needles
from crm_analytics.warehouse.erasure.rules import RowRule
from crm_analytics.warehouse.readers.csv_options import CsvOptions

NEEDLES = Needles(
    (Needle("email", "zoe@example.com"), Needle("phone", "+49 170 1234567"), Needle("name", 'Zoë "Zo" O\'Brien'))
)
RULE = RowRule(needles=NEEDLES, ids={"customer": {"a1": "erased-x"}})
WHOLE = RowRule(needles=NEEDLES, ids={"customer": {"a1": "erased-x"}}, whole=True)
LIST = RowRule(needles=NEEDLES, ids={"customer": {"a1": "erased-x"}}, drop=True)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    engine = DuckEngine.open(None, threads=1)
    yield engine
    engine.close()


def after(engine: DuckEngine, path: Path, content: str | bytes, rule: RowRule = RULE) -> str:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    looked = change_file(engine, path, rule, False)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    changed = change_file(engine, path, rule, True)
    assert (looked.changed, looked.gone) == (changed.changed, changed.gone)
    return path.read_bytes().decode("utf-8", "surrogateescape")


CSV = (
    'customer;note\r\n" b2";"two\r\nlines, ""quoted"""\r\na1;tea\r\na1 ;"mail zoe@example.com"\r\n'
    "b2;'to Zoe@Example.com'\r\n"
)


def test_a_csv_keeps_every_byte_of_other_records(engine: DuckEngine, tmp_path: Path) -> None:
    assert after(engine, tmp_path / "f.csv", CSV) == (
        'customer;note\r\n" b2";"two\r\nlines, ""quoted"""\r\nerased-x;tea\r\nerased-x;\r\nb2;\'to \'\r\n'
    )


def test_a_customer_file_keeps_nothing_but_the_pseudonym(engine: DuckEngine, tmp_path: Path) -> None:
    text = "customer,name,street\na1,x,Elm Street 1\nb2,y,Elm Street 2\n"
    assert after(engine, tmp_path / "f.csv", text, WHOLE) == ("customer,name,street\nerased-x,,\nb2,y,Elm Street 2\n")


def test_a_list_loses_the_row_and_one_without_ids_the_row_with_the_address(engine: DuckEngine, tmp_path: Path) -> None:
    assert after(engine, tmp_path / "f.csv", "rank,customer\n1,a1\n2,b2\n", LIST) == "rank,customer\n2,b2\n"
    newsletter = "mail,since\nZOE@example.com,2020\nanna.zoe@example.com,2021\n"
    assert after(engine, tmp_path / "g.csv", newsletter, LIST) == "mail,since\nanna.zoe@example.com,2021\n"


def test_bytes_that_are_no_utf_8_are_kept_and_names_in_them_found(engine: DuckEngine, tmp_path: Path) -> None:
    text = 'customer,note\nb2,caf\xe9 mit Zo\xeb ""Zo"" O\'Brien\n'.replace("caf", '"caf').replace(
        "Brien\n", 'Brien"\n'
    )
    got = after(engine, tmp_path / "f.csv", text.encode("cp1252"))
    assert got.encode("utf-8", "surrogateescape") == "customer,note\nb2,caf\xe9 mit \n".encode("cp1252")


def test_utf_16_stays_utf_16(engine: DuckEngine, tmp_path: Path) -> None:
    after(engine, tmp_path / "f.csv", "customer,note\na1,Zoë\nb2,tea\n".encode("utf-16"))
    assert (tmp_path / "f.csv").read_text("utf-16") == "customer,note\nerased-x,Zoë\nb2,tea\n"


def test_a_quote_that_is_never_closed_does_not_hide_the_rest(engine: DuckEngine, tmp_path: Path) -> None:
    text = 'customer,note\nb2,5" pipe\n' + "b2,tea\n" * 1500 + "a1,tea\n"
    assert after(engine, tmp_path / "f.csv", text).endswith("b2,tea\nerased-x,tea\n")


@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5), min_size=2, max_size=2)
    )
)
def test_records_of_others_are_written_as_they_were(rows: list[list[str]]) -> None:
    # Whatever stands in them: the file is not even written where nobody is in it.
    import csv
    import io

    from crm_analytics.warehouse.erasure.files.csv import changed
    from crm_analytics.warehouse.erasure.files.place import Changed
    from crm_analytics.warehouse.readers.csv_layout import Layout

    out = io.StringIO(newline="")
    csv.writer(out).writerows([["customer", "note"], *rows, ["a1", "tea"]])
    done, layout = Changed(), Layout("utf-8", ",", ("customer", "note"))
    text = "".join(changed(io.StringIO(out.getvalue(), newline=""), layout, RULE, done))
    assert text == out.getvalue().removesuffix("a1,tea\r\n") + "erased-x,tea\r\n"
    assert done.changed == 1 + sum(cell.strip() == "a1" for cell, _ in rows)


def test_json_lines_and_documents_keep_their_shape(engine: DuckEngine, tmp_path: Path) -> None:
    lines = (
        '{"customer": "a1", "n": 1.50, "who": {"name": "Zo\\u00eb \\"Zo\\" O\'Brien"}}\n'
        '{"customer":  "b2"}\nbroken zoe@example.com\n'
    )
    assert after(engine, tmp_path / "f.jsonl", lines) == (
        '{"customer": "erased-x", "n": 1.5, "who": {"name": null}}\n{"customer":  "b2"}\nbroken \n'
    )
    document = {
        "rows": [{"customer": "a1", "note": "x"}, {"customer": "b2", "note": "zoe@example.com?"}],
        "n": [1, None],
    }
    assert json.loads(after(engine, tmp_path / "f.json", json.dumps(document))) == {
        "rows": [{"customer": "erased-x", "note": "x"}, {"customer": "b2", "note": "?"}],
        "n": [1, None],
    }


def test_a_notebook_is_still_one(engine: DuckEngine, tmp_path: Path) -> None:
    book = {"cells": [{"source": ["x = 'zoe@example.com'\n"], "outputs": [{"text": ['b2 Zoë "Zo" O\'Brien\n']}]}]}
    assert json.loads(after(engine, tmp_path / "f.ipynb", json.dumps(book))) == {
        "cells": [{"source": ["x = ''\n"], "outputs": [{"text": ["b2 \n"]}]}]
    }


def test_parquet_keeps_order_types_and_cents(engine: DuckEngine, tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "customer": ["b2", "a1", None, "a1"],
            "note": ["to zoe@example.com!", 'Zoë "Zo" O\'Brien', "+491701234567 called", "tea"],
            "euros": pl.Series([Decimal("1.10"), Decimal("2.20"), None, Decimal("4.40")], dtype=pl.Decimal(18, 2)),
            "tags": [["a"], ["zoe@example.com"], [], None],
        }
    )
    frame.write_parquet(tmp_path / "f.parquet")
    assert change_file(engine, tmp_path / "f.parquet", RULE, True).changed == 4
    got = pl.read_parquet(tmp_path / "f.parquet")
    assert got["customer"].to_list() == ["b2", "erased-x", None, "erased-x"]
    # The third row names no customer and has the phone, so it is theirs.
    assert got["note"].to_list() == ["to !", None, None, "tea"]
    assert (got["euros"].to_list(), got["euros"].dtype) == (frame["euros"].to_list(), pl.Decimal(18, 2))
    assert got["tags"].to_list() == [["a"], None, [], None]
    assert not change_file(engine, tmp_path / "f.parquet", RULE, True)


def test_sqlite_keeps_no_free_page(engine: DuckEngine, tmp_path: Path) -> None:
    path = tmp_path / "f.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE visit (customer TEXT, note TEXT NOT NULL, euros REAL)")
        database.execute("CREATE TABLE list (customer TEXT)")
        database.executemany("INSERT INTO visit VALUES (?, ?, ?)", [("a1", "zoe@example.com", 1.5), ("b2", "tea", 2.5)])
        database.execute("INSERT INTO list VALUES ('a1')")
    rule = RowRule(needles=NEEDLES, ids=RULE.ids, tables={"list": LIST})
    assert change_file(engine, path, rule, True).changed == 1
    assert b"zoe@example.com" not in path.read_bytes()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT * FROM visit").fetchall() == [("erased-x", "", 1.5), ("b2", "tea", 2.5)]
        assert database.execute("SELECT * FROM list").fetchall() == []


SHEET = (
    '<worksheet><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr">'
    '<is><t>euros</t></is></c></row><row r="2"><c r="A2" s="3" t="s"><v>2</v></c><c r="B2" t="s"><v>3</v></c><c r="C2">'
    '<v>1.5</v></c></row><row r="3"><c r="A3" t="s"><v>4</v></c><c r="B3" t="s"><v>5</v></c><c r="C3"><v>2.5</v></c>'
    "</row></sheetData></worksheet>"
)
STRINGS = (
    "<sst><si><t>customer</t></si><si><t>note</t></si><si><t>a1</t></si><si><r><t>Zoë &quot;Zo&quot; </t></r><r>"
    "<t>O'Brien</t></r></si><si><t>b2</t></si><si><t>told zoe@example.com &amp; Co</t></si></sst>"
)


def test_a_workbook_keeps_its_numbers_and_formats(engine: DuckEngine, tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    with zipfile.ZipFile(path, "w") as book:
        book.writestr("xl/worksheets/sheet1.xml", SHEET)
        book.writestr("xl/sharedStrings.xml", STRINGS)
        book.writestr("xl/comments1.xml", "<comments><t>ask zoe@example.com</t></comments>")
    assert change_file(engine, path, RULE, True).changed == 3
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
        assert book.read("xl/comments1.xml").decode() == "<comments><t>ask </t></comments>"
    assert '<c r="A2" s="3" t="inlineStr"><is><t xml:space="preserve">erased-x</t></is></c><c r="B2"/>' in sheet
    assert '<c r="C2"><v>1.5</v></c>' in sheet
    assert "told  &amp; Co" in sheet
    assert strings == (
        "<sst><si><t>customer</t></si><si><t>note</t></si><si><t></t></si><si><t></t></si><si><t>b2</t></si>"
        "<si><t></t></si></sst>"
    )


@pytest.mark.parametrize("name", ["f.zip", "f.bin"])
def test_what_cannot_be_changed_is_said_and_left(engine: DuckEngine, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name.endswith("zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("inner.txt", "zoe@example.com")
    else:
        path.write_bytes(b"\0\0zoe@example.com")
    before = path.read_bytes()
    with pytest.raises(CrmError, match="cannot be changed here"):
        change_file(engine, path, RULE, True)
    assert path.read_bytes() == before


def test_pages_lose_the_words_in_whatever_way_they_are_spelt(engine: DuckEngine, tmp_path: Path) -> None:
    page = "<td>Zoë &#34;Zo&#34; O&#39;Brien</td><td>+49 (170) 123-4567</td><td>Zoë</td>"
    assert after(engine, tmp_path / "f.html", page) == "<td></td><td></td><td>Zoë</td>"


def test_files_are_read_as_source_yml_says(engine: DuckEngine, tmp_path: Path) -> None:
    import gzip

    options = CsvOptions(encoding="cp1250", delimiter="||", quote="'", skip=1)
    text = "export of a1\nwho||note\n'a1'||x\nb2||'tea||\u0158'\n"
    path = tmp_path / "f.csv.gz"
    path.write_bytes(gzip.compress(text.encode("cp1250")))
    rule = RowRule(needles=NEEDLES, ids={"who": {"a1": "erased-x"}}, csv=options)
    assert change_file(engine, path, rule, True).changed == 1
    assert gzip.decompress(path.read_bytes()).decode("cp1250") == text.replace("'a1'||x", "erased-x||x")


def test_columns_without_a_header_have_the_names_of_source_yml(engine: DuckEngine, tmp_path: Path) -> None:
    rule = RowRule(needles=NEEDLES, ids=RULE.ids, csv=CsvOptions(delimiter=";", columns=("note", "customer")))
    assert after(engine, tmp_path / "f.csv", "a1;a1\ntea;b2\n", rule) == "a1;erased-x\ntea;b2\n"
