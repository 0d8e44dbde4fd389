"""How an explanation reads: a few sentences, then the top of each part as a table.

The sentences say where a number changed, never why.

May import: formats, olap.show, olap.explain.bridge, olap.explain.question.   Imported by: olap.explain.explanation.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import escape

import polars as pl

from crm_analytics.formats import MISSING, format_value, unit
from crm_analytics.olap import show
from crm_analytics.olap.explain.bridge import GROUPS
from crm_analytics.olap.explain.question import Change

MOST_DRIVERS, MOST_ATTRIBUTES, MOST_PAIRS = 10, 6, 5


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What is said of an explanation."""

    change: Change
    title: str
    format: str
    currency: str
    kind: str
    before: object
    after: object
    difference: int | float | Decimal
    drivers: pl.DataFrame
    attributes: pl.DataFrame
    pairs: pl.DataFrame
    bridge: pl.DataFrame
    adds_up: bool
    notes: tuple[str, ...]
    left_out: tuple[str, ...]

    def sentences(self) -> Iterator[str]:
        """What changed, what moved most, and what has to be known."""
        moved = "rose" if self.difference > 0 else "fell" if self.difference < 0 else "did not change"
        by = f" by {self._amount(abs(self.difference), points=True)}{self._percent()}" if self.difference else ""
        yield (
            f"{self.title} {moved}{by}: from {self._amount(self.before)} in {self.change.before} "
            f"to {self._amount(self.after)} in {self.change.after}."
        )
        for note in self.notes:
            yield f"{note[:1].upper()}{note[1:]}."
        if found := self._moved_most():
            yield found

    def tables(self) -> Iterator[tuple[str, show.Grid]]:
        """A heading and a table for each part that has rows."""
        if self.drivers.height:
            yield f"Drivers: {self._explained()}", self._drivers()
        if self.attributes.height:
            yield self._about_attributes(), self._attributes()
        if self.pairs.height:
            yield "Pairs: what two members moved together beyond what each did by itself", self._pairs()
        if self.bridge.height:
            yield "Customers: what became of them", self._bridge()

    def last(self) -> Iterator[str]:
        """Whether it adds up, and what is not in it."""
        parts = "the members of each attribute" if self.attributes.height else ""
        parts += " and " if parts and self.bridge.height else ""
        parts += "the customers" if self.bridge.height else ""
        if parts:
            yield f"Adds up to the change: {'yes' if self.adds_up else 'NO'} ({parts})."
        yield from (f"Left out: {line}." for line in self.left_out)

    def _moved_most(self) -> str:
        if not self.drivers.height:
            return ""
        with_it = pl.col("beyond") < 0 if self.difference < 0 else pl.col("beyond") > 0
        told = []
        for name, side in (("Largest driver", with_it), ("Largest counterweight", ~with_it & (pl.col("beyond") != 0))):
            found = self.drivers.filter(side)
            if found.height:
                row = found.row(0, named=True)
                told.append(f"{name}: {row['attribute']} {row['member']} ({self._signed(row['change'])}).")
        return " ".join(told) or "No member stands out: all moved like the whole."

    def _explained(self) -> str:
        if self.kind == "ratio":
            return "members by their part in the change; those of different attributes overlap"
        return "members by how far they moved beyond the pace of the whole; those of different attributes overlap"

    def _drivers(self) -> show.Grid:
        # The same rows under two names (a department with one category) are told once.
        shown = self.drivers.unique(["before", "after", "change"], keep="first", maintain_order=True)
        rows = []
        for row in shown.head(MOST_DRIVERS).iter_rows(named=True):
            values = [self._number(row["before"]), self._number(row["after"]), self._signed(row["change"])]
            if self.kind == "ratio":
                values += [self._signed(row["rate"]), self._signed(row["mix"])]
            else:
                values += [_percent(row["share"]), self._signed(row["beyond"])]
            rows.append((row["attribute"], row["member"], *values))
        last = ("of it rate", "of it mix") if self.kind == "ratio" else ("Share of change", "Beyond the whole")
        return _grid(("Attribute", "Member", self.change.before, self.change.after, "Change", *last), rows, texts=2)

    def _about_attributes(self) -> str:
        if self.kind == "ratio":
            return "Attributes: rates of members that changed, against shares that shifted"
        return "Attributes: the most surprising first"

    def _attributes(self) -> show.Grid:
        rows = []
        for row in self.attributes.head(MOST_ATTRIBUTES).iter_rows(named=True):
            first = [row["attribute"], f"{row['members']:,}"]
            if self.kind == "ratio":
                rows.append((*first, self._signed(row["rate"]), self._signed(row["mix"])))
            else:
                more = f" and {row['explaining'] - 1} more" if row["explaining"] > 1 else ""
                by = f"{row['first']}{more}" if row["explaining"] else MISSING
                rows.append((*first, f"{row['surprise']:.5f}", _percent(row["explained"]), by))
        last = ("Rate", "Mix") if self.kind == "ratio" else ("Surprise (bits)", "Explained", "By")
        return _grid(("Attribute", "Members", *last), rows, texts=1, last=self.kind != "ratio")

    def _pairs(self) -> show.Grid:
        rows = []
        shown = self.pairs.unique(["before", "after", "beyond"], keep="first", maintain_order=True)
        for row in shown.head(MOST_PAIRS).iter_rows(named=True):
            one, other = (f"{row['attribute' + n]} {row['member' + n]}" for n in ("", "_2"))
            rows.append((one, other, self._signed(row["change"]), self._signed(row["beyond"])))
        return _grid(("Member", "with", "Change", "Beyond both"), rows, texts=2)

    def _bridge(self) -> show.Grid:
        rows = [
            (
                GROUPS[row["group"]],
                format_value(row["customers"], "count"),
                self._number(row["before"]),
                self._number(row["after"]),
                self._signed(row["change"]),
            )
            for row in self.bridge.iter_rows(named=True)
        ]
        heads = ("Group", "Customers", self.change.before, self.change.after, "Change")
        return _grid(heads, rows, texts=1)

    def _amount(self, value: object, points: bool = False) -> str:
        if points and self.format == "percent":
            return f"{float(str(value)) * 100:,.2f} percentage points"
        return f"{self._number(value)} {self._unit()}".rstrip()

    def _number(self, value: object) -> str:
        return format_value(value, self.format, self.currency)

    def _signed(self, value: object) -> str:
        if value is None:
            return MISSING
        # A ratio's parts are small beside it: two digits more than the format has.
        shown = f"{float(str(value)) * 100:,.2f} pp" if self.format == "percent" else self._fine(value)
        plain = shown.lstrip("-")
        sign = "" if not any(c in "123456789" for c in plain) else "-" if shown.startswith("-") else "+"
        return sign + plain

    def _fine(self, value: object) -> str:
        if self.kind == "ratio" and self.format != "count":
            return f"{float(str(value)):,.4f}"
        whole = isinstance(value, float) and isinstance(self.before, int)
        return self._number(round(value) if whole and isinstance(value, float) else value)

    def _unit(self) -> str:
        return "" if self.format == "percent" else unit(self.format, self.currency)

    def _percent(self) -> str:
        before = float(str(self.before))
        if not before or self.format == "percent":
            return ""
        return f" ({float(self.difference) / abs(before) * 100:+,.1f} %)"


def as_text(told: Told) -> str:
    """For a terminal."""
    parts = ["\n".join(told.sentences())]
    parts += [f"{heading}\n{show.as_text(grid)}" for heading, grid in told.tables()]
    return "\n\n".join([*parts, "\n".join(told.last())]).rstrip()


def as_html(told: Told) -> str:
    """For a browser."""
    out = [f"<p>{escape(sentence)}</p>" for sentence in told.sentences()]
    for heading, grid in told.tables():
        out += [f"<h4>{escape(heading)}</h4>", show.as_html(grid)]
    return "\n".join([*out, *(f"<p>{escape(line)}</p>" for line in told.last())])


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]], texts: int, last: bool = False) -> show.Grid:
    numeric = tuple(i >= texts and not (last and i == len(heads) - 1) for i in range(len(heads)))
    return show.Grid(tuple(heads), numeric, tuple(tuple(row) for row in rows), (False,) * len(rows))


def _percent(share: float | None) -> str:
    return MISSING if share is None else f"{share * 100:,.1f} %"
