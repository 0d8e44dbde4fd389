"""What source.yml says of CSV files: encodings, signs, dates, numbers; and files that are packed."""

import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError
from tests.warehouse.readers.made import csv, lost, raw, rows

ENGINE = DuckEngine.open(None, threads=1)

# A price with the euro sign, a name with umlauts, one in Polish and one in Japanese.
TEXTS = {
    "utf-8": "Zoë 5 €",
    "utf-16": "Zoë 5 €",
    "utf-16-le": "Zoë 5 €",
    "latin-1": "Zoë",
    "cp1252": "Zoë 5 €",
    "cp1250": "Łódź",
    "iso8859-15": "Zoë 5 €",
    "shift_jis": "寿司",
    "gb18030": "茶 🍵",
    "utf-32": "寿司 🍵",
}


@pytest.mark.parametrize("encoding", TEXTS)
def test_any_encoding_of_python_can_be_named(encoding: str, tmp_path: Path) -> None:
    text = TEXTS[encoding]
    found = csv(tmp_path, f'id,x\n1,{text}\n2,"{text}\n{text}"\n3\n'.encode(encoding), encoding=encoding)
    assert rows(ENGINE, found) == [("1", text), ("2", f"{text}\n{text}")]
    # The third record begins in the fifth line.
    assert lost(ENGINE, found) == [("x.csv", 5, "has fewer than 2 fields", "3")]
    found.close(ENGINE)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(encoding: str, tmp_path: Path) -> None:
    found = csv(tmp_path, "id,x\n1,Zoë\n".encode(encoding))
    assert ENGINE.columns(f"({found.open(ENGINE, found.pieces())})") == {"id": "VARCHAR", "x": "VARCHAR"}
    assert rows(ENGINE, found) == [("1", "Zoë")]
    found.close(ENGINE)


def test_bytes_that_are_no_text_in_the_encoding_cost_only_their_line(tmp_path: Path) -> None:
    # 0x81 is nothing in cp1252; in Shift JIS, 0x88 needs a second byte, and a line feed is none.
    found = csv(tmp_path, b"id,x\n1,\x81\n2,\x80\n", encoding="cp1252")
    assert rows(ENGINE, found) == [("2", "€")]
    assert lost(ENGINE, found) == [("x.csv", 2, "is not cp1252 text", "1,\ufffd")]
    found.close(ENGINE)
    found = csv(tmp_path, b"id,x\n1,ok\n2,\x88\xff\n3,ok\n", encoding="shift_jis")
    assert rows(ENGINE, found) == [("1", "ok"), ("3", "ok")]
    assert [(line, why) for _, line, why, _ in lost(ENGINE, found)] == [(3, "is not shift_jis text")]
    found.close(ENGINE)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16-le"])
def test_a_header_in_another_encoding_says_which_option_to_give(encoding: str, tmp_path: Path) -> None:
    found = csv(tmp_path, "größe,x\n1,a\n".encode(encoding))
    with pytest.raises(CrmError, match=r"x\.csv: is not UTF-8 text; name its encoding in source\.yml, such as"):
        rows(ENGINE, found)


