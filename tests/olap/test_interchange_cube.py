"""Cube data models: what is carried over answers as SQL by hand does; what is not is told with its place."""

import shutil
from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import ConfigError
from crm_analytics.olap.interchange.cube_yaml import import_cube
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from olap.foreign import CUBE, model_of, rows, written


@pytest.fixture
def model(tmp_path: Path, engine: DuckEngine) -> Model:
    model, imported = model_of(tmp_path, CUBE, import_cube, engine)
    assert imported.left_out == ()
    return model


def left_out(folder: Path, old: str = "", new: str = "", text: str = CUBE) -> list[str]:
    assert old in text
    file = folder / "shop.yml"
    file.write_text(text.replace(old, new))
    found = import_cube(file)
    if found.files:
        load_model(written(folder, found))
    return [line.removeprefix(f"{folder}/") for line in found.left_out]


def test_revenue_by_region_is_what_sql_by_hand_gives(model: Model, engine: DuckEngine) -> None:
    # The lines of ann (N) are 100 + 80 + 200, of bob (S) 60 + 70 + 30, of nobody known 1000; 7 lines in 5 orders.
    by_hand = engine.rows(
        "SELECT coalesce(max(region), 'Unknown') AS r, sum(revenue) AS s, count(*) AS n, count(DISTINCT order_id) AS o "
        "FROM fct_sale JOIN dim_customer USING (customer_key) GROUP BY region ORDER BY region NULLS LAST"
    )
    got = rows(engine, model, "sales", ["revenue", "lines", "orders"], "customer.region")
    assert got == [(r, float(s), float(n), float(o)) for r, s, n, o in by_hand]
    assert got[0] == ("N", 380, 3, 2)


def test_formulas_filters_percentiles_and_dates_give_the_numbers_by_hand(model: Model, engine: DuckEngine) -> None:
    # 1540 in 5 orders: 308; 1540 over 7 lines: 220; lines from 100 to below 1000: 100 and 200.
    # 0.9 of the way along 30, 60, 70, 80, 100, 200, 1000 is place 5.4: 200 + 0.4 * 800 = 520.
    [got] = rows(engine, model, "sales", ["order_value", "mean", "big_lines", "ninetieth"])
    assert got == pytest.approx((308, 220, 2, 520))


def test_a_case_and_a_reference_to_it_become_attributes_and_levels(model: Model, engine: DuckEngine) -> None:
    assert rows(engine, model, "sales", ["lines"], "row.size") == [("big", 3), ("small", 4)]
    assert rows(engine, model, "sales", ["lines"], "row.size_of_order")[0] == ("big of o1", 1)
    assert model.cube("sales").role("row").dimension.hierarchies == {"sizes": ("size", "size_of_order")}


def test_a_time_dimension_becomes_the_periods_that_it_lies_in(model: Model, engine: DuckEngine) -> None:
    # 2 January 2017 is a Monday of week 1; o4 was on 5 April, in the second quarter.
    assert rows(engine, model, "sales", ["revenue"], "sold_at.quarter") == [("2017-Q1", 1440), ("2017-Q2", 100)]
    assert rows(engine, model, "sales", ["lines"], "sold_at.week")[0] == ("2017-W01", 2)
    assert rows(engine, model, "sales", ["lines"], "sold_at.year", where="sold_at.day = '2017-01-02'") == [(2017, 2)]


def test_a_segment_becomes_a_yes_or_no_attribute_to_filter_by(model: Model, engine: DuckEngine) -> None:
    assert rows(engine, model, "sales", ["revenue"], where="segment.big = true") == [(1300,)]


def test_two_facts_meet_at_a_dimension_that_both_are_joined_to(model: Model, engine: DuckEngine) -> None:
    # The join of contacts is declared on the other side, as one_to_many of customer.
    got = rows(engine, model, "sales", ["revenue", "contacts.minutes"], "customer.region")
    assert got == [("N", 380, 12), ("S", 160, 3), ("W", None, 11), ("Unknown", 1000, None)]


