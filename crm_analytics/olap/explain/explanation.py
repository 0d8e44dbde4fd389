"""The answer to a question about a change: frames, sentences, and whether it adds up.

May import: olap.measure, olap.explain.bridge, olap.explain.question, olap.explain.words.
Imported by: olap.explain.explain, notebook.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import polars as pl

from crm_analytics.olap.explain.bridge import GROUPS
from crm_analytics.olap.explain.question import Change
from crm_analytics.olap.explain.words import Told, as_html, as_text
from crm_analytics.olap.measure import Measure

Amount = int | float | Decimal


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """Where a measure changed between two periods.

    Attributes
    ----------
    drivers : one row a member of an attribute: `before`, `after` and `change` in the measure's unit, `share` of the
        whole change, `beyond` the pace of the whole, `surprise` in bits; of a ratio the `rate` and the `mix` that
        make up its `change`.  The rows of one attribute add up to the change; those of several overlap.
    attributes : one row an attribute, ranked.
    pairs : one row a pair of members of two attributes, with the change `beyond` what each of the two says by itself.
    bridge : one row a group of customers.
    notes : what has to be known to read the numbers, such as a period that is not complete.
    left_out : which attributes were not looked through, and why.
    sql : the statements, their values written in.
    """

    change: Change
    measure: Measure
    kind: Literal["sum", "ratio", "customers"]
    before: Amount
    after: Amount
    drivers: pl.DataFrame
    attributes: pl.DataFrame
    pairs: pl.DataFrame
    bridge: pl.DataFrame
    bridge_adds_up: bool
    notes: tuple[str, ...]
    left_out: tuple[str, ...]
    sql: tuple[str, ...]

    @property
    def difference(self) -> Amount:
        """After less before."""
        return self.after - self.before  # type: ignore[operator]  # both are of one type

    @property
    def adds_up(self) -> bool:
        """Whether the members of every attribute, and the customer bridge, make up the whole change."""
        return self.bridge_adds_up and ("adds_up" not in self.attributes.columns or self.attributes["adds_up"].all())

    @property
    def frame(self) -> pl.DataFrame:
        """All rows of all parts, `part` says which: driver, attribute, pair or customers."""
        parts = {"driver": self.drivers, "attribute": self.attributes, "pair": self.pairs, "customers": self.bridge}
        named = [f.select(pl.lit(name).alias("part"), pl.all()) for name, f in parts.items() if f.height]
        return pl.concat(named, how="diagonal") if named else pl.DataFrame(schema={"part": pl.String})

    @property
    def steps(self) -> pl.DataFrame:
        """The bridge from before to after for a picture: `name`, `value`, and `whole` for the two ends."""
        if not self.bridge.height:
            return pl.DataFrame(schema={"name": pl.String, "value": pl.Float64, "whole": pl.Boolean})
        groups = self.bridge.filter(pl.col("change") != 0)
        names = [self.change.before, *(GROUPS[name] for name in groups["group"]), self.change.after]
        values = [float(self.before), *groups["change"].cast(pl.Float64), float(self.after)]
        return pl.DataFrame(
            {"name": names, "value": values, "whole": [i in (0, len(names) - 1) for i in range(len(names))]}
        )

    def told(self, currency: str = "") -> Told:
        """What is written of it."""
        return Told(
            self.change,
            self.measure.title,
            self.measure.format,
            currency,
            self.kind,
            self.before,
            self.after,
            self.difference,
            self.drivers,
            self.attributes,
            self.pairs,
            self.bridge,
            self.adds_up,
            self.notes,
            self.left_out,
        )

    def to_text(self, currency: str = "") -> str:
        """The first sentences and the top of each part, for a terminal."""
        return as_text(self.told(currency))

    def to_html(self, currency: str = "") -> str:
        """The same for a browser."""
        return as_html(self.told(currency))

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()
