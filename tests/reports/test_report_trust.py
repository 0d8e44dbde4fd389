"""How far to trust the scores, and whom not to contact: the words the reader must be able to rely on."""

import polars as pl
import pytest
from made_up import consents, everything, priority

from crm_analytics.reports.inputs import OverviewInputs, Sourced
from crm_analytics.reports.model import Section
from crm_analytics.reports.overview import overview

NBSP = "\u00a0"


def section(inputs: OverviewInputs, name: str) -> Section:
    return next(part for part in overview(inputs).sections if part.id == name)


def test_each_score_is_judged_in_a_sentence_the_main_measure_first() -> None:
    points = {point.term: point.text for point in section(everything(), "trust").points}
    assert list(points) == ["Churn risk", "Lifetime value", "Next offer"]
    # Given as calibration first and AUC second: told the other way round, with the baseline's value beside.
    assert points["Churn risk"] == (
        "Not distinguishable from “days since last order” by AUC: 0.893 against 0.873. "
        f"Gap between predicted risk and what happened: 1.0{NBSP}% (said 6.5%, 5.9% came true)."
    )
    assert points["Lifetime value"] == (
        f"Worse than “same as last 90 days” by spend error per customer: 1,182.23{NBSP}USD against 175.50{NBSP}USD. "
        f"Worse than “same as last 90 days” by error of the total spend: -2.5{NBSP}% against -3.3{NBSP}%."
    )


def test_the_day_of_the_test_is_that_of_the_evaluation() -> None:
    # The report is of 2018-01-01, the evaluation of the day after.
    assert "in the 90 days before 2018-01-02" in section(everything(), "trust").sentence


def test_the_churn_section_speaks_of_churn_only() -> None:
    part = section(everything(), "churn")
    assert [point.term for point in part.points] == ["Churn risk"]
    assert not [table.caption for table in part.tables if "plain rule" in table.caption]


def test_measures_stand_in_groups_the_main_one_first_and_unknown_ones_last() -> None:
    churn, value, offer = section(everything(), "trust").tables
    assert list(churn.groups.items()) == [
        (0, "AUC (0.5 = chance, 1 = perfect)"),
        (2, "Gap between predicted risk and what happened, % (0 = perfect)"),
        (3, "Gini index (as measured)"),
    ]
    assert churn.rows["score"].to_list() == ["churn risk", "days since last order", "churn risk", "churn risk"]
    assert list(value.groups.values()) == [
        "Spend error per customer, USD (0 = perfect)",
        "Error of the total spend, % (0 = exact, minus = too low)",
    ]
    assert offer.rows["worded_value"].to_list() == ["26.7 %", "25.5 %"]


def test_low_and_high_are_one_interval() -> None:
    churn, value, _ = section(everything(), "trust").tables
    assert churn.rows["interval"].to_list() == ["0.870 to 0.919", "0.847 to 0.902", "0.7 % to 2.0 %", "–"]
    assert value.rows["interval"][0] == "1,173.50 to 1,191.10"
    assert {column.title for column in churn.columns} == {"Score", "Value", "95 % interval", "Verdict"}


def test_every_row_of_the_evaluation_is_shown() -> None:
    given = everything().evaluation
    assert given is not None
    shown = section(everything(), "trust").tables
    assert sum(table.rows.height for table in shown) == given.frame.height
    assert all(table.sql == given.sql for table in shown)


def test_a_list_without_recorded_consent_warns_before_all_else() -> None:
    report = overview(everything())
    assert report.tiles[-1].warning
    assert section(everything(), "priority").warning.startswith("Consent is not recorded: do not send")


@pytest.mark.parametrize("unknown", [None, consents({})])
def test_where_nothing_is_known_of_consent_nobody_has_agreed(unknown: Sourced | None) -> None:
    assert section(everything(consents=unknown), "priority").warning.startswith("Consent is not recorded")


def test_those_who_did_not_agree_are_counted() -> None:
    inputs = everything(consents=consents({"granted": 1983, "none given": 17}))
    part = section(inputs, "priority")
    assert part.warning == "17 of the 2,000 customers on the list agreed to no channel: do not contact them."
    assert part.tables[0].caption == "The first 10 of the 2,000 customers on the priority list"
    tile = overview(inputs).tiles[-1]
    assert (tile.label, tile.value, tile.note, tile.warning) == (
        "Agreed to be contacted",
        1983,
        "of 2,000 on the priority list",
        False,
    )


def test_where_everybody_agreed_there_is_nothing_to_warn_of() -> None:
    assert section(everything(consents=consents({"granted": 5})), "priority").warning == ""


def test_every_customer_stands_with_reason_offer_and_consent() -> None:
    given, table = priority().frame, section(everything(), "priority").tables[0]
    shown = [name for column in table.columns for name in (column.name, column.detail) if name]
    assert {"rank", "customer_id", "expected_value_90d", "reason", "next_offer", "next_offer_reason"} <= set(shown)
    assert table.rows["consent_in_words"].to_list() == ["consent: not recorded"] * given.height
    # Nor are two more forecasts of the same spend beside it, which say something else.
    assert not {"bg_nbd_spend_90d", "p_alive"} & set(shown)


def test_a_customer_without_a_segment_keeps_the_class() -> None:
    bare = Sourced(priority().frame.with_columns(segment=pl.lit(None, pl.String)))
    assert section(everything(priority=bare), "priority").tables[0].rows["kind"][0] == "Champions"


@pytest.mark.parametrize(("margin", "words"), [(False, "to spend 612.34"), (True, "to bring a margin of 612.34")])
def test_the_value_is_called_what_it_is(margin: bool, words: str) -> None:
    part = section(everything(value_is_margin=margin), "priority")
    assert f"expected {words}{NBSP}USD" in part.sentence
    assert ("margin expected" in part.note) is margin