def test_titles_descriptions_and_formats_are_carried_over(model: Model) -> None:
    sales = model.cube("sales")
    assert (sales.title, sales.description) == ("Retail sales", "One row is one line of one order.")
    assert (sales.measure("revenue").title, sales.measure("revenue").format) == ("Turnover", "money")
    assert sales.measure("last_sale").format == "date"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("sql_table: fct_sale", "sql_table: shop.fct_sale", "shop.yml:2: cube 'sales': reads the table fct_sale"),
        (
            "name: lines,",
            "name: lineCount,",
            "shop.yml:LINE: cube 'sales', measure 'lineCount': is called line_count here",
        ),
        (
            "title: Turnover",
            "drill_members: [size]",
            "shop.yml:LINE: 'drill_members': left out: each cube has one list for the rows",
        ),
        ("type: sum, f", "type: sum, meta: {a: 1}, f", "shop.yml:LINE: 'meta': left out: a cube file has no place"),
        ("format: currency", "format: abbr", "measure 'revenue': 'format': left out: a cube file has no such format"),
        ("{revenue} / NULLIF", "{customer.n} / NULLIF", "'order_value': left out: it needs '{customer.n}' of another"),
        ("{CUBE}.revenue < 1000", "{customer.region} = 'N'", "'big_lines': left out: it needs '{customer.region}' of"),
        ("MAX({CUBE}.sold_at)", "MAX({CUBE}.sold_at) - lag", "'last_sale': left out: the column lag stands outside"),
        ("PERCENTILE_CONT(0.9)", "PERCENTILE_DISC(0.9)", "'ninetieth': left out: PERCENTILE_DISC has no place in"),
        (
            "sql: SELECT * FROM dim_customer",
            "sql: SELECT 1 AS customer_key",
            "cube 'customer': left out: its rows are a",
        ),
        ("{product}.product_key = {CUBE}", "2 * {product}.product_key = {CUBE}", "join 'product': left out: only one"),
        ("levels: [size,", "levels: [sold_at,", "hierarchy 'sizes': left out: 'sold_at' is no attribute of this table"),
        ("type: sum}\n", "type: sum, rolling_window: {trailing: 7 day, leading: 1 day}}\n", "only a window that ends"),
        (
            "type: sum}\n",
            "type: sum, multi_stage: true, rank: 1}\n",
            "shop.yml:LINE: 'rank': left out: this import does",
        ),
        (
            "{name: lines, type: count}",
            "{name: lines, type: rank}",
            "measure 'lines': left out: a cube file has no rank",
        ),
        ("{name: lines, type: count}", "{name: lines, type: count, public: false}", "although it is not public"),
        ("primary_key: true, public: true}", "public: false}", "dimension 'order_id': left out: it is not public"),
        ("cubes:", "views: [{name: v, cubes: []}]\ncubes:", "shop.yml:1: 'views': left out: a view shows a part of"),
    ],
)
def test_what_has_no_place_in_a_cube_file_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    line = CUBE[: CUBE.index(old)].count("\n") + 1
    found = left_out(tmp_path, old, new)
    assert any(told.replace("LINE", str(line)) in entry for entry in found), found


def test_what_needs_a_measure_that_was_left_out_is_left_out_too(tmp_path: Path) -> None:
    found = left_out(tmp_path, "sql: revenue, type: sum", "sql: '{customer.region}', type: sum")
    assert [line.split(", ", 1)[1] for line in found] == [
        "measure 'revenue': left out: it needs '{customer.region}' of another cube",
        "measure 'order_value': left out: it needs 'revenue', which is not there",
    ]


def test_measures_that_need_each_other_are_left_out(tmp_path: Path) -> None:
    found = left_out(tmp_path, "1.0 * {revenue} / NULLIF({orders}, 0)", "{mean} + {revenue}")
    assert found == []
    shutil.rmtree(tmp_path / "cubes")
    text = CUBE.replace("1.0 * {revenue} / NULLIF({orders}, 0)", "{mean} + 1").replace(
        "SUM({CUBE}.revenue) /", "{order_value} /"
    )
    assert [line.split(", ")[1] for line in left_out(tmp_path, text=text)] == [
        "measure 'order_value': left out: it needs itself",
        "measure 'mean': left out: it needs itself",
    ]


