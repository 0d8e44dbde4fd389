"""The shop as other programs would model it, and what an import of these models answers."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.interchange.account import Imported
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery

CUBE = """cubes:
  - name: sales
    title: Retail sales
    description: One row is one line of one order.
    sql_table: fct_sale
    joins:
      - {name: customer, relationship: many_to_one, sql: "{CUBE}.customer_key = {customer.customer_key}"}
      - {name: product, relationship: many_to_one, sql: "{product}.product_key = {CUBE}.product_key"}
    dimensions:
      - {name: order_id, sql: order_id, type: string, primary_key: true, public: true}
      - {name: line_id, sql: "{CUBE}.line_id", type: string, primary_key: true}
      - {name: sold_at, sql: "{CUBE}.sold_at", type: time}
      - name: size
        type: string
        case: {when: [{sql: "{CUBE}.revenue >= 100", label: big}], else: {label: small}}
      - {name: size_of_order, sql: "CONCAT({size}, ' of ', {order_id})", type: string}
    segments:
      - {name: big, sql: "{CUBE}.revenue >= 100"}
    hierarchies:
      - {name: sizes, levels: [size, size_of_order]}
    measures:
      - {name: revenue, sql: revenue, type: sum, format: currency, title: Turnover}
      - {name: lines, type: count}
      - {name: orders, sql: "{order_id}", type: count_distinct}
      - {name: big_lines, type: count, filters: [{sql: "{CUBE}.revenue >= 100"}, {sql: "{CUBE}.revenue < 1000"}]}
      - {name: last_sale, sql: "MAX({CUBE}.sold_at)", type: time}
      - {name: order_value, sql: "1.0 * {revenue} / NULLIF({orders}, 0)", type: number}
      - {name: mean, sql: "SUM({CUBE}.revenue) / CAST(COUNT(*) AS DOUBLE PRECISION)", type: number, format: number}
      - {name: ninetieth, sql: "PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY {CUBE}.revenue)", type: number_agg}
  - name: customer
    sql: SELECT * FROM dim_customer
    joins:
      - {name: contacts, relationship: one_to_many, sql: "{CUBE}.customer_key = {contacts}.customer_key"}
    dimensions:
      - {name: customer_key, sql: customer_key, type: number, primary_key: true}
      - {name: region, sql: region, type: string}
  - name: product
    sql_table: dim_product
    dimensions:
      - {name: product_key, sql: product_key, type: number, primary_key: true}
      - {name: department, sql: department, type: string}
  - name: contacts
    sql_table: fct_contact
    dimensions:
      - {name: contact_id, sql: contact_id, type: string, primary_key: true}
    measures:
      - {name: minutes, sql: minutes, type: sum}
"""

LEGACY = """semantic_models:
  - name: sales
    description: One row is one line of one order.
    model: ref('fct_sale')
    defaults: {agg_time_dimension: sold_at}
    entities:
      - {name: sale_line, type: primary, expr: line_id}
      - {name: customer, type: foreign, expr: customer_key}
      - {name: order, type: foreign, expr: order_id}
    dimensions:
      - {name: sold_at, type: time, type_params: {time_granularity: day}}
      - {name: size, type: categorical, expr: "CASE WHEN revenue >= 100 THEN 'big' ELSE 'small' END"}
    measures:
      - {name: amount, agg: sum, expr: revenue}
      - {name: orders, agg: count_distinct, expr: order_id, create_metric: true, label: Orders}
      - {name: lines, agg: count, expr: 1}
      - {name: ninetieth, agg: percentile, expr: revenue, agg_params: {percentile: 0.9}}
      - {name: middle, agg: median, expr: revenue}
      - {name: dear_lines, agg: sum_boolean, expr: revenue > 75}
  - name: customers
    model: ref('dim_customer')
    entities: [{name: customer, type: primary, expr: customer_key}]
    dimensions: [{name: region, type: categorical}]
    measures: [{name: customer_count, agg: count_distinct, expr: customer_id}]
  - name: contacts
    model: ref('fct_contact')
    entities: [{name: contact, type: primary, expr: contact_id}, {name: customer, type: foreign, expr: customer_key}]
    measures: [{name: minutes, agg: sum}]
metrics:
  - {name: revenue, type: simple, label: Turnover, type_params: {measure: amount}}
  - name: big_revenue
    type: simple
    type_params: {measure: {name: amount, fill_nulls_with: 0}}
    filter: "{{ Dimension('sale_line__size') }} = 'big'"
  - {name: order_value, type: ratio, type_params: {numerator: revenue, denominator: orders}}
  - name: big_share
    type: ratio
    type_params:
      numerator: {name: revenue, filter: "{{ Dimension('sale_line__size') }} = 'big'", alias: big}
      denominator: revenue
  - name: revenue_per_minute
    type: derived
    type_params: {expr: paid / talked, metrics: [{name: revenue, alias: paid}, {name: minutes, alias: talked}]}
