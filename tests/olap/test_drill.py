"""From a cell to its rows and customers, in the shop that is drawn in shop.py."""

from dataclasses import replace
from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import ConfigError, QueryError, UnknownName
from crm_analytics.olap.behind import Cell
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.drill import Drilled, cell_of, drill_customers, drill_rows
from crm_analytics.olap.load import load_model
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES
from olap.shop import shop

SALES = CubeQuery("sales").measures("revenue")
BY_DEPARTMENT = SALES.by("product.department")


def people(engine: DuckEngine, model: Model, query: CubeQuery, cell: Cell, measure: str = "") -> list[str]:
    return drill_customers(engine, model, query, cell, measure).frame["customer_id"].to_list()


def revenues(found: Drilled) -> list[int]:
    return sorted(int(v) for v in found.frame["revenue"])


def test_rows_have_the_fact_s_columns_with_ids_for_keys_and_nothing_private(engine: DuckEngine, model: Model) -> None:
    # dim_customer has region, age and joined too; only the id stands for its key.  No attribute is called
    # product_id, so the key of the product stays what it is.
    found = drill_rows(engine, model, BY_DEPARTMENT, Cell({"product.department": "TOYS"}))
    assert found.frame.columns == [
        "order_id",
        "line_id",
        "customer.customer_id",
        "product_key",
        "date.date",
        "shipped.date",
        "sold_at",
        "quantity",
        "revenue",
    ]
    assert found.frame.select("order_id", "customer.customer_id").rows() == [("o2", "ann"), ("o5", None)]
    assert engine.rows(found.sql) == found.frame.rows()


@pytest.fixture
def listed(tmp_path_factory: pytest.TempPathFactory, engine: DuckEngine) -> Model:
    """The cubes with a list of columns and a limit."""
    folder = tmp_path_factory.mktemp("cubes")
    for path in CUBES.glob("*.yml"):
        text = path.read_text(encoding="utf-8")
        if path.name == "sales.yml":
            text += "drill_through: {columns: [order_id, customer.region, product.article], limit: 3}\n"
        (folder / path.name).write_text(text, encoding="utf-8")
    return bind_model(load_model(folder), engine)


def test_a_cube_says_which_columns_and_how_many_rows_and_a_cut_is_told(engine: DuckEngine, listed: Model) -> None:
    found = drill_rows(engine, listed, BY_DEPARTMENT, Cell())
    assert found.frame.rows() == [("o1", "N", "bread"), ("o1", "N", "milk"), ("o2", "N", "ball")]
    assert found.notes == ("the first 3 of 7 rows, by order_id, line_id",)
    assert drill_rows(engine, listed, BY_DEPARTMENT, Cell(), limit=7).notes == ()
    assert "Article" in found.to_text()
    assert found.to_html(most=1).count("<tr>") == 2


def test_a_column_that_the_fact_lacks_is_told_where_it_stands(engine: DuckEngine, listed: Model) -> None:
    sales = (CUBES / "sales.yml").read_text(encoding="utf-8")
    folder = listed.cube("sales").place.rpartition("/")[0]
    Path(folder, "sales.yml").write_text(sales + "drill_through: {columns: [order_id, prise]}\n", encoding="utf-8")
    model = bind_model(load_model(Path(folder)), engine)
    assert any("sales.yml:" in problem and "prise" in problem for problem in model.problems())
    with pytest.raises(ConfigError, match="prise"):
        drill_rows(engine, model, BY_DEPARTMENT, Cell())
    assert browse(engine, model, BY_DEPARTMENT).frame.height == 4  # the cube can still be asked


def test_customers_of_a_cell_a_total_and_the_unknown_member(engine: DuckEngine, model: Model) -> None:
    assert people(engine, model, BY_DEPARTMENT, Cell({"product.department": "FOOD"})) == ["ann", "bob"]
    assert people(engine, model, BY_DEPARTMENT, Cell({"product.department": None})) == ["bob"]
    assert people(engine, model, BY_DEPARTMENT, Cell()) == ["ann", "bob"]
    toys = drill_customers(engine, model, BY_DEPARTMENT, Cell({"product.department": "TOYS"}))
    assert toys.frame.rows() == [("ann",)]
    assert toys.notes == ("1 rows of no known customer are left out",)


