"""Laws of histories, bridges and trees, on random ones and random rows against `olap.worlds`."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.dimension import AsOf
from crm_analytics.olap.filters import And, Compare, Condition, Not, Or
from crm_analytics.olap.load import load_model
from crm_analytics.olap.query import CubeQuery
from olap.members import fill, members
from olap.shop import ARTICLES, CUSTOMERS, Sale, shop
from olap.test_cube_kinds import KINDS
from olap.worlds import Cells, Members, World, cells, customers, eternal, kept, revenue, worlds

LABELS = {"club": "No club", "customer": "Unknown customer", "range": "Unknown product", "date": "Unknown day"}
OF_CLUBS = ("club.club", "club.kind")
OF_TREE = ("range.division", "range.aisle", "range.item")
SALES = CubeQuery("sales").measures("revenue", "customers")

days = st.sampled_from([date(2016, 12, 31), date(2017, 1, 2), date(2017, 1, 9), date(2017, 2, 7)])
articles = st.sampled_from(list(ARTICLES))


def sales_on(when: st.SearchStrategy[date | None]) -> st.SearchStrategy[list[Sale]]:
    one = st.tuples(st.just("o"), st.sampled_from(list(CUSTOMERS)), articles, when, st.integers(-100, 1000))
    return st.lists(one, max_size=8)


sales = sales_on(st.one_of(st.none(), days))
splits = st.lists(st.sampled_from(["customer.region", "date.month", *OF_CLUBS, *OF_TREE]), max_size=4, unique=True)
times: st.SearchStrategy[AsOf] = st.sampled_from(["sale", "today", date(2017, 1, 9)])


class Ask(Protocol):
    def __call__(self, query: CubeQuery, lines: list[Sale], world: World) -> pl.DataFrame:
        """The answer in a shop with these rows in this world."""


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask]:
    engine = members()
    model = bind_model(load_model(KINDS), engine)

    def asked(query: CubeQuery, lines: list[Sale], world: World) -> pl.DataFrame:
        fill(engine, world.versions, world.memberships, world.nodes)
        return browse(shop(lines, into=engine), model, query).frame

    yield asked
    engine.close()


def found(frame: pl.DataFrame, by: Sequence[str]) -> dict[tuple[object, ...], tuple[object, ...]]:
    """Revenue and customers by place, unknown members as None."""
    places = [
        tuple(None if member == LABELS[ref.split(".")[0]] else member for ref, member in zip(by, row, strict=True))
        for row in (frame.select(by).rows() if by else [()] * frame.height)
    ]
    assert len(set(places)) == len(places)
    return dict(zip(places, frame.select("revenue", "customers").rows(), strict=True))


def counted(wanted: Cells) -> dict[tuple[object, ...], tuple[object, ...]]:
    return {place: (revenue(rows), customers(rows)) for place, rows in wanted.items()}


@settings(max_examples=60)
@given(sales, worlds, splits, times)
def test_every_cell_and_every_total_is_what_the_rows_say(
    ask: Ask, lines: list[Sale], world: World, by: list[str], when: AsOf
) -> None:
    rows = [(line, world.of_row(line, when)) for line in lines]
    got = ask(SALES.by(*by).with_totals().as_of(when), lines, world)
    for n in range(len(by) + 1):
        mark = "" if n == len(by) and by else "all" if n == 0 else ",".join(by[n:])
        wanted = counted(cells(rows, by[:n])) or ({(): (None, 0)} if n == 0 else {})
        assert found(got.filter(pl.col("total") == (mark if by else "")), by[:n]) == wanted
    assert found(ask(SALES.by(*by).as_of(when), lines, world), by) == (
        counted(cells(rows, by)) or ({} if by else {(): (None, 0)})
    )


@settings(max_examples=60)
@given(sales, worlds, times, splits)
def test_a_row_has_the_version_of_its_day(
    ask: Ask, lines: list[Sale], world: World, when: AsOf, more: list[str]
) -> None:
    by = ["customer.region", *(ref for ref in more[:1] if ref != "customer.region")]
    got = ask(SALES.by(*by).as_of(when), lines, world)
    assert found(got, by) == counted(cells([(line, world.of_row(line, when)) for line in lines], by))


@settings(max_examples=60)
@given(sales, worlds, st.lists(st.sampled_from(OF_TREE), unique=True))
def test_every_depth_of_a_tree_adds_up_to_the_whole(ask: Ask, lines: list[Sale], world: World, by: list[str]) -> None:
    got = ask(SALES.by(*by), lines, world)
    assert (got["revenue"].sum() or 0) == sum(line[4] for line in lines)


@settings(max_examples=60)
@given(sales_on(days), worlds, eternal)
def test_one_eternal_version_is_today(ask: Ask, lines: list[Sale], world: World, versions: list[object]) -> None:
    world = World(versions, world.memberships, world.nodes)  # type: ignore[arg-type]
    query = SALES.by("customer.region", "date.month").with_totals()
    assert ask(query.as_of("sale"), lines, world).equals(ask(query.as_of("today"), lines, world))


values = {
    "club.club": ["Runners", "Readers", "No club", "nowhere"],
    "club.kind": ["sport", "culture", "No club"],
}
leaves = st.sampled_from(sorted(values)).flatmap(
    lambda name: st.builds(
        lambda op, value: Compare(name, op, (value,)), st.sampled_from(["=", "!=", "<"]), st.sampled_from(values[name])
    )
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=1, max_size=2).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=4,
)


def holds(condition: Condition, one: Members) -> bool:
    match condition:
        case Not(part):
            return not holds(part, one)
        case And(parts):
            return all(holds(part, one) for part in parts)
        case Or(parts):
            return any(holds(part, one) for part in parts)
        case Compare(name, operator, (value,)):
            member = one[name]
            shown = "No club" if member is None else str(member)
            if operator == "<":
                return member is not None and shown < str(value)
            return (shown == value) is (operator == "=")
    raise AssertionError(condition)


@settings(max_examples=60)
@given(sales, worlds, st.lists(conditions, min_size=1, max_size=2), splits)
def test_a_filter_keeps_a_row_by_any_of_its_members(
    ask: Ask, lines: list[Sale], world: World, chosen: list[Condition], by: list[str]
) -> None:
    rows = kept([(line, world.of_row(line)) for line in lines], lambda one: all(holds(c, one) for c in chosen))
    got = ask(SALES.by(*by).where(*chosen).with_totals(), lines, world)
    assert found(got.filter(pl.col("total") == ""), by) == (counted(cells(rows, by)) or ({} if by else {(): (None, 0)}))
    assert got.select("revenue", "customers").rows()[-1] == (
        revenue([line for line, _ in rows]),
        customers([line for line, _ in rows]),
    )


@settings(max_examples=60)
@given(sales, worlds, st.sampled_from(OF_CLUBS), splits)
def test_the_union_of_slices_is_the_whole(ask: Ask, lines: list[Sale], world: World, ref: str, by: list[str]) -> None:
    by = [ref, *(other for other in by if other not in OF_CLUBS)]
    whole = ask(SALES.by(*by), lines, world)
    slices = [ask(SALES.by(*by).slice(ref, member), lines, world) for member in whole[ref].unique()]
    assert not slices or pl.concat(slices).sort(by).equals(whole.sort(by))


@settings(max_examples=60)
@given(sales, worlds, st.integers(1, 3), st.sampled_from(OF_CLUBS), st.booleans())
def test_others_count_a_row_once(ask: Ask, lines: list[Sale], world: World, n: int, ref: str, beside: bool) -> None:
    rows = [(line, world.of_row(line)) for line in lines]
    by = ["date.month", ref] if beside else [ref]
    got = ask(SALES.by(*by).top(n, "revenue", of=ref).with_totals(), lines, world)
    ranks = cells(rows, [ref])
    named = sorted(ranks, key=lambda place: (-(revenue(ranks[place]) or 0), place[0] is None, str(place[0])))[:n]
    # club.club sorts equals by its own order, so the names are taken from the answer where revenues tie.
    shown = {member for (member,) in found(ask(SALES.by(ref).top(n, "revenue", others=False), lines, world), [ref])}
    assert sorted(revenue(ranks[(m,)]) or 0 for m in shown) == sorted(revenue(ranks[place]) or 0 for place in named)
    cut = [(line, [{**one, "rest": one[ref] not in shown} for one in combinations]) for line, combinations in rows]
    wanted = cells([(line, c) for line, c in kept(cut, lambda one: bool(one["rest"]))], by[:-1])
    others = got.filter(pl.col("others"))
    assert found(others, by[:-1]) == counted(wanted)
    assert got.select("revenue", "customers").rows()[-1] == (revenue(lines), customers(lines))
