"""dbt's semantic layer: both of its forms give the same cubes, with the numbers that can be added up by hand."""

from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import ConfigError
from crm_analytics.olap.interchange.metricflow import import_metricflow
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from olap.foreign import DBT_DAYS, LATEST, LEGACY, model_of, rows, written


@pytest.fixture(params=[LEGACY, LATEST], ids=["legacy", "latest"])
def model(request: pytest.FixtureRequest, tmp_path: Path, engine: DuckEngine) -> Model:
    model, imported = model_of(tmp_path, request.param, import_metricflow, engine)
    assert imported.left_out == ()
    return model


def left_out(folder: Path, text: str) -> list[str]:
    file = folder / "shop.yml"
    file.write_text(text)
    found = import_metricflow(file)
    if found.files:
        load_model(written(folder, found))
    return [line.removeprefix(f"{folder}/") for line in found.left_out]


def test_metrics_split_by_an_entity_give_the_numbers_by_hand(model: Model, engine: DuckEngine) -> None:
    # ann (N): 100 + 80 + 200 in o1 and o2; bob (S): 60 + 70 + 30 in o3 and o4; nobody known: 1000 in o5.
    got = rows(engine, model, "sales", ["revenue", "orders", "order_value"], "customer.region")
    assert got == [("N", 380, 2, 190), ("S", 160, 2, 80), ("Unknown", 1000, 1, 1000)]


def test_medians_percentiles_filters_and_counts_give_the_numbers_by_hand(model: Model, engine: DuckEngine) -> None:
    # Of 30, 60, 70, 80, 100, 200, 1000 the middle is 80 and 0.9 of the way 520; four lie above 75, three from 100 on.
    [got] = rows(engine, model, "sales", ["middle", "ninetieth", "dear_lines", "lines", "big_revenue", "big_share"])
    assert got == pytest.approx((80, 520, 4, 7, 1300, 1300 / 1540))


def test_a_metric_that_fills_what_is_missing_shows_a_number_where_no_row_counts(
    model: Model, engine: DuckEngine
) -> None:
    assert rows(engine, model, "sales", ["big_revenue"], "customer.region")[1] == ("S", 0)


def test_a_metric_over_two_tables_drills_across(model: Model, engine: DuckEngine) -> None:
    # ann 380 / 12, bob 160 / 3; eve only talked, and nobody known only bought.
    got = rows(engine, model, "sales", ["revenue_per_minute"], "customer.region")
    assert got == [("N", pytest.approx(380 / 12)), ("S", pytest.approx(160 / 3)), ("W", None), ("Unknown", None)]


def test_a_dimension_is_called_as_its_entity_and_so_are_columns_of_the_fact(model: Model, engine: DuckEngine) -> None:
    assert rows(engine, model, "sales", ["lines"], "sale_line.size") == [("big", 3), ("small", 4)]
    assert rows(engine, model, "sales", ["lines"], "sale_line.order_id")[0] == ("o1", 2)
    assert rows(engine, model, "sales", ["lines"], "sold_at.month")[0] == ("2017-01", 3)
    # ann, bob and eve: the unknown customer has no customer_id.
    assert rows(engine, model, "customers", ["customer_count", "sales.revenue"]) == [(3, 1540)]


def test_a_measure_that_a_metric_gives_is_carried_over_once(tmp_path: Path) -> None:
    (tmp_path / "shop.yml").write_text(LEGACY)
    sales = load_model(written(tmp_path, import_metricflow(tmp_path / "shop.yml"))).cube("sales")
    assert {"revenue", "orders", "lines"} <= sales.measures.keys()
    assert "amount" not in sales.measures  # the metric revenue gives it
    assert (sales.measure("revenue").title, sales.measure("orders").title) == ("Turnover", "Orders")


def test_the_parsed_form_that_dbt_writes_is_read_too(tmp_path: Path) -> None:
    manifest = """{"semantic_models": [{"name": "sales", "node_relation": {"alias": "fct_sale", "schema_name": "shop"},
      "entities": [{"name": "sale_line", "type": "primary", "expr": "line_id"}],
      "measures": [{"name": "amount", "agg": "sum", "expr": "revenue"}]}],
      "metrics": [{"name": "late", "type": "simple", "type_params": {"measure": {"name": "amount"}},
        "filter": {"where_filters": [{"where_sql_template": "{{ Entity('sale_line') }} > 5"}]}}]}"""
    (tmp_path / "semantic_manifest.json").write_text(manifest)
    found = load_model(written(tmp_path, import_metricflow(tmp_path))).cube("sales")
    assert (found.table, found.measure("late").where) == ("fct_sale", "line_id > 5")


