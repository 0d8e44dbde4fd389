"""Versions that the loads notice: what is new is true from the day of the load that first brings it."""

from datetime import date

import pytest

from crm_analytics.config import ProjectConfig, Tracked
from crm_analytics.errors import ConfigError
from crm_analytics.warehouse.history import forget_versions, record_versions
from crm_analytics.warehouse.tables import ENTITIES
from crm_analytics.warehouse.undo import undo
from tests.warehouse.histories import DATED, EVER, HEAD, NEVER, UNDATED, on, see, spells
from tests.warehouse.made import Shop, star


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
    customers, tracked = ENTITIES["customers"], UNDATED["customers"]
    forget_versions(shop.engine, customers, tracked, 2)
    assert spells(shop) == [(EVER, date(2024, 1, 3), "Ulm"), (date(2024, 1, 3), NEVER, "Kiel")]
    # The load that saw Kiel is taken back, and with it what the dimension says.
    shop.engine.execute("UPDATE dim_customer SET city = 'Ulm' WHERE customer_id = 'ann'")
    forget_versions(shop.engine, customers, tracked, 3)
    record_versions(shop.engine, customers, tracked, 4, date(2024, 1, 8))
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
    for day, value in enumerate(["1", "1.5", "'high'"], start=1):
        mapping = {"customers": f"SELECT *, {value} AS income FROM raw_customers"}
        shop.source("crm", {"customers": "customer_id\nann\n"}, mappings=mapping)
        shop.load(history=income, now=on(day))
    found = shop.rows("SELECT income FROM dim_customer_history WHERE customer_key > 0 ORDER BY valid_from")
    assert found == [("1.0",), ("1.5",), ("high",)]


@pytest.mark.parametrize("values", [("1", "[2]"), ("'1'", "[2]"), ("{'a': 1}", "[2]")], ids=str)
def test_values_of_which_no_type_holds_both_are_kept_as_texts(shop: Shop, values: tuple[str, str]) -> None:
    see(shop, 1, ann="Ulm")
    tracked = Tracked(track=("income",))
    shop.engine.execute("DROP TABLE seen_customer")
    for day, value in enumerate(values, start=1):
        shop.engine.execute(f"CREATE OR REPLACE TABLE dim_customer AS SELECT *, {value} AS income FROM dim_customer")
        record_versions(shop.engine, ENTITIES["customers"], tracked, day, date(2024, 1, day))
        shop.engine.execute("ALTER TABLE dim_customer DROP COLUMN income")
    found = shop.rows("SELECT income FROM dim_customer_history WHERE customer_key > 0 ORDER BY valid_from")
    assert found == [(value.strip("'"),) for value in values]


def test_a_history_that_is_no_longer_declared_goes_and_what_was_seen_comes_back_with_it(shop: Shop) -> None:
    see(shop, 1, ann="Ulm")
    see(shop, 5, ann="Bonn")
    shop.load(now=on(6))
    assert "dim_customer_history" not in shop.engine.tables()
    see(shop, 7, ann="Bonn")
    assert [city for *_, city in spells(shop)] == ["Ulm", "Bonn"]


TIERS = {
    "noticed": {"customers": Tracked(track=("tier",))},
    "delivered": {"customers": Tracked(track=("tier",), changed="since")},
}


@pytest.mark.parametrize("history", TIERS.values(), ids=list(TIERS))
def test_an_attribute_that_no_source_brings_is_told_with_the_nearest(shop: Shop, history: dict[str, Tracked]) -> None:
    shop.source("crm", {"customers": "customer_id,tiers,since\nann,gold,\n"})
    with pytest.raises(
        ConfigError, match=r"history: customers: dim_customer has no attribute 'tier'\. Did you mean 'tiers'"
    ):
        shop.load(history=history)


@pytest.mark.parametrize("history", TIERS.values(), ids=list(TIERS))
def test_a_load_of_one_source_waits_for_the_attribute_that_another_brings(
    shop: Shop, history: dict[str, Tracked]
) -> None:
    shop.source("a", {"customers": "customer_id,since\nann,\n"})
    shop.source("b", {"customers": "customer_id,since,tier\nbob,,gold\n"})
    tiers = "SELECT customer_id, tier FROM dim_customer_history WHERE customer_key > 0 ORDER BY 1"
    shop.load("a", history=history)
    assert shop.rows(tiers) == [("ann", None)]
    shop.load("b", history=history, now=on(2))
    assert shop.rows(tiers) == [("ann", None), ("bob", "gold")]
    assert shop.failed() == []


def test_a_load_that_is_taken_back_takes_what_it_noticed_along(shop: Shop) -> None:
    config = ProjectConfig(name="test", channels=("store", "web"), history=UNDATED)
    see(shop, 1, ann="Ulm", bob="Trier")
    see(shop, 5, ann="Bonn", cy="Mainz")
    assert (len(spells(shop)), spells(shop, "bob"), spells(shop, "cy")) == (2, [], [(EVER, NEVER, "Mainz")])
    undo(shop.engine, config, 2, on(6))
    assert (spells(shop), spells(shop, "bob")) == ([(EVER, NEVER, "Ulm")], [(EVER, NEVER, "Trier")])
    assert spells(shop, "cy") == []
    assert shop.rows("SELECT DISTINCT load_id FROM seen_customer") == [(1,)]
    see(shop, 7, ann="Bonn", bob="Trier")
    assert spells(shop)[-1] == (date(2024, 1, 7), NEVER, "Bonn")
    assert shop.failed() == []
