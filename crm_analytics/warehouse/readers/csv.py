"""CSV files: every value stays text, so that one of the wrong type rejects its row with a reason.

Nothing is guessed that could lose a row.  DuckDB's CSV sniffer, left to itself,
takes a line that begins with # for a comment, an apostrophe for a quote, and a
ragged file for one column; here source.yml and the header line decide.  Files
that DuckDB could misread are read from a copy (`csv_scan`, `csv_mend`); of the others it
keeps the lines with a wrong number of fields (`csv_kept`).

May import: errors, sql, engines, warehouse.raw, warehouse.readers.*.
Imported by: warehouse.readers.entry.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError, did_you_mean, shortened
from crm_analytics.sql import literal
from crm_analytics.warehouse.raw import Piece
from crm_analytics.warehouse.readers.copies import Copies, Ready, written
from crm_analytics.warehouse.readers.csv_columns import columns_sql
from crm_analytics.warehouse.readers.csv_kept import Kept
from crm_analytics.warehouse.readers.csv_layout import Layout, read_layout
from crm_analytics.warehouse.readers.csv_mend import Shape, mend
from crm_analytics.warehouse.readers.csv_options import CsvOptions
from crm_analytics.warehouse.readers.csv_scan import is_plain
from crm_analytics.warehouse.readers.files import Files, listed, path_of
from crm_analytics.warehouse.readers.misread import Misread
from crm_analytics.warehouse.readers.text import is_utf8, utf8_blocks


@dataclass(frozen=True, slots=True)
class _Alike:
    """What files have in common that are read together."""

    delimiter: str
    names: tuple[str, ...]
    mended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Csv(Files):
    """CSV files under one name."""

    options: CsvOptions = field(default_factory=CsvOptions)
    _copies: Copies = field(default_factory=Copies, init=False, repr=False, compare=False)
    _labels: dict[str, str] = field(default_factory=dict, init=False, repr=False, compare=False)

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        if not self._labels:
            self.close(engine)  # a load that was broken off may have left something behind
        layouts = [read_layout(path_of(piece), self.options) for piece in pieces]
        self._hold_names(layouts)
        groups: dict[_Alike, dict[Path, str]] = {}
        for piece, layout in zip(pieces, layouts, strict=True):
            ready = self._ready(engine, piece, layout.shape(self.options))
            alike = _Alike(layout.delimiter, layout.names, ready.mended)
            groups.setdefault(alike, {})[ready.path] = piece.label
        return " UNION ALL BY NAME ".join(self._select(alike, labels) for alike, labels in groups.items())

    def misread(self, engine: Engine) -> str:
        self._kept.move(engine)
        return Misread(self.tag).select(engine)

    def close(self, engine: Engine) -> None:
        self._copies.close()
        self._kept.close(engine)
        Misread(self.tag).close(engine)

    @property
    def _kept(self) -> Kept:
        return Kept(self.tag, self._labels)

    def _ready(self, engine: Engine, piece: Piece, shape: Shape) -> Ready:
        """The file itself, or a copy in UTF-8, without the lines that are broken where that has to be."""
        path = path_of(piece)

        def prepare(place: Callable[[], Path]) -> Ready:
            if is_utf8(shape.encoding) and is_plain(path, shape):
                return Ready(path)
            copy = place()
            if not is_utf8(shape.encoding):
                with written(copy) as out:
                    out.writelines(utf8_blocks(path, shape.encoding))
                if is_plain(copy, shape):
                    return Ready(copy)
            with written(copy) as out:
                Misread(self.tag).add(engine, piece.label, mend(utf8_blocks(path, shape.encoding), shape, out))
            return Ready(copy, mended=True)

        return self._copies.ready(piece, self.stamp(piece), prepare)

    def _select(self, alike: _Alike, labels: Mapping[Path, str]) -> str:
        options = self.options
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in alike.names)
        empty = ", ".join(literal(text) for text in dict.fromkeys(("", *options.null)))
        said = [
            "auto_detect = false",
            f"header = {str(options.header and not alike.mended).lower()}",
            f"skip = {0 if alike.mended else options.skip}",
            f"delim = {literal(alike.delimiter)}",
            f"quote = {literal(options.quote)}",
            f"escape = {literal(options.quote)}",
            f"nullstr = [{empty}]",
            f"columns = {{{columns}}}",
            self._kept.options(labels),
        ]
        if alike.mended:
            said.append(r"new_line = '\n'")
        return f"SELECT {columns_sql(alike.names, options)} FROM read_csv({listed(labels)}, {', '.join(said)})"

    def _hold_names(self, layouts: Sequence[Layout]) -> None:
        """Tell of a column that `dates` or `numbers` name and no file has."""
        wanted = {**dict.fromkeys(self.options.dates, "dates"), **dict.fromkeys(self.options.numbers, "numbers")}
        here = _names(layouts)
        lacking = [name for name in wanted if name.lower() not in here]
        if not lacking:
            return
        # A file may lack a column that others under the name have; only then are their headers read too.
        every = _names(read_layout(path_of(piece), self.options) for piece in self.pieces())
        for name in lacking:
            if name.lower() not in every:
                hint = did_you_mean(name, every)
                raise ConfigError(
                    f"{wanted[name]}: no column {name!r} in {self.place}.{hint} Known: {shortened(sorted(every))}."
                )


def _names(layouts: Iterable[Layout]) -> frozenset[str]:
    return frozenset(name.lower() for layout in layouts for name in layout.names)
