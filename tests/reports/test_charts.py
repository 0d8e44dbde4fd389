"""Figures: what is drawn is what was given, worded safely, with units on the axes."""

import json
import math
from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import HOSTILE, by_month, departments, rfm, segments

from crm_analytics.charts import (
    Figure,
    bars,
    calibration,
    chart_cells,
    expectations_kept,
    figure_json,
    lift_by_decile,
    revenue_over_time,
    rfm_matrix,
    rules_scatter,
    segment_shares,
    won_and_lost,
)
from crm_analytics.charts.shape import labels, number, plain, quantity, times
from crm_analytics.errors import QueryError

FORMATS = {"revenue": "money", "customers": "count", "share": "percent"}
TITLES = {"revenue": "Revenue", "customers": "Customers", "share": "Share", "product.department": "Department"}


def axis_titles(figure: Figure) -> list[str]:
    layout = json.loads(figure_json(figure))["layout"]
    return [layout[name]["title"]["text"] for name in sorted(layout) if name[1:].startswith("axis")]


def test_revenue_and_customers_stand_in_panels_of_their_own() -> None:
    figure = revenue_over_time(by_month().frame, currency="EUR", last_incomplete=True)
    bar, line, unfinished = figure.data
    assert (bar.type, line.type, line.yaxis, unfinished.yaxis) == ("bar", "scatter", "y2", "y2")
    # No line falls to the last, incomplete month: it is a point of its own, pale.
    assert (len(line.x), unfinished.x, unfinished.y) == (11, ("2017-12-01",), (2156,))
    assert unfinished.marker.opacity == (0.35,)
    assert len(revenue_over_time(by_month().frame).data) == 2
    assert bar.y[0] == 317000.51
    assert bar.x[0] == "2017-01-01"
    # Only the last bar is pale, and its hover says why.
    assert bar.marker.opacity == (1.0,) * 11 + (0.35,)
    assert bar.hovertext[-1].startswith("<b>2017-12 (not complete)</b>")
    assert axis_titles(figure) == ["", "Revenue, EUR", "Customers"]


def test_bars_keep_the_order_of_the_frame_and_stop_at_fifteen() -> None:
    figure = bars(departments().frame, "product.department", "revenue", currency="USD")
    assert len(figure.data[0].x) == 15
    assert figure.data[0].y[:3] == ("GROCERY", "DRUG GM", "FUEL")
    assert figure.layout.yaxis.autorange == "reversed"  # the first on top
    # Two names are cut to the same text: they must stay two bars.
    assert len(set(figure.data[0].y)) == 15


def test_a_pair_of_scores_that_nobody_has_is_drawn_as_nobody() -> None:
    heat = rfm_matrix(rfm().frame, currency="USD").data[0]
    assert heat.z[0][4] == 0
    assert heat.z[4][4] == 260  # 30 + 40 * 5 + 30
    assert heat.hovertext[0][4] == "<b>Recency 1, frequency 5</b><br>Customers: 0<br>Mean spend a customer: –"


def test_each_segment_has_its_two_shares_side_by_side() -> None:
    customers, spend = segment_shares(segments().frame).data
    assert customers.y == spend.y
    assert (customers.x[0], spend.x[0]) == (0.2025, 0.581)


def test_rules_are_numbered_as_in_the_table() -> None:
    frame = pl.DataFrame({"rule": ["a → b"] * 10, "support": [0.01] * 10, "confidence": [0.5] * 10, "lift": [2.0] * 10})
    assert rules_scatter(frame).data[0].text == (*(str(i) for i in range(1, 9)), "", "")


def test_the_right_model_is_a_line_to_compare_with() -> None:
    frame = pl.DataFrame({"predicted": [0.1, 0.9], "observed": [0.2, None], "customers": [5, 6]})
    right, model = calibration(frame).data
    assert (right.x, right.y) == ((0, 1), (0, 1))
    assert model.y == (0.2, None)


def test_small_risks_have_the_picture_to_themselves() -> None:
    # All at most 0.38, so the axes end at 0.5, and so does the line of the perfect model.
    frame = pl.DataFrame({"predicted": [0.02, 0.38], "observed": [0.01, 0.33], "customers": [5, 6]})
    figure = calibration(frame)
    assert figure.data[0].x == (0, 0.5)
    assert figure.layout.xaxis.range[1] == pytest.approx(0.51)


