"""The shop's cubes with rollups: what a month, an article and a region sold, and what contacts a day and a kind saw."""

from pathlib import Path
from shutil import copytree

from olap.conftest import CUBES

OF_SALES = ("customer.region", "customer.age", "product.article", "date.month", "date.weekday")
OF_CONTACTS = ("customer.region", "customer.age", "contact.kind", "date.month", "date.weekday")
GROUNDS = ("revenue", "quantity", "units", "average", "smallest", "largest", "last_sale", "big", "buyers")
FORMULAS = ("each", "per_buyer")

SALES = f"""  buyers: {{agg: count_distinct, sql: customer_key, where: customer_key <> 0, sketch: hll}}
  each: {{formula: revenue / units}}
  per_buyer: {{formula: revenue / buyers - contacts.visits}}
rollups:
  everything: {{by: [{", ".join(OF_SALES)}], measures: [{", ".join((*GROUNDS, *FORMULAS))}]}}
  months: {{by: [date.month], measures: [each]}}
"""
CONTACTS = f"""rollups:
  kinds: {{by: [{", ".join(OF_CONTACTS)}], measures: [contacts, visits, minutes]}}
"""

# Every attribute of the cubes that a question names, beside measures that have parts.
WIDE_SALES = """rollups:
  wide:
    by:
      - customer.customer_id
      - customer.region
      - customer.age
      - customer.decade
      - customer.joined
      - product.department
      - product.category
      - product.article
      - product.organic
      - score.segment
      - date.year
      - date.quarter
      - date.month
      - date.week
      - date.date
      - date.weekday
      - shipped.date
    measures: [revenue, quantity, units, average, smallest, largest, last_sale, big]
"""
WIDE_CONTACTS = """rollups:
  wide:
    by:
      - customer.customer_id
      - customer.region
      - customer.age
      - score.segment
      - contact.direction
      - contact.kind
      - date.year
      - date.month
      - date.weekday
    measures: [contacts, visits, minutes]
"""


def cubes(folder: Path, sales: str = SALES, contacts: str = CONTACTS) -> Path:
    """The cube files in `folder / "cubes"`, with these lines at the end of two of them."""
    copytree(CUBES, folder / "cubes")
    for name, text in (("sales", sales), ("contacts", contacts)):
        with (folder / "cubes" / f"{name}.yml").open("a", encoding="utf-8") as file:
            file.write(text)
    return folder / "cubes"
