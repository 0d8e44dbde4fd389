"""Histories, bridges and trees held to their file and to the warehouse: what does not fit is told by its line."""

from pathlib import Path

import pytest

from crm_analytics.errors import ConfigError
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.check import misfits
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery
from olap.members import members
from olap.test_cube_kinds import KINDS, changed

SALES = CubeQuery("sales").measures("revenue")


@pytest.mark.parametrize(
    ("change", "told", "lost", "kept"),
    [
        (
            "INSERT INTO dim_customer_history VALUES (1, 'W', DATE '2017-02-06', DATE '2017-02-08')",
            "two versions of customer_key 1 in 'dim_customer_history' hold on one day",
            SALES.by("customer.region").as_of("sale"),
            SALES.by("customer.region"),
        ),
        (
            "ALTER TABLE dim_customer_history ALTER valid_to TYPE VARCHAR",
            "'valid_to' of 'dim_customer_history' holds no days",
            SALES.by("customer.region").as_of("sale"),
            SALES.by("customer.region"),
        ),
        (
            "ALTER TABLE dim_customer_history DROP region",
            '"region" not found',
            SALES.by("customer.region").as_of("2017-01-01"),
            SALES.by("customer.region"),
        ),
        (
            "DROP TABLE dim_customer_history",
            "no table 'dim_customer_history' yet",
            SALES.slice("customer.region", "S").as_of("sale"),
            SALES.slice("customer.region", "S"),
        ),
        (
            "UPDATE dim_range SET above = 'bread' WHERE node = 'food'",
            "above of node 'bakery', 'bread', 'food' leads round in a circle",
            SALES.by("range.aisle"),
            SALES.by("range.organic"),
        ),
        (
            "UPDATE dim_range SET node = 'food' WHERE node = 'ball'",
            "node 'food' stands twice in 'dim_range'",
            SALES.by("range.aisle"),
            SALES.by("range.organic"),
        ),
        (
            "ALTER TABLE dim_range DROP name",
            '"name" not found',
            SALES.by("range.aisle"),
            SALES.by("range.organic"),
        ),
        (
            "ALTER TABLE bridge_customer_club DROP club_key",
            '"club_key" not found',
            SALES.by("club.club"),
            SALES.by("range.organic"),
        ),
        (
            "DROP TABLE bridge_customer_club",
            "no table 'bridge_customer_club' yet",
            SALES.slice("club.club", "Runners"),
            SALES,
        ),
    ],
)
def test_what_cannot_be_counted_with_is_told_and_blocks_only_itself(
    change: str, told: str, lost: CubeQuery, kept: CubeQuery
) -> None:
    engine = members()
    assert misfits(load_model(KINDS), engine) == []
    engine.execute(change)
    [line] = misfits(load_model(KINDS), engine)
    assert told in line
    assert "dimensions.yml:" in line
    bound = bind_model(load_model(KINDS), engine)
    with pytest.raises(ConfigError) as error:
        browse(engine, bound, lost)
    assert str(error.value) == line
    browse(engine, bound, kept)
    engine.close()


def test_versions_that_meet_or_are_empty_do_not_overlap() -> None:
    # The drawn ones meet on 2017-02-07 already; one that ends where it begins holds on no day.
    own = members()
    own.execute("INSERT INTO dim_customer_history VALUES (1, 'W', DATE '2017-03-01', DATE '2017-03-01')")
    assert misfits(load_model(KINDS), own) == []
    own.close()


def test_a_circle_that_a_load_brings_after_the_look_loses_no_row() -> None:
    own = members()
    bound = bind_model(load_model(KINDS), own)
    own.execute("UPDATE dim_range SET above = 'bread' WHERE node = 'food'")
    rows = browse(own, bound, SALES.by("range.division")).frame.rows()
    assert rows == [("Ball", 1200), ("Gift", 100), ("Unknown product", 240)]
    own.close()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("from: valid_from", "form: valid_from", "unknown key 'form'. Did you mean 'from'?"),
        ("attributes: [region]", "attributes: [regoin]", "no attribute 'regoin'. Did you mean 'region'?"),
        ("valid_to, ", "valid_to, default: then, ", "no default 'then'. Known: sale, today."),
        ("key: customer_key, member: club_key", "key: customer_key", "'dimensions.club.bridge.member' is missing"),
        ("levels: [division, aisle, item]", "levels: [division, organic]", "'organic' is an attribute already"),
        ("levels: [division, aisle, item]", "levels: [Division]", "'Division' cannot be a name"),
        ("levels: [division, aisle, item]", "id: x", "stands twice"),
        (
            "    bridge: ",
            "    history: {table: a, key: b, from: c, to: d, attributes: [club]}\n    bridge: ",
            "'history' and 'bridge' exclude each other",
        ),
        (
            "    tree: ",
            "    hierarchies: {tree: [organic]}\n    tree: ",
            "the levels of 'tree' are a hierarchy 'tree' already",
        ),
        (
            "    tree: ",
            "    history: {table: a, key: b, from: c, to: d, attributes: [aisle]}\n    tree: ",
            "'aisle' is a level of 'tree', which has no history",
        ),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_model(changed(tmp_path, "dimensions.yml", (old, new)))
    assert any(told in line and "dimensions.yml:" in line for line in str(error.value).splitlines()), error.value


def test_a_dimension_of_the_fact_has_no_members_elsewhere(tmp_path: Path) -> None:
    own = "  own: {attributes: {a: {}}, tree: {id: a, parent: b, levels: [c]}}\n  date:"
    with pytest.raises(ConfigError, match=r"sales\.yml:\d+: 'tree' needs a dimension with 'table'"):
        load_model(changed(tmp_path, "sales.yml", ("  date:", own)))


def test_a_role_may_not_mix_members_with_others_in_one_or(tmp_path: Path) -> None:
    mixed = ("club.club = 'Runners'", "club.club = 'Runners' or customer.region = 'S'")
    with pytest.raises(
        ConfigError, match=r"sales\.yml:\d+: role 'runner': club\.club, .* customer\.region within one 'or'"
    ):
        load_model(changed(tmp_path, "sales.yml", mixed))
    joined = (mixed[0], "club.club = 'Runners' and customer.region = 'S'")
    assert load_model(changed(tmp_path, "sales.yml", joined)).cube("sales").access["runner"]


def test_a_tree_in_two_roles_climbs_in_each(tmp_path: Path) -> None:
    own = members()
    own.execute("ALTER TABLE fct_sale ADD COLUMN given_key INTEGER DEFAULT 1")
    roles = ("range: {}", "range: {roles: {range: product_key, given: given_key}}")
    bound = bind_model(load_model(changed(tmp_path, "sales.yml", roles)), own)
    rows = browse(own, bound, SALES.by("range.division", "given.aisle")).frame.rows()
    assert rows == [("Ball", "Bakery", 1200), ("Food", "Bakery", 240), ("Gift", "Bakery", 100)]
    own.close()
