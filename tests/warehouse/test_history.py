"""Versions that come with their dates: each is true until the next, whatever the order in which they came."""

from datetime import date, datetime

import pytest

from crm_analytics.config import DIMENSIONS, HISTORY_COLUMNS, ProjectConfig
from crm_analytics.errors import ConfigError, DataError
from crm_analytics.warehouse.history_checks import OWN
from crm_analytics.warehouse.ledger import EntityLoad
from crm_analytics.warehouse.tables import ENTITIES
from crm_analytics.warehouse.undo import undo
from tests.warehouse.histories import DATED, EVER, HEAD, NEVER, RETRACTABLE, spells
from tests.warehouse.made import NOW, Shop, by_business_ids, star

SALES = (
    "order_id,line_id,customer_id,sold_at,revenue\n"
    "o1,1,ann,2019-05-05,1\no2,1,ann,2021-03-01,2\no3,1,ann,2022-01-01,4\no4,1,bob,2022-01-01,8\no5,1,,2022-01-01,16\n"
)


def test_the_dimensions_that_may_have_a_history_are_those_of_the_star() -> None:
    assert {e.name for e in ENTITIES.values() if e.kind == "dimension"} == set(DIMENSIONS)
    assert OWN == HISTORY_COLUMNS


def test_delivered_versions_become_intervals_and_the_dimension_has_the_last(shop: Shop) -> None:
    # Ann lived in Ulm, since 2020-02-03 in Bonn, and since 2021-03-01 in Kiel; each version ends where the next begins.
    rows = "ann,2021-03-01,Kiel\nann,2018-01-01,Ulm\nann,2020-02-03,Bonn\nbob,,Trier\n"
    shop.source("crm", {"customers": HEAD + rows, "sales": SALES})
    (customers, _) = shop.load(history=DATED)
    assert (customers.rows_read, customers.rows_loaded, customers.rows_rejected) == (4, 4, 0)
    assert spells(shop) == [
        (EVER, date(2020, 2, 3), "Ulm"),
        (date(2020, 2, 3), date(2021, 3, 1), "Bonn"),
        (date(2021, 3, 1), NEVER, "Kiel"),
    ]
    assert spells(shop, "bob") == [(EVER, NEVER, "Trier")]
    assert shop.rows("SELECT customer_id, city, since FROM dim_customer WHERE customer_key > 0 ORDER BY 1") == [
        ("ann", "Kiel", datetime(2021, 3, 1)),
        ("bob", "Trier", None),
    ]
    # o2 happened on the very day of the move to Kiel; o5 is nobody's, and finds the version of the unknown member.
    assert shop.rows(
        "SELECT order_id, city FROM fct_sale s JOIN dim_customer_history h ON h.customer_key = s.customer_key "
        "AND CAST(sold_at AS DATE) >= valid_from AND CAST(sold_at AS DATE) < valid_to ORDER BY 1"
    ) == [("o1", "Ulm"), ("o2", "Kiel"), ("o3", "Kiel"), ("o4", "Trier"), ("o5", None)]
    assert shop.failed() == []


def test_a_late_version_splits_the_interval_that_it_falls_into(shop: Shop) -> None:
    shop.source("crm", {"customers": HEAD + "ann,2018-01-01,Ulm\nann,2021-03-01,Kiel\n"})
    shop.load(history=DATED)
    shop.source("late", {"customers": HEAD + "ann,2020-02-03,Bonn\n"})
    shop.load("late", history=DATED)
    assert [city for *_, city in spells(shop)] == ["Ulm", "Bonn", "Kiel"]
    assert spells(shop)[1] == (date(2020, 2, 3), date(2021, 3, 1), "Bonn")
    assert shop.rows("SELECT city FROM dim_customer WHERE customer_id = 'ann'") == [("Kiel",)]
    assert shop.failed() == []


