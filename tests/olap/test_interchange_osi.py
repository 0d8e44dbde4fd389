"""The Open Semantic Interchange: a model comes back equal, and a document of others answers as SQL by hand does."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import ConfigError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.interchange.osi import import_osi
from crm_analytics.olap.interchange.osi_export import _Export, export_osi
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from olap.conftest import CUBES
from olap.foreign import OSI, model_of, rows, written

KINDS = CUBES.parent / "kinds"
TEMPLATES = sorted((Path(__file__).parents[2] / "crm_analytics" / "templates").glob("*/cubes"))


def there_and_back(cubes: Path, folder: Path, as_json: bool = False) -> Model:
    file = folder / ("shop.json" if as_json else "shop.yml")
    file.write_text(export_osi(cubes, "shop").text(as_json))
    imported = import_osi(file)
    assert imported.left_out == ()
    return load_model(written(folder, imported))


def changed(cubes: Path, folder: Path, old: str, new: str) -> tuple[Model, list[str]]:
    """The cubes after somebody changed their document, and what the import says of it."""
    text = export_osi(cubes, "shop").text(as_json=False)
    assert old in text
    (folder / "shop.yml").write_text(text.replace(old, new, 1))
    imported = import_osi(folder / "shop.yml")
    told = [line.partition(": ")[2].removeprefix("semantic model 'shop'").lstrip(", :") for line in imported.left_out]
    return load_model(written(folder, imported)), told


def left_out(folder: Path, text: str) -> list[str]:
    file = folder / "shop.yml"
    file.write_text(text)
    found = import_osi(file)
    if found.files:
        load_model(written(folder, found))
    return [line.removeprefix(f"{folder}/") for line in found.left_out]


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "yaml"])
@pytest.mark.parametrize("folder", [*TEMPLATES, CUBES, KINDS], ids=lambda folder: "-".join(folder.parts[-2:]))
def test_what_is_exported_and_imported_is_an_equal_model(folder: Path, as_json: bool, tmp_path: Path) -> None:
    model = load_model(folder)
    back = there_and_back(folder, tmp_path, as_json)
    assert back.cubes == model.cubes
    assert [list(cube.measures) for cube in back.cubes.values()] == [list(c.measures) for c in model.cubes.values()]


def test_after_a_change_everything_else_comes_back_equal(tmp_path: Path) -> None:
    sales = load_model(CUBES).cube("sales")
    back, told = changed(CUBES, tmp_path, "name: largest", "name: largest\n    description: The dearest line.")
    # What follows the calendar, and what is made from that, stands only in the cube files.
    over_time = ["revenue_ytd", "ytd_growth", "buyers_60d", "shipped_before", "share_of_year"]
    listed = ", ".join(f"measure {name}" for name in over_time)
    assert told == [f"was changed since it was exported, so {listed} of sales.yml are not carried over"]
    expected = {name: measure for name, measure in sales.measures.items() if name not in over_time}
    expected["largest"] = replace(sales.measure("largest"), description="The dearest line.")
    assert back.cubes == {**load_model(CUBES).cubes, "sales": replace(sales, measures=expected)}


def test_after_a_change_what_the_format_has_no_word_for_is_told(tmp_path: Path) -> None:
    cubes = tmp_path / "own"
    shutil.copytree(CUBES, cubes)
    with (cubes / "contacts.yml").open("a") as file:
        file.write("access: {north: {where: \"customer.region = 'N'\"}}\n")
    assert load_model(cubes).cubes == there_and_back(cubes, tmp_path).cubes
    shutil.rmtree(tmp_path / "cubes")
    back, told = changed(cubes, tmp_path, "name: largest", "name: largest\n    description: The dearest line.")
    assert "was changed since it was exported, so access of contacts.yml is not carried over" in told
    assert back.cube("contacts").access == {}


def test_without_our_extensions_the_same_questions_have_the_same_answers(
    tmp_path: Path, engine: DuckEngine, model: Model
) -> None:
    document = json.loads(export_osi(CUBES, "shop").text(as_json=True))
    text = yaml.safe_dump(without(without(document, "custom_extensions"), "is_time"))
    plain, imported = model_of(tmp_path, text, import_osi, engine)
    # ln(x) is nothing where x is not positive, which takes a CASE; everything else is plain SQL.
    assert [line.rpartition(", ")[2] for line in imported.left_out] == [
        "metric 'double_value': left out: WHEN has no place in a formula",
    ]
    measures = [m for m in model.cube("sales").measures if m in plain.cube("sales").measures]
    assert {"revenue", "customers", "order_value", "revenue_per_visit", "middle", "upper"} <= set(measures)
    alone = [m for m in measures if m != "revenue_per_visit"]  # contacts reach neither articles nor days of shipment
    # Without the name of the role the second relationship to the days is called as the relationship.
    for by, other, asked in (
        ("customer.region", "customer.region", measures),
        ("product.department", "product.department", alone),
        ("shipped.month", "sales_to_shipped.month", alone),
    ):
        got = rows(engine, plain, "sales", asked, other)
        assert [row[1:] for row in got] == [row[1:] for row in rows(engine, model, "sales", asked, by)]


def without(value: object, key: str) -> object:
    if isinstance(value, dict):
        return {k: without(v, key) for k, v in value.items() if k != key}
    return [without(v, key) for v in value] if isinstance(value, list) else value


def test_a_document_of_others_answers_as_sql_by_hand_does(tmp_path: Path, engine: DuckEngine) -> None:
    model, imported = model_of(tmp_path, OSI, import_osi, engine)
    assert imported.left_out == ()
    # ann (N) has lines of 100, 80 and 200 in two orders, bob (S) 60, 70 and 30 in two, nobody known 1000 in one.
    got = rows(engine, model, "sales", ["revenue", "lines", "big_revenue", "order_value"], "customer.region")
    assert got == [("N", 380, 3, 300, 190), ("S", 160, 3, None, 80), ("Unknown", 1000, 1, 1000, 1000)]
    # Two relationships lead to the days: each is a role of its own.  o4 was on 5 April and shipped in April.
    assert rows(engine, model, "sales", ["lines"], "day.month")[-1] == ("2017-04", 2)
    assert rows(engine, model, "sales", ["lines"], "shipped.month")[-1] == ("2017-04", 2)
    assert rows(engine, model, "sales", ["revenue_per_minute"]) == [(pytest.approx(1540 / 26),)]
    assert rows(engine, model, "sales", ["lines"], "row.size") == [("big", 3), ("small", 4)]
    assert model.cube("sales").measure("big_revenue").description == "Lines of 100 and more."


def test_a_metric_that_was_changed_since_it_was_exported_counts_as_it_stands(
    tmp_path: Path, engine: DuckEngine
) -> None:
    model, told = changed(CUBES, tmp_path, "MAX(sales.revenue)", "MIN(sales.revenue)")
    assert (
        told[0] == "metric 'largest': was changed since it was exported: its expression holds, not its title and format"
    )
    assert rows(engine, bind_model(model, engine), "sales", ["largest", "smallest"]) == [(30, 30)]


def test_the_export_says_what_only_this_program_will_read() -> None:
    told = export_osi(CUBES, "shop").left_out
    assert any("every cube: expressions are the SQL of DuckDB under the name ANSI_SQL" in line for line in told)
    assert any("dimension 'date': only this program will read unknown; hierarchies; " in line for line in told)
    assert any("measure 'order_value': only this program will read format" in line for line in told)


def test_every_part_of_the_document_is_one_that_the_version_names() -> None:
    # The keys of core-spec/osi-schema.json at 0.1.1, which allows no others.
    allowed = {
        "semantic_model": {"name", "description", "datasets", "relationships", "metrics", "custom_extensions"},
        "datasets": {"name", "source", "primary_key", "description", "fields", "custom_extensions"},
        "fields": {"name", "expression", "dimension", "custom_extensions"},
        "relationships": {"name", "from", "to", "from_columns", "to_columns", "custom_extensions"},
        "metrics": {"name", "expression", "description", "custom_extensions"},
        "dialects": {"dialect", "expression"},
        "custom_extensions": {"vendor_name", "data"},
    }
    document = export_osi(TEMPLATES[0], "shop").document
    assert document.keys() == {"version", "semantic_model"}

    def check(value: object, key: str) -> None:
        if isinstance(value, dict):
            assert value.keys() <= allowed.get(key, value.keys()), key
            for inner, found in value.items():
                check(found, inner)
        elif isinstance(value, list):
            for item in value:
                check(item, key)

    check(document["semantic_model"], "semantic_model")


def test_names_in_the_document_are_unique_though_two_cubes_share_them(tmp_path: Path) -> None:
    cubes = tmp_path / "own"
    shutil.copytree(CUBES, cubes)
    contacts = cubes / "contacts.yml"
    contacts.write_text(contacts.read_text().replace("  visits:", "  orders: {agg: count}\n  visits:"))
    [semantic] = export_osi(cubes, "shop").document["semantic_model"]
    names = [metric["name"] for metric in semantic["metrics"]]
    assert len(names) == len(set(names))
    assert {"contacts_orders", "sales_orders"} <= set(names)


def test_a_word_that_the_export_does_not_know_makes_no_metric_and_no_dataset(tmp_path: Path) -> None:
    # A key that is new to it may change what a number means, so it is told and not guessed.
    exporting = _Export(CUBES)
    exporting.raw["sales"]["measures"]["revenue"]["snapshot"] = "last"
    exporting.files["dimensions.yml"]["dimensions"]["product"]["history"] = {"from": "valid_from"}
    exported = exporting.document("shop")
    [semantic] = exported.document["semantic_model"]
    # order_value and double_value are made from revenue, and revenue_per_visit too.
    lost = {"revenue", "order_value", "double_value", "revenue_per_visit"}
    assert {metric["name"] for metric in semantic["metrics"]} & lost == set()
    assert "product" not in {dataset["name"] for dataset in semantic["datasets"]}
    told = [line.partition(": ")[2] for line in exported.left_out]
    assert "measure 'order_value': left out: the format has no word for snapshot" in told
    assert "dimension 'product': left out: the format has no word for history" in told


@pytest.mark.parametrize("name", ["../evil.yml", "a/b.yml", "x.txt"])
def test_a_document_cannot_write_outside_of_the_folder(tmp_path: Path, name: str) -> None:
    text = export_osi(CUBES, "shop").text(as_json=False)
    (tmp_path / "shop.yml").write_text(text.replace('"sales.yml":', f'"{name}":'))
    with pytest.raises(ConfigError, match="what an export left in 'custom_extensions' is broken"):
        import_osi(tmp_path / "shop.yml")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("source: fct_sale", "source: db.shop.fct_sale", "dataset 'sales': reads the table fct_sale of the warehouse"),
        ("source: dim_customer", "source: SELECT * FROM c", "dataset 'customer': left out: its rows are a query"),
        (
            "description: One row is one line of one order.",
            "ai_context: {synonyms: [tills]}",
            "'ai_context': left out: a cube file",
        ),
        ("primary_key: [order_id, line_id]\n", "unique_keys: [[a]]\n", "no cube of it, so none of its measures"),
        ("from_columns: [date_key], to_columns: [date_key]", "from_columns: [a, b], to_columns: [c, d]", "one column"),
        ("to: day, from_columns: [shipped_key]", "to: days, from_columns: [shipped_key]", "there is no dataset 'days'"),
        ("{name: month, dimension: {is_time: false}", "{name: month, dimension: {is_time: true}", "that it is a time"),
        ("{name: month, dimension: {is_time: false}", "{name: month, label: filter", "no metric uses it, and it is no"),
        (
            "dialect: ANSI_SQL, expression: SUM(sales.amount)}",
            "dialect: MDX, expression: '[x]'}",
            "no expression in ANSI",
        ),
        ("COUNT(sales.*)", "COUNT(*)", "metric 'lines': left out: it does not name one dataset"),
        (
            "COUNT(sales.*)",
            "SUM(sales.amount + contacts.minutes)",
            "metric 'lines': left out: it does not name one data",
        ),
        ("COUNT(sales.*)", "COUNT(sales.*) - customer.region", "'lines': left out: something that is no aggregate"),
        ("COUNT(sales.*)", "SUM(sales.amount) OVER ()", "'lines': left out: a window function is no aggregate"),
        (
            "COUNT(DISTINCT sales.order_id)",
            "COUNT(DISTINCT customer.customer_id)",
            "'order_value': left out: it counts rows of customer, and nothing says whether those that no sales has",
        ),
        ("name: shop\n", "name: shop\n    custom_extensions: [{vendor_name: DBT, data: '{}'}]\n", "made by another"),
    ],
)
def test_what_has_no_place_in_a_cube_file_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in OSI
    found = left_out(tmp_path, OSI.replace(old, new, 1))
    assert any(told in line for line in found), found


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "version: 0.1.1",
            "version: 0.2.0.dev0",
            "shop.yml:1: version '0.2.0.dev0'; this program reads OSI 0.1.1, the",
        ),
        ("version: 0.1.1\n", "", "shop.yml:1: no version; this program reads OSI 0.1.1"),
        ("  - name: shop\n", "  - name: other\n  - name: shop\n", "shop.yml:2: needs one semantic model, and has 2"),
        ("- name: customer\n", "- name: sales\n", "dataset 'sales': two datasets are called 'sales'"),
        (
            "source: fct_sale",
            "sources: fct_sale",
            "shop.yml:5: semantic model 'shop', dataset 'sales': 'source' is missing",
        ),
        ("from: sales, to: customer", "to: customer", "relationship 'sales_customer': 'from' is missing"),
        (
            "expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(sales.amount)}]}",
            "x: 1",
            "'expression' is missing",
        ),
    ],
)
def test_a_broken_document_is_answered_in_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in OSI
    (tmp_path / "shop.yml").write_text(OSI.replace(old, new, 1))
    with pytest.raises(ConfigError) as error:
        import_osi(tmp_path / "shop.yml")
    assert sentence in str(error.value)
    assert len(str(error.value).splitlines()) == 1
