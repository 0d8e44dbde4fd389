"""The raw files: the same every time, with every kind of thing in them, and the faults as counted."""

import json
from collections import Counter
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from crm_analytics.errors import DataError
from crm_analytics.synthetic import write_synthetic
from crm_analytics.synthetic.contacts import INBOUND_KINDS, INBOUND_OUTCOMES, OUTCOMES
from crm_analytics.synthetic.truth import CHANNELS, LOST_REASONS
from crm_analytics.warehouse.tables import ENTITIES
from synthetic.conftest import Shop


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_the_same_seed_writes_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    year = date(2020, 1, 1), date(2021, 1, 1)
    truths = [write_synthetic(tmp_path / name, seed, 150, *year) for name, seed in [("a", 1), ("b", 1), ("c", 2)]]
    a, b, c = (contents(tmp_path / name) for name in "abc")
    assert truths[0] == truths[1]
    assert a == b
    # A shop with another seed has the same articles and stores, and nothing else in common.
    same = {"articles.parquet", "stores.parquet", "campaigns.parquet"}
    assert {name for name in a if a[name] == c[name]} == same


def test_truth_json_is_the_truth_that_is_returned(shop: Shop) -> None:
    written = json.loads((shop.folder / "truth.json").read_text())
    assert written == json.loads(json.dumps(asdict(shop.truth)))
    rows = {path.stem: len(pl.read_parquet(path)) for path in shop.folder.glob("*.parquet")}
    assert rows.pop("truth_customers") == shop.truth.customers
    assert written["rows"] == rows | {"customers": shop.truth.customers}


@pytest.mark.parametrize(("customers", "days"), [(99, 400), (500, 364)])
def test_a_shop_too_small_for_its_effects_is_refused(tmp_path: Path, customers: int, days: int) -> None:
    end = date.fromordinal(date(2020, 1, 1).toordinal() + days)
    with pytest.raises(DataError, match=f"at least 100 customers and 365 days, got {customers} and {days}"):
        write_synthetic(tmp_path / "x", 1, customers, date(2020, 1, 1), end)
    assert not (tmp_path / "x").exists()


def test_planted_faults_are_there_in_the_stated_numbers(shop: Shop) -> None:
    orders, lines, contacts = shop.raw("orders"), shop.raw("order_lines"), shop.raw("contacts")
    faults = shop.truth.faults
    cents = pl.col("paid") * 100
    dated = pl.col("ordered_at").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False)
    undated = orders.filter(dated.is_null())
    found = {
        "missing_product_lines": len(lines.join(shop.raw("articles"), on="article", how="anti")),
        "missing_customer_orders": len(
            orders.drop_nulls("customer_no").join(shop.customers(), on="customer_no", how="anti")
        ),
        "guest_orders": orders["customer_no"].null_count(),
        "broken_date_lines": len(lines.join(undated, on="order_no", how="semi")),
        "missing_revenue_lines": lines["paid"].null_count(),
        "cent_fraction_lines": len(lines.filter((cents - cents.round()).abs() > 0.01)),
        "duplicate_contacts": len(contacts) - contacts["contact_no"].n_unique(),
    }
    assert found == asdict(faults)


def test_what_can_be_loaded_adds_up_to_the_stated_revenue(shop: Shop) -> None:
    dated = shop.raw("orders").filter(~pl.col("order_no").str.starts_with("X"))
    good = shop.raw("order_lines").drop_nulls("paid").join(dated, on="order_no", how="semi")
    assert sum(Decimal(f"{paid:.2f}") for paid in good["paid"]) == Decimal(shop.truth.revenue)
    assert good["order_no"].n_unique() == shop.truth.orders
    assert (good["paid"] > 0).all()
    assert not good.select("order_no", "line_no").is_duplicated().any()


