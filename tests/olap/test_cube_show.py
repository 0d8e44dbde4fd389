"""Answers laid out wide, as text and as HTML."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from shutil import copytree

import polars as pl
import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import QueryError, UnknownName
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES, Asking

SALES = CubeQuery("sales")
BY_REGION = SALES.measures("customers").by("customer.region")


def test_pivot_lays_members_out_in_their_order_with_totals_last(ask: Asking) -> None:
    wide = ask(BY_REGION.pivot("date.weekday").with_totals()).pivot()
    assert wide.columns == ["customer.region", "total", "Monday", "Tuesday", "Wednesday", "Total"]
    assert wide.rows() == [
        ("N", "", 1, 1, None, 1),
        ("S", "", 1, None, 1, 1),
        ("Unknown customer", "", None, 0, None, 0),
        (None, "all", 2, 1, 1, 2),
    ]


def test_pivot_on_any_attribute_of_the_answer(ask: Asking) -> None:
    cells = ask(SALES.measures("revenue", "orders").by("product.department", "date.month"))
    wide = cells.pivot("product.department")
    assert wide.columns[:5] == ["date.month", "FOOD revenue", "FOOD orders", "Others revenue", "Others orders"]
    assert wide.filter(pl.col("date.month") == "2017-02").row(0)[-4:-2] == (Decimal(1200), 2)
    assert cells.pivot().columns[0] == "product.department"
    with pytest.raises(UnknownName, match=r"'date.mont'. Did you mean 'date.month'\?"):
        cells.pivot("date.mont")
    with pytest.raises(QueryError, match="nothing to pivot"):
        ask(SALES.measures("revenue")).pivot()


def test_others_and_totals_are_told_from_members_of_the_same_name(ask: Asking) -> None:
    cells = ask(SALES.measures("revenue").by("date.year").pivot("product.department").with_totals())
    assert cells.pivot().columns == ["date.year", "total", "FOOD", "Others", "TOYS", "Unknown product", "Total"]
    top = SALES.measures("revenue").by("product.article", "date.year").top(4, "revenue").sort("revenue")
    assert ask(top).pivot("product.article").columns == ["date.year", "ball", "bread", "milk", "gift", "Others"]
    everyone = SALES.measures("revenue").by("product.department").top(3, "revenue").pivot("product.department")
    assert ask(everyone).pivot().columns == ["TOYS", "FOOD", "Unknown product", "Others"]
    named = ask(SALES.measures("revenue").by("product.department").top(4, "orders").pivot("product.department"))
    assert named.pivot().columns == ["FOOD", "TOYS", "Others", "Unknown product"]  # 2, 2, 1, 1 orders; equals by name


def test_a_member_called_others_stands_beside_the_others(ask: Asking) -> None:
    # By orders FOOD 2, TOYS 2, Others 1 make the top; the unknown product is what is left.
    by_year = SALES.measures("revenue").by("product.department", "date.year").top(3, "orders")
    assert ask(by_year).pivot("product.department").rows(named=True) == [
        {"date.year": 2017, "FOOD": 240, "TOYS": 1200, "Others": 30, "Others (2)": 70}
    ]


def test_parts_leave_the_totals_out(ask: Asking) -> None:
    assert ask(BY_REGION.with_totals()).parts().equals(ask(BY_REGION).frame)


def test_a_table_for_a_terminal(ask: Asking) -> None:
    query = SALES.measures("revenue", "customers").by("customer.region", "product.department").with_totals()
    assert (
        ask(query.slice("date.month", "2017-01")).to_text("EUR")
        == """\
