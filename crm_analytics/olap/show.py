"""Tables for people: a grid of formatted texts, for a terminal and as HTML.

May import: formats, olap.columns, olap.layout.   Imported by: olap.cellset.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from crm_analytics.formats import format_value, unit
from crm_analytics.olap.columns import Column
from crm_analytics.olap.layout import Key, Row, Sort, Wide, headings, keys

WIDEST = 40


@dataclass(frozen=True, slots=True)
class Grid:
    """Texts ready to print: headings, rows, which columns are numbers, which rows are totals."""

    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[bool, ...]
    caption: str = ""

    def shortened(self, most: int) -> tuple["Grid", int]:
        """The first rows, and the last where it is a total; with the number of rows left out."""
        if len(self.rows) <= most:
            return self, 0
        kept = [*range(most), *([len(self.rows) - 1] if self.total[-1] else [])]
        rows, total = tuple(self.rows[i] for i in kept), tuple(self.total[i] for i in kept)
        return Grid(self.heads, self.numeric, rows, total, self.caption), len(self.rows) - len(kept)


def long_grid(rows: Iterable[Row], columns: Sequence[Column], currency: str, cut: str = "") -> Grid:
    """One row a cell, as in the frame."""
    attributes = [c for c in columns if c.kind == "dimension"]
    measures = [c for c in columns if c.kind == "measure"]
    texts: list[tuple[str, ...]] = []
    totals: list[bool] = []
    for row in rows:
        place = keys(row, [c.name for c in attributes], cut)
        numbers = (format_value(row[c.name], c.format, currency) for c in measures)
        texts.append((*_members(place, attributes), *numbers))
        totals.append(_is_total(place))
    heads = (*(c.title for c in attributes), *(_with_unit(c, currency) for c in measures))
    return Grid(heads, (False,) * len(attributes) + (True,) * len(measures), tuple(texts), tuple(totals))


def wide_grid(wide: Wide, left: Sequence[Column], across: Column, measures: Sequence[Column], currency: str) -> Grid:
    """One row for the members on the left, one column for each member across and measure."""
    formats = {c.name: c.format for c in measures}
    names = headings(
        {key: key.text(across.format, across.unknown) for key in wide.columns},
        {c.name: _with_unit(c, currency) for c in measures},
    )
    texts: list[tuple[str, ...]] = []
    empty: Mapping[str, object] = {}
    for place in wide.rows:
        found = wide.cells[place]
        numbers = (format_value(found.get(key, empty).get(name), formats[name], currency) for key, name in names)
        texts.append((*_members(place, left), *numbers))
    caption = _with_unit(measures[0], currency) if len(measures) == 1 else ""
    heads = (*(c.title for c in left), *names.values())
    numeric = (False,) * len(left) + (True,) * len(names)
    return Grid(heads, numeric, tuple(texts), tuple(_is_total(place) for place in wide.rows), caption)


def as_text(grid: Grid) -> str:
    """The grid in columns of spaces, numbers to the right; long members are cut."""
    lines = [grid.heads, *grid.rows]
    cut = [[_cut(text) for text in line] for line in lines]
    widths = [max(len(line[i]) for line in cut) for i in range(len(grid.heads))]
    out = [grid.caption] if grid.caption else []
    for i, line in enumerate(cut):
        cells = (
            text.rjust(width) if number else text.ljust(width)
            for text, width, number in zip(line, widths, grid.numeric, strict=True)
        )
        out.append("  ".join(cells).rstrip())
        if i == 0:
            out.append("  ".join("-" * width for width in widths))
    if not grid.rows:
        out.append("(no cells)")
    return "\n".join(out)


def as_html(grid: Grid, notes: Sequence[str] = ()) -> str:
    """The grid as one HTML table, every text escaped, with no style but alignment."""
    out = ['<table class="crm-cells">']
    if grid.caption:
        out.append(f"<caption>{escape(grid.caption)}</caption>")
    out.append(f"<thead>{_html_row('th', grid.heads, grid.numeric)}</thead><tbody>")
    for row, total in zip(grid.rows, grid.total, strict=True):
        out.append(_html_row("th" if total else "td", row, grid.numeric))
    out.append("</tbody></table>")
    out += [f"<p>{escape(note)}</p>" for note in notes]
    return "\n".join(out)


def _html_row(tag: str, texts: Sequence[str], numeric: Sequence[bool]) -> str:
    cells = (
        f'<{tag} style="text-align: {"right" if number else "left"}">{escape(text)}</{tag}>'
        for text, number in zip(texts, numeric, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def _members(place: Sequence[Key], columns: Sequence[Column]) -> Iterable[str]:
    """The members of a row; of a total only the first word, so that the eye finds the level."""
    totals = 0
    for key, column in zip(place, columns, strict=True):
        if key.sort is Sort.TOTAL:
            yield "" if totals else "Total"
            totals += 1
        else:
            yield key.text(column.format, column.unknown)


def _is_total(place: Sequence[Key]) -> bool:
    return any(key.sort is Sort.TOTAL for key in place)


def _with_unit(column: Column, currency: str) -> str:
    # Formatted percentages carry their sign already.
    of = "" if column.format == "percent" else unit(column.format, currency)
    return f"{column.title} ({of})" if of else column.title


def _cut(text: str) -> str:
    # A member may hold a line break or a control character; a table must keep its lines.
    printable = "".join(c if c.isprintable() else " " for c in text)
    return printable if len(printable) <= WIDEST else printable[: WIDEST - 1] + "…"