def test_a_corrected_version_replaces_and_one_that_is_gone_merges_its_neighbours(shop: Shop) -> None:
    shop.source("crm", {"customers": HEAD + "ann,2018-01-01,Ulm\nann,2020-02-03,Bonn\nann,2021-03-01,Ulm\n"})
    shop.load(history=DATED)
    assert len(spells(shop)) == 3
    shop.source("crm", {"customers": HEAD + "ann,2018-01-01,Ulm\nann,2020-02-03,Berlin\nann,2021-03-01,Ulm\n"})
    shop.load(history=DATED)
    assert spells(shop)[1] == (date(2020, 2, 3), date(2021, 3, 1), "Berlin")
    shop.source("crm", {"customers": HEAD + "ann,2018-01-01,Ulm\nann,2021-03-01,Ulm\n"})
    shop.load(history=DATED)
    assert spells(shop) == [(EVER, NEVER, "Ulm")]  # two deliveries of one city are one version


def test_a_row_marked_as_retracted_takes_the_version_of_its_day_back(shop: Shop) -> None:
    head = "customer_id,since,city,void\n"
    shop.source("crm", {"customers": head + "ann,2018-01-01,Ulm,\nann,2020-02-03,Bonn,false\nbob,,Trier,\n"})
    shop.source("void", {"customers": head + "ann,2020-02-03,,true\nbob,,,true\n"})
    done = shop.load(history=RETRACTABLE)
    assert sum(d.rows_loaded for d in done) == 5
    assert spells(shop) == [(EVER, NEVER, "Ulm")]
    # Of Bob nothing is left that stands, so he is no member.
    assert shop.rows("SELECT customer_id, city FROM dim_customer WHERE customer_key > 0") == [("ann", "Ulm")]
    assert "void" not in shop.engine.columns("dim_customer")
    assert shop.failed() == []


def test_of_two_versions_within_a_day_the_later_one_is_that_of_the_day(shop: Shop) -> None:
    shop.source("crm", {"customers": HEAD + "ann,2020-02-03 09:00:00,Bonn\nann,2020-02-03 17:30:00,Kiel\nann,,Ulm\n"})
    shop.load(history=DATED)
    assert spells(shop) == [(EVER, date(2020, 2, 3), "Ulm"), (date(2020, 2, 3), NEVER, "Kiel")]


def test_versions_with_a_broken_date_or_said_twice_are_rejected(shop: Shop) -> None:
    rows = "ann,2020-02-30,Bonn\nann,2020-02-01,Kiel\nann,2020-02-01,Trier\n"
    shop.source("crm", {"customers": HEAD + rows})
    (done,) = shop.load(history=DATED)
    assert (done.rows_read, done.rows_loaded, done.rows_rejected) == (3, 1, 2)
    assert [reason for _, _, reason, _ in shop.rejects()] == [
        "repeats the key customer_id, since",
        "since: not a TIMESTAMP",
    ]
    assert spells(shop) == [(EVER, NEVER, "Kiel")]
    assert shop.failed() == []


LOADS: list[list[tuple[str, ...]]] = [[()], [("a",), ("b",)], [("b",), ("a",)], [("b",), (), ("a",)], [("a", "b"), ()]]


@pytest.mark.parametrize("loads", LOADS, ids=str)
def test_sources_in_any_order_give_the_same_history(loads: list[tuple[str, ...]], shop: Shop) -> None:
    shop.source("a", {"customers": HEAD + "ann,,Ulm\nann,2021-03-01,Kiel\nbob,2020-01-01,Trier\n", "sales": SALES})
    # b brings a late version, and another word on the day that a speaks of: that loses, as repeats do.
    shop.source("b", {"customers": HEAD + "ann,2020-02-03,Bonn\nann,2021-03-01,Worms\ncy,,Mainz\n"})
    for names in loads:
        shop.load(*names, history=DATED)
    assert shop.rows("SELECT customer_id, valid_from, city FROM dim_customer_history ORDER BY ALL NULLS FIRST") == [
        (None, EVER, None),
        ("ann", EVER, "Ulm"),
        ("ann", date(2020, 2, 3), "Bonn"),
        ("ann", date(2021, 3, 1), "Kiel"),
        ("bob", EVER, "Trier"),
        ("cy", EVER, "Mainz"),
    ]
    assert [(source, row["city"]) for source, _, _, row in shop.rejects()] == [("b", "Worms")]
    assert shop.failed() == []


