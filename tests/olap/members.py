"""The shop of `olap.shop` with a past, clubs and a tree.

customer history (who, region, from, to)    ann S until 2017-02-07, then N;  bob S from 2017-02-01 on
clubs            Runners and Swimmers (sport), Readers (culture);  ann is in all three, bob a Reader, eve in none
range            Food > Bakery > Bread;  Food > Milk;  Ball;  Gift > Others
"""

from datetime import date

import polars as pl

from crm_analytics.engines.duckdb import DuckEngine
from olap.shop import ARTICLES, CUSTOMERS, shop

Version = tuple[str, str | None, date | None, date | None]
Membership = tuple[str, str]
Node = tuple[str, str | None]

VERSIONS: list[Version] = [
    ("ann", "S", date(2015, 5, 1), date(2017, 2, 7)),
    ("ann", "N", date(2017, 2, 7), None),
    ("bob", "S", date(2017, 2, 1), None),
]
CLUBS = {"Runners": 1, "Swimmers": 2, "Readers": 3, "nameless": 4, "lost": 5}
MEMBERSHIPS: list[Membership] = [("ann", "Runners"), ("ann", "Swimmers"), ("ann", "Readers"), ("bob", "Readers")]
NODES: list[Node] = [
    ("food", None),
    ("bakery", "food"),
    ("bread", "bakery"),
    ("milk", "food"),
    ("ball", None),
    ("gift", None),
    ("Others", "gift"),
]

# Sorted backwards, so that an order by name would be noticed; club 5 is in the bridge alone.
CLUB_TABLE = """CREATE OR REPLACE TABLE dim_club AS FROM (VALUES
  (1, 'Runners', 'sport', 10, 3), (2, 'Swimmers', 'sport', 20, 2), (3, 'Readers', 'culture', 10, 1),
  (4, NULL, 'culture', 10, 4)
) t(club_key, club, kind, fee, rank)"""


def members(amounts: str = "decimals") -> DuckEngine:
    """The shop as it is drawn, in memory."""
    engine = shop(amounts=amounts)
    engine.execute(CLUB_TABLE)
    fill(engine)
    return engine


def fill(
    engine: DuckEngine,
    versions: list[Version] = VERSIONS,
    memberships: list[Membership] = MEMBERSHIPS,
    nodes: list[Node] = NODES,
) -> None:
    """Put these in place of what is there.  Nodes called as an article have its key, others keys of their own."""
    engine.write_frame(
        "dim_customer_history",
        pl.DataFrame(
            [(CUSTOMERS[who], *rest) for who, *rest in versions],
            {"customer_key": pl.Int32, "region": pl.String, "valid_from": pl.Date, "valid_to": pl.Date},
            orient="row",
        ),
    )
    engine.write_frame(
        "bridge_customer_club",
        pl.DataFrame(
            [(CUSTOMERS[who], CLUBS[club]) for who, club in memberships],
            {"customer_key": pl.Int32, "club_key": pl.Int32},
            orient="row",
        ),
    )
    rows: list[tuple[object, ...]] = [(0, None, None, None, None)]
    for i, (node, above) in enumerate(nodes):
        rows.append((ARTICLES.get(node, 100 + i), node, above, node.capitalize(), node == "bread"))
    engine.write_frame(
        "dim_range",
        pl.DataFrame(
            rows,
            {"product_key": pl.Int32, "node": pl.String, "above": pl.String, "name": pl.String, "organic": pl.Boolean},
            orient="row",
        ),
    )
