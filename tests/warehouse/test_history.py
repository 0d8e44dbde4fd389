"""Every version of a tracked attribute, with the days on which it was true."""

from datetime import date, datetime
from typing import Any

import pytest

from crm_analytics.config import DIMENSIONS, HISTORY_COLUMNS, ProjectConfig, Tracked
from crm_analytics.errors import ConfigError
from crm_analytics.warehouse.history import forget_versions, record_versions
from crm_analytics.warehouse.history_checks import OWN
from crm_analytics.warehouse.tables import ENTITIES
from tests.warehouse.made import Shop, star

EVER, NEVER = date(1, 1, 1), date(9999, 12, 31)
DATED = {"customers": Tracked(track=("city",), changed="since")}
RETRACTABLE = {"customers": Tracked(track=("city",), changed="since", retracted="void")}
UNDATED = {"customers": Tracked(track=("city",))}
HEAD = "customer_id,since,city\n"
SALES = (
    "order_id,line_id,customer_id,sold_at,revenue\n"
    "o1,1,ann,2019-05-05,1\no2,1,ann,2021-03-01,2\no3,1,ann,2022-01-01,4\no4,1,bob,2022-01-01,8\no5,1,,2022-01-01,16\n"
)


def spells(shop: Shop, member: str = "ann") -> list[tuple[Any, ...]]:
    """From, to and city of each version of a customer."""
    text = "SELECT valid_from, valid_to, city FROM dim_customer_history WHERE customer_id = $member ORDER BY 1"
    return shop.engine.rows(text, {"member": member})


def on(day: int) -> datetime:
    return datetime(2024, 1, day, 3, 0)


def see(shop: Shop, day: int, **cities: str) -> None:
    """Load customers who live in these cities now, on that day of January."""
    rows = "".join(f"{name},{city}\n" for name, city in cities.items())
    shop.source("crm", {"customers": f"customer_id,city\n{rows}"})
    shop.load(history=UNDATED, now=on(day))


def test_the_dimensions_that_may_have_a_history_are_those_of_the_star() -> None:
    assert {e.name for e in ENTITIES.values() if e.kind == "dimension"} == set(DIMENSIONS)
    assert OWN == HISTORY_COLUMNS


# Versions that come with their dates


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


# Versions that the loads notice


def test_a_load_that_brings_another_value_begins_a_version_on_its_day(shop: Shop) -> None:
    see(shop, 1, ann="Ulm", bob="Trier")
    see(shop, 5, ann="Bonn", bob="Trier")
    see(shop, 6, ann="Bonn", bob="Trier")
    see(shop, 9, ann="Ulm", bob="Trier")
    # What was true before the first load nobody knows; what was true then is the best there is.
    assert spells(shop) == [
        (EVER, date(2024, 1, 5), "Ulm"),
        (date(2024, 1, 5), date(2024, 1, 9), "Bonn"),
        (date(2024, 1, 9), NEVER, "Ulm"),
    ]
    assert spells(shop, "bob") == [(EVER, NEVER, "Trier")]
    assert shop.rows("SELECT count(*) FROM seen_customer") == [(4,)]  # only what was new was noted
    assert shop.failed() == []


def test_a_second_load_on_the_same_day_is_the_word_of_that_day(shop: Shop) -> None:
    see(shop, 1, ann="Ulm")
    see(shop, 5, ann="Bonn")
    see(shop, 5, ann="Kiel")
    assert spells(shop) == [(EVER, date(2024, 1, 5), "Ulm"), (date(2024, 1, 5), NEVER, "Kiel")]
    see(shop, 5, ann="Ulm")
    assert spells(shop) == [(EVER, NEVER, "Ulm")]


def test_a_clock_that_went_back_still_leaves_the_last_load_the_last_word(shop: Shop) -> None:
    see(shop, 9, ann="Ulm")
    see(shop, 12, ann="Bonn")
    see(shop, 3, ann="Kiel")
    assert spells(shop) == [(EVER, date(2024, 1, 12), "Ulm"), (date(2024, 1, 12), NEVER, "Kiel")]
    assert shop.failed() == []


def test_a_member_that_is_gone_and_comes_back_was_closed_in_between(shop: Shop) -> None:
    see(shop, 1, ann="Ulm", bob="Trier")
    see(shop, 5, bob="Trier")
    assert spells(shop) == []  # she is no member now, so no fact can ask for her
    see(shop, 6, bob="Trier")
    see(shop, 9, ann="Ulm", bob="Trier")
    assert shop.rows(
        "SELECT valid_from, valid_to, city, is_closed, is_current FROM dim_customer_history "
        "WHERE customer_id = 'ann' ORDER BY 1"
    ) == [
        (EVER, date(2024, 1, 5), "Ulm", False, False),
        (date(2024, 1, 5), date(2024, 1, 9), "Ulm", True, False),
        (date(2024, 1, 9), NEVER, "Ulm", False, True),
    ]
    assert shop.failed() == []


def test_loading_the_same_again_changes_nothing(shop: Shop) -> None:
    for history, rows in ((UNDATED, "customer_id,city\nann,Ulm\n"), (DATED, HEAD + "ann,,Ulm\nann,2020-02-03,Bonn\n")):
        shop.source("crm", {"customers": rows})
        shop.load(history=history)
        before = star(shop.engine)
        shop.load(history=history, now=on(20))
        shop.load("crm", history=history, now=on(21))
        assert star(shop.engine) == before


