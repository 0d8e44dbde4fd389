"""Rolling windows and time shifts of Cube and stocks of dbt: they follow a calendar, or are told."""

from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.interchange.cube_yaml import import_cube
from crm_analytics.olap.interchange.metricflow import import_metricflow
from crm_analytics.olap.load import load_model
from olap.foreign import CUBE, CUBE_DAYS, LEGACY, model_of, rows, written


def left_out(folder: Path, text: str) -> list[str]:
    (folder / "shop.yml").write_text(text)
    found = import_cube(folder / "shop.yml")
    load_model(written(folder, found))
    return list(found.left_out)


OVER_TIME = """      - {name: sold_so_far, sql: revenue, type: sum, rolling_window: {trailing: unbounded}}
      - {name: buyers_60d, sql: customer_key, type: count_distinct, rolling_window: {trailing: 60 day}}
      - {name: this_year, sql: revenue, type: sum, rolling_window: {type: to_date, granularity: year}}
      - name: month_before
        sql: "{revenue}"
        type: number
        multi_stage: true
        time_shift: [{interval: 1 month, type: prior}]
"""
TO_DAYS = '      - {name: day, relationship: many_to_one, sql: "{CUBE}.date_key = {day.date_key}"}\n'


def over_time(measures: str = OVER_TIME) -> str:
    text = CUBE.replace("    joins:\n", f"    joins:\n{TO_DAYS}", 1) + CUBE_DAYS
    return text.replace("      - {name: lines, type: count}\n", f"      - {{name: lines, type: count}}\n{measures}")


def test_windows_and_shifts_follow_the_calendar_that_the_fact_leads_to(tmp_path: Path, engine: DuckEngine) -> None:
    model, imported = model_of(tmp_path, over_time(), import_cube, engine)
    assert imported.left_out == ()
    assert "buyers_60d_base: {agg: count_distinct, sql: customer_key}" in imported.files["sales.yml"]
    # January 240 (100 + 80 + 60), February 1200 (200 + 1000), April 100; ann and bob bought in January, in February
    # ann and somebody unknown, in April bob.  From 31 January 60 days back to 2 December, from 30 April to 2 March.
    got = rows(engine, model, "sales", ["sold_so_far", "this_year", "month_before", "buyers_60d"], "day.month")
    assert [row for row in got if row[0] != "2017-03"] == [
        ("2017-01", 240, 240, None, 2),
        ("2017-02", 1440, 1440, 240, 3),
        ("2017-04", 1540, 1540, 0, 1),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            CUBE.replace("type: sum, f", "type: sum, rolling_window: {trailing: 7 day}, f"),
            "sales has no key of one; with",
        ),
        (
            over_time(OVER_TIME.replace("60 day", "60 hour")),
            "days, weeks, months, quarters and years here, and not in '60 h",
        ),
        (over_time(OVER_TIME.replace("granularity: year", "granularity: fiscal")), "years here, and not in 'fiscal'"),
        (over_time(OVER_TIME.replace("type: prior", "type: next")), "only one shift, by an interval back in time"),
        (over_time(OVER_TIME.replace("unbounded}", "unbounded, leading: 1 day}")), "only a window that ends with the"),
    ],
)
def test_what_does_not_follow_the_calendar_is_told(tmp_path: Path, text: str, told: str) -> None:
    found = left_out(tmp_path, text)
    assert any(told in line for line in found), found


STOCK = """      - name: stock
        agg: sum
        expr: revenue
        create_metric: true
        non_additive_dimension: {name: date_key, window_choice: max, window_groupings: [customer]}
"""


def stock(text: str) -> str:
    to_days = (
        "      - {name: day, type: foreign, expr: date_key}\n    dimensions:\n      - {name: date_key, type: time}\n"
    )
    days = "  - {name: days, model: ref('dim_date'), entities: [{name: day, type: primary, expr: date_key}],\n"
    days += "     dimensions: [{name: date_key, type: time}]}\n"
    model = LEGACY.replace("    dimensions:\n", to_days, 1).replace("metrics:\n", f"{days}metrics:\n", 1)
    return model.replace("    measures:\n", f"    measures:\n{text}", 1)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("agg: sum", "agg: count_distinct", "the value of one day can be a sum, count, avg, min, max here, and no"),
        ("agg: sum", "agg: median", "the value of one day can be a sum, count, avg, min, max here, and no median"),
        ("[customer]", "[customer, day]", "each member of 'day' is to have a last day of its own, and it is the days"),
    ],
)
def test_a_stock_of_dbt_is_held_or_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    (tmp_path / "shop.yml").write_text(stock(STOCK))
    assert (
        "semi_additive: {over: day, take: last, per: [customer]}"
        in import_metricflow(tmp_path / "shop.yml").files["sales.yml"]
    )
    (tmp_path / "shop.yml").write_text(stock(STOCK.replace(old, new)))
    imported = import_metricflow(tmp_path / "shop.yml")
    assert any(told in line for line in imported.left_out), imported.left_out
    assert "stock" not in load_model(written(tmp_path, imported)).cube("sales").measures
