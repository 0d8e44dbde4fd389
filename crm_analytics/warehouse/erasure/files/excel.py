"""Excel workbooks: cells changed within the sheets' own XML, so that formats and formulas stay.

A text that many cells share lies once in `sharedStrings.xml`; a changed cell
gets its text in itself, and a shared one that no cell needs any more is emptied.

Source: ECMA-376, part 1, 18.3.1.4 (c), 18.4.8 (si).
May import: errors, warehouse.erasure.rules, files.place.   Imported by: warehouse.erasure.files.
"""

import html
import re
import zipfile
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.erasure.files.place import Changed, replacing
from crm_analytics.warehouse.erasure.rules import Row, RowRule

SHARED = "xl/sharedStrings.xml"
_ROW = re.compile(r"<row\b[^>]*?(?:/>|>.*?</row>)", re.DOTALL)
_CELL = re.compile(r"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.DOTALL)
_ITEM = re.compile(r"<si\b[^>]*?(?:/>|>.*?</si>)", re.DOTALL)
_TEXT = re.compile(r"<t\b[^>]*>(.*?)</t>", re.DOTALL)
_VALUE = re.compile(r"<v>(.*?)</v>", re.DOTALL)
_REFERENCE = re.compile(r'\br="([A-Z]+)\d+"')
_NUMBER = re.compile(r'<row\b[^>]*?\br="(\d+)"')
_TYPE = re.compile(r'\s*\bt="(\w+)"')


def change(_: Engine, path: Path, rule: RowRule, write: bool) -> Changed:
    """Change one workbook.

    Raises
    ------
    CrmError : it cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as book:
            parts = {info: book.read(info) for info in book.infolist()}
    except (OSError, zipfile.BadZipFile) as error:
        raise CrmError(f"cannot be read: {error}") from None
    text = {info.filename: raw.decode("utf-8", "surrogateescape") for info, raw in parts.items()}
    shared = _ITEM.findall(text.get(SHARED, ""))
    done = Changed()
    sheets = {n: _Sheet(t, [_shown(s) for s in shared], rule, done) for n, t in text.items() if _is_sheet(n)}
    new = {name: sheet.text for name, sheet in sheets.items()}
    for name in text.keys() - new.keys() - {SHARED}:  # comments, drawings, who wrote it
        if name.endswith(".xml") and (cut := rule.cut(text[name])) != text[name]:
            new[name] = cut
            done.changed += 1
    if not done:
        return done
    used = {int(number) for sheet in new.values() for number in _shared_numbers(sheet)}
    emptied = iter(item if i in used else "<si><t></t></si>" for i, item in enumerate(shared))
    new[SHARED] = _ITEM.sub(lambda _: next(emptied), text.get(SHARED, ""))
    if write:
        with replacing(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as book:
            for info, raw in parts.items():
                changed = new.get(info.filename)
                book.writestr(info, raw if changed is None else changed.encode("utf-8", "surrogateescape"))
    return done


class _Sheet:
    """One sheet: its first row names the columns."""

    def __init__(self, text: str, shared: list[str], rule: RowRule, done: Changed) -> None:
        self._shared, self._rule, self._done = shared, rule, done
        self._names: dict[str, str] = {}
        self.text = _ROW.sub(lambda row: self._changed(row[0]), text)

    def _changed(self, text: str) -> str:
        cells = {ref[1]: cell for cell in _CELL.finditer(text) if (ref := _REFERENCE.search(cell[1]))}
        values = {place: self._value(cell) for place, cell in cells.items()}
        number = _NUMBER.search(text)
        if number and int(number[1]) < self._rule.header_row:
            return text
        if not self._names:
            self._names = {place: str(value) or place for place, value in values.items()}
            return text
        row: Row = {self._names.get(place, place): value for place, value in values.items()}
        new = self._rule.changed(row)
        if new is row:
            return text
        if self._rule.is_theirs(row):
            self._done.rows.append(row)
        # A row that goes leaves an empty one: the numbers of the others, which formulas speak of, stay.
        self._done.gone += new is None
        self._done.changed += new is not None
        for place, cell in cells.items():
            name = self._names.get(place, place)
            value = None if new is None else new[name]
            if value != row[name] or new is None:
                text = text.replace(cell[0], _written(cell, value), 1)
        return text

    def _value(self, cell: re.Match[str]) -> object:
        kind, inner = _TYPE.search(cell[1]), cell[2] or ""
        found = _VALUE.search(inner)
        match kind[1] if kind else "n":
            case "s":
                return self._shared[int(found[1])] if found else ""
            case "inlineStr":
                return _shown(inner)
            case "n" if found:
                return float(found[1])
        return html.unescape(found[1]) if found else ""


def _written(cell: re.Match[str], value: object) -> str:
    about = _TYPE.sub("", cell[1])
    if value is None or value == "":
        return f"<c{about}/>"
    if isinstance(value, int | float):
        return f"<c{about}><v>{value:g}</v></c>" if isinstance(value, float) else f"<c{about}><v>{value}</v></c>"
    return f'<c{about} t="inlineStr"><is><t xml:space="preserve">{html.escape(str(value), quote=False)}</t></is></c>'


def _shown(item: str) -> str:
    return html.unescape("".join(_TEXT.findall(item)))


def _is_sheet(name: str) -> bool:
    return name.startswith("xl/worksheets/") and name.endswith(".xml")


def _shared_numbers(sheet: str) -> list[str]:
    found = []
    for cell in _CELL.finditer(sheet):
        kind, value = _TYPE.search(cell[1]), _VALUE.search(cell[2] or "")
        if kind and kind[1] == "s" and value:
            found.append(value[1])
    return found
