"""What holds whatever the records are."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse.identity import decisions
from crm_analytics.warehouse.identity.cluster import Edge, cluster
from crm_analytics.warehouse.identity.decisions import Word
from crm_analytics.warehouse.identity.resolve import resolve
from tests.identity.made import NOW, RULES, Rec, again, clusters, customers, everything, fresh, resolved

FEW = settings(max_examples=15)
DAYS = [date(1980, 2, 3), date(1975, 5, 6)]


def maybe(values: list[object]) -> st.SearchStrategy[object]:
    return st.sampled_from([None, *values])


@st.composite
def records(draw: st.DrawFn) -> list[Rec]:
    """Up to eight records that agree in much."""
    ids = draw(st.lists(st.sampled_from([f"{s}:{i}" for s in "ab" for i in range(5)]), max_size=8, unique=True))
    return [
        Rec(
            record,
            draw(maybe(["Anna Meyer", "Anna Mayer", "Bob Meyer"])),  # type: ignore[arg-type]
            draw(maybe(["a@x.example", "b@x.example"])),  # type: ignore[arg-type]
            draw(maybe(["030 1234567", "030 7654321"])),  # type: ignore[arg-type]
            registered_on=draw(maybe(DAYS)),  # type: ignore[arg-type]
            loyalty_id=draw(maybe(["L1", "L2"])),  # type: ignore[arg-type]
            birth_date=draw(maybe(DAYS)),  # type: ignore[arg-type]
            postcode=draw(maybe(["10115"])),  # type: ignore[arg-type]
        )
        for record in ids
    ]


def start(shared_engine: DuckEngine, rows: list[Rec]) -> dict[str, str]:
    fresh(shared_engine)
    return resolved(shared_engine, rows)


@FEW
@given(records().flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_the_order_of_records_makes_no_difference(shared_engine: DuckEngine, both: tuple[list[Rec], list[Rec]]) -> None:
    rows, shuffled = both
    start(shared_engine, rows)
    before = everything(shared_engine)
    start(shared_engine, shuffled)
    assert everything(shared_engine) == before


@FEW
@given(records())
def test_no_customer_holds_two_cards_or_two_birth_dates(shared_engine: DuckEngine, rows: list[Rec]) -> None:
    found = start(shared_engine, rows)
    for members in clusters(found):
        of = [r for r in rows if r.id in members]
        assert len({r.loyalty_id for r in of if r.loyalty_id}) <= 1
        assert len({r.birth_date for r in of if r.birth_date}) <= 1


@FEW
@given(records())
def test_resolving_again_changes_nothing(shared_engine: DuckEngine, rows: list[Rec]) -> None:
    start(shared_engine, rows)
    before = everything(shared_engine)
    resolve(shared_engine, RULES, NOW.replace(year=2030))
    assert everything(shared_engine) == before
    again(shared_engine, now=NOW.replace(year=2030))
    assert everything(shared_engine) == before


@FEW
@given(records(), records())
def test_half_of_the_records_and_then_all_are_the_same_people(
    shared_engine: DuckEngine, rows: list[Rec], more: list[Rec]
) -> None:
    known = {r.id for r in rows}
    every = [*rows, *(r for r in more if r.id not in known)]
    start(shared_engine, rows)
    former = customers(shared_engine)
    found = resolved(shared_engine, every)
    # A customer keeps its id, unless it became one with another or fell apart.
    for members in clusters(found):
        old = {former[r] for r in members if r in former}
        parts = {found[r] for r, customer in former.items() if customer in old}
        if len(old) == 1 and len(parts) == 1:
            assert {found[r] for r in members} == old
    assert clusters(start(shared_engine, every)) == clusters(found)


@FEW
@given(records())
def test_every_customer_is_one_row_with_values_of_its_records(shared_engine: DuckEngine, rows: list[Rec]) -> None:
    found = start(shared_engine, rows)
    by_id = {r.id: r for r in rows}
    golden = {str(c): (n, e) for c, n, e in shared_engine.rows("SELECT customer_id, name, email FROM customer_golden")}
    assert len(golden) == len(clusters(found))
    assert set(golden) == set(found.values())
    for customer, field, source, record in shared_engine.rows(
        "SELECT customer_id, field, source, record_id FROM customer_golden_source WHERE field IN ('name', 'email')"
    ):
        assert found[f"{source}:{record}"] == customer
        value = getattr(by_id[f"{source}:{record}"], str(field))
        assert golden[str(customer)][0 if field == "name" else 1] == value is not None


@FEW
@given(records(), st.data())
def test_splitting_and_accepting_again_gives_the_customer_back(
    shared_engine: DuckEngine, rows: list[Rec], data: st.DataObject
) -> None:
    before = start(shared_engine, rows)
    several = sorted(sorted(m) for m in clusters(before) if len(m) > 1)
    if not several:
        return
    members = data.draw(st.sampled_from(several))
    leaving = data.draw(st.lists(st.sampled_from(members), min_size=1, max_size=len(members) - 1, unique=True))
    word = Word("ann", NOW)
    decisions.split(shared_engine, before[members[0]], [record(name) for name in leaving], word)
    resolve(shared_engine, RULES, NOW)
    apart = customers(shared_engine)
    staying = [name for name in members if name not in leaving]
    assert not {apart[name] for name in leaving} & {apart[name] for name in staying}
    # Without the records between them, those on one side may fall apart; accepting each pair brings all back.
    for name in leaving:
        for other in staying:
            decisions.accept(shared_engine, record(name), record(other), word)
            resolve(shared_engine, RULES, NOW)
    assert customers(shared_engine) == before


def record(name: str) -> tuple[str, str]:
    source, _, record_id = name.partition(":")
    return source, record_id


@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20),
    st.lists(st.sampled_from([None, "x", "y"]), min_size=8, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] != p[1]), max_size=3),
)
def test_no_cluster_holds_a_contradiction_however_long_the_chain(
    pairs: list[tuple[int, int]], values: list[str | None], apart: list[tuple[int, int]]
) -> None:
    found = cluster(8, [], [Edge(a, b, "key") for a, b in pairs], {"card": values}, apart)
    for a in range(8):
        for b in range(8):
            if found.root[a] == found.root[b]:
                assert None in (values[a], values[b]) or values[a] == values[b]
                assert (a, b) not in apart
    # What is not joined was blocked, and says why.
    for a, b in pairs:
        assert (found.root[a] == found.root[b]) != ((a, b) in found.blocked)