def test_a_load_can_be_forgotten(shop: Shop) -> None:
    for day, city in enumerate(["Ulm", "Bonn", "Kiel"], start=1):
        see(shop, day, ann=city)
    config = ProjectConfig(name="test", history=UNDATED)
    forget_versions(shop.engine, config, 2)
    assert spells(shop) == [(EVER, date(2024, 1, 3), "Ulm"), (date(2024, 1, 3), NEVER, "Kiel")]
    # The load that saw Kiel is taken back, and with it what the dimension says.
    shop.engine.execute("UPDATE dim_customer SET city = 'Ulm' WHERE customer_id = 'ann'")
    forget_versions(shop.engine, config, 3)
    record_versions(shop.engine, ENTITIES["customers"], UNDATED["customers"], 4, date(2024, 1, 8))
    assert spells(shop) == [(EVER, NEVER, "Ulm")]
    assert shop.failed() == []


def test_only_the_members_that_are_named_are_looked_at(shop: Shop) -> None:
    see(shop, 1, ann="Ulm", bob="Trier")
    shop.engine.execute("UPDATE dim_customer SET city = 'Bonn'")
    named = "(SELECT 'ann' AS customer_id)"
    record_versions(shop.engine, ENTITIES["customers"], UNDATED["customers"], 2, date(2024, 1, 5), changed=named)
    assert [city for *_, city in spells(shop)] == ["Ulm", "Bonn"]
    assert [city for *_, city in spells(shop, "bob")] == ["Trier"]


def test_an_attribute_that_is_tracked_from_now_on_was_always_what_it_is_now(shop: Shop) -> None:
    see(shop, 1, ann="Ulm")
    see(shop, 5, ann="Bonn")
    shop.source("crm", {"customers": "customer_id,city,tier\nann,Bonn,gold\n"})
    both = {"customers": Tracked(track=("city", "tier"))}
    shop.load(history=both, now=on(9))
    assert shop.rows("SELECT valid_from, city, tier FROM dim_customer_history WHERE customer_key > 0 ORDER BY 1") == [
        (EVER, "Ulm", "gold"),
        (date(2024, 1, 5), "Bonn", "gold"),
    ]
    # Only the tier is tracked for a while: its versions are told, and the cities are kept for another time.
    tier = {"customers": Tracked(track=("tier",))}
    shop.load(history=tier, now=on(10))
    assert shop.rows("SELECT valid_from, tier FROM dim_customer_history WHERE customer_key > 0") == [(EVER, "gold")]
    shop.load(history=both, now=on(11))
    assert [city for *_, city in spells(shop)] == ["Ulm", "Bonn"]


def test_values_of_another_type_than_before_are_kept_in_one_that_holds_both(shop: Shop) -> None:
    income = {"customers": Tracked(track=("income",))}
    for day, value in enumerate(["1", "1.5", "'high'", "[2]"], start=1):
        mapping = {"customers": f"SELECT *, {value} AS income FROM raw_customers"}
        shop.source("crm", {"customers": "customer_id\nann\n"}, mappings=mapping)
        shop.load(history=income, now=on(day))
    found = shop.rows("SELECT income FROM dim_customer_history WHERE customer_key > 0 ORDER BY valid_from")
    assert found == [("1.0",), ("1.5",), ("high",), ("[2]",)]


def test_a_history_that_is_no_longer_declared_goes_and_what_was_seen_comes_back_with_it(shop: Shop) -> None:
    see(shop, 1, ann="Ulm")
    see(shop, 5, ann="Bonn")
    shop.load(now=on(6))
    assert "dim_customer_history" not in shop.engine.tables()
    see(shop, 7, ann="Bonn")
    assert [city for *_, city in spells(shop)] == ["Ulm", "Bonn"]


@pytest.mark.parametrize("history", [UNDATED, DATED], ids=["noticed", "delivered"])
def test_an_attribute_that_no_source_brings_is_told_with_the_nearest(shop: Shop, history: dict[str, Tracked]) -> None:
    shop.source("crm", {"customers": "customer_id,cities,since\nann,Ulm,\n"})
    with pytest.raises(
        ConfigError, match=r"history: customers: dim_customer has no attribute 'city'\. Did you mean 'ci"
    ):
        shop.load(history=history)


@pytest.mark.parametrize("history", [UNDATED, DATED], ids=["noticed", "delivered"])
def test_a_load_of_one_source_waits_for_the_attribute_that_another_brings(
    shop: Shop, history: dict[str, Tracked]
) -> None:
    shop.source("a", {"customers": "customer_id,since\nann,\n"})
    shop.source("b", {"customers": HEAD + "bob,,Ulm\n"})
    shop.load("a", history=history)
    assert spells(shop) == [(EVER, NEVER, None)]
    shop.load("b", history=history, now=on(2))
    assert spells(shop, "bob") == [(EVER, NEVER, "Ulm")]
    assert shop.failed() == []


def test_a_date_that_is_declared_later_is_read_from_all_sources(shop: Shop) -> None:
    shop.source("a", {"customers": HEAD + "ann,,Ulm\nann,2020-02-03,Bonn\n"})
    shop.source("b", {"customers": HEAD + "bob,,Trier\n"})
    shop.load()
    assert len(shop.rejects()) == 1
    with pytest.raises(ConfigError, match=r"history: customers: by which column .* is new since the last load"):
        shop.load("b", history=DATED)
    assert len(shop.rejects()) == 1
    shop.load(history=DATED)
    assert [city for *_, city in spells(shop)] == ["Ulm", "Bonn"]
    assert shop.rejects() == []
    shop.load()  # and no longer declared, the second row of a key is a repeat again
    assert len(shop.rejects()) == 1
    assert "version_customer" not in shop.engine.tables()
