"""Refused rows: counted by reason, shown without what is private."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import UnknownName, WarehouseError
from crm_analytics.warehouse.private import MASK, is_private, looks_private, looks_private_sql, shown
from crm_analytics.warehouse.rejects import reject_groups, rejects
from tests.warehouse.made import PRODUCTS, SALES, SHOP, Shop

PEOPLE = (
    "customer_id,name,email,registered_on,reach_me,note\n"
    "ann,Ann Lee,ann@home.org,2017-02-30,ring +49 171,vip\n"
    "bob,Bob Ray,,2017-02-31,+49 171 1234567,\n"
    "cas,Cas Roe,cas@home.org,2017-01-01,,\n"
    ",Dan Poe,dan@home.org,2017-01-02,,\n"
)
BROKEN = SALES + "o3,1,ann,tea,web,,1,100\no3,2,ann,tea,web,,1,200\no1,1,ann,tea,web,2017-01-02,1,5\n"


@pytest.fixture
def loaded(shop: Shop) -> Shop:
    shop.source("till", {"customers": PEOPLE, "products": PRODUCTS, "sales": BROKEN})
    shop.load()
    return shop


def test_rejects_are_counted_by_source_entity_and_reason(loaded: Shop) -> None:
    # Two customers with days that do not exist, one without an id; two sales without a time, one that stands twice.
    assert [(g.source, g.entity, g.reason, g.rows) for g in reject_groups(loaded.engine)] == [
        ("till", "customers", "registered_on: not a DATE", 2),
        ("till", "sales", "sold_at: missing", 2),
        ("till", "customers", "customer_id: missing", 1),
        ("till", "sales", "repeats the key order_id, line_id", 1),
    ]
    assert {(g.first_load, g.last_load) for g in reject_groups(loaded.engine)} == {(1, 1)}


def test_samples_are_as_many_as_asked_for(loaded: Shop) -> None:
    assert [len(g.samples) for g in reject_groups(loaded.engine, samples=0)] == [0, 0, 0, 0]
    assert [len(g.samples) for g in reject_groups(loaded.engine, samples=1)] == [1, 1, 1, 1]
    assert [len(g.samples) for g in reject_groups(loaded.engine, samples=9)] == [2, 2, 1, 1]


def test_a_question_narrows_them_by_entity_reason_and_load(loaded: Shop) -> None:
    assert [g.rows for g in reject_groups(loaded.engine, entity="sales")] == [2, 1]
    assert [g.reason for g in reject_groups(loaded.engine, reason="MISSING")] == [
        "sold_at: missing",
        "customer_id: missing",
    ]
    assert rejects(loaded.engine, entity="sales", reason="missing", load_id=1).height == 2
    with pytest.raises(UnknownName, match=r"no entity 'sale'\. Did you mean 'sales'"):
        rejects(loaded.engine, entity="sale")
    with pytest.raises(WarehouseError, match="there is no load 7; the last one is 1"):
        rejects(loaded.engine, load_id=7)


def test_what_is_private_by_name_or_by_value_is_hidden(loaded: Shop) -> None:
    rows = [json.loads(row) for row in rejects(loaded.engine, "customers", "not a DATE")["row_json"]]
    # In `reach_me` stands one phone number, so that the other value of that column is hidden too.
    assert rows == [
        {
            "customer_id": name,
            "name": MASK,
            "email": email,
            "registered_on": day,
            "reach_me": MASK,
            "note": note,
        }
        for name, email, day, note in (("ann", MASK, "2017-02-30", "vip"), ("bob", None, "2017-02-31", None))
    ]
    said = str(reject_groups(loaded.engine)) + rejects(loaded.engine).write_csv()
    assert not [word for word in ("Ann", "Bob", "Dan", "home", "171") if word in said]


def test_they_are_shown_to_whom_asks(loaded: Shop) -> None:
    frame = rejects(loaded.engine, "customers", "customer_id", show=True)
    assert json.loads(frame["row_json"][0])["email"] == "dan@home.org"
    (group,) = reject_groups(loaded.engine, "customers", "customer_id", show=True)
    assert "Dan Poe" in group.samples[0]


def test_a_line_that_is_no_row_is_hidden_whole(loaded: Shop) -> None:
    for row in ('{"line": "x;Eve Poe;no such"}', "Eve Poe, not even JSON", '["Eve Poe"]'):
        into = "INSERT INTO rejects (load_id, source, entity, reason, row_json)"
        loaded.engine.execute(f"{into} VALUES (1, 'till', 'stores', 'too short', $row)", {"row": row})
    assert "Eve" not in str(reject_groups(loaded.engine)) + rejects(loaded.engine).write_csv()
    (group,) = reject_groups(loaded.engine, "stores", samples=3, show=True)
    assert all("Eve Poe" in sample for sample in group.samples)


def test_a_sample_fits_a_screen_and_cannot_command_it(shop: Shop) -> None:
    long = f"{'9' * 5000},\x1b[2J\u009bm"
    shop.source("till", {**SHOP, "sales": SALES + f"o9,1,ann,{long},,1,5\n"})
    shop.load()
    (group,) = reject_groups(shop.engine)
    assert len(group.samples[0]) < 400
    assert group.samples[0].isprintable()


def test_a_load_without_rejects_has_none(shop: Shop) -> None:
    with pytest.raises(WarehouseError, match="run: crm load"):
        reject_groups(shop.engine)
    shop.source("till", SHOP)
    shop.load()
    assert reject_groups(shop.engine) == ()
    assert rejects(shop.engine).columns == ["load_id", "source", "entity", "part", "reason", "row_json"]


@pytest.mark.parametrize(
    ("column", "private"),
    [
        *((name, True) for name in ("name", "Email", "e_mail", "PHONE", "home_phone", "full_name", "First Name")),
        *((name, True) for name in ("street", "billing_address", "iban", "customer_name", "mobile")),
        *((name, False) for name in ("customer_id", "product_name", "store_name", "channel", "mailer", "filename")),
    ],
)
def test_the_name_of_a_column_tells_whether_it_is_private(column: str, private: bool) -> None:
    assert is_private(column) is private


@pytest.mark.parametrize(
    ("value", "private"),
    [
        *((v, True) for v in ("ann@home.org", "Ann <ann@home.org>", "+491711234567", "+1 (555) 000-0001")),
        *((v, True) for v in ("0049 171 1234567", "0171/1234567", "(030) 123456", "(555) 123-4567", "555-123-4567")),
        # An id, an amount, days in three ways, a time, a JAN, a name at a place that is no host.
        *((v, False) for v in ("31198570044", "0000012345", "-12.50", "2017-02-30", "31.12.2017", "03-12-2017")),
        *((v, False) for v in ("2017-02-30 10:15:00", "4901234567894", "me@home", "", "O000929")),
    ],
)
def test_a_value_tells_whether_it_is_private(value: str, private: bool) -> None:
    assert looks_private(value) is private
    assert shown("customer_id", value) == (MASK if private else value)


@pytest.fixture(scope="module")
def engine() -> DuckEngine:
    return DuckEngine.open(None, threads=1)


@given(st.one_of(st.text(max_size=25), st.text("+0159 ()/.-@ab", max_size=18)))
def test_python_and_sql_agree_on_what_looks_private(engine: DuckEngine, value: str) -> None:
    ((by_sql,),) = engine.rows(f"SELECT {looks_private_sql('$value')}", {"value": value})
    assert by_sql is looks_private(value)
