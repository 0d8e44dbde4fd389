"""Cells laid out wide: the members of one attribute as columns.

Moves cells, computes nothing.  A member is kept apart from Others and from the
total by its `Key`, so that a product line called "Total" stays a product line.

May import: formats.   Imported by: olap.cellset, olap.show.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from crm_analytics.formats import format_value

Row = Mapping[str, object]


class Sort(IntEnum):
    """What stands in a place of an axis, in the order in which they follow each other."""

    MEMBER = 0
    OTHERS = 1
    TOTAL = 2


class Key(NamedTuple):
    """One place of an axis: a member, Others, or the total over it."""

    sort: Sort
    label: object

    def text(self, fmt: str = "text", unknown: str = "") -> str:
        """What people read: a label as it is formatted, an empty one as the `unknown` of its attribute."""
        if self.sort is Sort.TOTAL:
            return "Total"
        if self.label is None:
            return unknown
        return str(self.label) if self.sort is Sort.OTHERS else format_value(self.label, fmt)


@dataclass(frozen=True, slots=True)
class Wide:
    """Cells by row and column: `cells[row][column]` is the row of the frame, absent where there is no cell."""

    rows: tuple[tuple[Key, ...], ...]
    columns: tuple[Key, ...]
    cells: Mapping[tuple[Key, ...], Mapping[Key, Row]]


def keys(row: Row, attributes: Sequence[str], cut: str = "") -> tuple[Key, ...]:
    """The place of one row of the frame on each axis; `cut` is the attribute that has Others."""
    total = row.get("total", "")
    rolled = attributes if total == "all" else str(total).split(",")
    sorts = [Sort.TOTAL if a in rolled else Sort.MEMBER for a in attributes]
    if row.get("others"):
        sorts[attributes.index(cut) if cut else 0] = Sort.OTHERS
    return tuple(Key(sort, row[a]) for sort, a in zip(sorts, attributes, strict=True))


def widen(rows: Iterable[Row], attributes: Sequence[str], on: str, order: Sequence[object], cut: str = "") -> Wide:
    """Lay the cells out with the members of `on` as columns.

    Rows keep the order in which they come; columns stand in `order`, or sorted
    where it is empty, with Others and the total last.
    """
    at = attributes.index(on)
    cells: dict[tuple[Key, ...], dict[Key, Row]] = {}
    for row in rows:
        place = keys(row, attributes, cut)
        cells.setdefault((*place[:at], *place[at + 1 :]), {})[place[at]] = row
    ranks = {label: i for i, label in enumerate(order)}

    def rank(key: Key) -> tuple[int, int, bool, object]:
        return key.sort, ranks.get(key.label, len(ranks)), key.label is None, "" if key.label is None else key.label

    columns = {key for row in cells.values() for key in row}
    return Wide(tuple(cells), tuple(sorted(columns, key=rank)), cells)


def headings(columns: Mapping[Key, str], measures: Mapping[str, str]) -> dict[tuple[Key, str], str]:
    """A name for each column and measure, all different; the measure is named where there are several.

    `columns` gives the text of each place across, `measures` that of each measure by its name.
    """
    names: dict[tuple[Key, str], str] = {}
    for key, text in columns.items():
        for measure, title in measures.items():
            name = stem = text if len(measures) == 1 else f"{text} {title}"
            number = 2
            while name in names.values():
                name, number = f"{stem} ({number})", number + 1
            names[key, measure] = name
    return names