Region  Department  Revenue (EUR)  Customers
------  ----------  -------------  ---------
N       FOOD               180.00          1
N       Total              180.00          1
S       FOOD                60.00          1
S       Total               60.00          1
Total                      240.00          2"""
    )


def test_a_wide_table_for_a_terminal_names_its_measure_above(ask: Asking) -> None:
    query = SALES.measures("revenue").by("customer.region").pivot("date.quarter").with_totals()
    assert ask(query).to_text("EUR").splitlines() == [
        "Revenue (EUR)",
        "Region             2017-Q1  2017-Q2     Total",
        "----------------  --------  -------  --------",
        "N                   380.00        –    380.00",
        "S                    60.00   100.00    160.00",
        "Unknown customer  1,000.00        –  1,000.00",
        "Total             1,440.00   100.00  1,540.00",
    ]


def test_a_role_of_a_dimension_is_named_in_the_heading(ask: Asking) -> None:
    assert ask(SALES.measures("revenue").by("shipped.year")).columns[0].title == "Shipped: Year"


def test_no_cells_say_so(ask: Asking) -> None:
    assert "(no cells)" in ask(BY_REGION.slice("date.year", 1999)).to_text()
    assert ask(BY_REGION.slice("date.year", 1999).pivot("date.month")).pivot().columns == ["customer.region"]


def test_html_is_escaped_right_aligned_and_shortened_but_for_the_total(ask: Asking) -> None:
    html = ask(SALES.measures("revenue").by("product.article").with_totals()).to_html("EUR", most=2)
    assert html.count("<tr>") == 1 + 2 + 1
    assert '<th style="text-align: right">1,540.00</th>' in html
    assert "… and 3 more rows" in html
    assert ask(BY_REGION)._repr_html_().startswith("<table")


def test_measures_of_one_title_say_whose_they_are_and_keep_their_unit(tmp_path: Path, engine: DuckEngine) -> None:
    # A cube of its own with a second "Revenue" in money: all that the shop sold for 100 or more.
    copytree(CUBES, tmp_path / "cubes")
    (tmp_path / "cubes" / "large.yml").write_text(
        "version: 1\ncube: large\nfact: {table: fct_sale, key: [order_id, line_id]}\n"
        "dimensions: {customer: {}, date: {}}\n"
        "measures: {revenue: {agg: sum, sql: revenue, where: revenue >= 100, format: money}}\n"
    )
    query = SALES.measures("revenue", "large.revenue").by("customer.region").pivot("date.year")
    cells = browse(engine, load_model(tmp_path / "cubes"), query)
    assert cells.to_text("EUR").splitlines() == [
        "Region            2017 Sales: Revenue (EUR)  2017 Large: Revenue (EUR)",
        "----------------  -------------------------  -------------------------",
        "N                                    380.00                     300.00",
        "S                                    160.00                          –",
        "Unknown customer                   1,000.00                   1,000.00",
    ]
    assert cells.pivot().columns == ["customer.region", "2017 revenue", "2017 large.revenue"]


def test_one_title_in_one_cube_is_told_apart_by_name(tmp_path: Path, engine: DuckEngine) -> None:
    copytree(CUBES, tmp_path / "cubes")
    sales = tmp_path / "cubes" / "sales.yml"
    sales.write_text(sales.read_text().replace("units: {", "units: {title: Quantity, "))
    cells = browse(engine, load_model(tmp_path / "cubes"), SALES.measures("quantity", "units"))
    assert [c.title for c in cells.measures] == ["Sales: Quantity (quantity)", "Sales: Quantity (units)"]


def test_attributes_of_one_title_are_named_with_their_dimension(tmp_path: Path, engine: DuckEngine) -> None:
    copytree(CUBES, tmp_path / "cubes")
    shared = tmp_path / "cubes" / "dimensions.yml"
    shared.write_text(shared.read_text().replace("region: {}", "region: {title: Category}"))
    query = SALES.measures("revenue").by("customer.region", "product.category")
    cells = browse(engine, load_model(tmp_path / "cubes"), query)
    assert [c.title for c in cells.dimensions] == ["Customer: Category", "Product: Category"]


def test_true_and_false_read_alike_in_rows_and_columns(ask: Asking) -> None:
    query = SALES.measures("orders").slice("product.department", "FOOD")
    assert ask(query.by("product.organic")).to_text().split()[-4:] == ["no", "1", "yes", "2"]
    assert ask(query.pivot("product.organic")).to_text().splitlines()[1].split() == ["no", "yes"]
    assert ask(query.pivot("product.organic")).pivot().columns == ["no", "yes"]


def test_the_unknown_member_of_a_date_or_number_has_its_dimensions_name(ask: Asking) -> None:
    # ann 380 joined 2015, bob 160 2016; the 1000 of nobody known have no day.  By age: ann in her thirties.
    joined = SALES.measures("revenue").by("customer.joined")
    assert ask(joined).to_text().splitlines()[-1].split("  ")[0] == "Unknown customer"
    assert ask(SALES.measures("revenue").pivot("customer.decade")).pivot().columns == ["30", "Unknown customer"]
    assert ask(joined.slice("customer.joined", "Unknown customer")).frame.rows() == [(None, 1000)]
    assert ask(
        joined.dice("customer.decade in (30, 'Unknown customer') and customer.joined != 'Unknown customer'")
    ).frame["revenue"].to_list() == [380, 160]


def test_a_pivot_keeps_the_mark_of_others(ask: Asking) -> None:
    top = SALES.measures("revenue").by("product.department").top(2, "revenue").pivot("date.year")
    wide = ask(top.with_totals()).pivot()
    assert wide.select("product.department", "others", "total", "Total").rows() == [
        ("TOYS", False, "", 1200),
        ("FOOD", False, "", 240),
        ("Others", True, "", 100),
        (None, False, "all", 1540),
    ]


def test_a_member_with_several_order_values_stands_in_one_place(tmp_path: Path, engine: DuckEngine) -> None:
    # By rank FOOD is 2 (milk) and 3 (bread), TOYS 1, Others 5, the unknown department 4 (gift); the smallest counts.
    copytree(CUBES, tmp_path / "cubes")
    shared = tmp_path / "cubes" / "dimensions.yml"
    shared.write_text(shared.read_text().replace("{department: {}", "{department: {order_by: rank}"))
    model = load_model(tmp_path / "cubes")
    query = SALES.measures("revenue").by("product.department", "customer.region").with_totals()
    names = [row[0] for row in browse(engine, model, query).frame.rows()]
    assert names == ["TOYS"] * 3 + ["FOOD"] * 3 + ["Unknown product"] * 2 + ["Others"] * 2 + [None]
    down = browse(engine, model, replace(query, totals=False).sort("product.department", descending=True))
    assert [row[0] for row in down.frame.rows()] == ["Others", "Unknown product", "FOOD", "FOOD", "TOYS", "TOYS"]


def test_totals_computed_for_another_layout_are_not_shown_as_gaps(ask: Asking) -> None:
    cells = ask(SALES.measures("revenue").by("product.department", "date.month").with_totals())
    assert cells.pivot("date.month")["Total"].null_count() == 0
    with pytest.raises(QueryError, match=r"do not go across product\.department"):
        cells.pivot("product.department")


def test_a_member_called_as_the_unknown_one_is_one_with_it(tmp_path: Path, engine: DuckEngine) -> None:
    # bob's gift of 70 has no department; let the till call the toys "Unknown product" as well: 200 + 1000.
    with engine.transaction():
        engine.execute("UPDATE dim_product SET department = 'Unknown product' WHERE department = 'TOYS'")
        model = bind_model(load_model(CUBES), engine)
        cells = browse(engine, model, SALES.measures("revenue", "orders").by("product.department", "date.year"))
        unknown = cells.frame.filter(pl.col("product.department") == "Unknown product")
        assert unknown.select("revenue", "orders").rows() == [(Decimal(1270), 3)]
        wide = cells.pivot("product.department")
        assert wide["Unknown product revenue"].sum() == Decimal(1270)
        asked = browse(engine, model, SALES.measures("revenue").dice("product.department = 'Unknown product'"))
        assert asked.frame["revenue"].to_list() == [Decimal(1270)]
        engine.execute("UPDATE dim_product SET department = 'TOYS' WHERE category = 'OUTDOOR'")