"""

LATEST = """models:
  - name: fct_sale
    semantic_model: {enabled: true, name: sales}
    agg_time_dimension: sold_at
    columns:
      - {name: line_id, entity: {type: primary, name: sale_line}}
      - {name: customer_key, entity: {type: foreign, name: customer}}
      - {name: order_id, entity: {type: foreign, name: order}}
      - {name: sold_at, granularity: day, dimension: {type: time}}
      - {name: quantity, description: pieces of the article}
    derived_semantics:
      dimensions:
        - {name: size, type: categorical, expr: "CASE WHEN revenue >= 100 THEN 'big' ELSE 'small' END"}
    metrics:
      - {name: revenue, type: simple, label: Turnover, agg: sum, expr: revenue}
      - {name: orders, type: simple, agg: count_distinct, expr: order_id}
      - {name: lines, type: simple, agg: count, expr: 1}
      - {name: ninetieth, type: simple, agg: percentile, expr: revenue, percentile: 90.0, percentile_type: continuous}
      - {name: middle, type: simple, agg: median, expr: revenue}
      - {name: dear_lines, type: simple, agg: sum_boolean, expr: revenue > 75}
      - name: big_revenue
        type: simple
        agg: sum
        expr: revenue
        fill_nulls_with: 0
        filter: "{{ Dimension('sale_line__size') }} = 'big'"
      - {name: order_value, type: ratio, numerator: revenue, denominator: orders}
      - name: big_share
        type: ratio
        numerator: {name: revenue, filter: "{{ Dimension('sale_line__size') }} = 'big'", alias: big}
        denominator: revenue
  - name: dim_customer
    semantic_model: {enabled: true, name: customers}
    columns:
      - {name: customer_key, entity: {type: primary, name: customer}}
      - {name: region, dimension: {type: categorical}}
    metrics:
      - {name: customer_count, type: simple, agg: count_distinct, expr: customer_id}
  - name: fct_contact
    semantic_model: {enabled: true, name: contacts}
    columns:
      - {name: contact_id, entity: {type: primary, name: contact}}
      - {name: customer_key, entity: {type: foreign, name: customer}}
    metrics:
      - {name: minutes, type: simple, agg: sum}
  - name: stg_tills
    columns: [{name: till_id, data_tests: [unique]}]
metrics:
  - name: revenue_per_minute
    type: derived
    expr: paid / talked
    input_metrics: [{name: revenue, alias: paid}, {name: minutes, alias: talked}]
"""

OSI = """version: 0.1.1
semantic_model:
  - name: shop
    datasets:
      - name: sales
        source: fct_sale
        primary_key: [order_id, line_id]
        description: One row is one line of one order.
        fields:
          - {name: size, dimension: {}, expression: {dialects: [
              {dialect: ANSI_SQL, expression: "CASE WHEN revenue >= 100 THEN 'big' ELSE 'small' END"}]}}
          - {name: amount, expression: {dialects: [
              {dialect: SNOWFLAKE, expression: "REVENUE::NUMBER"}, {dialect: ANSI_SQL, expression: revenue}]}}
      - name: customer
        source: dim_customer
        primary_key: [customer_key]
        fields:
          - {name: region, dimension: {is_time: false}, expression: {dialects: [
              {dialect: ANSI_SQL, expression: region}]}}
      - name: day
        source: dim_date
        primary_key: [date_key]
        fields:
          - {name: month, dimension: {is_time: false}, expression: {dialects: [
              {dialect: ANSI_SQL, expression: month}]}}
      - {name: contacts, source: fct_contact, primary_key: [contact_id]}
    relationships:
      - {name: sales_customer, from: sales, to: customer, from_columns: [customer_key], to_columns: [customer_key]}
      - {name: sold, from: sales, to: day, from_columns: [date_key], to_columns: [date_key]}
      - {name: shipped, from: sales, to: day, from_columns: [shipped_key], to_columns: [date_key]}
      - {name: talks, from: contacts, to: customer, from_columns: [customer_key], to_columns: [customer_key]}
    metrics:
      - {name: revenue, expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(sales.amount)}]}}
      - {name: lines, expression: {dialects: [{dialect: ANSI_SQL, expression: COUNT(sales.*)}]}}
      - {name: big_revenue, description: Lines of 100 and more., expression: {dialects: [
          {dialect: ANSI_SQL, expression: "SUM(CASE WHEN sales.size = 'big' THEN sales.amount END)"}]}}
      - {name: order_value, expression: {dialects: [
          {dialect: ANSI_SQL, expression: "SUM(sales.amount) / NULLIF(COUNT(DISTINCT sales.order_id), 0)"}]}}
      - {name: minutes, expression: {dialects: [{dialect: ANSI_SQL, expression: SUM(contacts.minutes)}]}}
      - {name: revenue_per_minute, expression: {dialects: [
          {dialect: ANSI_SQL, expression: SUM(sales.amount) / SUM(contacts.minutes)}]}}
"""


# The same day as a calendar of Cube and of dbt: a table with one row a day.
CUBE_DAYS = """  - name: day
    sql_table: dim_date
    calendar: true
    dimensions:
      - {name: date_key, sql: date_key, type: number, primary_key: true}
      - {name: date, sql: date, type: time}
"""
DBT_DAYS = """  - name: dim_date
    semantic_model: {enabled: true, name: days}
    time_spine: {standard_granularity_column: date}
    columns:
      - {name: date_key, entity: {type: primary, name: day}}
      - {name: date, granularity: day, dimension: {type: time}}
"""


def written(folder: Path, imported: Imported) -> Path:
    """The cube files of an import in a folder of their own."""
    cubes = folder / "cubes"
    cubes.mkdir()
    for name, text in imported.files.items():
        (cubes / name).write_text(text)
    return cubes


def model_of(folder: Path, text: str, read: Callable[[Path], Imported], engine: DuckEngine) -> tuple[Model, Imported]:
    """A foreign model imported, loaded and held to the warehouse."""
    file = folder / "foreign.yml"
    file.write_text(text)
    imported = read(file)
    model = bind_model(load_model(written(folder, imported)), engine)
    assert list(model.problems()) == []
    return model, imported


def rows(engine: DuckEngine, model: Model, cube: str, measures: Sequence[str], *by: str, where: str = "") -> list[Any]:
    """The cells of a question, as plain numbers."""
    query = CubeQuery(cube).measures(*measures).by(*by)
    frame = browse(engine, model, query.dice(where) if where else query).frame
    return [tuple(float(v) if isinstance(v, int) or hasattr(v, "as_tuple") else v for v in row) for row in frame.rows()]
