"""The priority list, on four customers whose ranks and reasons can be worked out by reading."""

from dataclasses import replace

import polars as pl
import pytest

from crm_analytics.campaigns.consent import check_rule
from crm_analytics.campaigns.priority import COLUMNS, PriorityInputs, priority_list
from crm_analytics.errors import ConfigError, DataError

SCORED = pl.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "expected_spend_90d": [10.0, 300.0, 300.0, 5.5],
        "bg_nbd_spend_90d": [11.0, 290.0, 310.0, 0.0],
        "p_alive": [0.9, 0.8, 0.7, 0.1],
        "churn_risk": [0.05, 0.25, 0.4, 0.9],
        "rfm_class": ["Loyal", "Champions", "Champions", "Lost"],
        "segment": ["Regulars"] * 4,
        "next_offer": ["TEA", "BREAD", "MILK", ""],
        "next_offer_kind": ["buy again"] * 4,
        "next_offer_reason": ["buys TEA every 3 weeks, not seen for 5"] * 4,
        "days_since_last_order": [3.0, 40.0, 70.0, 200.0],
    }
)
PREFERENCES = pl.DataFrame(
    {
        "customer_id": ["a", "b", "c", "d"],
        "favourite_channel": ["store", "web", "store", "store"],
        "responding_channel": [None, "mail", None, "email"],
    },
    schema_overrides={"responding_channel": pl.String},
)
CONSENTS = pl.DataFrame(
    {
        "customer_id": ["a", "b", "b", "c", "d"],
        "channel": ["sms", "mail", "web", "store", "email"],
        "status": ["granted", "withdrawn", "granted", "granted", "withdrawn"],
    }
)
INPUTS = PriorityInputs(
    scored=SCORED, preferences=PREFERENCES, consents=CONSENTS, rule="required", currency="USD", margin_share=None
)


def test_rank_is_by_expected_value_and_ties_by_customer_id() -> None:
    # b and c both expect 300, so b comes first by id; then a with 10, d with 5.50.
    listed = priority_list(INPUTS)
    assert listed["customer_id"].to_list() == ["b", "c", "a", "d"]
    assert listed["rank"].to_list() == [1, 2, 3, 4]
    assert tuple(listed.columns) == COLUMNS


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert priority_list(replace(INPUTS, scored=SCORED.reverse())).equals(priority_list(INPUTS))


def test_value_is_spend_at_margin_where_costs_are_known() -> None:
    # 25 % of 300 = 75.00, of 10 = 2.50, of 5.50 = 1.38 (1.375 to the cent)
    listed = priority_list(replace(INPUTS, margin_share=0.25))
    assert listed["expected_value_90d"].to_list() == pytest.approx([75.0, 75.0, 2.5, 1.38])
    assert "expected margin" in listed["reason"][0]


def test_a_channel_is_suggested_only_where_the_customer_agreed() -> None:
    # a agreed to sms alone, though a buys in the store; b withdrew mail, where b had answered, but agreed to web;
    # c agreed to the store, where c buys; d withdrew the only channel ever asked for.
    listed = priority_list(INPUTS).sort("customer_id")
    assert listed["suggested_channel"].to_list() == ["sms", "web", "store", None]
    assert listed["consent"].to_list() == ["granted", "granted", "granted", "none given"]
    assert listed["may_contact"].to_list() == [True, True, True, False]


def test_without_recorded_consents_every_row_says_so() -> None:
    listed = priority_list(replace(INPUTS, rule="not_recorded", consents=CONSENTS.clear())).sort("customer_id")
    assert listed["suggested_channel"].to_list() == ["store", "mail", "store", "email"]
    assert set(listed["consent"]) == {"not recorded"}
    assert listed["may_contact"].all()


def test_without_recorded_consents_an_opt_out_is_still_a_no() -> None:
    opted_out = pl.DataFrame({"customer_id": ["c"], "channel": ["mail"], "status": ["withdrawn"]})
    listed = priority_list(replace(INPUTS, rule="not_recorded", consents=opted_out)).sort("customer_id")
    assert listed["may_contact"].to_list() == [True, True, False, True]


def test_the_reason_fits_the_risk() -> None:
    # risks 0.05, 0.25, 0.40, 0.90: below 10 %, below 40 %, and from 40 % on
    reasons = priority_list(INPUTS).sort("customer_id")["reason"].to_list()
    assert reasons[0] == "expected spend 10 USD in 90 days, churn risk 5 %, last order 3 days ago (steady: keep)"
    assert "slipping: remind" in reasons[1]
    assert "may be lost: win back" in reasons[2]
    assert "may be lost: win back" in reasons[3]


def test_a_missing_score_is_named() -> None:
    with pytest.raises(DataError, match="needs the scores churn_risk; run: crm score"):
        priority_list(replace(INPUTS, scored=SCORED.drop("churn_risk")))


def test_consents_that_exist_cannot_be_called_not_recorded() -> None:
    with pytest.raises(ConfigError, match="set it to 'required'"):
        check_rule("not_recorded", kept=True)
    check_rule("not_recorded", kept=False)
    check_rule("required", kept=True)
