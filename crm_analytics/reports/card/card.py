"""The card of one customer, which shows itself: as text, in Jupyter, as JSON, as a page.

May import: reports.card.*.   Imported by: pipeline.customer.
"""

from dataclasses import dataclass

from crm_analytics.reports.card.contents import Contents
from crm_analytics.reports.card.data import as_data, as_json
from crm_analytics.reports.card.masking import masked
from crm_analytics.reports.card.text import as_text


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Card(Contents):
    """Everything the warehouse knows of one customer; see `Contents` for its fields.

    Prints as text, shows as HTML with a picture in Jupyter.  It holds private data: that
    is what it is for.  Its `repr`, which ends up in logs, names the customer's id alone.
    """

    def masked(self) -> "Card":
        """The same card without name, e-mail, phone and whatever repeats them; see `reports.card.masking`."""
        return masked(self)

    def as_data(self) -> dict[str, object]:
        """The card as dictionaries, lists, texts and numbers."""
        return as_data(self)

    def json(self) -> str:
        """The same as JSON."""
        return as_json(self)

    def page(self) -> str:
        """The card as one HTML page that needs no network."""
        from crm_analytics.reports.card.html import as_page  # the text must not wait for Jinja and Plotly

        return as_page(self)

    def __str__(self) -> str:
        return as_text(self)

    def __repr__(self) -> str:
        return f"Card({self.customer_id!r})"

    def _repr_html_(self) -> str:
        from crm_analytics.reports.card.html import as_html

        return as_html(self)
