"""Laws of an explanation, on random shops: its parts make up the change, and what was planted is found."""

from collections.abc import Iterator
from datetime import date
from random import Random
from typing import Protocol

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.explain.explain import explain
from crm_analytics.olap.explain.explanation import Explanation
from crm_analytics.olap.explain.pairs import remainder
from crm_analytics.olap.explain.question import Change
from crm_analytics.olap.explain.sums import surprises
from crm_analytics.olap.load import load_model
from olap import naive
from olap.conftest import CUBES
from olap.shop import ARTICLES, CUSTOMERS, Sale, shop
from olap.test_cube_laws import sales

BY = ("customer.region", "customer.age", "score.segment", "product.department", "product.category", "product.article")
LABELS = {"customer.age": "Not stated", "score.segment": "Not scored"}
FROM, TO = "2017-01", "2017-02"
JANUARY, FEBRUARY = date(2017, 1, 2), date(2017, 2, 7)


class Ask(Protocol):
    def __call__(self, measure: str, lines: list[Sale], *by: str) -> Explanation:
        """The change of a measure from January to February in a shop with these rows."""


# An explanation is four statements: fewer examples than of a plain question.
few = settings(max_examples=12)


@pytest.fixture(scope="module", params=["decimals", "doubles"])
def ask(request: pytest.FixtureRequest) -> Iterator[Ask]:
    """One connection for all examples; each empties the facts and fills them anew."""
    engine = shop(amounts=request.param)
    model = bind_model(load_model(CUBES), engine)

    def asked(measure: str, lines: list[Sale], *by: str) -> Explanation:
        filled = shop(lines, [], request.param, into=engine)
        return explain(filled, model, Change("sales", measure, FROM, TO, by or BY))

    yield asked
    engine.close()


def of_month(lines: list[Sale], month: int) -> list[naive.Line]:
    return naive.sale_lines(line for line in lines if line[3] and (line[3].year, line[3].month) == (2017, month))


@few
@given(sales)
def test_the_parts_make_up_the_change_and_are_what_the_rows_say(ask: Ask, lines: list[Sale]) -> None:
    found = ask("revenue", lines)
    before, after = of_month(lines, 1), of_month(lines, 2)
    assert (found.before, found.after) == (naive.total(before) or 0, naive.total(after) or 0)
    assert found.adds_up
    assert sum(found.bridge["change"]) == found.difference
    for ref in BY:
        parts = found.drivers.filter(attribute=ref).select("member", "before", "after", "change").rows()
        expected = {}
        for side, rows in enumerate((before, after)):
            for (member,), total in naive.cells(rows, (ref,), naive.total).items():
                label = LABELS.get(ref, f"Unknown {ref.split('.')[0]}") if member is None else str(member)
                expected.setdefault(label, [0, 0])[side] = total
        assert {name: (was, now) for name, was, now, _ in parts} == {k: tuple(v) for k, v in expected.items()}
        assert sum(change for *_, change in parts) == found.difference


@few
@given(sales)
def test_every_customer_of_either_month_is_in_one_group(ask: Ask, lines: list[Sale]) -> None:
    found = ask("revenue", lines)
    months = [{line.customer for line in of_month(lines, month)} - {None} for month in (1, 2)]
    counts = dict(found.bridge.select("group", "customers").rows())
    known = {name: n for name, n in counts.items() if name != "unknown"}
    assert sum(known.values()) == len(months[0] | months[1])
    assert known.get("lost", 0) == len(months[0] - months[1])
    earlier = {c for _, c, _, day, _ in lines if day and day < date(2017, 2, 1)}
    assert known.get("new", 0) == len(months[1] - earlier)
    people = ask("customers", lines)
    assert (people.before, people.after) == (len(months[0]), len(months[1]))
    assert people.adds_up


