"""The cohort triangle as a table: for a terminal, and as HTML whose cells are the darker the more they hold.

Lays out, computes nothing but the last row, which weighs cohorts by their size.

May import: errors, formats, olap.show.   Imported by: olap.cohorts, project.
"""

from dataclasses import dataclass, field
from datetime import date
from html import escape

import polars as pl

from crm_analytics.errors import UnknownName
from crm_analytics.formats import format_value, unit
from crm_analytics.olap.show import Grid, as_text

SHOWS = ("retention", "customers", "value", "cumulative", "per_customer")
ALL = "All"
# At most so much of the colour stands behind a number, or it could not be read.
DARKEST = 0.6


@dataclass(frozen=True, slots=True)
class Cohorts:
    """One row a cohort and age that the data covers; `as_of` is the first day that it does not.

    `frame` has `cohort`, `age` (0 in the period of the first row), `size` (customers of
    the cohort), `customers` (those active at the age), `retention` (their share), `value`
    (the measure at the age), `cumulative` (up to the age) and `per_customer` (that by size).
    """

    frame: pl.DataFrame
    by: str
    measure: str
    format: str
    currency: str
    as_of: date
    adds: bool
    notes: tuple[str, ...] = field(default=())

    def triangle(self, show: str = "retention") -> pl.DataFrame:
        """One row a cohort, one column an age; what the data does not cover yet is empty.

        `show` is one of retention, customers, value, cumulative, per_customer.

        Raises
        ------
        UnknownName : it is another.
        """
        self._check(show)
        wide = self.frame.select("cohort", "size", "age", show)
        if not wide.height:
            return wide.select("cohort", "size")
        return wide.pivot("age", index=["cohort", "size"], values=show, sort_columns=False)

    def to_text(self, show: str = "retention") -> str:
        """The triangle for a terminal, without the notes."""
        heads, rows = self._texts(show)
        numeric = (False, *(True for _ in heads[1:]))
        total = tuple(row[0] == ALL for row in rows)
        return as_text(Grid(heads, numeric, tuple(rows), total, self.caption(show)))

    def to_html(self, show: str = "retention") -> str:
        """The triangle for a browser; every text is escaped."""
        heads, rows = self._texts(show)
        shades = self._shades(show)
        out = [f'<table class="crm-cells"><caption>{escape(self.caption(show))}</caption><thead><tr>']
        out.append(f'<th style="text-align: left">{heads[0]}</th>')
        out += [f'<th style="text-align: right">{escape(head)}</th>' for head in heads[1:]]
        out.append("</tr></thead><tbody>")
        for number, row in enumerate(rows):
            tag = "th" if row[0] == ALL else "td"
            cells = [f'<{tag} style="text-align: left">{escape(row[0])}</{tag}>']
            for age, text in enumerate(row[1:], start=-1):
                shade = shades.get((number, age), 0.0)
                colour = f"; background: rgba(31, 119, 180, {shade:.2f})" if shade else ""
                cells.append(f'<{tag} style="text-align: right{colour}">{escape(text)}</{tag}>')
            out.append(f"<tr>{''.join(cells)}</tr>")
        out.append("</tbody></table>")
        return "".join(out)

    def caption(self, show: str) -> str:
        """What the numbers are, with their unit."""
        of = unit(self.format, self.currency)
        measure = f"{self.measure} ({of})" if of else self.measure
        age = f"by age in {self.by}s"
        return {
            "retention": f"Share of the cohort's customers who were active, {age}",
            "customers": f"Customers active, {age}",
            "value": f"{measure}, {age}",
            "cumulative": f"{measure} so far, {age}",
            "per_customer": f"{measure} so far per customer of the cohort, {age}",
        }[show]

    def __str__(self) -> str:
        return "\n\n".join(self.to_text(show) for show in self._main)

    def _repr_html_(self) -> str:
        return "".join([*(self.to_html(s) for s in self._main), *(f"<p>{escape(note)}</p>" for note in self.notes)])

    @property
    def _main(self) -> tuple[str, ...]:
        empty = self.frame["per_customer"].null_count() == self.frame.height
        return ("retention", "value") if empty else ("retention", "per_customer")

    def _texts(self, show: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
        wide = self.triangle(show)
        average = "number" if self.format == "count" else self.format  # a count per customer needs its fractions
        fmt = {"retention": "percent", "customers": "count", "per_customer": average}.get(show, self.format)
        heads = ("Cohort", "Size", *wide.columns[2:])
        covered = set(self.frame.select("cohort", "age").rows())
        rows = []
        for cohort, size, *values in wide.rows():
            # Beyond the data there is nothing to say, not even that nothing is there.
            texts = [format_value(v, fmt) if (cohort, age) in covered else "" for age, v in enumerate(values)]
            rows.append((str(cohort), format_value(size, "count"), *texts))
        if rows and (show in ("retention", "customers") or self.adds):
            rows.append((ALL, format_value(sum(row[1] for row in wide.rows()), "count"), *self._all(show, fmt)))
        return heads, rows

    def _all(self, show: str, fmt: str) -> list[str]:
        """All cohorts that have come to an age together; nobody is in two cohorts, so their customers add up."""
        found = self.frame.group_by("age").agg(pl.col("size", "customers", "value", "cumulative").sum()).sort("age")
        values = {
            "retention": found["customers"] / found["size"],
            "per_customer": found["cumulative"].cast(pl.Float64) / found["size"],
        }
        return [format_value(v, fmt) for v in (values[show] if show in values else found[show])]

    def _shades(self, show: str) -> dict[tuple[int, int], float]:
        """How dark each cell is, by row and age; against the largest, but for retention's 100 % at age 0."""
        cells = {
            (number, age): float(v)
            for number, (_, _, *values) in enumerate(self.triangle(show).rows())
            for age, v in enumerate(values)
            if v is not None
        }
        most = max((v for (_, age), v in cells.items() if age > 0 or show != "retention"), default=0.0)
        return {place: DARKEST * min(v / most, 1.0) for place, v in cells.items() if most > 0 and v > 0}

    def _check(self, show: str) -> None:
        if show not in SHOWS:
            raise UnknownName("cohorts", "number to show", show, SHOWS)
