"""Excel workbooks: cells of every kind, one sheet, a header row where it is."""

import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError
from tests.warehouse.readers.made import raw, rows

ENGINE = DuckEngine.open(None, threads=1)

Cell = str | float | bool | date | None
Rows = Sequence[Sequence[Cell]]

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
# The styles of a cell by their places: 0 plain, 1 a day, 2 a day with its time.
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs>'
    "</styleSheet>"
)


def cell(place: str, value: Cell) -> str:
    """One cell as a workbook has it: days are numbers since the end of 1899, told by their style."""
    match value:
        case None:
            return ""
        case bool():
            return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
        case str():
            return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
        case datetime():
            days = (value - datetime(1899, 12, 30)).total_seconds() / 86_400
            return f'<c r="{place}" s="2"><v>{days!r}</v></c>'
        case date():
            return f'<c r="{place}" s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
        case _:
            return f'<c r="{place}"><v>{value!r}</v></c>'


def workbook(path: Path, **sheets: Rows) -> None:
    """Write a workbook with these sheets, in their order."""
    names = list(sheets)
    book = "".join(f'<sheet name="{n}" sheetId="{i}" r:id="r{i}"/>' for i, n in enumerate(names, start=1))
    links = "".join(
        f'<Relationship Id="r{i}" Type="{LINKS}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i in range(1, len(names) + 1)
    )
    links += f'<Relationship Id="s" Type="{LINKS}/styles" Target="styles.xml"/>'
    start = f'<Relationship Id="r1" Type="{LINKS}/officeDocument" Target="xl/workbook.xml"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{start}</Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><sheets>{book}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        "xl/styles.xml": STYLES,
    }
    for i, name in enumerate(names, start=1):
        lines = "".join(
            f'<row r="{r}">{"".join(cell(f"{chr(64 + c)}{r}", value) for c, value in enumerate(row, start=1))}</row>'
            for r, row in enumerate(sheets[name], start=1)
        )
        parts[f"xl/worksheets/sheet{i}.xml"] = f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w") as file:
        for part, text in parts.items():
            file.writestr(part, f'<?xml version="1.0" encoding="UTF-8"?>{text}')


def test_cells_keep_their_kinds_and_mixed_columns_are_texts(tmp_path: Path) -> None:
    workbook(
        tmp_path / "x.xlsx",
        orders=[
            ["id", "zip", "price", "on", "at", "gift", "mixed", None, "empty"],
            [1, "007", 1.5, date(2024, 2, 29), datetime(2024, 1, 2, 3, 4), True, 7, None, None],
            [None] * 9,
            [2, " a ", 2, None, date(2024, 1, 3), False, "seven", "no name", None],
            [3, None, None, date(2024, 1, 1), None, None, date(2024, 1, 1)],
        ],
    )
    found = raw(tmp_path, "x.xlsx")
    select = found.open(ENGINE, found.pieces())
    assert ENGINE.columns(f"({select})") == {
        "id": "BIGINT",
        "zip": "VARCHAR",
        "price": "DOUBLE",
        "on": "DATE",
        "at": "TIMESTAMP",
        "gift": "BOOLEAN",
        "mixed": "VARCHAR",
        "column8": "VARCHAR",
        "empty": "VARCHAR",
    }
    assert rows(ENGINE, found) == [
        (1, "007", 1.5, date(2024, 2, 29), datetime(2024, 1, 2, 3, 4), True, "7", None, None),
        (2, " a ", 2.0, None, datetime(2024, 1, 3), False, "seven", "no name", None),
        (3, None, None, date(2024, 1, 1), None, None, "2024-01-01", None, None),
    ]
    found.close(ENGINE)
    assert not [table for table in ENGINE.tables() if table.startswith("_")]


def test_a_sheet_and_the_row_of_the_names_can_be_told(tmp_path: Path) -> None:
    report: Rows = [["Report of May"], [], ["id", "x"], [1, "a"]]
    workbook(tmp_path / "x.xlsx", cover=[["nothing here"]], may=report)
    found = raw(tmp_path, "x.xlsx", sheet="may", header_row=3)
    assert rows(ENGINE, found) == [(1, "a")]
    found.close(ENGINE)


def test_workbooks_under_one_name_meet_by_the_names_of_their_columns(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", s=[["id", "x"], [1, 5]])
    workbook(tmp_path / "b.xlsx", s=[["x", "id", "y"], ["five", 2, True]])
    found = raw(tmp_path, "*.xlsx")
    assert rows(ENGINE, found) == [(1, "5", None), (2, "five", True)]
    found.close(ENGINE)


@pytest.mark.parametrize(
    ("sheet", "options", "says"),
    [
        ([["id"]], {"sheet": "May"}, "no sheet 'May'. Did you mean 'may'? Known: may."),
        ([["id"], [1]], {"header_row": 3}, "row 3 should hold the names of the columns, and is empty"),
        ([], {}, "row 1 should hold the names of the columns, and is empty"),
        ([["id", "ID"]], {}, "row 1 names ID twice"),
    ],
    ids=["no such sheet", "no such row", "nothing", "a name twice"],
)
def test_a_workbook_that_is_not_as_told_is_refused(
    sheet: Rows, options: dict[str, object], says: str, tmp_path: Path
) -> None:
    workbook(tmp_path / "x.xlsx", may=sheet)
    with pytest.raises(CrmError) as caught:
        rows(ENGINE, raw(tmp_path, "x.xlsx", **options))
    assert str(caught.value) == f"{tmp_path}/x.xlsx: {says}"


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_bytes(b"id,x\n")
    with pytest.raises(CrmError, match=r"x\.xlsx: cannot be read as an Excel workbook: "):
        rows(ENGINE, raw(tmp_path, "x.xlsx"))