def test_others_are_all_but_the_named_within_their_parents_too(engine: DuckEngine, model: Model) -> None:
    # TOYS is first; FOOD 240, unknown 70 and the department called Others 30 are Others.
    top = BY_DEPARTMENT.top(1, "revenue")
    assert revenues(drill_rows(engine, model, top, Cell(others=True))) == [30, 60, 70, 80, 100]
    # The member called Others is another thing; as it is not named by this answer it has no cell.
    assert revenues(drill_rows(engine, model, top, Cell({"product.department": "Others"}))) == []
    # Within region N the ball of 200 is first, bread and milk are Others; within S the gift of 70 is.
    within = SALES.by("customer.region", "product.article").top(1, "revenue", of="product.article", within=True)
    north = Cell({"customer.region": "N"}, others=True)
    assert revenues(drill_rows(engine, model, within, north)) == [80, 100]
    assert people(engine, model, within, Cell(others=True)) == ["ann", "bob"]


def test_a_cell_by_the_row_of_the_answer(engine: DuckEngine, model: Model) -> None:
    answer = browse(engine, model, BY_DEPARTMENT.top(1, "revenue").with_totals())
    assert cell_of(answer, 0) == Cell({"product.department": "TOYS"})
    assert cell_of(answer, 1) == Cell(others=True)
    assert cell_of(answer, -1) == Cell()
    with pytest.raises(QueryError, match="the answer has 3 rows"):
        cell_of(answer, 3)


def test_the_next_places_lead_to_their_own_rows(engine: DuckEngine, model: Model) -> None:
    inside = BY_DEPARTMENT.top(1, "revenue").drill_others()
    assert browse(engine, model, inside).frame["product.department"].to_list() == ["FOOD", "Others"]
    assert revenues(drill_rows(engine, model, inside, Cell(others=True))) == [30, 70]
    assert revenues(drill_rows(engine, model, inside, Cell())) == [30, 60, 70, 80, 100]
    with pytest.raises(QueryError, match="no Others to look into"):
        BY_DEPARTMENT.drill_others()


def test_a_measure_brings_its_own_rows(engine: DuckEngine, model: Model) -> None:
    whole = SALES.measures("contacts.visits").by("customer.region")
    ann = Cell({"customer.region": "N"})
    assert revenues(drill_rows(engine, model, whole, ann, "big")) == [100, 200]
    visits = drill_rows(engine, model, whole, ann, "contacts.visits").frame
    assert visits.select("contact_id", "kind").rows() == [("0", "visit")]
    # eve was called and bought nothing: she is behind the contacts of the total, not behind its sales.
    assert people(engine, model, whole, Cell(), "contacts.contacts") == ["ann", "bob", "eve"]
    assert people(engine, model, whole, Cell()) == ["ann", "bob"]


def test_a_filter_on_cells_chooses_the_rows_of_a_total(engine: DuckEngine, model: Model) -> None:
    # Of the departments only TOYS has more than 500.
    assert people(engine, model, BY_DEPARTMENT.dice("revenue > 500"), Cell()) == ["ann"]


@pytest.mark.parametrize(
    ("query", "cell", "measure", "error", "sentence"),
    [
        (BY_DEPARTMENT, Cell({"product.departmnt": "FOOD"}), "", UnknownName, "Did you mean 'product.department'"),
        (BY_DEPARTMENT, Cell(others=True), "", QueryError, "has no Others"),
        (BY_DEPARTMENT.top(1, "revenue", others=False), Cell(others=True), "", QueryError, "has no Others"),
        (
            BY_DEPARTMENT.top(1, "revenue"),
            Cell({"product.department": "TOYS"}, others=True),
            "",
            QueryError,
            "is Others at once",
        ),
        (SALES, Cell(), "revenue_per_visit", QueryError, "one of its measures: revenue, contacts.visits"),
        (SALES.by("date.month"), Cell(), "revenue 1 month ago", QueryError, "is taken from rows of other periods"),
        (SALES, Cell(), "revenu", UnknownName, "Did you mean 'revenue'"),
        (CubeQuery("sales"), Cell(), "", QueryError, "ask for at least one measure"),
    ],
)
def test_a_cell_that_cannot_be_is_refused(
    engine: DuckEngine,
    model: Model,
    query: CubeQuery,
    cell: Cell,
    measure: str,
    error: type[Exception],
    sentence: str,
) -> None:
    with pytest.raises(error, match=sentence):
        drill_rows(engine, model, query, cell, measure)


def test_a_fact_without_customers_says_so() -> None:
    engine = shop()
    engine.execute("CREATE TABLE fct_stock AS SELECT 1 AS stock_id, 1 AS product_key, 5 AS pieces")
    model = load_model(CUBES)
    stock = model.cube("sales")
    only = replace(
        stock,
        name="stock",
        table="fct_stock",
        key=("stock_id",),
        roles={"product": stock.roles["product"]},
        measures={"pieces": Measure("pieces", "Pieces", "sum", "pieces")},
    )
    with pytest.raises(QueryError, match="does not reach dimension 'customer'"):
        drill_customers(engine, bind_model(Model({"stock": only}), engine), CubeQuery("stock", ("pieces",)), Cell())
    engine.close()
