"""Cubes held to a warehouse: what does not fit is named by its line, and does not stand in the way of the rest."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import ConfigError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.check import misfits
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES
from olap.shop import shop


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """The shop's cubes with one measure, one attribute and one table that the warehouse lacks."""
    folder = tmp_path / "cubes"
    copytree(CUBES, folder)
    (folder / "extra.yml").write_text(
        "version: 1\ncube: extra\nfact: {table: fct_x, key: a}\nmeasures: {n: {agg: count}}\n"
    )
    for name, old, new in (
        ("sales", "sql: quantity * 1", "sql: quantty * 1"),
        ("dimensions", "region: {}", "region: {}\n      city: {}"),
    ):
        path = folder / f"{name}.yml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
    return folder


@pytest.fixture
def own_shop() -> Iterator[DuckEngine]:
    engine = shop()
    yield engine
    engine.close()


def test_cubes_that_fit_pass(engine: DuckEngine) -> None:
    assert misfits(load_model(CUBES), engine) == []


def test_everything_that_does_not_fit_is_told_at_once_with_its_line(engine: DuckEngine, broken: Path) -> None:
    found = [line.removeprefix(f"{broken}/") for line in misfits(load_model(broken), engine)]
    assert sorted(line.split(": ")[0] for line in found) == ["dimensions.yml:10", "extra.yml:2", "sales.yml:13"]
    assert any("quantty" in line and "quantity" in line for line in found)  # DuckDB names the nearest column
    assert "extra.yml:2: the warehouse has no table 'fct_x' yet; run: crm load" in found


def test_what_fits_can_still_be_asked(engine: DuckEngine, broken: Path) -> None:
    model = bind_model(load_model(broken), engine)
    sales = CubeQuery("sales").measures("revenue")
    assert browse(engine, model, sales.by("customer.region")).frame.height == 3
    for query in (
        sales.measures("units"),
        sales.by("customer.city"),
        sales.slice("customer.city", "Rome"),
        CubeQuery("extra").measures("n"),
    ):
        with pytest.raises(ConfigError, match=r"\.yml:\d+: "):
            browse(engine, model, query)


def test_a_model_that_nobody_bound_is_bound_when_asked(engine: DuckEngine, ask: object) -> None:
    years = CubeQuery("sales").measures("revenue").by("date.year")
    assert browse(engine, load_model(CUBES), years).frame.rows() == [(2017, 1540)]


def test_kinds_are_those_of_the_warehouse(model: Model) -> None:
    attributes = {
        ref: model.cube("sales").attribute(ref)[1].kind
        for ref in ("date.year", "date.date", "product.organic", "product.department", "customer.decade")
    }
    assert list(attributes.values()) == ["number", "date", "boolean", "text", "number"]
    assert model.cube("sales").measure("last_sale").kind == "timestamp"


def test_a_column_that_a_dimension_gains_makes_nothing_ambiguous(own_shop: DuckEngine) -> None:
    for table in ("dim_customer", "dim_product", "dim_date"):
        own_shop.execute(f"ALTER TABLE {table} ADD COLUMN revenue INTEGER DEFAULT 7")
        own_shop.execute(f"ALTER TABLE {table} ADD COLUMN quantity INTEGER DEFAULT 7")
    query = CubeQuery("sales").measures("revenue", "units", "big").by("customer.region").slice("date.year", 2017)
    assert browse(own_shop, load_model(CUBES), query.slice("product.department", "FOOD")).frame.rows() == [
        ("N", 180, 2, 1),
        ("S", 60, 1, 0),
    ]


