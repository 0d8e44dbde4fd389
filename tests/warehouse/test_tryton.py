"""A real CRM, read over its API: what its people do in Tryton is what the star says after the next load."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crm_analytics.project import Project
from crm_analytics.warehouse.consents import consent_state
from crm_analytics.warehouse.readers.tryton import model
from tests.warehouse.tryton import MADE, Crm, deals, load, project, rows

pytestmark = [pytest.mark.tryton, pytest.mark.slow]


def customers(folder: Path, *parties: int) -> list[tuple[Any, ...]]:
    asked = "SELECT customer_id, name, email, phone, country, registered_on FROM dim_customer"
    return rows(folder, f"{asked} WHERE CAST(customer_id AS INTEGER) IN {(*parties, -1)} ORDER BY name")


def entries(folder: Path, mailing_list: str) -> list[tuple[Any, ...]]:
    asked = """SELECT name, channel, purpose, status FROM fct_consent
    INNER JOIN dim_customer USING (customer_key) INNER JOIN dim_channel USING (channel_key)"""
    return rows(folder, f"{asked} WHERE proof LIKE '% list {mailing_list}' ORDER BY name")


def last_words(folder: Path, *parties: int) -> list[str]:
    with Project.open(folder) as shop:
        said = consent_state(shop.engine, datetime.now(UTC).replace(tzinfo=None) + timedelta(days=1), "marketing")
    found = {row["customer_id"]: row["status"] for row in said.iter_rows(named=True) if row["channel"] == "email"}
    return [found[str(party)] for party in parties]


def with_addresses(crm: Crm, name: str, *addresses: str) -> int:
    points = [{"type": "email", "value": address} for address in addresses]
    return crm.party(name, contact_mechanisms=[["create", points]])


def test_a_party_becomes_a_customer_with_its_first_addresses(crm: Crm, tmp_path: Path) -> None:
    (germany,) = crm.call("country.country", "search", [["code", "=", "DE"]])
    points = [
        {"type": "email", "value": "old@example.org"},
        {"type": "email", "value": "ann@example.org"},
        {"type": "email", "value": "second@example.org"},
        {"type": "phone", "value": "+49 30 1234567"},
        {"type": "mobile", "value": "+49 170 1234567"},
    ]
    places = [{"country": None}, {"country": germany}]
    ann = crm.party("Ann", contact_mechanisms=[["create", points]], addresses=[["create", places]])
    (old,) = crm.call("party.contact_mechanism", "search", [["value", "=", "old@example.org"]])
    crm.change("party.contact_mechanism", old, active=False)
    bob = crm.party('Bob "the; DROP TABLE" Ünal')
    folder = project(tmp_path / "shop", crm.url)
    load(folder)
    today = datetime.now(UTC).date()
    assert customers(folder, ann, bob) == [
        (str(ann), "Ann", "ann@example.org", "+49 170 1234567", "DE", today),
        (str(bob), 'Bob "the; DROP TABLE" Ünal', None, None, None, today),
    ]
    # The company itself and its seller are parties of Tryton too, but no customers.
    assert rows(folder, "SELECT count(*) FROM dim_customer WHERE name LIKE 'Our own%'") == [(0,)]


def test_deals_arrive_won_lost_with_their_reasons_and_open(crm: Crm, tmp_path: Path) -> None:
    ann, bob = crm.party("Ann"), crm.party("Bob")
    numbers = [crm.deal(party, "100.50") for party in (ann, bob, ann, bob)]
    won, lost, cancelled, _ = numbers
    crm.win(won, "90.00")
    crm.lose(lost, 'Too dear, he said: "half"\nand late')
    crm.call("sale.opportunity", "cancel", [cancelled])
    lead = crm.deal(None, None)  # nothing is known of it yet
    folder = project(tmp_path / "shop", crm.url)
    load(folder)
    assert deals(folder, *numbers, lead) == [
        # The sale that was made of it was for 90.
        (str(ann), "won", None, Decimal("90.00"), True, "won"),
        (str(bob), "lost", 'Too dear, he said: "half"\nand late', Decimal("100.50"), True, "lost"),
        (str(ann), "lost", "cancelled", Decimal("100.50"), True, "cancelled"),
        (str(bob), "open", None, Decimal("100.50"), False, "opportunity"),
        (None, "open", None, Decimal("0.00"), False, "lead"),
    ]
    assert rows(folder, "SELECT DISTINCT date FROM fct_deal INNER JOIN dim_date USING (date_key)") == [(MADE,)]


def test_a_check_asks_the_warehouse_and_not_the_server(
    crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = project(tmp_path / "shop", crm.url)
    load(folder)
    monkeypatch.delenv("TRYTON_PASSWORD")
    with Project.open(folder) as shop:
        checks = list(shop.check())
    assert not [check for check in checks if check.ok is False]
    assert "not held to its raw rows: parties, companies, employees, opportunities, subscriptions may have changed" in {
        check.says.removesuffix(" since the load") for check in checks
    }


def test_a_deal_that_is_won_after_the_first_load_is_won_after_the_second(crm: Crm, tmp_path: Path) -> None:
    ann = crm.party("Ann")
    deal = crm.deal(ann, "100.50")
    folder = project(tmp_path / "shop", crm.url)
    load(folder)
    assert deals(folder, deal) == [(str(ann), "open", None, Decimal("100.50"), False, "opportunity")]
    crm.win(deal, "90.00")
    load(folder)
    assert deals(folder, deal) == [(str(ann), "won", None, Decimal("90.00"), True, "won")]


def test_an_incremental_load_asks_for_changed_opportunities_alone(
    crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = crm.party("Ann")
    first, second = crm.deal(ann, "100.50"), crm.deal(ann, "20.00")
    folder = project(tmp_path / "shop", crm.url)
    source = folder / "data" / "tryton" / "source.yml"
    text = source.read_text()
    assert "# incremental:\n#   deals:" in text
    source.write_text(text.replace("# incremental:\n#   deals:", "incremental:\n  deals:"))
    load(folder)
    crm.lose(first, "too dear")
    # All that this test did would be in the quarter of an hour that is read twice.
    monkeypatch.setattr(model, "OVERLAP", timedelta(0))
    load(folder)
    assert deals(folder, first, second) == [
        (str(ann), "lost", "too dear", Decimal("100.50"), True, "lost"),
        (str(ann), "open", None, Decimal("20.00"), False, "opportunity"),
    ]
    last = "SELECT rows_read, rows_new, rows_changed FROM loads WHERE entity = 'deals' ORDER BY load_id"
    # The second is read again: it is what the first load had seen last.
    assert rows(folder, last)[-1] == (2, 0, 1)


def test_a_mapping_that_was_changed_reads_all_though_another_asks_for_changes_alone(
    crm: Crm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = crm.party("Ann")
    made = [crm.deal(ann, "100.50") for _ in range(3)]
    folder = project(tmp_path / "shop", crm.url)
    source = folder / "data" / "tryton" / "source.yml"
    contacts = folder / "data" / "tryton" / "contacts.sql"
    text = source.read_text().replace("# incremental:\n#   deals:", "incremental:\n  deals:")
    source.write_text(text + "  contacts: {by: opportunities}\n")
    mapping = "SELECT id AS contact_id, start_date AS contacted_at, 'outbound' AS direction FROM raw_opportunities"
    contacts.write_text(mapping)
    load(folder)
    monkeypatch.setattr(model, "OVERLAP", timedelta(0))
    contacts.write_text(mapping.replace("outbound", "inbound"))
    load(folder)
    asked = f"SELECT direction FROM fct_contact WHERE CAST(contact_id AS INTEGER) IN {tuple(made)}"
    assert rows(folder, asked) == [("inbound",)] * 3
    assert len(deals(folder, *made)) == 3


def test_a_withdrawal_between_two_loads_closes_the_channel(crm: Crm, tmp_path: Path) -> None:
    news = crm.mailing_list("News")
    flo, gus = crm.party("Flo", "flo@example.org"), crm.party("Gus", "gus@example.org")
    _, subscription = (crm.create("marketing.email", email=f"{who}@example.org", list_=news) for who in ("flo", "gus"))
    folder = project(tmp_path / "shop", crm.url)
    load(folder)
    assert last_words(folder, flo, gus) == ["granted", "granted"]
    crm.change("marketing.email", subscription, active=False)
    load(folder)
    assert last_words(folder, flo, gus) == ["granted", "denied"]


def test_only_a_confirmed_subscription_of_the_address_in_use_is_a_consent(crm: Crm, tmp_path: Path) -> None:
    shared = "shared@example.org"
    with_addresses(crm, "Hal", shared)
    with_addresses(crm, "Ida", shared)
    with_addresses(crm, "Jim", "jim@example.org", "other@example.org")
    with_addresses(crm, "Kim", "kim@example.org")
    with_addresses(crm, "Lea", "lea@example.org", "former@example.org")
    offers = crm.mailing_list("Offers")
    for email in (shared, "OTHER@example.org", "former@example.org", "nobody@example.org"):
        crm.create("marketing.email", email=email, list_=offers)
    crm.ask_to_subscribe("kim@example.org", offers)
    (former,) = crm.call("marketing.email", "search", [["email", "=", "former@example.org"]])
    crm.change("marketing.email", former, active=False)
    folder = project(tmp_path / "shop", crm.url)
    load(folder)
    # Jim agreed to be written to at his second address, which is no consent for the first; Kim has not confirmed.
    assert entries(folder, "Offers") == [
        ("Hal", "email", "marketing", "granted"),
        ("Ida", "email", "marketing", "granted"),
        # She took back what she had said for an address that she hardly uses: in doubt, no.
        ("Lea", "email", "marketing", "withdrawn"),
        # No party has this address, so the row lies with the unknown customer.
        (None, "email", "marketing", "granted"),
    ]


def test_a_party_that_was_merged_leaves_its_deals_to_the_other(crm: Crm, tmp_path: Path) -> None:
    mia, double = crm.party("Mia", "mia@example.org"), crm.party("Mia", "mia@example.com")
    deal = crm.deal(double, "100.50")
    merge, *_ = crm.admin.ask("wizard.party.replace.create", {})
    chosen = {"ask": {"source": double, "destination": mia}}
    crm.admin.ask("wizard.party.replace.execute", merge, chosen, "replace", {"active_model": "party.party"})
    folder = project(tmp_path / "shop", crm.url)
    load(folder)
    assert [who for who, *_ in customers(folder, mia, double)] == [str(mia)]
    assert [who for who, *_ in deals(folder, deal)] == [str(mia)]
