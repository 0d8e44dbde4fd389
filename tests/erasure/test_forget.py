"""One person out of the tables and files of a project, everybody else and every cent as before."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from crm_analytics.errors import DataError
from crm_analytics.project import Project
from crm_analytics.warehouse.erasure.proof import digest
from tests.erasure.made import NOW, PEOPLE, ZOE, found, rows

TOTALS = "SELECT count(*), sum(revenue), count(DISTINCT order_id), count(DISTINCT customer_key) FROM fct_sale"


def test_every_place_names_the_person_before(shop: Project) -> None:
    # The searches below find something where something is.
    hits = found(shop, PEOPLE["a1"])
    for name in (
        "dim_customer.name",
        "fct_contact.outcome",
        "customers.csv",
        "contacts.jsonl",
        "notes.md",
        "latin.csv",
        "deals.parquet",
    ):
        assert name in hits[ZOE], name
    for name in ("fct_deal.lost_reason", "fct_contact.outcome", "deals.parquet", "walk.ipynb", "till.db"):
        assert name in hits["zoe@example.com"], name
    assert {"customers.csv", "dim_customer.street"} < set(hits["Elm Street 1"])  # and the rollup


def test_no_word_of_the_person_stays_in_any_table_or_file(shop: Project) -> None:
    done = shop.forget("a1", "dpo", now=NOW)
    assert done.left == []
    name, email, phone, street = PEOPLE["a1"]
    assert found(shop, [name, email, street, "a1,", '"a1"']) == {}
    # The phone is also a3's, who keeps it; in the notes nothing says whose it is.
    assert found(shop, [phone, "1701234567"]) == {
        phone: ["customers.csv", "dim_customer.phone", "warehouse.duckdb"],
        "1701234567": ["notes.md"],
    }
    assert rows(shop, "SELECT customer_id FROM dim_customer WHERE phone IS NOT NULL ORDER BY 1") == [("a2",), ("a3",)]
    assert done.shared == ["phone"]


def test_totals_stay_to_the_cent_and_orders_keep_their_ids(shop: Project) -> None:
    before = rows(shop, TOTALS)
    # o1 10.00 + 2.55, o2 7.25, o3 100.01, o4 0.99; o5 is refused.
    assert [str(before[0][1]), before[0][2]] == ["120.80", 4]
    shop.forget("a1", "dpo", now=NOW)
    assert rows(shop, TOTALS) == before
    ids = rows(
        shop,
        "SELECT DISTINCT order_id FROM fct_sale JOIN dim_customer USING (customer_key) "
        "WHERE customer_id LIKE 'erased-%'",
    )
    assert ids == [("o1",)]


def test_loading_again_gives_the_same_star_and_every_check_passes(shop: Project) -> None:
    shop.forget("a1", "dpo", now=NOW)
    asked = "SELECT customer_id, customer_key, name, email, phone, street FROM dim_customer ORDER BY ALL"
    facts = "SELECT order_id, line_id, customer_key, revenue, unresolved FROM fct_sale ORDER BY ALL"
    said = "SELECT contact_id, customer_key, outcome, unresolved FROM fct_contact ORDER BY ALL"
    deals = "SELECT deal_id, customer_key, lost_reason, unresolved FROM fct_deal ORDER BY ALL"
    rejects = "SELECT source, entity, reason, row_json FROM rejects ORDER BY ALL"
    before = [rows(shop, text) for text in (asked, facts, said, deals, rejects)]
    shop.load(now=NOW)
    assert [rows(shop, text) for text in (asked, facts, said, deals, rejects)] == before
    assert [check for check in shop.check() if check.ok is False] == []


def test_the_other_bearer_of_a_name_keeps_it(shop: Project) -> None:
    shop.forget("a2", "dpo", now=NOW)
    assert rows(shop, "SELECT customer_id, name FROM dim_customer WHERE name IS NOT NULL ORDER BY 1") == [
        ("a1", ZOE),
        ("a3", "Karl Maier"),
    ]
    hits = found(shop, ["Karl Maier"])["Karl Maier"]
    # In the notes nothing says which of the two is meant.
    assert hits == ["customers.csv", "dim_customer.name", "notes.md", "warehouse.duckdb"]
    assert (shop.folder / "data/crm/raw/customers.csv").read_text().count("Karl Maier") == 1
    # karl@example.com ends other.karl@example.com, which is somebody else's address.
    assert [h for h in found(shop, ["karl@example.com"])["karl@example.com"] if h.endswith(".csv")] == ["customers.csv"]
    assert "other.karl@example.com" in (shop.folder / "data/crm/raw/customers.csv").read_text()


def test_texts_of_others_lose_the_words_and_nothing_else(shop: Project) -> None:
    shop.forget("a1", "dpo", now=NOW)
    assert rows(shop, "SELECT contact_id, outcome FROM fct_contact ORDER BY 1") == [
        ("k1", None),
        ("k2", "forwarded to , 0 answers"),
        ("k3", "on holiday"),
    ]
    assert rows(shop, "SELECT deal_id, lost_reason FROM fct_deal ORDER BY 1") == [
        ("d1", None),
        ("d2", "advised against it"),
        ("d3", "no answer"),
    ]
    assert (shop.folder / "notes.md").read_text() == "call  under 00491701234567, not Karl Maier\n"


def test_somebody_who_only_bought_is_forgotten_too(shop: Project) -> None:
    before = rows(shop, TOTALS)
    done = shop.forget("a9", "dpo", now=NOW)
    assert rows(shop, TOTALS) == before
    assert rows(shop, "SELECT unresolved->>'$.customer_id' FROM fct_sale WHERE order_id = 'o3'") == [(done.pseudonym,)]
    shop.load(now=NOW)
    assert rows(shop, "SELECT unresolved->>'$.customer_id' FROM fct_sale WHERE order_id = 'o3'") == [(done.pseudonym,)]
    assert "a9" not in (shop.folder / "data/crm/raw/sales.csv").read_text()


def test_lists_lose_the_row_and_their_manifest_says_why(shop: Project) -> None:
    done = shop.forget("a1", "dpo", now=NOW)
    file = shop.output / "export" / "list.csv"
    assert file.read_text() == "rank,customer_id\n2,a2\n"
    manifest = json.loads(file.with_name("list.csv.manifest.json").read_text())
    assert manifest["customers"] == 1
    assert manifest["sha256"] == sha256(file.read_bytes()).hexdigest()
    assert manifest["erased"] == [
        {
            "at": "2024-01-01T12:00:00",
            "pseudonym": done.pseudonym,
            "rows": 1,
            "why": "the rows of an erased person were taken out",
        }
    ]
    assert [(r.target, r.file, r.as_of) for r in done.recall] == [("csv", "out/export/list.csv", "2024-01-01")]


def test_segments_and_rollups_follow(shop: Project) -> None:
    done = shop.forget("a1", "dpo", now=NOW)
    assert shop.segments("elm")["customer_id"].to_list() == ["a2"]
    assert shop.segments()["customers"].to_list() == [1]
    answer = shop.cube("sales").measures("revenue").by("customer.customer_id").sort("revenue").run().frame
    # 100.01 of a9, whom no customer file knows; 10.00 + 2.55 of the pseudonym, 7.25 of a2, 0.99 of a3.
    assert answer["customer.customer_id"].to_list() == ["Unknown", done.pseudonym, "a2", "a3"]


def test_the_proof_holds_its_own_sum_and_no_personal_word(shop: Project) -> None:
    done = shop.forget("a1", "Data protection officer", now=NOW)
    path = shop.output / "erasures" / f"{done.proof_id}.json"
    proof = json.loads(path.read_text())
    assert proof["sha256"] == digest(proof)
    assert (proof["erased_by"], proof["erased_at"]) == ("Data protection officer", "2024-01-01T12:00:00")
    assert proof["totals_before_and_after"]["fct_sale.revenue"] == "120.80"
    ((kept,),) = rows(shop, "SELECT proof FROM erasure_proof")
    assert json.loads(kept) == proof
    assert not any(word in path.read_text() for word in (*PEOPLE["a1"], '"a1"'))


def test_a_dry_run_changes_nothing(shop: Project) -> None:
    def content() -> dict[Path, bytes]:
        return {p: p.read_bytes() for p in shop.folder.rglob("*") if p.is_file() and ".lock" not in p.name}

    before = content()
    planned = shop.forget("a1", "dpo", now=NOW, dry_run=True)
    assert content() == before
    done = shop.forget("a1", "dpo", now=NOW)
    assert [(s.where, s.rows) for s in planned.files] == [(s.where, s.rows) for s in done.files]
    assert [(s.where, s.rows) for s in planned.tables] == [(s.where, s.rows) for s in done.tables]


def test_forgetting_again_finds_nothing_and_gives_no_second_proof(shop: Project) -> None:
    first = shop.forget("a1", "dpo", now=NOW)
    again = shop.forget("a1", "dpo", now=NOW)
    assert (first.again, again.again) == (False, True)
    assert again.pseudonym == first.pseudonym
    assert rows(shop, "SELECT count(*) FROM erasure_proof") == [(1,)]


def test_nobody_under_an_id_is_said_and_nothing_is_written(shop: Project) -> None:
    with pytest.raises(DataError, match="no customer 'zz' in any table or file"):
        shop.forget("zz", "dpo", now=NOW)
    with pytest.raises(DataError, match="needs the name of whoever does it"):
        shop.forget("a1", " ", now=NOW)
    assert rows(shop, "SELECT name FROM dim_customer WHERE customer_id = 'a1'") == [(ZOE,)]


def test_what_cannot_be_changed_is_said(shop: Project) -> None:
    (shop.folder / "copy.duckdb").write_bytes(shop.warehouse.read_bytes())
    (shop.folder / "picture.bin").write_bytes(b"\0\1zoe@example.com\0")
    (shop.folder / "zoe@example.com.txt").write_text("")
    done = shop.forget("a1", "dpo", now=NOW)
    assert [(s.where, s.left) for s in done.left] == [
        ("copy.duckdb", "is another database; erase there, or remove it if it is an old copy"),
        ("picture.bin", "names the person, and a file of this kind cannot be changed here"),
        ("a file whose name names the person", "give it another name"),
    ]


def test_a_source_outside_of_the_project_is_named_and_brings_nobody_back(shop: Project, tmp_path: Path) -> None:
    elsewhere, source, mapping = (
        tmp_path / "elsewhere.csv",
        *(shop.folder / "data/crm" / n for n in ("source.yml", "customers.sql")),
    )
    source.write_text(source.read_text().replace("raw/customers.csv", "../../../elsewhere.csv"))
    mapping.write_text(mapping.read_text().replace("street FROM", "street, registered_on FROM"))
    elsewhere.write_text(ELSEWHERE, encoding="utf-8")
    shop.load(now=NOW)
    done = shop.forget("a1", "dpo", now=NOW)
    assert done.outside == ("data/crm: customers: ../../../elsewhere.csv",)
    # A newsletter knows her as b1, since before the erasure.  As b2 she registered after it.
    elsewhere.write_text(ELSEWHERE + LATER, encoding="utf-8")
    shop.load(now=NOW)
    known = rows(shop, "SELECT customer_id, name, email FROM dim_customer WHERE customer_key > 0 ORDER BY customer_id")
    assert known == [
        ("a2", "Karl Maier", "karl@example.com"),
        ("b2", "Zoë", "zoe@example.com"),
        (done.pseudonym, None, None),
    ]
    # Both rows of hers came in under one pseudonym: one is a repeat, and says nothing.
    ((refused,),) = rows(shop, "SELECT row_json FROM rejects WHERE entity = 'customers'")
    assert {key: value for key, value in json.loads(refused).items() if value} == {"customer_id": done.pseudonym}


ELSEWHERE = """customer_no,full_name,email,phone,street,registered_on
a1,Zoë O'Brien,zoe@example.com,,Elm Street 1,2020-01-01
a2,Karl Maier,karl@example.com,,Elm Street 2,2020-01-01
"""
LATER = """b1,Zoë OB,Zoe@example.com,,Oak Street 1,2020-01-01
b2,Zoë,zoe@example.com,,Oak Street 1,2024-06-01
"""