OVER_TIME = """  - {name: so_far, type: cumulative, input_metric: revenue, period_agg: last}
  - {name: year_so_far, type: cumulative, input_metric: revenue, grain_to_date: year, period_agg: last}
  - {name: orders_60d, type: cumulative, input_metric: orders, window: 60 days, period_agg: last}
  - name: growth
    type: derived
    expr: (now - before) / before
    input_metrics: [{name: revenue, alias: now}, {name: revenue, alias: before, offset_window: 1 month}]
"""


def with_days(metrics: str) -> str:
    text = LATEST.replace("  - name: stg_tills\n", f"{DBT_DAYS}  - name: stg_tills\n") + metrics
    to_days = "      - {name: date_key, entity: {type: foreign, name: day}}\n"
    return text.replace("      - {name: order_id, entity", f"{to_days}      - {{name: order_id, entity")


def test_cumulative_metrics_and_offsets_follow_the_time_spine(tmp_path: Path, engine: DuckEngine) -> None:
    model, imported = model_of(tmp_path, with_days(OVER_TIME), import_metricflow, engine)
    assert imported.left_out == ()
    # January 240 in o1 and o3, February 1200 in o2 and o5, March nothing, April 100 in o4.
    got = rows(engine, model, "sales", ["so_far", "year_so_far", "orders_60d", "growth"], "day.month")
    assert [row for row in got if row[0] != "2017-03"] == [
        ("2017-01", 240, 240, 2, None),
        ("2017-02", 1440, 1440, 4, 4),
        ("2017-04", 1540, 1540, 1, None),
    ]


def test_a_measure_that_is_not_added_up_over_time_takes_the_last_day(tmp_path: Path, engine: DuckEngine) -> None:
    stock = """      - {name: stock, type: simple, agg: sum, expr: quantity,
         non_additive_dimension: {name: sold_at, window_agg: max, group_by: [customer]}}
"""
    text = LATEST.replace("      - {name: orders, type", f"{stock}      - {{name: orders, type", 1)
    model, imported = model_of(tmp_path, text, import_metricflow, engine)
    assert [line.rpartition(", metric ")[2] for line in imported.left_out] == [
        "'stock': each cell has a last day of its own here, where dbt takes one for all cells of a period"
    ]
    # In January ann's last day is the 2nd with two lines, bob's the 9th with one; of all time ann's is 7 February with
    # one line, bob's 5 April with two, and that of nobody known 14 February with one.
    assert rows(engine, model, "sales", ["stock"], "sold_at.month")[0] == ("2017-01", 3)
    assert rows(engine, model, "sales", ["stock"]) == [(4,)]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "group_by: [customer]",
            "group_by: [till]",
            "'till' is no dimension of the cube, so none of its members has a",
        ),
        (
            "name: sold_at, window_agg",
            "name: closed_at, window_agg",
            "write {agg: sum, sql: quantity, semi_additive: {ov",
        ),
        ("window_agg: max", "window_agg: median", "takes min or max, not 'median'"),
    ],
)
def test_a_stock_that_cannot_be_carried_over_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    stock = """      - {name: stock, type: simple, agg: sum, expr: quantity,
         non_additive_dimension: {name: sold_at, window_agg: max, group_by: [customer]}}
"""
    text = LATEST.replace("      - {name: orders, type", f"{stock.replace(old, new)}      - {{name: orders, type", 1)
    try:
        found = left_out(tmp_path, text)
    except ConfigError as error:
        found = [str(error)]
    assert any(told in line for line in found), found


METRICS = "metrics:\n"
FILTERED = '{name: north, type: simple, type_params: {measure: amount}, filter: "{{ Dimension(%s) }} = 1"}'
CONVERSION = "{name: c, type: conversion, type_params: {conversion_type_params: {entity: customer}}}"


