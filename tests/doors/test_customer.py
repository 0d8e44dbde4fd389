"""`crm customer` and `shop.customer` on a whole project."""

import json
from pathlib import Path

import pytest

import crm_analytics as crm
from tests.doors.conftest import Run


def test_the_card_on_the_screen_is_the_one_from_python(run: Run, folder: Path) -> None:
    ran = run("customer", "C0019", "-C", folder, "--last", 3)
    assert ran.code == 0, ran.err
    with crm.open(folder) as shop:
        card = shop.customer("C0019", last=3)
        assert ran.out == f"{card}\n"
        assert len(card.timeline) == 3
        assert card.scores
        assert card.page() == shop.customer("C0019", last=3).page()


def test_json_and_html_go_to_a_file(run: Run, folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "card.json"
    ran = run("customer", "C0019", "-C", folder, "--format", "json", "--out", file, "--since", "2017-01-01")
    assert (ran.code, ran.out) == (0, "")
    data = json.loads(file.read_text())
    assert data["customer_id"] == "C0019"
    assert all(it["happened_at"] >= "2017-01-01" for it in data["timeline"])
    html = run("customer", "C0019", "-C", folder, "--format", "html").out
    assert html.startswith("<!DOCTYPE html>")
    assert "<svg" in html


def test_a_masked_card_shows_no_name_address_or_number(run: Run, folder: Path) -> None:
    with crm.open(folder) as shop:
        person = shop.customer("C0019").person
    for format in ("text", "json", "html"):
        out = run("customer", "C0019", "-C", folder, "--masked", "--format", format).out
        assert person.country in out
        assert [private for private in (person.name, person.email, person.phone) if private in out] == []


def test_a_mistake_is_one_sentence(run: Run, folder: Path) -> None:
    ran = run("customer", "C0O19", "-C", folder)
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean 'C0019'" in ran.err
    assert "Did you mean 'json'" in run("customer", "C0019", "-C", folder, "--format", "jsn").err
    assert "--since: 'May' is not a day" in run("customer", "C0019", "-C", folder, "--since", "May").err


def test_a_role_may_not_look_at_cards(folder: Path) -> None:
    with (
        crm.open(folder, role="nobody") as shop,
        pytest.raises(crm.CrmError, match="may ask cubes and nothing else"),
    ):
        shop.customer("C0019")