def test_a_mapping_without_the_date_of_its_versions_is_told(shop: Shop) -> None:
    folder = shop.source("crm", {"customers": "customer_id,city\nann,Ulm\n"})
    with pytest.raises(ConfigError) as caught:
        shop.load(history=DATED)
    path = folder / "customers.sql"
    assert str(caught.value) == f"{path}: does not give since, which every row of customers must have"


def test_a_date_that_is_declared_later_is_read_from_all_sources(shop: Shop) -> None:
    shop.source("a", {"customers": HEAD + "ann,,Ulm\nann,2020-02-03,Bonn\n"})
    shop.source("b", {"customers": HEAD + "bob,2020-01-01,Trier\n"})
    shop.load()
    assert len(shop.rejects()) == 1
    shop.load("b", history=DATED)  # of a, which is not read yet, there is what the dimension had
    assert [city for *_, city in spells(shop)] == ["Bonn"]
    assert spells(shop, "bob") == [(EVER, NEVER, "Trier")]
    shop.load(history=DATED)
    assert [city for *_, city in spells(shop)] == ["Ulm", "Bonn"]
    assert (shop.rejects(), shop.failed()) == ([], [])
    before = star(shop.engine)
    shop.load(history=DATED, full=True)
    assert star(shop.engine) == before
    shop.load()  # and no longer declared, the second row of a key is a repeat again
    assert len(shop.rejects()) == 1
    assert not {"version_customer", "dim_customer_history"} & shop.engine.tables()


def test_a_load_that_is_taken_back_takes_its_versions_along(shop: Shop) -> None:
    config = ProjectConfig(name="test", channels=("store", "web"), history=DATED)
    shop.source("a", {"customers": HEAD + "ann,2018-01-01,Ulm\nbob,,Trier\n", "sales": SALES})
    shop.load(history=DATED)
    before = by_business_ids(shop.engine), spells(shop), spells(shop, "bob")
    shop.source("a", {"customers": HEAD + "ann,2018-01-01,Ulm\nann,2020-02-03,Bonn\ncy,,Mainz\n", "sales": SALES})
    shop.load(history=DATED)
    assert [city for *_, city in spells(shop)] == ["Ulm", "Bonn"]
    after = by_business_ids(shop.engine)
    undo(shop.engine, config, 2, NOW)
    assert (by_business_ids(shop.engine), spells(shop), spells(shop, "bob")) == before
    assert shop.rows("SELECT count(*) FROM dim_customer_history") == [(3,)]  # and the unknown customer's
    shop.load(history=DATED)
    assert by_business_ids(shop.engine) == after
    undo(shop.engine, config, 3, NOW)
    undo(shop.engine, config, 1, NOW)
    assert shop.rows("SELECT customer_id FROM dim_customer_history") == [(None,)]


def test_a_load_from_before_versions_were_told_apart_is_not_taken_back(shop: Shop) -> None:
    shop.source("a", {"customers": HEAD + "ann,2020-02-03,Bonn\n"})
    shop.load()
    shop.load(history=DATED)
    config = ProjectConfig(name="test", channels=("store", "web"), history=DATED)
    says = "crm.yml says since then otherwise by which column versions of customers are told apart"
    with pytest.raises(DataError, match=f"load 2 cannot be taken back: {says}"):
        undo(shop.engine, config, 2, NOW)
    shop.source("a", {"customers": HEAD + "ann,2020-02-03,Kiel\n"})
    shop.load(history=DATED)
    with pytest.raises(DataError, match=f"load 3 cannot be taken back: {says}"):
        undo(shop.engine, ProjectConfig(name="test"), 3, NOW)
    undo(shop.engine, config, 3, NOW)
    assert [city for *_, city in spells(shop)] == ["Bonn"]