def test_tenths_above_the_average_have_another_colour() -> None:
    frame = pl.DataFrame(
        {"decile": [1, 2], "lift": [1.9, 0.1], "rate": [0.8, 0.1], "customers": [9, 9], "churners": [7, 1]}
    )
    colors = lift_by_decile(frame).data[0].marker.color
    assert colors[0] != colors[1]


def test_deals_lost_stand_on_those_won_and_say_their_value() -> None:
    frame = pl.DataFrame(
        {"closed.month": ["2017-01"], "won": [3], "lost": [2], "won_amount": [90.0], "lost_amount": [40.5]}
    )
    won, lost = won_and_lost(frame, currency="USD").data
    assert (won.name, list(won.y), lost.name, list(lost.y)) == ("Won", [3], "Lost", [2])
    assert lost.hovertext[0] == "<b>2017-01</b><br>Lost: 2<br>Value: 40.50\u00a0USD"
    assert won.marker.color != lost.marker.color


def test_a_failed_expectation_has_another_colour_and_a_mark_where_it_should_be() -> None:
    frame = pl.DataFrame(
        {
            "expected": ["a", "b", "c"],
            "passing": [0.5, 0.9, 1.0],
            "wanted": [0.6, 0.95, 1.0],
            "verdict": ["fails", "warning", "holds"],
            "rows": [10, 20, 30],
            "failing": [5, 2, 0],
        }
    )
    bars_, marks = expectations_kept(frame).data
    assert len(set(bars_.marker.color)) == 3
    assert (list(bars_.x), list(marks.x)) == ([0.5, 0.9, 1.0], [0.6, 0.95, 1.0])


@pytest.mark.parametrize(
    ("draw", "columns"),
    [
        (lambda frame: revenue_over_time(frame), ("date.month", "revenue", "customers")),
        (lambda frame: bars(frame, "month", "revenue"), ("month", "revenue")),
        (lambda frame: rfm_matrix(frame), ("r_score", "f_score", "customers", "mean_spend")),
        (lambda frame: segment_shares(frame), ("segment", "customers", "customer_share", "spend_share")),
        (lambda frame: rules_scatter(frame), ("rule", "support", "confidence", "lift")),
        (lambda frame: calibration(frame), ("predicted", "observed", "customers")),
        (lambda frame: lift_by_decile(frame), ("decile", "lift", "rate", "customers", "churners")),
        (lambda frame: won_and_lost(frame), ("closed.month", "won", "lost", "won_amount", "lost_amount")),
        (lambda frame: expectations_kept(frame), ("expected", "passing", "wanted", "verdict", "rows", "failing")),
        (lambda frame: chart_cells(frame, ["a"], ["revenue"], {}, {}), ("a", "revenue")),
        (lambda frame: chart_cells(frame, ["a", "b"], ["revenue"], {}, {}), ("a", "b", "revenue")),
    ],
)
def test_no_rows_are_said_and_not_drawn(draw, columns: tuple[str, ...]) -> None:
    figure = draw(pl.DataFrame({name: [] for name in columns}))
    assert [note.text for note in figure.layout.annotations] == ["No rows to draw"]


# chart_cells: the picture of any cube answer


def cells(dimensions: dict[str, list[object]], **measures: list[object]) -> Figure:
    frame = pl.DataFrame(dimensions | measures, strict=False)
    return chart_cells(frame, list(dimensions), list(measures), FORMATS, TITLES, "USD")


def test_time_makes_a_line_for_each_measure() -> None:
    figure = cells({"date.month": ["2017-01", "2017-02"]}, revenue=[1.5, 2.5], customers=[3, 4])
    assert [(trace.type, trace.mode) for trace in figure.data] == [("scatter", "lines+markers")] * 2
    assert axis_titles(figure)[-2:] == ["Revenue, USD", "Customers"]


def test_time_and_a_second_dimension_make_a_line_for_each_member() -> None:
    figure = cells(
        {"date.month": ["2017-01", "2017-01", "2017-02"], "product.department": ["A", None, "A"]},
        revenue=[1.0, 2.0, 3.0],
    )
    assert [(trace.name, trace.y) for trace in figure.data] == [("A", (1.0, 3.0)), ("(none)", (2.0,))]