SIGNS = {
    "a delimiter of one sign": ("id#x\n1#a,b\n", {"delimiter": "#"}, [("1", "a,b")]),
    "a delimiter of several bytes": ('id§x\n1§"a§b"\n', {"delimiter": "§"}, [("1", "a§b")]),
    "a delimiter of several signs": ("id||x\n1||a|b\n", {"delimiter": "||"}, [("1", "a|b")]),
    "a comma where the header has more of others": ("id;a;b,x\n1;2,3\n", {"delimiter": ","}, [("1;2", "3")]),
    "another quote": ("id,x\n1,'a,''b'''\n", {"quote": "'"}, [("1", "a,'b'")]),
    "no quote at all": ('id,x\n1,"a\n2,b"\n', {"quote": ""}, [("1", '"a'), ("2", 'b"')]),
    "lines before the header": ('Report, "May\n\nid,x\n1,a\n', {"skip": 2}, [("1", "a")]),
    "no header": ("1;a\n2;b\n", {"header": False, "columns": ["id", "x"], "delimiter": ";"}, [("1", "a"), ("2", "b")]),
    "no header, and lines before": (
        "May\n1;a\n",
        {"header": False, "columns": ["id", "x"], "delimiter": ";", "skip": 1},
        [("1", "a")],
    ),
    "texts that mean nothing": (
        'id,x\n1,NULL\n2,\\N\n3,"NULL"\n4,\n',
        {"null": ["NULL", "\\N"]},
        [(i, None) for i in "1234"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SIGNS)
@pytest.mark.parametrize("broken", ["", "nul"])
def test_signs_can_be_named_in_plain_files_and_in_mended_ones(case: str, broken: str, tmp_path: Path) -> None:
    text, options, expected = SIGNS[case]
    found = csv(tmp_path, text + ("\0\n" if broken else ""), **options)
    assert rows(ENGINE, found) == expected
    assert [why for *_, why, _ in lost(ENGINE, found)] == (["holds a NUL byte"] if broken else [])
    found.close(ENGINE)


def test_dates_are_read_by_their_formats_and_others_stay_as_they_are(tmp_path: Path) -> None:
    found = csv(
        tmp_path,
        "id,Sold_At,x\n1,31.12.2024,31.12.2024\n2,1.2.2024 13:05,\n3,2024-12-31,\n4,31.02.2024,\n5,,\n6,n/a,\n",
        dates={"sold_at": ["%d.%m.%Y", "%d.%m.%Y %H:%M"]},
    )
    assert rows(ENGINE, found) == [
        ("1", "2024-12-31 00:00:00", "31.12.2024"),  # only in the column that is named
        ("2", "2024-02-01 13:05:00", None),
        ("3", "2024-12-31", None),
        ("4", "31.02.2024", None),  # no such day: the contract will refuse it
        ("5", None, None),
        ("6", "n/a", None),
    ]
    found.close(ENGINE)


def test_numbers_with_decimal_commas_are_read_and_others_marked(tmp_path: Path) -> None:
    text = "id;x\n1;1.234,56\n2;-0,5\n3;7\n4;1.5\n5;1.500\n6; +2,50 \n7;\n8;1,2,3\n9;12.34,5\n"
    found = csv(tmp_path, text, decimal=",", thousands=".", numbers=["X"])
    assert [value for _, value in rows(ENGINE, found)] == [
        "1234.56",
        "-0.5",
        "7",
        "1.5 [not written like 1.234,56]",  # one and a half, or a thousand and a half with a digit missing
        "1500",
        "+2.50",
        None,
        "1,2,3 [not written like 1.234,56]",
        "12.34,5 [not written like 1.234,56]",
    ]
    found.close(ENGINE)
    found = csv(tmp_path, "id;x\n1;1.500\n2;1500,5\n", decimal=",", numbers=["x"])
    assert rows(ENGINE, found) == [("1", "1.500 [not written like 1234,56]"), ("2", "1500.5")]
    found.close(ENGINE)


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_packed_files_are_read_with_plain_ones(ending: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"id,x\n1,a\n")
    for name, text in {"b": b"id,x\n2,b\n3\n", "c": b'id,x\n4,"c\n5,d\n'}.items():
        with pa.output_stream(str(tmp_path / f"{name}.csv.{ending}")) as file:
            file.write(text)
    found = raw(tmp_path, "?.csv*")
    assert rows(ENGINE, found) == [("1", "a"), ("2", "b"), ("5", "d")]
    assert [(label, line) for label, line, _, _ in lost(ENGINE, found)] == [
        (f"b.csv.{ending}", 3),
        (f"c.csv.{ending}", 2),
    ]
    found.close(ENGINE)


def test_a_packed_file_that_breaks_off_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(gzip.compress(b"id,x\n" + b"1,a\n" * 100)[:-9])
    with pytest.raises(CrmError, match=r"x\.csv\.gz: cannot be read: "):
        rows(ENGINE, raw(tmp_path, "x.csv.gz"))


def test_a_ten_megabyte_field_costs_only_its_line(tmp_path: Path) -> None:
    for field in ("x" * 10_000_000, '"' + "x\n" * 5_000_000 + '"', '"' + "x" * 10_000_000):
        found = csv(tmp_path, f"id,x\n1,a\n2,{field}\n3,c\n")
        kept = rows(ENGINE, found)
        assert kept == [("1", "a"), ("3", "c")]
        assert [told[:3] for told in lost(ENGINE, found)] == [("x.csv", 3, "is longer than 2 MB")]
        found.close(ENGINE)


def test_two_files_that_name_different_columns_both_tell_their_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x\n1,a\n2\n")
    (tmp_path / "b.csv").write_text("x;id;y\nb;2;z\n3;4;5;6\n")
    found = raw(tmp_path, "?.csv")
    assert rows(ENGINE, found) == [("1", "a", None), ("2", "b", "z")]
    assert [(label, line, why) for label, line, why, _ in lost(ENGINE, found)] == [
        ("a.csv", 3, "has fewer than 2 fields"),
        ("b.csv", 3, "has more than 3 fields"),
    ]
    found.close(ENGINE)
    assert not [table for table in ENGINE.tables() if table.startswith("_")]


def test_a_file_that_changed_is_looked_at_again(tmp_path: Path) -> None:
    found = csv(tmp_path, 'id,x\n1,"a\n2,b\n')
    assert len(lost(ENGINE, found)) == 0  # nothing was opened yet
    assert rows(ENGINE, found) == [("2", "b")]
    assert len(lost(ENGINE, found)) == 1
    csv(tmp_path, 'id,x\n1,"a"\n2,b\n')
    assert rows(ENGINE, found) == [("1", "a"), ("2", "b")]
    csv(tmp_path, "id,x\n1,a\n\0\n")
    assert rows(ENGINE, found) == [("1", "a")]
    assert [text for *_, text in lost(ENGINE, found)] == ["\0"]
    found.close(ENGINE)


def test_a_column_that_is_misspelt_is_told_once_no_file_has_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id\n1\n")
    (tmp_path / "b.csv").write_text("id,sold_at\n2,31.12.2024\n")
    months = raw(tmp_path, "?.csv", dates={"sold_at": "%d.%m.%Y"})
    a, _ = months.pieces()
    assert rows(ENGINE, months, [a]) == [("1",)]  # the other file has it
    months.close(ENGINE)
    misspelt = raw(tmp_path, "?.csv", dates={"sold_on": "%d.%m.%Y"})
    with pytest.raises(CrmError, match=r"dates: no column 'sold_on' in .*\?\.csv\. Did you mean 'sold_at'\?"):
        rows(ENGINE, misspelt)


def test_everything_wrong_with_the_options_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(CrmError) as caught:
        csv(
            tmp_path, "id\n",
            encoding="klingon", delimiter='";;;;', quote="“", columns=["a"], skip=-1, null=[1], dates={"a": "%d.%m"},
            decimal=";", quotes="x",
        )  # fmt: skip
    told = [line.split("source.yml:")[1] for line in str(caught.value).splitlines()]
    assert told == [
        "3: unknown key 'quotes'. Did you mean 'quote'? Known: path, package, encoding, delimiter, quote, header, "
        "columns, skip, null, dates, numbers, decimal, and 1 more.",
        "3: columns: are named by the header line; say header: false where the files have none",
        "3: encoding: no encoding 'klingon'; well known are utf-8, utf-16, cp1252, cp1250, shift_jis",
        "3: skip: should be a whole number from 0 on, got -1",
        "3: null: should be a list of texts, got [1]",
        "3: quote: should be one ASCII character, or '' where nothing is quoted, got '“'",
        "3: delimiter: should be one to 4 bytes on one line, got '\";;;;'",
        "3: decimal: should be '.' or ',', and thousands another sign",
        "3: numbers: has to name the columns that hold numbers written so; in others a comma is text",
        "3: dates: a: '%d.%m' is no date format such as '%d.%m.%Y' or '%m/%d/%y %H:%M'",
    ]
    with pytest.raises(CrmError, match=r"(?s)header: without a header line, columns: has.*delimiter: without a header"):
        csv(tmp_path, "1\n", header=False)
