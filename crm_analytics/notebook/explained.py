"""The change of a measure, explained, as it shows in a notebook.

May import: olap.explain, charts.   Imported by: notebook.
"""

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

    from crm_analytics.charts import Figure
    from crm_analytics.olap.explain.explanation import Explanation


_STYLE = """<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 0.2rem 0.9rem 0.2rem 0; border-bottom: 1px solid #ddd; white-space: nowrap }
</style>"""


@dataclass(frozen=True, slots=True)
class Explained:
    """Where a measure changed between two periods.  Shows as sentences and tables in Jupyter."""

    explanation: "Explanation"
    currency: str

    @property
    def frame(self) -> "pl.DataFrame":
        """All rows of all parts; those of one part are `explanation.drivers`, `.attributes`, `.pairs`, `.bridge`."""
        return self.explanation.frame

    @property
    def sql(self) -> str:
        """The statements behind it, with their values written in."""
        return ";\n\n".join(self.explanation.sql)

    def chart(self) -> "Figure":
        """A picture: the customer bridge as a waterfall, the members that moved most as bars."""
        from crm_analytics.charts import chart_change

        found, measure = self.explanation, self.explanation.measure
        title, fmt = measure.title, measure.format
        return chart_change(found.steps, found.drivers, title=title, fmt=fmt, currency=self.currency)

    def page(self) -> str:
        """Text, tables and picture as one HTML page that needs no network."""
        picture = self.chart().to_html(full_html=False, include_plotlyjs=True)
        title = escape(f"{self.explanation.measure.title}, {self.explanation.change.before}")
        head = f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>{_STYLE}</head>'
        return f"{head}<body>\n{self._repr_html_()}\n{picture}\n</body></html>\n"

    def __str__(self) -> str:
        return self.explanation.to_text(self.currency)

    def _repr_html_(self) -> str:
        return self.explanation.to_html(self.currency)