def test_hostile_names_of_tables_and_members_stay_names(own_shop: DuckEngine, tmp_path: Path) -> None:
    own_shop.execute('CREATE TABLE "fct""; DROP TABLE fct_sale; --" AS SELECT * FROM fct_sale')
    own_shop.execute("""UPDATE dim_product SET department = '<b>''; "$x" {0}' WHERE department = 'FOOD'""")
    folder = tmp_path / "cubes"
    copytree(CUBES, folder)
    (folder / "sales.yml").write_text(
        (folder / "sales.yml").read_text().replace("table: fct_sale", """table: 'fct"; DROP TABLE fct_sale; --'""")
    )
    model = load_model(folder)
    nasty = """<b>'; "$x" {0}"""
    query = CubeQuery("sales").measures("revenue").by("product.department").slice("product.department", nasty)
    cells = browse(own_shop, model, query.with_totals())
    assert cells.frame["revenue"].to_list() == [240, 240]
    assert "&lt;b&gt;&#x27;; &quot;$x&quot; {0}" in cells.to_html()
    assert "<b>" not in cells.to_html()
    # The SQL with its values written in says the same, run as it stands.
    assert own_shop.rows(cells.sql)[0][:1] == (nasty,)
    assert "fct_sale" in own_shop.tables()


def changed(tmp_path: Path, name: str, *pairs: tuple[str, str]) -> Path:
    """The shop's cubes with some text of one file replaced."""
    folder = tmp_path / "cubes"
    copytree(CUBES, folder)
    text = (folder / name).read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (folder / name).write_text(text)
    return folder


def told(folder: Path, engine: DuckEngine) -> list[str]:
    return [line.removeprefix(f"{folder}/") for line in misfits(load_model(folder), engine)]


def test_a_formula_that_cannot_be_computed_is_told_at_its_line(engine: DuckEngine, tmp_path: Path) -> None:
    # round takes its digits as a 32-bit number, a count has 64; a time cannot be multiplied.
    digits = ("order_value: {formula: revenue / orders, format: money}", "order_value: {formula: 'round(1, orders)'}")
    folder = changed(tmp_path, "sales.yml", digits, ("revenue / contacts.visits", "last_sale * 2"))
    found = told(folder, engine)
    assert [line.split(": ")[0] for line in found] == ["sales.yml:22", "sales.yml:23", "sales.yml:24"]
    assert "formula 'round(1, orders)' cannot be computed" in found[0]
    model = bind_model(load_model(folder), engine)
    for name in ("order_value", "double_value"):  # the second uses the first
        with pytest.raises(ConfigError, match=r"sales\.yml:2\d: formula"):
            browse(engine, model, CubeQuery("sales").measures(name))
    assert browse(engine, model, CubeQuery("sales").measures("revenue")).frame.rows() == [(1540,)]


def test_a_formula_has_the_type_of_what_it_gives(model: Model) -> None:
    sales = model.cube("sales")
    assert (sales.measure("order_value").type, sales.measure("order_value").kind) == ("DOUBLE", "number")


@pytest.mark.parametrize("change", ["region: {sql: max(region)}", "region: {order_by: count(*)}"])
def test_an_attribute_that_is_an_aggregate_is_told_at_its_line(engine: DuckEngine, tmp_path: Path, change: str) -> None:
    [line] = told(changed(tmp_path, "dimensions.yml", ("region: {}", change)), engine)
    assert line.startswith("dimensions.yml:9: ")
    assert "takes many rows together; an attribute has one value for each" in line


def test_a_wrong_role_blocks_only_itself_and_all_are_told(engine: DuckEngine, tmp_path: Path) -> None:
    folder = changed(
        tmp_path,
        "sales.yml",
        ("shipped: shipped_key", "shipped: shiped_key"),
        ("product: {}", "product: {key: no_key}"),
    )
    found = told(folder, engine)
    assert [line.split(": ")[0] for line in found] == ["sales.yml:6", "sales.yml:8"]
    model = bind_model(load_model(folder), engine)
    by_year = CubeQuery("sales").measures("revenue").by("date.year")
    assert browse(engine, model, by_year).frame.rows() == [(2017, 1540)]
    for wrong in ("shipped.year", "product.department"):
        with pytest.raises(ConfigError, match=r"sales\.yml:[68]: "):
            browse(engine, model, by_year.by(wrong))


def test_every_missing_column_of_the_key_is_told(engine: DuckEngine, tmp_path: Path) -> None:
    [line] = told(changed(tmp_path, "sales.yml", ("[order_id, line_id]", "[no_order, no_line]")), engine)
    assert "no_order" in line
    assert "no_line" in line