DAMAGE = {  # what is done to the history, and what `crm check` then says
    "a gap": (
        "UPDATE dim_customer_history SET valid_to = '2020-01-01' WHERE valid_to = '2020-02-03'",
        "versions should have no gap and no overlap, but customer_key 1 has none before 2020-02-03",
    ),
    "an overlap": (
        "UPDATE dim_customer_history SET valid_from = '2020-01-01' WHERE valid_from = '2020-02-03'",
        "versions should have no gap and no overlap, but customer_key 1 has two on 2020-01-01",
    ),
    "an end": (
        "UPDATE dim_customer_history SET valid_to = '2030-01-01' WHERE city = 'Bonn'",
        "versions should have no gap and no overlap, but customer_key 1 has none after that of 2020-02-03",
    ),
    "an empty version": (
        "UPDATE dim_customer_history SET valid_from = valid_to WHERE city = 'Ulm'",
        "versions should have no gap and no overlap, but customer_key 1 has an empty one on 2020-02-03",
    ),
    "two current versions": (
        "UPDATE dim_customer_history SET is_current = TRUE",
        'each customer should have one current version, as dim_customer has it, but "customer_key" 1 has not',
    ),
    "no current version": (
        "UPDATE dim_customer_history SET is_current = FALSE WHERE customer_key = 1",
        'each customer should have one current version, as dim_customer has it, but "customer_key" 1 has not',
    ),
    "another value than the dimension has": (
        "UPDATE dim_customer SET city = 'Kiel' WHERE customer_id = 'ann'",
        'each customer should have one current version, as dim_customer has it, but "customer_key" 1 has not',
    ),
    "no version at all": (
        "DELETE FROM dim_customer_history WHERE customer_key = 1",
        "every row should find its version in dim_customer_history, but customer_key 1 has none",
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_history_fails_the_check(damage: str, shop: Shop) -> None:
    shop.source("crm", {"customers": HEAD + "ann,2018-01-01,Ulm\nann,2020-02-03,Bonn\nbob,,Trier\n", "sales": SALES})
    shop.load(history=DATED)
    assert shop.failed() == []
    statement, says = DAMAGE[damage]
    shop.engine.execute(statement)
    failed = [check for check in shop.failed() if check.kind == "history"]
    assert says in {check.says for check in failed}
    assert all(check.rows for check in failed)


def test_files_of_changes_are_read_one_by_one_and_a_later_one_corrects(shop: Shop) -> None:
    listed = "incremental:\n  customers: {by: changes}\n"
    mapping = {"customers": "SELECT * FROM raw_changes"}

    def deliver(**files: str) -> tuple[EntityLoad, ...]:
        folder = shop.source("crm", {f"changes_{day}": HEAD + rows for day, rows in files.items()}, mappings=mapping)
        (folder / "source.yml").write_text(f"version: 1\nfiles:\n  changes: {{path: changes_*.csv}}\n{listed}")
        return shop.load(history=DATED)

    first, second = "ann,,Ulm\nbob,,Trier\n", "ann,2020-02-03,Bonn\n"
    deliver(a=first, b=second)
    # The third file corrects what the second said of that day, and brings what happened before: the second is not read.
    (done,) = deliver(a=first, b=second, c="ann,2020-02-03,Kiel\nann,2019-01-01,Worms\n")
    assert (done.parts, done.rows_read) == (1, 2)
    assert spells(shop) == [
        (EVER, date(2019, 1, 1), "Ulm"),
        (date(2019, 1, 1), date(2020, 2, 3), "Worms"),
        (date(2020, 2, 3), NEVER, "Kiel"),
    ]
    assert [(reason, row["city"]) for _, _, reason, row in shop.rejects()] == [
        ("an older version of customer_id, since", "Bonn")
    ]
    assert shop.failed() == []
