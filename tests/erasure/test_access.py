"""Everything that is held about one person, and nothing of anybody else."""

import json
from pathlib import Path

import pytest

from crm_analytics.errors import DataError
from crm_analytics.project import Project
from tests.erasure.made import NOW, PEOPLE, ZOE, found, rows


def test_access_gives_what_is_held_in_tables_files_and_exports(shop: Project, tmp_path: Path) -> None:
    written = shop.access("a1", tmp_path / "answer", now=NOW)
    document = json.loads(written.document.read_text(encoding="utf-8"))
    assert (document["version"], document["customer_id"]) == (1, "a1")
    assert document["known_as"] == {"email": ["zoe@example.com"], "phone": ["+49 170 1234567"], "name": [ZOE]}
    ((customer,),) = [document["tables"]["dim_customer"]["rows"]]
    assert (customer["name"], customer["street"], customer["source"]) == (ZOE, "Elm Street 1", "crm")
    sales = document["tables"]["fct_sale"]["rows"]
    assert sorted((row["order_id"], row["line_id"], row["revenue"]) for row in sales) == [
        ("o1", "1", "10.00"),
        ("o1", "2", "2.55"),
    ]
    assert {row["date"] for row in sales} == {"2023-01-02"}
    ((refused,),) = [document["tables"]["rejects"]["rows"]]
    assert (refused["reason"], refused["row_json"]["order_id"]) == ("sold_at: not a TIMESTAMP", "o5")
    assert document["tables"]["segment_member"]["rows"] == [{"segment": "elm", "customer_id": "a1"}]
    assert [row["order_no"] for row in document["files"]["data/crm/raw/sales.csv"]] == ["o1", "o1", "o5"]
    assert document["files"]["till.db"] == [{"customer_no": "a1", "note": "zoe@example.com", "euros": 1.5}]
    assert document["exports"] == [{"target": "csv", "file": "out/export/list.csv", "as_of": "2024-01-01"}]
    assert written.tables["fct_sale"] == 2


@pytest.mark.parametrize("customer", ["a1", "a2", "a3", "a9"])
def test_nothing_of_anybody_else_is_in_it(shop: Project, tmp_path: Path, customer: str) -> None:
    written = shop.access(customer, tmp_path / "answer", now=NOW)
    document = json.loads(written.document.read_text(encoding="utf-8"))
    told = [repr(held["rows"]) for held in document["tables"].values()] + [repr(document["files"])]
    mine = set(PEOPLE.get(customer, ()))
    # What a row of theirs says of others is theirs to know: a2 was told of zoe@example.com.
    told_to_them = {"a2": {"zoe@example.com", ZOE}}.get(customer, set())
    for other, words in PEOPLE.items():
        for word in set(words) - mine - told_to_them:
            if not any(word in own for own in mine):  # karl@example.com ends other.karl@example.com
                assert not any(word in text for text in told), (other, word)
        if other != customer:
            assert not any(f"'{other}'" in text for text in told), other


def test_the_page_shows_the_same_and_runs_nothing(shop: Project, tmp_path: Path) -> None:
    page = shop.access("a1", tmp_path / "answer", now=NOW).page.read_text(encoding="utf-8")
    for word in ("Zoë &quot;Zo&quot; O&#x27;Brien", "zoe@example.com", "o1", "10.00", "sold_at: not a TIMESTAMP"):
        assert word in page
    assert "<script" not in page


def test_access_changes_nothing_and_is_forgotten_with_the_person(shop: Project) -> None:
    before = rows(shop, "SELECT count(*) FROM fct_sale")
    written = shop.access("a1", now=NOW)
    assert written.document.parent == shop.output / "access" / "20240101-120000"
    assert rows(shop, "SELECT count(*) FROM fct_sale") == before
    shop.access("a2", shop.output / "access" / "other", now=NOW)
    shop.forget("a1", "dpo", now=NOW)
    assert not written.document.exists()
    assert not written.page.exists()
    assert (shop.output / "access" / "other" / "access.json").exists()
    assert found(shop, ["Elm Street 1"]) == {}


def test_nobody_under_an_id_is_said(shop: Project) -> None:
    with pytest.raises(DataError, match="no customer 'zz' in any table or file"):
        shop.access("zz")
    assert not (shop.output / "access").exists()
