"""Customers of several sources in the star: one member a person, and facts that follow when records meet or part."""

from dataclasses import replace

import pytest

from crm_analytics.config import ProjectConfig
from crm_analytics.errors import ConfigError, DataError
from crm_analytics.identity_rules import IdentityRules, KeyRule
from crm_analytics.warehouse.customers import renew_customers
from crm_analytics.warehouse.delivery import Wanted
from crm_analytics.warehouse.identity import decisions
from crm_analytics.warehouse.identity.decisions import Word
from crm_analytics.warehouse.load import load
from crm_analytics.warehouse.undo import undo
from tests.warehouse.made import NOW, Shop, by_business_ids

HEAD = "order_id,line_id,customer_id,sold_at,revenue\n"
# Ann is a1 at the till and w7 in the web shop, known by her e-mail; the web shop has a customer a1 of its own, Bob.
TILL = {"customers": "customer_id,name,email\na1,Ann,ANN@example.com\n", "sales": HEAD + "t1,1,a1,2024-01-01,10\n"}
WEB = {
    "customers": "customer_id,name,email\nw7,Ann B,ann@example.com\na1,Bob,bob@example.com\n",
    "sales": HEAD + "w1,1,w7,2024-01-02,5\nw2,1,a1,2024-01-03,7\nw3,1,zz,2024-01-03,1\n",
}
# The mailing house has no customers: it speaks of those of the others.
POST = {
    "contacts": "contact_id,customer_id,contacted_at,direction\nc1,w7,2024-01-04,outbound\nc2,a1,2024-01-04,outbound\n"
}


@pytest.fixture
def rules() -> IdentityRules:
    return IdentityRules(keys=(KeyRule("email", "not_different"),), sources=("till", "web"))


def loaded(shop: Shop, rules: IdentityRules | None, *names: str, full: bool = False) -> None:
    config = ProjectConfig(name="test", channels=("store", "web"), identity=rules)
    load(shop.engine, config, shop.data, names, NOW, lambda _: None, Wanted(full=full))


def sources(shop: Shop) -> None:
    for name, files in (("till", TILL), ("web", WEB), ("post", POST)):
        shop.source(name, files)


def buyers(shop: Shop) -> list[tuple[object, ...]]:
    return sorted(
        shop.rows(
            "SELECT order_id, d.customer_id, unresolved->>'$.customer_id' FROM fct_sale "
            "JOIN dim_customer d USING (customer_key)"
        )
    )


def test_sales_of_both_records_are_the_one_customers(shop: Shop, rules: IdentityRules) -> None:
    sources(shop)
    loaded(shop, rules)
    assert sorted(shop.rows("SELECT customer_id, name FROM dim_customer WHERE customer_key > 0")) == [
        ("till:a1", "Ann"),
        ("web:a1", "Bob"),
    ]
    assert buyers(shop) == [
        ("t1", "till:a1", "a1"),
        ("w1", "till:a1", "w7"),
        ("w2", "web:a1", "a1"),
        ("w3", None, "zz"),
    ]
    # w7 is one person for all who speak of it; a1 is two, and nobody is guessed.
    assert sorted(
        shop.rows("SELECT contact_id, d.customer_id FROM fct_contact JOIN dim_customer d USING (customer_key)")
    ) == [("c1", "till:a1"), ("c2", None)]
    assert shop.failed() == []


def test_loads_in_any_order_give_the_same_customers(shop: Shop, rules: IdentityRules) -> None:
    sources(shop)
    loaded(shop, rules)
    want = by_business_ids(shop.engine)
    for table in shop.engine.tables():
        shop.engine.execute(f"DROP TABLE {table}")
    for name in ("post", "web", "till"):
        loaded(shop, rules, name)
    got = by_business_ids(shop.engine)
    assert got["sales"] == want["sales"]
    assert got["contacts"] == want["contacts"]
    loaded(shop, rules, full=True)
    assert by_business_ids(shop.engine)["sales"] == want["sales"]


def test_a_split_gives_each_record_its_sales_back_and_accepting_joins_them_again(
    shop: Shop, rules: IdentityRules
) -> None:
    sources(shop)
    loaded(shop, rules)
    joined = buyers(shop)
    word = Word("tester", NOW, "not the same")
    with shop.engine.transaction():
        decisions.split(shop.engine, "till:a1", [("web", "w7")], word)
        renew_customers(shop.engine, rules, NOW)
    assert [row[:2] for row in buyers(shop)][:2] == [("t1", "till:a1"), ("w1", "w7")]
    loaded(shop, rules, full=True)  # decisions outlive loads
    assert [row[:2] for row in buyers(shop)][:2] == [("t1", "till:a1"), ("w1", "w7")]
    with shop.engine.transaction():
        decisions.accept(shop.engine, ("till", "a1"), ("web", "w7"), word)
        renew_customers(shop.engine, rules, NOW)
    assert buyers(shop) == joined


def test_undoing_the_load_that_joined_two_customers_parts_them(shop: Shop, rules: IdentityRules) -> None:
    shop.source("web", WEB)
    loaded(shop, rules)
    before = by_business_ids(shop.engine)
    shop.source("till", TILL)
    loaded(shop, rules)
    assert ("t1", "w7", "a1") in buyers(shop)  # she keeps the id that she had
    undo(shop.engine, ProjectConfig(name="test", identity=rules), 2, NOW)
    after = by_business_ids(shop.engine)
    assert after["sales"] == before["sales"]
    assert shop.rows("SELECT count(*) FROM dim_customer WHERE customer_key > 0") == [(2,)]


def test_identity_can_be_switched_on_and_off_with_a_load_of_everything(shop: Shop, rules: IdentityRules) -> None:
    shop.source("till", TILL)
    shop.source(
        "web",
        {
            **WEB,
            "customers": "customer_id,name,email\nw7,Ann B,ann@example.com\n",
            "sales": HEAD + "w1,1,w7,2024-01-02,5\n",
        },
    )
    loaded(shop, None)
    plain = by_business_ids(shop.engine)
    with pytest.raises(DataError, match="identity was switched on or off; load all sources once"):
        loaded(shop, rules, "till")
    loaded(shop, rules)
    assert buyers(shop) == [("t1", "a1", None), ("w1", "a1", "w7")]
    loaded(shop, None)
    assert by_business_ids(shop.engine) == plain
    # What the rules had made of the records would only grow old, e-mails and all.
    assert not {"customer_golden", "customer_identity", "customer_contact_point"} & shop.engine.tables()
    for number, config in ((3, None), (3, rules)):
        with pytest.raises(DataError, match=f"load {number} cannot be taken back: in crm.yml identity was switched"):
            undo(shop.engine, ProjectConfig(name="test", identity=config), number, NOW)


def test_a_dry_run_names_the_records_that_would_come(shop: Shop, rules: IdentityRules) -> None:
    shop.source("till", TILL)
    heard: list[str] = []
    config = ProjectConfig(name="test", channels=("store", "web"), identity=rules)
    load(shop.engine, config, shop.data, (), NOW, heard.append, Wanted(samples=True))
    assert "  new      customers source till, customer_id a1" in heard


def test_versions_with_dates_of_their_own_and_identity_are_refused_together(rules: IdentityRules) -> None:
    from crm_analytics.config import Tracked

    with pytest.raises(ConfigError, match="leave out 'changed'"):
        ProjectConfig(name="t", identity=rules, history={"customers": Tracked(track=("city",), changed="valid_from")})
    assert replace(ProjectConfig(name="t", identity=rules), history={"customers": Tracked(track=("city",))})