def test_a_table_with_measures_that_others_join_to_is_a_cube_and_a_dimension(
    tmp_path: Path, engine: DuckEngine
) -> None:
    counted = "      - {name: region, sql: region, type: string}\n    measures:\n      - {name: n, type: count}\n"
    text = CUBE.replace("      - {name: region, sql: region, type: string}\n", counted)
    model, imported = model_of(tmp_path, text, import_cube, engine)
    assert [line.partition(": ")[2] for line in imported.left_out] == [
        "cube 'customer': the cube is called customer_cube, for a dimension has its name"
    ]
    # One customer a region; the unknown one stands in the table of the shop too.
    assert rows(engine, model, "customer_cube", ["n", "sales.revenue"], "customer.region") == [
        ("N", 1, 380),
        ("S", 1, 160),
        ("W", 1, None),
        ("Unknown", 1, 1000),
    ]


def test_a_dimension_behind_a_dimension_is_told_not_joined(tmp_path: Path) -> None:
    join = '    joins:\n      - {name: product, relationship: many_to_one, sql: "{CUBE}.p = {product.product_key}"}\n'
    text = CUBE.replace("      - {name: product, relationship", "      - {name: away, relationship")
    text = text.replace(
        "    sql: SELECT * FROM dim_customer\n    joins:\n", f"    sql: SELECT * FROM dim_customer\n{join}"
    )
    found = left_out(tmp_path, text=text)
    assert any("sales does not reach product through customer" in line for line in found), found
    assert any("join 'away': left out: the cube 'away' could not be carried over" in line for line in found), found


def test_a_folder_is_read_whole_and_templates_and_scripts_are_told(tmp_path: Path) -> None:
    model = tmp_path / "model"
    (model / "cubes").mkdir(parents=True)
    (model / "cubes" / "shop.yml").write_text(CUBE)
    (model / "cubes" / "made.yml").write_text("cubes:\n{% for x in y %}\n  - name: '{{ x }}'\n{% endfor %}\n")
    (model / "old.js").write_text("cube(`Orders`, {});")
    found = import_cube(model)
    assert {"sales.yml", "contacts.yml", "dimensions.yml"} == found.files.keys()
    assert [line.removeprefix(f"{model}/") for line in found.left_out] == [
        "cubes/made.yml: the file: left out: it is a Jinja template; render it first",
        "old.js: the file: left out: only YAML is read",
    ]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("sql_table: fct_sale", "alias: x", "shop.yml:2: cube 'sales': it needs 'sql_table' or 'sql'"),
        (
            "type: sum, f",
            "type: summ, f",
            "shop.yml:LINE: cube 'sales', measure 'revenue': no type 'summ'. Did you mean",
        ),
        ("sql: revenue, type: sum", "type: sum", "shop.yml:LINE: cube 'sales', measure 'revenue': 'sql' is missing"),
        ("{name: lines, ", "{", "shop.yml:LINE: cube 'sales', measure: 'name' is missing"),
        (
            "{name: lines, type: count}",
            "lines",
            "shop.yml:LINE: cube 'sales': each of 'measures' needs names with values",
        ),
        ("name: product\n", "name: customer\n", "shop.yml:LINE: cube 'customer': two cubes are called 'customer'"),
        ('many_to_one, sql: "{product}', 'some_to_one, sql: "{product}', "one_to_many, not 'some_to_one'"),
        ("public: true", "public: perhaps", "dimension 'order_id': 'public' needs true or false, not 'perhaps'"),
        ("cubes:\n", "cubes: 1\nmore:\n", "shop.yml:1: 'cubes' needs a list, not 1"),
        ("cubes:\n", "cubes: {\n", "shop.yml:"),
    ],
)
def test_a_broken_model_is_answered_in_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    line = CUBE[: CUBE.index(old)].count("\n") + 1
    (tmp_path / "shop.yml").write_text(CUBE.replace(old, new, 1))
    with pytest.raises(ConfigError) as error:
        import_cube(tmp_path / "shop.yml")
    assert sentence.replace("LINE", str(line)) in str(error.value)
    assert len(str(error.value).splitlines()) == 1