def test_one_dimension_makes_bars_with_a_panel_for_each_unit() -> None:
    figure = cells({"product.department": ["A", "B"]}, revenue=[1, 2], margin=[1, 1], cost=[2, 2], share=[0.4, 0.6])
    # Revenue is money, margin and cost have no format: plain numbers; share is percent.
    assert [(trace.type, trace.xaxis) for trace in figure.data] == [
        ("bar", "x"),
        ("bar", "x2"),
        ("bar", "x2"),
        ("bar", "x3"),
    ]
    assert axis_titles(figure)[-3:] == ["Revenue, USD", "margin · cost", "Share, %"]


def test_two_dimensions_make_a_heatmap_with_gaps_where_there_is_no_row() -> None:
    heat = cells({"product.department": ["A", "B"], "store.region": ["N", "S"]}, revenue=[1, 2]).data[0]
    assert heat.type == "heatmap"
    assert (heat.x, heat.y) == (("N", "S"), ("A", "B"))
    assert [list(row) for row in heat.z] == [[1, None], [None, 2]]


def test_a_third_dimension_is_joined_to_the_second() -> None:
    heat = cells({"a": ["A"], "b": ["B"], "c": [None]}, revenue=[1]).data[0]
    assert heat.x == ("B · (none)",)


def test_no_dimension_makes_one_bar_and_no_measure_is_refused() -> None:
    assert cells({}, revenue=[Decimal("1.25")]).data[0].y == (1.25,)
    with pytest.raises(QueryError, match="no measure"):
        cells({"a": ["x"]})


def test_rows_keep_to_their_member_whatever_their_order() -> None:
    figure = cells({"date.month": ["2017-02", "2017-01", "2017-01"], "store": ["x", "y", "x"]}, revenue=[1, 2, 3])
    assert [(trace.name, trace.x, trace.y) for trace in figure.data] == [
        ("x", ("2017-02-01", "2017-01-01"), (1, 3)),
        ("y", ("2017-01-01",), (2,)),
    ]


# shapes


@pytest.mark.parametrize(
    ("values", "name", "kind"),
    [
        ([date(2017, 1, 1)], "day", "date"),
        ([datetime(2017, 1, 1, 8)], "at", "date"),
        (["2017-01-31"], "anything", "date"),
        (["2017-01"], "anything", "month"),
        (["2017-Q1", "2017-Q2"], "anything", "category"),
        (["2017-W05"], "anything", "category"),
        ([2016, 2017], "date.year", "category"),
        (["2017"], "date.year", "category"),
        ([2016, 2017], "store", None),
        (["2017"], "house_number", None),
        (["2017-01", None], "month", None),
        (["A"], "year", None),
        ([], "year", None),
    ],
)
def test_time_is_told_from_other_members(values: list[object], name: str, kind: str | None) -> None:
    found = times(values, name)
    assert (found and found[0]) == kind


def test_quantities_carry_their_unit_and_never_break() -> None:
    assert quantity(1234.5, "money", "USD") == "1,234.50\u00a0USD"
    assert quantity(0.123, "percent") == "12.3\u00a0%"
    assert quantity(30, "days") == "30\u00a0days"
    assert quantity(None, "money", "USD") == "–"
    assert quantity("two words", "text") == "two words"


@given(st.lists(st.text(max_size=40)))
def test_different_rows_have_different_labels(values: list[str]) -> None:
    assert len(set(labels(values))) == len(values)


@given(st.text())
def test_plain_text_has_no_markup_left(text: str) -> None:
    safe = plain(text)
    assert "<" not in safe
    assert ">" not in safe
    assert safe.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == text


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.decimals(allow_nan=False), st.text()))
def test_a_number_is_one_that_json_has(value: object) -> None:
    found = number(value)
    assert found is None or math.isfinite(found)


def test_figure_json_cannot_end_its_element() -> None:
    figure = bars(pl.DataFrame({"a": [HOSTILE], "m": [1]}), "a", "m")
    figure.update_layout(title={"text": HOSTILE + "\u2028"})
    text = figure_json(figure)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text)["layout"]["title"]["text"] == HOSTILE + "\u2028"