@few
@given(sales, st.sampled_from(["order_value", "average"]))
def test_rate_and_mix_make_up_the_change_of_a_ratio(ask: Ask, lines: list[Sale], measure: str) -> None:
    assume(of_month(lines, 1) and of_month(lines, 2))  # else refused, see test_explain
    found = ask(measure, lines)
    assert found.adds_up
    for row in found.attributes.iter_rows(named=True):
        assert row["rate"] + row["mix"] == pytest.approx(float(found.difference), abs=1e-9)
        part = found.drivers.filter(attribute=row["attribute"])
        assert part["weight_before"].sum() == pytest.approx(1)
        assert part["weight_after"].sum() == pytest.approx(1)


@few
@given(sales, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(ask: Ask, lines: list[Sale], random: Random) -> None:
    turned = list(lines)
    random.shuffle(turned)
    one, other = ask("revenue", lines), ask("revenue", turned)
    for part in ("drivers", "attributes", "pairs", "bridge"):
        assert getattr(one, part).equals(getattr(other, part), null_equal=True), part


people = st.sampled_from(list(CUSTOMERS))
positive = st.lists(st.tuples(people, st.sampled_from(list(ARTICLES)), st.integers(1, 1000)), min_size=1, max_size=12)


@few
@given(positive, st.sampled_from(["bread", "ball", "Others"]), people, st.integers(1, 1000), st.integers(2, 9))
def test_a_planted_driver_is_ranked_first(
    ask: Ask, rows: list[tuple[str | None, str | None, int]], planted: str, buyer: str | None, amount: int, times: int
) -> None:
    # February is January again, but for one article.
    rows = [*rows, (buyer, planted, amount), ("ann", "gift", 100)]
    lines = [(f"a{i}", who, what, JANUARY, n) for i, (who, what, n) in enumerate(rows)]
    lines += [
        (f"b{i}", who, what, FEBRUARY, n * (times if what == planted else 1)) for i, (who, what, n) in enumerate(rows)
    ]
    found = ask("revenue", lines, "product.article", "customer.region", "score.segment")
    assert found.drivers.row(0)[:2] == ("product.article", planted)
    # Whoever splits otherwise sees less of it: the other attributes' members blend it with what did not move.
    bits = dict(found.drivers.group_by("attribute").agg(pl.col("surprise").sum()).rows())
    assert bits["product.article"] >= max(bits.values()) - 1e-12
    # Nothing of it is left for a pair: the article moved alike everywhere.
    assert found.pairs.filter(attribute="customer.region", attribute_2="product.article").height == 0


tables = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 6), st.integers(-50, 50), st.integers(-50, 50)),
    min_size=1,
    unique_by=lambda cell: cell[:2],
)


@given(tables)
def test_what_remains_of_pairs_adds_up_to_nothing_over_each_member(table: list[tuple[int, int, int, int]]) -> None:
    one, other, before, after = np.array(table).T
    change = (after - before).astype(float)
    rest = remainder(one, other, (np.abs(before) + np.abs(after)) / 2, change)
    for side in (one, other):
        np.testing.assert_allclose(np.bincount(side, rest), 0, atol=1e-6)


@given(tables, st.lists(st.floats(-0.5, 0.5), min_size=12, max_size=12))
def test_nothing_remains_where_each_member_has_its_pace(
    table: list[tuple[int, int, int, int]], pace: list[float]
) -> None:
    one, other, size, _ = np.array(table).T
    size = np.abs(size).astype(float)
    change = size * (np.array(pace)[one] + np.array(pace)[5 + other])
    np.testing.assert_allclose(remainder(one, other, size, change), 0, atol=1e-6)


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=1, max_size=9), st.integers(2, 5))
def test_surprise_is_within_a_bit_and_none_where_all_move_alike(values: list[tuple[int, int]], times: int) -> None:
    before, after = np.array(values, dtype=float).T
    group = np.zeros(len(values), dtype=np.int64)
    assert 0 <= surprises(before, after, group).sum() <= 1 + 1e-12
    np.testing.assert_allclose(surprises(before, before * times, group), 0, atol=1e-12)
