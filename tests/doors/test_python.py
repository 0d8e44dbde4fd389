"""The same job from Python, as a notebook would do it."""

from pathlib import Path

import pytest

import crm_analytics as crm
from crm_analytics.errors import QueryError


def test_a_question_is_a_value_that_each_verb_leaves_alone(folder: Path) -> None:
    with crm.open(folder) as shop:
        plain = shop.cube("sales").measures("revenue")
        by_year = plain.by("date.year")
        assert plain.frame.height == 1
        assert by_year.slice("date.year", 2017).frame.height == 1
        assert by_year.frame.height > 1


def test_drilling_down_and_rolling_up_is_there_and_back(folder: Path) -> None:
    with crm.open(folder) as shop:
        coarse = shop.cube("sales").measures("revenue").by("product.department")
        fine = coarse.drill_down("product")
        assert fine.frame.columns[:2] == ["product.department", "product.category"]
        assert fine.frame["revenue"].sum() == coarse.frame["revenue"].sum()
        assert fine.roll_up("product").frame.equals(coarse.frame)


def test_an_answer_is_drilled_into_from_one_of_its_cells(folder: Path) -> None:
    with crm.open(folder) as shop:
        answer = shop.cube("sales").measures("revenue").by("product.department").top(2, "revenue").totals().run()
        inside = answer.drill_down("product", answer.cell(0)).frame
        assert inside.columns[:2] == ["product.department", "product.category"]
        assert inside.filter(inside["total"] == "all")["revenue"][0] == answer.frame["revenue"][0]
        with pytest.raises(QueryError, match="others"):
            answer.drill_down("product", answer.cell(2))
        assert answer.drill_down("product").roll_up("product").query == answer.ask.query


def test_a_filter_on_a_measure_goes_on_holding_for_the_cell_that_is_drilled_into(folder: Path) -> None:
    with crm.open(folder) as shop:
        sales = shop.cube("sales").measures("revenue").by("product.department")
        largest = max(sales.frame["revenue"])
        answer = sales.dice(f"revenue >= {largest}").run()
        # Every category sells less than its department, and none of them is filtered away.
        assert answer.drill_down("product", answer.cell(0)).frame["revenue"].sum() == largest


def test_an_answer_has_a_frame_its_sql_a_pivot_a_picture_and_a_table(folder: Path) -> None:
    with crm.open(folder) as shop:
        answer = shop.cube("sales").measures("revenue").by("channel.channel", "date.year").totals().run()
        assert {"channel.channel", "date.year", "revenue", "total"} <= set(answer.frame.columns)
        assert shop.engine.rows(answer.sql)[0][:2] == answer.frame.row(0)[:2]
        assert "Total" in answer.pivot("date.year").columns
        assert len(answer.chart().data) > 0
        assert "<table" in answer._repr_html_()


def test_a_cube_can_be_sliced_by_what_was_mined(folder: Path) -> None:
    with crm.open(folder) as shop:
        by_class = shop.cube("sales").measures("revenue", "customers").by("score.rfm_class").totals().frame
    total = by_class.filter(by_class["total"] != "")
    assert by_class.height > 4
    assert by_class.filter(by_class["total"] == "")["revenue"].sum() == total["revenue"][0]


def test_two_facts_in_one_question_by_segment(folder: Path) -> None:
    with crm.open(folder) as shop:
        both = shop.cube("sales").measures("revenue", "contacts.contacts").by("score.segment").frame
        alone = shop.cube("contacts").measures("contacts").by("score.segment").frame
    assert both["contacts.contacts"].sum() == alone["contacts"].sum()


def test_a_fact_sliced_by_a_dimension_it_does_not_reach_is_refused(folder: Path) -> None:
    with crm.open(folder) as shop, pytest.raises(QueryError, match="product"):
        shop.cube("sales").measures("revenue", "contacts.contacts").by("product.department").run()


def test_reading_and_writing_may_take_turns(folder: Path) -> None:
    with crm.open(folder) as shop:
        question = shop.cube("sales").measures("revenue")
        before = question.frame
        shop.score(models=["rfm"])
        assert question.frame.equals(before)


def test_a_question_is_sorted_and_cut(folder: Path) -> None:
    with crm.open(folder) as shop:
        ask = shop.cube("sales").measures("revenue").by("product.department")
        largest = ask.sort("revenue").frame["revenue"].to_list()
        assert largest == sorted(largest, reverse=True)
        assert ask.sort("revenue", descending=False).limit(2).frame["revenue"].to_list() == largest[:-3:-1]


def test_a_pivot_with_totals_has_those_of_its_columns_too(folder: Path) -> None:
    with crm.open(folder) as shop:
        question = shop.cube("sales").measures("customers").by("product.department", "date.year").totals()
        wide = question.pivot("date.year")
        laid_out = shop.cube("sales").measures("customers").by("product.department").pivot_on("date.year").totals()
        assert wide.equals(laid_out.pivot())
        assert wide.row(-1)[1] == "all"
        assert None not in wide.row(-1)[2:]
        top = question.top(2, "customers").pivot("date.year")
        assert None not in top.row(-1)[3:]


def test_an_estimate_comes_before_the_answer(folder: Path) -> None:
    with crm.open(folder) as shop:
        ask = shop.cube("sales").measures("revenue").by("product.department")
        estimate = ask.estimate()
        ((sales,),) = shop.engine.rows("SELECT count(*) FROM fct_sale")
        assert [scan.rows for scan in estimate.scans if scan.table == "fct_sale"] == [sales]
        assert estimate.most_rows == ask.frame.height  # every department has been sold
        assert (estimate.sql, estimate._repr_html_()[:5]) == (ask.sql, "<pre>")


def test_an_answer_is_read_page_by_page(folder: Path) -> None:
    with crm.open(folder) as shop:
        months = shop.cube("sales").measures("revenue").by("date.month").sort("revenue")
        whole = months.frame
        assert months.page(2, 5).frame.equals(whole[5:10])
        assert months.limit(3, offset=1).frame.equals(whole[1:4])
        with pytest.raises(QueryError, match="page 0: the first page is 1"):
            months.page(0, 5)


def test_a_question_is_short_to_look_at_and_names_are_texts(folder: Path) -> None:
    with crm.open(folder) as shop:
        ask = shop.cube("sales").measures("revenue")
        assert len(repr(ask)) < 500
        assert len(repr(ask.run())) < 600
        with pytest.raises(QueryError, match="is no name; write each as a text of its own"):
            ask.measures(["revenue", "customers"])  # type: ignore[arg-type]


def test_a_filter_on_a_measure_of_the_whole_says_that_it_was_asked_of_the_whole(folder: Path) -> None:
    with crm.open(folder) as shop:
        notes = shop.cube("sales").measures("revenue").dice("contacts.contacts >= 1").run().cells.notes
    assert "was asked of the whole; for some members of it write '... per ATTRIBUTE'" in notes[0]