def test_every_channel_direction_kind_and_outcome_occurs(shop: Shop) -> None:
    contacts = shop.raw("contacts")
    outbound, inbound = (contacts.filter(pl.col("direction") == way) for way in ("out", "in"))
    assert len(outbound) + len(inbound) == len(contacts)
    expected = {(channel, outcome) for channel, outcomes in OUTCOMES.items() for outcome in outcomes}
    assert set(outbound.select("channel", "result").unique().rows()) == expected
    assert set(inbound["channel"]) == set(CHANNELS)
    assert (set(inbound["kind"]), set(inbound["result"])) == (set(INBOUND_KINDS), set(INBOUND_OUTCOMES))
    assert inbound["cost"].sum() == 0
    assert outbound.filter(pl.col("channel") == "mail")["cost"].unique().to_list() == [0.6]


def test_every_kind_of_response_occurs_and_a_redemption_names_an_offered_article(shop: Shop) -> None:
    responses = shop.raw("responses")
    kinds = next(c.values for c in ENTITIES["responses"].columns if c.name == "response_kind")
    assert set(responses["kind"]) == set(kinds)
    redeemed = responses.filter(pl.col("kind") == "redemption")
    assert len(redeemed.join(shop.raw("coupons"), on=["campaign_code", "article"], how="anti")) == 0
    assert responses.filter(pl.col("kind") != "redemption")["article"].null_count() == len(responses) - len(redeemed)


def test_deals_are_won_lost_with_a_reason_or_open_without_an_end(shop: Shop) -> None:
    deals = shop.raw("deals")
    assert set(deals["stage"]) == {"Won", "Lost", "Open"}
    assert set(deals.filter(pl.col("stage") == "Lost")["reason"]) == set(LOST_REASONS)
    assert deals.filter(pl.col("stage") != "Lost")["reason"].null_count() == len(
        deals.filter(pl.col("stage") != "Lost")
    )
    assert (deals["closed"].is_null() == (deals["stage"] == "Open")).all()
    assert (deals["closed"].drop_nulls() < date.fromisoformat(shop.truth.end)).all()


def test_consents_cover_every_channel_purpose_and_status_with_a_proof(shop: Shop) -> None:
    consents = shop.raw("consents")
    seen = Counter(consents.select("channel", "purpose", "status").unique().select("purpose", "status").rows())
    purposes = ("marketing", "service", "contract_change")
    assert seen == {(purpose, status): len(CHANNELS) for purpose in purposes for status in ("granted", "withdrawn")}
    assert consents["proof"].str.contains(r"\d{5}").all()


def test_nobody_is_contacted_by_a_campaign_without_consent_at_that_moment(shop: Shop) -> None:
    mailed = shop.raw("contacts").drop_nulls("campaign_code").select("contact_no", "customer_no", "channel", "at")
    register = shop.raw("consents").filter(pl.col("purpose") == "marketing")
    before = mailed.join(register, on=["customer_no", "channel"]).filter(pl.col("recorded_at") < pl.col("at"))
    last = before.sort("recorded_at").group_by("contact_no").last()
    assert len(last) == len(mailed)
    assert set(last["status"]) == {"granted"}


def test_an_opt_out_is_a_withdrawal_in_the_register(shop: Shop) -> None:
    left = shop.raw("responses").filter(pl.col("kind") == "opt_out")
    register = shop.raw("consents").filter(pl.col("purpose") == "marketing", pl.col("status") == "withdrawn")
    kept = left.join(register, on=["customer_no", "channel"])
    assert len(kept) == len(left) > 0
    # Whoever took consent back between the contact and the opt-out had done so already.
    assert (kept["recorded_at"] <= kept["at"]).all()
    assert (kept["recorded_at"] == kept["at"]).any()


def test_the_people_are_visibly_invented(shop: Shop) -> None:
    people = shop.customers()
    assert people.row(0)[:5] == ("C0001", "Customer 0001", "c0001@example.com", "+15550000001", "DE")
    assert people["email"].str.ends_with("@example.com").all()
    assert people["phone"].str.contains(r"^\+1555\d{7}$").all()
    assert people["customer_no"].n_unique() == shop.truth.customers