@pytest.mark.parametrize(
    ("metric", "told"),
    [
        (FILTERED % "'customer__region'", "metric 'north': left out: it filters by 'customer__region'; a measure's"),
        (FILTERED % "'sale_line__what'", "metric 'north': left out: it filters by 'sale_line__what'"),
        (FILTERED.replace("Dimension", "Metric") % "'revenue', ['order']", "is not understood"),
        (CONVERSION, "metric 'c': left out: a cube file has no conversions of one event into another"),
        (
            "{name: d, type: derived, type_params: {expr: a % 2, metrics: [{name: revenue, alias: a}]}}",
            "metric 'd': left out: % has no place in a formula",
        ),
        (
            "{name: d, type: derived, type_params: {expr: a - b, metrics: [{name: revenue, alias: a}]}}",
            "metric 'd': left out: 'b' is none of the metrics that it names",
        ),
        (
            "{name: d, type: derived, type_params: {expr: a + 1, "
            "metrics: [{name: revenue, alias: a, offset_to_grain: month}]}}",
            "metric 'd': left out: a cube file has no value at the beginning of a period",
        ),
        (
            "{name: r, type: ratio, type_params: {numerator: d, denominator: orders}}\n  - "
            + CONVERSION[:-1]
            + "}\n  - "
            "{name: d, type: conversion, type_params: {conversion_type_params: {entity: customer}}}",
            "metric 'r': left out: it needs 'd', which could not be carried over",
        ),
        (
            "{name: s, type: simple, type_params: {measure: {name: amount, join_to_timespine: true}}}",
            "input 'amount': 'join_to_timespine': left out: a cell exists where a fact has a row",
        ),
        ("{name: s, type: simple, config: {group: a}, type_params: {measure: amount}}", "'config': left out: settings"),
    ],
)
def test_a_metric_without_a_place_in_a_cube_file_is_told(tmp_path: Path, metric: str, told: str) -> None:
    found = left_out(tmp_path, LEGACY.replace(METRICS, f"{METRICS}  - {metric}\n"))
    assert any(told in line for line in found), found


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("agg_params: {percentile: 0.9}", "agg_params: {percentile: 0.9, use_discrete_percentile: true}", "two values"),
        ("type_params: {time_granularity: day}", "type_params: {time_granularity: hour}", "by day; hours are not"),
        ("{name: customer, type: primary, ", "{name: customer, type: natural, ", "one row a member, and this key has"),
        (
            "{name: contact, type: primary, expr: contact_id}",
            "{name: contact, type: primary, expr: a || b}",
            "no primary",
        ),
        ("{name: region, type: categorical}", "{name: region, type: categorical, is_partition: true}", "no partitions"),
        ("{name: region, type: categorical}", "{name: region, type: categorical, description: x}", "no description"),
        ("metrics:\n", "saved_queries: [{name: q}]\nmetrics:\n", "'saved_queries': left out: a question is asked by"),
        (
            "defaults: {agg_time_dimension: sold_at}",
            "defaults: {agg_time: sold_at}",
            "'agg_time': left out: this import",
        ),
    ],
)
def test_a_table_says_what_of_it_has_no_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in LEGACY
    found = left_out(tmp_path, LEGACY.replace(old, new, 1))
    assert any(told in line for line in found), found


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("agg: sum, expr: revenue", "agg: sumn, expr: revenue", "measure 'amount': no agg 'sumn'. Did you mean 'sum'?"),
        ("agg: sum, expr: revenue", "expr: revenue", "measure 'amount': 'agg' is missing"),
        ("type_params: {measure: amount}", "type_params: {measure: amuont}", "there is no measure 'amuont'"),
        ("type_params: {measure: amount}", "type_params: {measures: amount}", "metric 'revenue': 'measure' is missing"),
        ("model: ref('fct_sale')", "model: fct_sale", "'model' needs a table such as ref('orders'), not 'fct_sale'"),
        ("percentile: 0.9", "percentile: most", "'percentile' needs a number, not 'most'"),
        (
            "numerator: revenue, denominator: orders",
            "numerator: order_value, denominator: orders",
            "needs itself: order_",
        ),
        (
            "- {name: revenue, type: simple",
            "- {name: big_revenue, type: simple",
            "two metrics are called 'big_revenue'",
        ),
        ("semantic_models:", "semantic_models: 1\nx:", "'semantic_models' needs a list, not 1"),
    ],
)
def test_a_broken_model_is_answered_in_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    assert old in LEGACY
    (tmp_path / "shop.yml").write_text(LEGACY.replace(old, new, 1))
    with pytest.raises(ConfigError) as error:
        import_metricflow(tmp_path / "shop.yml")
    assert sentence in str(error.value).splitlines()[0], error.value


def test_a_folder_of_dbt_is_read_whole_and_a_file_without_a_part_in_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "sales.yml").write_text(LEGACY.partition("metrics:\n")[0])
    (tmp_path / "models" / "metrics.yml").write_text("metrics:\n" + LEGACY.partition("metrics:\n")[2])
    (tmp_path / "dbt_project.yml").write_text("name: shop\nprofile: duckdb\n")
    found = import_metricflow(tmp_path)
    assert {"sales.yml", "customers.yml", "contacts.yml", "dimensions.yml"} == found.files.keys()
    assert found.left_out == (
        f"{tmp_path}/dbt_project.yml: the file: left out: it holds no semantic models and no metrics",
    )
