"""What the overview says of what it is given, and of what it is not given."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from made_up import departments, everything, nothing, priority, rules, segments

from crm_analytics.errors import ConfigError, UnknownName
from crm_analytics.reports.html import render
from crm_analytics.reports.inputs import OverviewInputs, Sourced
from crm_analytics.reports.model import Section
from crm_analytics.reports.overview import SECTIONS, overview, read_layout

FRAMES = [
    name for name, value in ((f, getattr(everything(), f)) for f in OverviewInputs.__slots__) if hasattr(value, "frame")
]
NBSP = "\u00a0"


def section(inputs: OverviewInputs, name: str) -> Section:
    return next(part for part in overview(inputs).sections if part.id == name)


def test_the_headline_becomes_tiles_and_the_period_the_subtitle() -> None:
    report = overview(everything())
    assert [(tile.label, str(tile.value), tile.fmt) for tile in report.tiles] == [
        ("Revenue", "4596039.58", "money"),
        ("Customers", "2469", "count"),
        ("Orders", "155848", "count"),
        ("Average order", "29.49", "money"),
        ("Promotions", "20940529", "count"),
        ("Consent", "not recorded", "text"),
    ]
    assert report.subtitle == "Sales from 2017-01-01 to 2017-12-29"


def test_without_promotions_there_is_no_tile_for_them() -> None:
    assert "Promotions" not in [tile.label for tile in overview(everything(promotions=None)).tiles]


def test_the_sentence_names_the_best_month_and_the_incomplete_one() -> None:
    # Revenue is 300 + (17 month mod 90) thousand: 17, 34, 51, 68, 85, 12, ...: May has the most, and 65 more customers.
    told = section(everything(), "over-time").sentence
    assert f"most revenue was 2017-05: 385,000.55{NBSP}USD from 2,065 customers" in told
    assert "2017-12 is not complete" in told
    assert "complete" not in section(everything(last_month_incomplete=False), "over-time").sentence


def test_the_grand_total_is_marked_named_and_explained() -> None:
    part = section(everything(), "departments")
    table = part.tables[0]
    assert table.total_rows == {table.rows.height - 1}
    assert table.rows["product.department"][-1] == "All departments"
    assert "counted once in the total" in part.note
    # The picture holds departments only: a total among its parts would dwarf them.
    assert "All departments" not in part.charts[0].figure.data[0].y


def test_a_department_named_nothing_is_not_mistaken_for_the_total() -> None:
    # Two rows have no name: one department, and the total.  18 of the 19 rows are departments.
    found = departments().frame
    assert found["product.department"].null_count() == 2
    assert section(everything(), "departments").sentence.startswith("GROCERY is the largest of 18 departments")


def test_rules_read_the_same_from_lists_and_from_text() -> None:
    lists = rules()
    texts = Sourced(
        lists.frame.with_columns(pl.col("antecedents", "consequents").list.join(" + ")),
        lists.sql,
    )
    left, right = section(everything(), "rules"), section(everything(rules=texts), "rules")
    assert left.sentence == right.sentence
    assert left.tables[0].rows.equals(right.tables[0].rows)


def test_a_long_list_of_rules_is_cut_and_says_so() -> None:
    many = Sourced(pl.concat([rules().frame] * 3))
    table = section(everything(rules=many), "rules").tables[0]
    assert (table.rows.height, table.caption) == (20, "The first 20 of 36 rules")


def test_the_tenth_tenth_has_the_highest_risk_and_comes_first() -> None:
    lift = everything().churn_lift
    assert lift is not None
    upside_down = everything(churn_lift=Sourced(lift.frame.reverse()), horizon_days=60)
    part = section(upside_down, "churn")
    # 210 + 120 + 60 + 40 + 20 + 12 + 8 + 4 + 2 + 1 = 477 of 10 times 247 customers; 210 / 247 = 85.0 %.
    assert "477 of 2,470 customers did not order within 60 days" in part.sentence
    assert f"85.0{NBSP}% of them, 4.40 times the average" in part.sentence
    assert part.charts[0].figure.data[0].x[0] == "10"


def test_rules_that_were_not_counted_again_say_nothing_of_later() -> None:
    # As they are before `crm evaluate`.
    fresh = Sourced(rules().frame.drop("lift_later", "orders_later"), rules().sql)
    part = section(everything(rules=fresh), "rules")
    assert "later" not in f"{part.sentence} {part.note}".lower()
    assert not [column.name for column in part.tables[0].columns if "later" in column.name]


def test_segments_are_told_in_words_above_the_table_and_not_in_it() -> None:
    part = section(everything(), "segments")
    assert [point.term for point in part.points] == segments().frame["segment"].to_list()
    assert part.points[0].text == segments().frame["in_words"][0]
    assert not {"in_words", "as_of"} & {column.name for column in part.tables[0].columns}


def test_medians_that_are_whole_are_written_whole() -> None:
    # 130, 70.5, 40, 9 orders: one of them is half, so all keep their decimals.
    halves = {column.name: column for column in section(everything(), "segments").tables[0].columns}
    assert halves["median_orders"].fmt == "number"
    whole = Sourced(segments().frame.with_columns(median_orders=pl.Series([130.0, 70.0, 40.0, 9.0])))
    table = section(everything(segments=whole), "segments").tables[0]
    assert {column.name: column for column in table.columns}["median_orders"].fmt == "count"
    assert table.rows["median_orders"].to_list() == [130, 70, 40, 9]


def test_a_share_of_one_row_in_ten_thousand_is_not_nothing() -> None:
    # 4836 / 1469307 = 0.329 %
    table = next(t for t in section(everything(), "quality").tables if "unknown" in t.caption)
    assert table.rows["share_percent"][0] == pytest.approx(0.329, abs=0.001)
    assert table.columns[-1].heading("USD").endswith(", %")


def test_scores_of_an_earlier_day_say_so() -> None:
    # Segments look back from 2018-01-01, the report is of the same day, the list of a week before.
    earlier = Sourced(priority().frame.with_columns(as_of=pl.lit(date(2017, 12, 25))))
    report = overview(everything(priority=earlier))
    assert "Scores look back from 2017-12-25 and 2018-01-01 only." in report.footnotes[0]
    assert "Ranked as of 2017-12-25" in section(everything(priority=earlier), "priority").note


def test_notes_on_the_data_are_told() -> None:
    assert "no consent records" in section(everything(), "quality").note


def test_a_load_without_rejects_says_that_all_rows_were_used() -> None:
    quality = everything().quality
    assert quality is not None
    clean = Sourced(quality.frame.with_columns(rows_rejected=pl.lit(0)))
    assert "rows were read; all were used." in section(everything(quality=clean), "quality").sentence


def test_with_nothing_at_all_every_section_says_so_in_one_sentence() -> None:
    report = overview(nothing())
    assert report.tiles == ()
    # Deals, contacts and responses are no lack where a company has none: they are left out.
    assert [part.id for part in report.sections] == [n for n in SECTIONS if n not in ("deals", "contacts", "responses")]
    for part in report.sections:
        assert part.sentence.endswith(".")
        assert part.sentence.count(".") == 1
        assert part.charts == part.tables == ()


@pytest.mark.parametrize("name", FRAMES)
def test_any_frame_may_be_missing_or_empty(name: str) -> None:
    full: Sourced = getattr(everything(), name)
    missing = render(overview(everything(**{name: None})))
    empty = render(overview(everything(**{name: Sourced(full.frame.clear(), full.sql)})))
    assert missing == empty


def test_a_frame_without_its_column_is_refused() -> None:
    months = everything().by_month
    assert months is not None
    with pytest.raises(UnknownName, match="no column 'orders'"):
        overview(everything(by_month=Sourced(months.frame.drop("orders"))))


def test_a_project_may_choose_and_reword_the_sections(tmp_path: Path) -> None:
    layout = tmp_path / "overview.yml"
    layout.write_text("sections:\n  priority: Call these first\n  over-time: The year\n")
    report = overview(everything(), layout)
    assert [(part.id, part.title) for part in report.sections] == [
        ("priority", "Call these first"),
        ("over-time", "The year"),
    ]


def test_deals_are_counted_by_month_and_by_reason() -> None:
    # 8 + 0 + 2 won, worth 800 + 250.25; 4 + 5 + 1 lost; 10 of 20.
    part = section(everything(), "deals")
    assert part.sentence == (
        f"10 deals were won, worth 1,050.25{NBSP}USD, and 10 lost: 50.0{NBSP}% of those decided were won. "
        "Most were lost for the reason price: 6."
    )
    assert [table.rows.height for table in part.tables] == [3, 3]
    # A deal without a last day is in the table; on an axis of time there is no place for it.
    assert list(part.charts[0].figure.data[0].x) == ["2017-01-01", "2017-02-01"]
    without = section(everything(lost_reasons=None), "deals")
    assert (len(without.charts), len(without.tables)) == (1, 1)


def test_contacts_and_responses_are_told_with_the_most_first() -> None:
    assert section(everything(), "contacts").sentence == "7,000 contacts; the most through mail: 6,589."
    part = section(everything(), "responses")
    assert part.sentence == "700 responses came back; the most from Campaign 18: 653."
    # This cube counts no opt-outs, so the table has no column for them.
    names = [column.name for column in part.tables[0].columns]
    assert names[2:] == ["customers_responding", "responder_share", "complaints"]


def test_what_is_not_as_expected_is_told_first() -> None:
    part = section(everything(), "quality")
    assert part.sentence.startswith(
        "2 of 5 expectations of the data hold. Warned of: customers, email is filled (50 of 100 rows, 60 % wanted). "
    )
    assert part.warning == (
        "The data is not as expected: customers, country is one of AT, DE (90 of 100 rows); "
        "sales, the last sold_at is at most 7 days before 2018-01-05 (it is 2017-12-20)."
    )
    assert part.tables[0].rows["verdict"].to_list() == [
        *("fails", "fails", "warning", "holds", "holds", "nothing to look at")
    ]
    # Only what some rows fail is drawn: the country, the e-mail, the product.
    (picture,) = part.charts
    assert list(picture.figure.data[0].x) == [0.9, 0.5, 899 / 900]
    assert list(picture.figure.data[1].x) == [1.0, 0.6, 0.99]


def test_where_all_is_as_expected_there_is_no_warning_and_no_picture() -> None:
    told = everything().expectations
    assert told is not None
    good = Sourced(told.frame.filter((pl.col("verdict") == "holds") & (pl.col("failing") == 0)), told.sql)
    part = section(everything(expectations=good), "quality")
    assert part.sentence.startswith("1 of 1 expectations of the data hold. ")
    assert (part.warning, part.charts) == ("", ())


def test_the_layout_that_ships_names_every_section() -> None:
    assert list(read_layout()) == list(SECTIONS)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sections:\n  prioritys: X\n", "overview.yml:2: unknown key 'prioritys'. Did you mean 'priority'?"),
        ("sections:\n  priority: 7\n", "overview.yml:2: the title of section 'priority' must be text"),
        ("sections: []\n", "overview.yml:1: 'sections' must name at least one section"),
        ("section:\n  priority: X\n", "unknown key 'section'. Did you mean 'sections'?"),
    ],
)
def test_a_wrong_layout_says_where_and_what(tmp_path: Path, text: str, problem: str) -> None:
    layout = tmp_path / "overview.yml"
    layout.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_layout(layout)
    assert problem in str(error.value)
