"""Laws that hold for every shop and every question, on random shops against the naive evaluator."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.filters import And, Compare, Condition, Not, Or, comparisons
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery
from olap import naive
from olap.conftest import CUBES
from olap.shop import ARTICLES, CUSTOMERS, Contact, Sale, shop

SHARED = ("customer.region", "customer.age", "score.segment", "date.month", "date.year")
OF_SALES = (*SHARED, "product.department", "product.category", "product.article")
LABELS = {"customer.age": "Not stated", "score.segment": "Not scored", "date.month": "Unknown day", "date.year": None}

days = st.sampled_from([None, date(2016, 12, 31), date(2017, 1, 2), date(2017, 1, 9), date(2017, 2, 7)])
customers = st.sampled_from(list(CUSTOMERS))
amounts = st.integers(-100, 1000)
sales = st.lists(
    st.tuples(st.sampled_from(["o1", "o2", "o3", "o4"]), customers, st.sampled_from(list(ARTICLES)), days, amounts),
    max_size=12,
)
contacts = st.lists(st.tuples(customers, days, st.sampled_from([None, "visit", "call"]), amounts), max_size=8)
splits = st.lists(st.sampled_from(OF_SALES), max_size=4, unique=True)
shared_splits = st.lists(st.sampled_from(SHARED), max_size=3, unique=True)

SALES = CubeQuery("sales")


class Ask(Protocol):
    def __call__(self, query: CubeQuery, lines: list[Sale], calls: Sequence[Contact] = ()) -> pl.DataFrame:
        """The answer in a shop with these rows."""


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    """One connection for all examples; each empties the facts and fills them anew."""
    engine = shop()
    model = bind_model(load_model(CUBES), engine)

    def asked(query: CubeQuery, lines: list[Sale], calls: Sequence[Contact] = ()) -> pl.DataFrame:
        return browse(shop(lines, list(calls), into=engine), model, query).frame

    yield asked
    engine.close()


def label(ref: str) -> str | None:
    return LABELS.get(ref, f"Unknown {ref.split('.')[0]}")


def found(frame: pl.DataFrame, by: Sequence[str], measure: str) -> dict[naive.Place, object]:
    """The cells of an answer by place, unknown members as None."""
    places = [
        tuple(None if v == label(ref) else v for ref, v in zip(by, row, strict=True)) for row in frame.select(by).rows()
    ]
    if not by:
        places = [()] * frame.height
    assert len(set(places)) == frame.height
    return dict(zip(places, frame[measure], strict=True))


@given(sales, splits)
def test_every_cell_is_what_the_rows_say(ask: Ask, lines: list[Sale], by: list[str]) -> None:
    rows = naive.sale_lines(lines)
    got = ask(SALES.measures("revenue", "orders", "customers").by(*by), lines)
    for measure, plainly in (("revenue", naive.total), ("orders", naive.orders), ("customers", naive.people)):
        assert found(got, by, measure) == (naive.cells(rows, by, plainly) or ({(): plainly([])} if not by else {}))


@given(sales, splits)
def test_every_total_is_recounted_from_the_rows(ask: Ask, lines: list[Sale], by: list[str]) -> None:
    rows = naive.sale_lines(lines)
    got = ask(SALES.measures("revenue", "customers").by(*by).with_totals(), lines)
    for kept in range(len(by) + 1):
        rolled = by[kept:]
        mark = "" if not rolled else "all" if kept == 0 else ",".join(rolled)
        level = got.filter(pl.col("total") == mark)
        for measure, plainly in (("revenue", naive.total), ("customers", naive.people)):
            expected = naive.cells(rows, by[:kept], plainly) or ({(): plainly([])} if kept == 0 else {})
            assert found(level, by[:kept], measure) == expected


@given(sales, splits)
def test_rolling_up_keeps_an_additive_total(ask: Ask, lines: list[Sale], by: list[str]) -> None:
    whole = ask(SALES.measures("revenue"), lines)["revenue"][0]
    assert (ask(SALES.measures("revenue").by(*by), lines)["revenue"].sum() or 0) == (whole or 0)


@given(sales, st.permutations(["customer.region", "product.department", "date.month"]))
def test_the_order_of_dimensions_and_rows_changes_no_cell(ask: Ask, lines: list[Sale], by: list[str]) -> None:
    query = SALES.measures("customers", "order_value")
    straight = ask(query.by(*sorted(by)), lines)
    turned = ask(query.by(*by), lines[::-1]).select(straight.columns)
    assert straight.sort(straight.columns).equals(turned.sort(straight.columns))


@given(sales, st.sampled_from(OF_SALES), splits)
def test_the_union_of_slices_is_the_whole(ask: Ask, lines: list[Sale], ref: str, by: list[str]) -> None:
    by = [ref, *(other for other in by if other != ref)]
    query = SALES.measures("revenue", "customers").by(*by)
    whole = ask(query, lines)
    slices = [ask(query.slice(ref, member), lines) for member in whole[ref].unique(maintain_order=True)]
    assert not slices or pl.concat(slices).sort(by).equals(whole.sort(by))


@given(sales, contacts, shared_splits, st.booleans())
def test_facts_side_by_side_are_what_each_is_alone(
    ask: Ask, lines: list[Sale], calls: list[Contact], by: list[str], totals: bool
) -> None:
    both = SALES.measures("revenue", "contacts.minutes", "customers", "contacts.people").by(*by)
    got = ask(both, lines, calls)
    sold, called = naive.sale_lines(lines), naive.contact_lines(calls)
    for measure, rows, plainly in (
        ("revenue", sold, naive.total),
        ("customers", sold, naive.people),
        ("contacts.minutes", called, naive.total),
        ("contacts.people", called, naive.people),
    ):
        expected = naive.cells(rows, by, plainly)
        nothing = plainly([])
        assert found(got, by, measure) == {place: expected.get(place, nothing) for place in found(got, by, measure)}
        assert expected.keys() <= found(got, by, measure).keys()
    if totals:
        last = ask(both.with_totals(), lines, calls).rows(named=True)[-1]
        assert (last["revenue"], last["contacts.people"]) == (naive.total(sold), naive.people(called))


@given(sales, st.integers(1, 4), st.sampled_from(["product.department", "customer.age", "date.month"]))
def test_the_top_and_others_are_the_whole(ask: Ask, lines: list[Sale], n: int, ref: str) -> None:
    rows = naive.sale_lines(lines)
    got = ask(SALES.measures("revenue", "customers").by(ref).top(n, "revenue").with_totals(), lines)
    named = got.filter((pl.col("total") == "") & ~pl.col("others"))
    # Ranked by revenue; equals by name, the unknown member last.
    cells = naive.cells(rows, [ref], naive.total)
    ranked = sorted(cells, key=lambda p: (-int(str(cells[p])), p[0] is None, str(p[0])))
    assert [None if m == label(ref) else m for m in named[ref]] == [p[0] for p in ranked[:n]]
    rest = [line for line in rows if (line.members.get(ref),) in ranked[n:]]
    others = got.filter(pl.col("others"))
    assert others.select("revenue", "customers").rows() == ([(naive.total(rest), naive.people(rest))] if rest else [])
    assert got["customers"][-1] == naive.people(rows)


values = {
    "product.department": ["FOOD", "TOYS", "Others", "Unknown product", "nowhere"],
    "customer.age": ["30-39", "Not stated"],
    "date.year": [2016, 2017],
}
leaves = st.sampled_from(sorted(values)).flatmap(
    lambda name: st.one_of(
        st.builds(
            lambda op, value: Compare(name, op, (value,)),
            st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
            st.sampled_from(values[name]),
        ),
        st.builds(lambda vs: Compare(name, "in", tuple(vs)), st.lists(st.sampled_from(values[name]), min_size=1)),
        st.builds(lambda a, b: Compare(name, "between", (a, b)), *[st.sampled_from(values[name])] * 2),
        st.just(Compare(name, "unknown")),
    )
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=6,
)


def holds(condition: Condition, line: naive.Line) -> bool:
    match condition:
        case Not(part):
            return not holds(part, line)
        case And(parts):
            return all(holds(part, line) for part in parts)
        case Or(parts):
            return any(holds(part, line) for part in parts)
        case Compare(name, operator, given_):
            has = line.members.get(name)
            shown = label(name) if has is None else has
            match operator:
                case "unknown":
                    return has is None
                case "=" | "in":
                    return shown in given_
                case "!=":
                    return shown not in given_
            if has is None:
                return False
            a, b = str(has), [str(v) for v in given_]
            return {
                "<": a < b[0],
                "<=": a <= b[0],
                ">": a > b[0],
                ">=": a >= b[0],
                "between": b[0] <= a <= b[-1],
            }[operator]


@given(sales, conditions)
def test_a_filter_keeps_the_rows_that_it_names(ask: Ask, lines: list[Sale], condition: Condition) -> None:
    kept = [line for line in naive.sale_lines(lines) if holds(condition, line)]
    got = ask(SALES.measures("revenue", "quantity").where(condition), lines)
    assert got.rows() == [(naive.total(kept), len(kept))]
    assert all(c.name in values for c in comparisons(condition))


@given(sales, splits)
def test_a_filter_that_is_always_true_changes_nothing(ask: Ask, lines: list[Sale], by: list[str]) -> None:
    query = SALES.measures("revenue", "customers").by(*by)
    always = "product.department is unknown or not product.department is unknown"
    assert ask(query.dice(always), lines).equals(ask(query, lines))
