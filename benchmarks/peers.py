"""What a question costs over raw DuckDB, here and in two peers.

    python benchmarks/peers.py [ROUNDS]

A made-up star of about 5,000 sale lines, so that only the fixed cost shows: two
attributes, three measures (one a distinct count), two filters.  The SQL by hand,
this package and every peer that is installed answer it in turn, round by round,
each through a connection of its own into a Polars frame; the numbers of all are
compared first.

sidemantic (AGPL-3.0) and boring-semantic-layer (MIT, but it pins an older Ibis)
are not dependencies: put them into an environment of their own beside this one's
packages to see their rows.  Exit code 1 where a question costs this package
more than 1 ms over the SQL by hand.
"""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from shutil import copyfile
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import polars as pl

from crm_analytics.engines import connect
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.query import CubeQuery
from crm_analytics.project import Project
from crm_analytics.scaffold import write_project
from crm_analytics.sql import Query
from crm_analytics.synthetic import write_synthetic

BAR_MS = 1.0
CUSTOMERS = 290  # some 5,000 sale lines

Answer = Callable[[], pl.DataFrame]

BY_HAND = """SELECT p.department, d.quarter, sum(f.revenue) AS revenue, count(DISTINCT f.order_id) AS orders,
  count(DISTINCT f.customer_key) FILTER (WHERE f.customer_key <> 0) AS customers
FROM fct_sale f
JOIN dim_product p ON p.product_key = f.product_key
JOIN dim_date d ON d.date_key = f.date_key
WHERE d.year = 2017 AND p.brand = 'House'
GROUP BY 1, 2 ORDER BY 1, 2"""


def by_hand(warehouse: Path) -> Answer:
    engine = connect(warehouse, read_only=True)
    return lambda: engine.cells(Query(BY_HAND))


def this_package(warehouse: Path) -> Answer:
    shop = Project.open(warehouse.parent)
    engine, model = shop.engine, bind_model(shop.model, shop.engine)
    asked = CubeQuery("sales").measures("revenue", "orders", "customers").by("product.department", "date.quarter")
    asked = asked.dice("date.year = 2017 and product.brand = 'House'")
    return lambda: browse(engine, model, asked).frame


def sidemantic(warehouse: Path) -> Answer:
    from sidemantic import Dimension, Metric, Model, Relationship, SemanticLayer

    layer = SemanticLayer(connection=f"duckdb:///{warehouse}")
    text = {"type": "categorical"}
    layer.add_model(
        Model(
            name="product",
            table="dim_product",
            primary_key="product_key",
            dimensions=[Dimension(name=name, sql=name, **text) for name in ("department", "brand")],
        )
    )
    layer.add_model(
        Model(
            name="day",
            table="dim_date",
            primary_key="date_key",
            dimensions=[
                Dimension(name="quarter", sql="quarter", **text),
                Dimension(name="year", sql="year", type="numeric"),
            ],
        )
    )
    layer.add_model(
        Model(
            name="sales",
            table="fct_sale",
            primary_key="line_id",
            relationships=[
                Relationship(name="product", type="many_to_one", foreign_key="product_key"),
                Relationship(name="day", type="many_to_one", foreign_key="date_key"),
            ],
            metrics=[
                Metric(name="revenue", agg="sum", sql="revenue"),
                Metric(name="orders", agg="count_distinct", sql="order_id"),
                Metric(name="customers", agg="count_distinct", sql="nullif(customer_key, 0)"),
            ],
        )
    )
    asked = {
        "metrics": ["sales.revenue", "sales.orders", "sales.customers"],
        "dimensions": ["product.department", "day.quarter"],
        "filters": ["day.year = 2017", "product.brand = 'House'"],
        "order_by": ["product.department", "day.quarter"],
    }
    return lambda: pl.DataFrame(layer.query(**asked).fetchall(), orient="row")


def boring_semantic_layer(warehouse: Path) -> Answer:
    import ibis
    from boring_semantic_layer import to_semantic_table

    con = ibis.duckdb.connect(warehouse, read_only=True)
    product = to_semantic_table(con.table("dim_product"), name="product").with_dimensions(
        department=lambda t: t.department, brand=lambda t: t.brand
    )
    day = to_semantic_table(con.table("dim_date"), name="day").with_dimensions(
        quarter=lambda t: t.quarter, year=lambda t: t.year
    )
    sales = (
        to_semantic_table(con.table("fct_sale"), name="sales")
        .with_measures(
            revenue=lambda t: t.revenue.sum(),
            orders=lambda t: t.order_id.nunique(),
            customers=lambda t: t.customer_key.nullif(0).nunique(),
        )
        .join_one(product, lambda left, right: left.product_key == right.product_key)
        .join_one(day, lambda left, right: left.date_key == right.date_key)
    )

    def ask() -> pl.DataFrame:
        kept = sales.filter(lambda t: (t.year == 2017) & (t.brand == "House"))
        cells = kept.group_by("product.department", "day.quarter").aggregate("revenue", "orders", "customers")
        return pl.DataFrame(cells.order_by("product.department", "day.quarter").to_untagged().to_pyarrow())

    return ask


PEERS = {"sidemantic": sidemantic, "boring_semantic_layer": boring_semantic_layer}


def small(folder: Path) -> Path:
    """The warehouse of a made-up shop with about 5,000 sale lines."""
    write_project(folder, "synthetic")
    write_synthetic(folder / "data" / "crm" / "raw", customers=CUSTOMERS)
    with Project.open(folder) as shop:
        shop.load()
        return shop.warehouse


def numbers(frame: pl.DataFrame) -> list[tuple[float, ...]]:
    """The measures of every cell, whatever their columns are called and wherever the unknown member is sorted."""
    return sorted(tuple(round(float(value), 2) for value in row[-3:]) for row in frame.rows())


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 41
    with TemporaryDirectory() as folder:
        warehouse = small(Path(folder) / "shop")
        sides = {"by hand": by_hand(warehouse), "crm_analytics": this_package(warehouse)}
        for name, peer in PEERS.items():
            if find_spec(name):
                copy = Path(folder) / f"{name}.duckdb"  # a peer may open the file for writing
                copyfile(warehouse, copy)
                sides[name] = peer(copy)
        answers = {name: numbers(ask()) for name, ask in sides.items()}
        for name, answer in answers.items():
            if answer != answers["by hand"]:
                raise SystemExit(f"{name} answers {answer[:3]}..., by hand it is {answers['by hand'][:3]}...")
        times: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, ask in sides.items():
                started = perf_counter()
                ask()
                times[name].append((perf_counter() - started) * 1000)
    # Round by round: the machine's speed wanders, the difference within a round much less.
    over = {name: median(a - b for a, b in zip(found, times["by hand"], strict=True)) for name, found in times.items()}
    print("| | median | over raw DuckDB | ratio |\n|---|--:|--:|--:|")
    for name, found in times.items():
        ratio = median(a / b for a, b in zip(found, times["by hand"], strict=True))
        print(f"| {name} | {median(found):.2f} ms | {over[name]:+.2f} ms | {ratio:.2f} |")
    if over["crm_analytics"] > BAR_MS:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
