"""What changed between two periods of the shop, worked out by hand.

January    o1 ann bread 100, milk 80;  o3 bob bread 60     FOOD 240           two orders, 240
February   o2 ann ball 200;  o5 nobody ball 1000           TOYS 1200          two orders, 1200
April      o4 bob gift 70, "Others" 30                     none 70, Others 30 one order, 100
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import CrmError
from crm_analytics.olap.access import Viewer, seen_by
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.explain.explain import explain
from crm_analytics.olap.explain.explanation import Explanation
from crm_analytics.olap.explain.question import Change
from crm_analytics.olap.filters import parse_filter
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from olap.conftest import CUBES
from olap.members import members
from olap.shop import shop
from olap.test_cube_kinds import KINDS

Asking = Callable[..., Explanation]

JANUARY, FEBRUARY = date(2017, 1, 2), date(2017, 2, 7)


@pytest.fixture
def ask(engine: DuckEngine, model: Model) -> Asking:
    def asked(measure: str, before: str, after: str, *by: str, where: str = "", over: str = "") -> Explanation:
        conditions = (parse_filter(where),) if where else ()
        return explain(engine, model, Change("sales", measure, before, after, by, conditions, over))

    return asked


def changes(found: Explanation, attribute: str) -> dict[str, tuple[object, ...]]:
    part = found.drivers.filter(pl.col("attribute") == attribute)
    return {row[0]: row[1:] for row in part.select("member", "before", "after", "change").rows()}


def test_the_members_of_each_attribute_make_up_the_change(ask: Asking) -> None:
    found = ask("revenue", "2017-01", "2017-02", "product.department", "customer.region")
    assert (found.before, found.after, found.difference) == (240, 1200, 960)
    assert changes(found, "product.department") == {"FOOD": (240, 0, -240), "TOYS": (0, 1200, 1200)}
    assert changes(found, "customer.region") == {
        "N": (180, 200, 20),
        "S": (60, 0, -60),
        "Unknown customer": (0, 1000, 1000),
    }
    assert found.adds_up


def test_beyond_is_what_a_member_moved_more_than_the_whole(ask: Asking) -> None:
    found = ask("revenue", "2017-01", "2017-02", "customer.region")
    # The whole grew fivefold: N would have gone from 180 to 900, and S from 60 to 300.
    beyond = dict(found.drivers.select("member", "beyond").rows())
    assert beyond == {"Unknown customer": 1000, "N": 200 - 900, "S": 0 - 300}
    assert found.drivers["member"].to_list() == ["Unknown customer", "N", "S"]


def test_surprise_is_the_divergence_of_the_shares(ask: Asking) -> None:
    # FOOD has all before and nothing after, TOYS the other way round: one bit, half of it from each.
    found = ask("revenue", "2017-01", "2017-02", "product.department")
    assert dict(found.drivers.select("member", "surprise").rows()) == {"FOOD": 0.5, "TOYS": 0.5}
    # TOYS alone explains more than two thirds of the change.
    row = found.attributes.row(0, named=True)
    assert (row["explaining"], row["first"], row["explained"], row["surprise"]) == (1, "TOYS", 1.25, 0.5)


def test_the_bridge_tells_what_became_of_the_customers(ask: Asking) -> None:
    def bridge(before: str, after: str) -> dict[str, tuple[object, ...]]:
        found = ask("revenue", before, after, "customer.region")
        assert found.adds_up
        return {row[0]: row[1:] for row in found.bridge.select("group", "customers", "change").rows()}

    assert bridge("2017-01", "2017-02") == {"up": (1, 20), "lost": (1, -60), "unknown": (None, 1000)}
    assert bridge("2017-01", "2017-04") == {"up": (1, 40), "lost": (1, -180)}
    # bob's first day is 9 January; ann was there before it, so she is not new in February.
    assert bridge("2017-01-01..2017-01-05", "2017-01-09") == {"new": (1, 60), "lost": (1, -180)}
    assert bridge("2017-01-09", "2017-02") == {"returning": (1, 200), "lost": (1, -60), "unknown": (None, 1000)}


def test_customers_come_and_go(ask: Asking) -> None:
    found = ask("customers", "2017-01-09", "2017-02")
    assert (found.before, found.after) == (1, 1)  # bob; then ann, for nobody is no customer
    rows = found.bridge.filter(pl.col("group") != "unknown").select("group", "change").rows()
    assert rows == [("returning", 1), ("lost", -1)]
    assert found.adds_up


def test_a_ratio_comes_apart_into_rates_and_mix(ask: Asking) -> None:
    # 120 an order in January, 600 in February; half way 360.  N has half of the orders in both, at 180 and 200:
    # rate (200 - 180) / 2.  S loses its half at 60: mix (60 - 360) * -1/2.  Unknown gains a half at 1000.
    found = ask("order_value", "2017-01", "2017-02", "customer.region")
    assert (found.before, found.after) == (120, 600)
    rows = {row[0]: row[1:] for row in found.drivers.select("member", "rate", "mix", "change").rows()}
    assert rows == {"N": (10, 0, 10), "S": (0, 150, 150), "Unknown customer": (0, 320, 320)}
    assert found.attributes.select("rate", "mix").rows() == [(10, 470)]
    assert found.adds_up


def test_an_average_is_a_ratio(ask: Asking) -> None:
    # 80 a line in January, 600 in February; FOOD has every line before, TOYS every line after, so all is mix.
    found = ask("average", "2017-01", "2017-02", "product.department")
    rows = {row[0]: row[1:] for row in found.drivers.select("member", "rate", "mix").rows()}
    assert rows == {"FOOD": (0, (80 - 340) * -1), "TOYS": (0, 600 - 340)}


def test_an_attribute_over_which_orders_spread_is_left_out_of_their_ratio(ask: Asking) -> None:
    # The one order of April holds a product without a department and one of Others: its parts are two orders.
    found = ask("order_value", "2017-01", "2017-04", "product.department", "customer.region")
    assert found.attributes["attribute"].to_list() == ["customer.region"]
    assert found.left_out == ("product.department: what is counted has several members",)


def test_a_pair_is_told_only_beyond_its_two_members() -> None:
    # Both regions and both departments sell 100 a pair; then FOOD doubles, and in N it triples beyond that.
    moved = {("ann", "bread"): 300, ("ann", "ball"): 100, ("bob", "bread"): 200, ("bob", "ball"): 100}
    for extra, pairs in ((0, 0), (300, 4)):
        after = {**moved, ("ann", "bread"): 200 + extra}
        lines = [(f"a{i}", c, p, JANUARY, 100) for i, (c, p) in enumerate(moved)]
        lines += [(f"b{i}", c, p, FEBRUARY, n) for i, ((c, p), n) in enumerate(after.items())]
        engine = shop(lines, [])
        model = bind_model(load_model(CUBES), engine)
        by = ("customer.region", "product.department")
        found = explain(engine, model, Change("sales", "revenue", "2017-01", "2017-02", by))
        assert found.pairs.height == pairs
        if pairs:
            best = found.pairs.filter(pl.col("beyond") > 0).row(0, named=True)
            assert (best["member"], best["member_2"], best["change"]) in {("N", "FOOD", 400), ("S", "TOYS", 0)}
            assert found.pairs["beyond"].sum() == pytest.approx(0)
        engine.close()


def test_filters_and_another_date_role_hold(ask: Asking) -> None:
    assert ask("revenue", "2017-01", "2017-02", "customer.region", where="customer.region = 'N'").difference == 20
    # ann 5 minutes in the two months, eve 11, bob 3; ann's 7 of March do not count.
    for minutes, moved in ((4, {"N": (180, 200, 20)}), (6, {})):
        whom = f"contacts.minutes > {minutes} per customer.customer_id"
        found = ask("revenue", "2017-01", "2017-02", "customer.region", where=whom)
        assert changes(found, "customer.region") == moved
        assert found.adds_up
    found = ask("revenue", "2017-01-28", "2017-02-28", "customer.region", over="shipped")
    assert (found.before, found.after) == (240, 1200)


def test_without_attributes_all_that_are_fit_are_looked_through(ask: Asking) -> None:
    found = ask("revenue", "2017-01", "2017-02")
    assert set(found.attributes["attribute"]) == {
        *("customer.region", "customer.age", "customer.decade"),
        *("product.department", "product.category", "product.article", "product.organic"),
        "score.segment",
    }
    assert found.adds_up
    assert "customer.customer_id: one member is one thing; name them to look through them" in found.left_out
    assert any(line.startswith("customer.joined, shipped.year") for line in found.left_out)


def test_the_first_lines_say_what_changed_and_what_to_know(ask: Asking) -> None:
    lines = ask("revenue", "2017-01", "2017-04", "customer.region").to_text("USD").splitlines()
    assert lines[:5] == [
        "Revenue fell by 140.00 USD (-58.3 %): from 240.00 USD in 2017-01 to 100.00 USD in 2017-04.",
        "2017-04 is not complete: the data ends on 2017-04-05.",
        "2017-01 is not complete: the data begins on 2017-01-02.",
        "The periods differ in length: 31 and 30 days.",
        "Largest driver: customer.region N (-180.00). Largest counterweight: customer.region S (+40.00).",
    ]


def test_a_role_explains_its_rows_and_learns_nothing_of_others(tmp_path: Path, engine: DuckEngine) -> None:
    for path in CUBES.glob("*.yml"):
        access = "access: {manager: {where: 'customer.region in (:regions)'}}\n" if path.stem == "sales" else ""
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8") + access, encoding="utf-8")
    north = bind_model(seen_by(load_model(tmp_path), Viewer("manager", {"regions": ["N"]})), engine)
    found = explain(engine, north, Change("sales", "revenue", "2017-01", "2017-02"))
    assert (found.before, found.after) == (180, 200)
    assert set(changes(found, "customer.region")) == {"N"}
    assert set(changes(found, "product.article")) == {"bread", "milk", "ball"}
    assert found.bridge.select("group", "customers", "change").rows() == [("up", 1, 20)]
    # The shop's last day is in April; the last that North may see is ann's.
    assert "2017-02 is not complete: the data ends on 2017-02-07" in found.notes
    assert explain(engine, north, Change("sales", "order_value", "2017-01", "2017-02")).before == 180
    assert explain(engine, north, Change("sales", "customers", "2017-01", "2017-02")).after == 1


def test_a_past_a_tree_and_clubs_are_each_looked_through_as_they_are() -> None:
    # At the time of the sale ann was S until 7 February, then N, and bob nowhere before February.
    engine = members()
    model = bind_model(load_model(KINDS), engine)
    by = ("customer.region", "range.division", "club.club")
    found = explain(engine, model, Change("sales", "revenue", "2017-01", "2017-02", by, at="sale"))
    assert changes(found, "customer.region") == {
        "S": (180, 0, -180),
        "N": (0, 200, 200),
        "Unknown customer": (60, 1000, 940),
    }
    assert changes(found, "range.division") == {"Food": (240, 0, -240), "Ball": (0, 1200, 1200)}
    assert found.left_out == ("club.club: a row may belong to several of its members, so they do not add up",)
    assert found.adds_up
    engine.close()


def test_two_names_of_one_column_are_looked_through_once(tmp_path: Path, engine: DuckEngine) -> None:
    for path in CUBES.glob("*.yml"):
        text = path.read_text(encoding="utf-8").replace(
            "      region: {}", "      region: {}\n      land: {sql: region}"
        )
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    model = bind_model(load_model(tmp_path), engine)
    for measure in ("revenue", "order_value"):
        by = ("customer.region", "customer.land")
        found = explain(engine, model, Change("sales", measure, "2017-01", "2017-02", by))
        assert found.attributes["attribute"].to_list() == ["customer.region"]
        assert found.left_out == ("customer.land: the same as customer.region",)


def test_without_any_attribute_the_totals_and_the_bridge_remain() -> None:
    engine = members()
    model = bind_model(load_model(KINDS), engine)
    for measure, before, after in (("revenue", 240, 1200), ("order_value", 120, 600)):
        found = explain(engine, model, Change("sales", measure, "2017-01", "2017-02", ("club.club",)))
        assert (found.before, found.after, found.drivers.height, found.attributes.height) == (before, after, 0, 0)
        assert found.adds_up
    engine.close()


@pytest.mark.parametrize(
    ("measure", "words", "sentence"),
    [
        ("middle", {}, "middle is a median, whose parts do not add up to the whole"),
        ("articles", {}, "articles is a count_distinct"),
        ("double_value", {}, "double_value is a formula '2 * order_value"),
        ("revenue_per_visit", {}, "needs contacts.visits of another cube"),
        ("contacts.minutes", {}, "contacts.minutes is a measure of cube 'contacts': explain it there"),
        ("revenue ytd", {}, "revenue ytd is a calculation over time"),
        ("revenu", {}, "Did you mean 'revenue'?"),
        ("revenue", {"before": "2017-Q5"}, "from: '2017-Q5' is not a period; write it like 2017, 2017-Q2"),
        ("revenue", {"before": "2017-03"}, "2017-02 comes before 2017-03: turn the two periods round"),
        ("revenue", {"before": "2017-02-05..2017-03"}, "overlap: a day would be compared with itself"),
        ("revenue", {"over": "shiped"}, "no calendar 'shiped'. Did you mean 'shipped'? Known: date, shipped."),
        ("revenue", {"where": "revenue > 10"}, "a filter on a measure chooses finished cells"),
        ("order_value", {"before": "2016-12"}, "order_value has no value in 2016-12: what it divides by is 0 there"),
    ],
)
def test_what_cannot_be_explained_is_refused(ask: Asking, measure: str, words: dict[str, str], sentence: str) -> None:
    with pytest.raises(CrmError) as error:
        ask(measure, **{"before": "2017-01", "after": "2017-02", **words})
    assert sentence in str(error.value)


def test_a_period_without_rows_is_nothing_and_everybody_is_lost(ask: Asking) -> None:
    found = ask("revenue", "2017-01", "2017-03", "customer.region")
    assert (found.before, found.after) == (240, 0)
    assert found.bridge.select("group", "customers", "change").rows() == [("lost", 2, -240)]
    assert found.adds_up
    nothing = ask("revenue", "2015", "2016-01", "customer.region")
    assert (nothing.before, nothing.after, nothing.drivers.height) == (0, 0, 0)
    assert str(nothing).startswith("Revenue did not change: from 0.00 in 2015 to 0.00 in 2016-01.")
