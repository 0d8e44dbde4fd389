"""Whatever is delivered, noticed, corrected, taken back or forgotten, in any order: one version on every day."""

from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.config import ProjectConfig, Tracked
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse import build
from crm_analytics.warehouse.history import forget_versions, record_versions, renew_history
from crm_analytics.warehouse.history_checks import check_history
from crm_analytics.warehouse.intervals import UNDATED as SINCE_EVER
from crm_analytics.warehouse.intervals import current_rows
from crm_analytics.warehouse.tables import ENTITIES
from crm_analytics.warehouse.undo import undo
from tests.warehouse.histories import RETRACTABLE, UNDATED
from tests.warehouse.made import NOW, Shop

CUSTOMERS = ENTITIES["customers"]
ENGINE = DuckEngine.open(None, threads=1)
MEMBERS, CITIES, SOURCES = ("ann", "bob"), ("Bonn", "Kiel", "Ulm"), ("a", "b", "c")
FIRST, DAYS = date(2020, 2, 27), 7


@pytest.fixture(scope="module", autouse=True)
def empty_star(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Every table of the star, without a row."""
    shop = Shop(tmp_path_factory.mktemp("empty"), ENGINE)
    shop.source("crm", {"products": "product_id\n"})
    shop.load()


def day_of(number: int) -> date:
    return FIRST + timedelta(days=number)


class Row(NamedTuple):
    """One delivered version; `since` in days, None for ever; `void` takes the others of its time back."""

    member: str
    since: int | None
    city: str
    void: bool


rows = st.builds(
    Row, st.sampled_from(MEMBERS), st.none() | st.integers(0, DAYS - 1), st.sampled_from(CITIES), st.booleans()
)
deliveries = st.lists(
    st.tuples(st.sampled_from(SOURCES), st.lists(rows, max_size=6), st.booleans()), min_size=1, max_size=4
)


def standing(delivered: dict[str, list[Row]], member: str) -> dict[int, str]:
    """Since when which city: of several rows of one time the first by source, then city; none where one is void."""
    by_time: dict[int, list[tuple[bool, str, str]]] = {}
    for source, given_rows in delivered.items():
        for row in given_rows:
            if row.member == member:
                time = -1 if row.since is None else row.since
                by_time.setdefault(time, []).append((row.void, source, row.city))
    return {
        time: min(city for _, source, city in said if source == min(s for _, s, _ in said))
        for time, said in by_time.items()
        if not any(void for void, _, _ in said)
    }


def true_on(since: dict[int, str], day: int) -> str | None:
    """The city of a day: that of the last version which had begun by then; before the first, that of the first."""
    begun = [time for time in since if time <= day]
    return since[max(begun) if begun else min(since)] if since else None


def every_day(engine: DuckEngine) -> dict[tuple[str, int], list[str]]:
    """The cities that the history gives for each member on each day, one day before the first version included."""
    days = ", ".join(f"({n}, DATE '{day_of(n)}')" for n in range(-1, DAYS + 1))
    found: dict[tuple[str, int], list[str]] = {}
    for member, number, city in engine.rows(
        "SELECT customer_id, n, city || if(is_closed, ', gone', '') "
        f"FROM dim_customer_history, (VALUES {days}) days(n, d) "
        "WHERE customer_key > 0 AND d >= valid_from AND d < valid_to"
    ):
        found.setdefault((str(member), int(str(number))), []).append(str(city))
    return found


def assert_lawful(engine: DuckEngine) -> None:
    assert [check.says for check in check_history(engine) if not check.ok] == []
    twice = (
        "SELECT customer_id FROM dim_customer_history QUALIFY row(city, is_closed) IS NOT DISTINCT FROM "
        "lag(row(city, is_closed)) OVER (PARTITION BY customer_key ORDER BY valid_from)"
    )
    assert engine.rows(twice) == []  # neighbours say different things


def assert_told(engine: DuckEngine, truth: dict[str, dict[int, str]]) -> None:
    wanted = {(m, n): [true_on(since, n)] for m, since in truth.items() if since for n in range(-1, DAYS + 1)}
    assert every_day(engine) == wanted
    assert_lawful(engine)


@given(deliveries)
@settings(max_examples=12)
def test_delivered_versions_give_the_same_history_as_a_replay(
    given_: list[tuple[str, list[Row], bool]],
) -> None:
    sales = "order_id,line_id,customer_id,sold_at,revenue\n" + "".join(
        f"{member}{n},1,{member},{day_of(n)} 12:00:00,1\n" for member in MEMBERS for n in range(-1, DAYS + 1)
    )
    config = ProjectConfig(name="laws", channels=("store", "web"), history=RETRACTABLE)
    engine = DuckEngine.open(None, threads=1)
    with TemporaryDirectory() as folder:
        shop = Shop(Path(folder), engine)
        shop.source("till", {"sales": sales})
        shop.load("till", history=RETRACTABLE)
        delivered: dict[str, list[Row]] = {}
        for source, given_rows, taken_back in given_:
            before = dict(delivered)
            delivered[source] = given_rows
            shop.source(source, {"customers": as_csv(given_rows)})
            done = shop.load(source, history=RETRACTABLE)
            assert sum(d.rows_read for d in done) == (len(given_rows) if before.get(source) != given_rows else 0)
            if done and taken_back:
                ((last,),) = engine.rows("SELECT max(load_id) FROM loads")
                undo(engine, config, int(str(last)), NOW)
                assert_told(engine, {member: standing(before, member) for member in MEMBERS})
                shop.load(source, history=RETRACTABLE)
            truth = {member: standing(delivered, member) for member in MEMBERS}
            assert_told(engine, truth)
            # Every sale finds exactly one version: that of its day, or the unknown one where nobody knows the customer.
            found = engine.rows(
                "SELECT order_id, city FROM fct_sale s JOIN dim_customer_history h ON h.customer_key = s.customer_key "
                "AND CAST(s.sold_at AS DATE) >= valid_from AND CAST(s.sold_at AS DATE) < valid_to"
            )
            assert len(found) == len(MEMBERS) * (DAYS + 2)
            assert {order: city for order, city in found} == {
                f"{m}{n}": true_on(truth[m], n) for m in MEMBERS for n in range(-1, DAYS + 1)
            }
            assert shop.failed() == []
    engine.close()


def as_csv(given_rows: Iterable[Row]) -> str:
    lines = [
        f"{row.member},{'' if row.since is None else day_of(row.since)},{row.city},{str(row.void).lower()}\n"
        for row in given_rows
    ]
    return "customer_id,since,city,void\n" + "".join(lines)


@given(st.lists(rows, max_size=10), st.lists(rows, max_size=10))
@settings(max_examples=30)
def test_working_out_the_changed_members_alone_is_working_out_all(before: list[Row], after: list[Row]) -> None:
    tracked = RETRACTABLE["customers"]
    for old, new in ((before, after), (after, before)):
        deliver(ENGINE, tracked, old)
        renew_history(ENGINE, CUSTOMERS, tracked)
        deliver(ENGINE, tracked, new)
        differing = {row.member for row in {*old, *new} - ({*old} & {*new})}
        named = ", ".join(f"('{m}')" for m in (*differing, "nobody"))
        renew_history(ENGINE, CUSTOMERS, tracked, f"(VALUES {named}) AS t(customer_id)")
        some = ENGINE.rows("SELECT * FROM dim_customer_history ORDER BY ALL")
        renew_history(ENGINE, CUSTOMERS, tracked)
        assert ENGINE.rows("SELECT * FROM dim_customer_history ORDER BY ALL") == some
        assert_told(ENGINE, {m: standing({"a": new}, m) for m in MEMBERS})


def deliver(engine: DuckEngine, tracked: Tracked, given_rows: list[Row]) -> None:
    """Build dim_customer from delivered versions, with the keys that never change; one row a member, time and void."""
    told: dict[tuple[str, int | None, bool], str] = {}
    for row in given_rows:
        told[row.member, row.since, row.void] = min(row.city, told.get((row.member, row.since, row.void), row.city))
    times = {None: SINCE_EVER} | {since: f"TIMESTAMP '{day_of(since)}'" for _, since, _ in told if since is not None}
    lines = "".join(
        f"SELECT '{m}', {times[since]}, '{city}', {void} UNION ALL " for (m, since, void), city in told.items()
    )
    listed = f"({lines} SELECT '', CAST(NULL AS TIMESTAMP), '', TRUE WHERE FALSE)"
    engine.execute(
        f"CREATE OR REPLACE TABLE version_customer AS SELECT * FROM {listed} AS t(customer_id, since, city, void)"
    )
    current = f"({current_rows(CUSTOMERS, tracked)})"
    keys = " ".join(f"WHEN '{m}' THEN {k}" for k, m in enumerate(MEMBERS, start=1))
    engine.execute(
        f"CREATE OR REPLACE TABLE dim_customer AS SELECT CASE customer_id {keys} END AS customer_key, * FROM {current} "
        "UNION ALL BY NAME SELECT 0 AS customer_key"
    )


class Seen(NamedTuple):
    """One load: on which day, and who lives where; `forgets` takes the versions of an earlier load back first."""

    day: int
    cities: dict[str, str]
    forgets: int | None


loads = st.lists(
    st.builds(
        Seen,
        st.integers(0, DAYS - 1),
        st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from(CITIES)),
        st.none() | st.none() | st.integers(1, 6),
    ),
    min_size=1,
    max_size=7,
)


class Word(NamedTuple):
    """What one load noted of a member; of one that is gone its last known city."""

    day: int
    city: str
    gone: bool
    load: int


def replay(words: dict[str, list[Word]], load: int, seen: Seen) -> None:
    """Note what is new; no load speaks of a day before the one that was last spoken of."""
    for member in MEMBERS:
        said, city = words[member], seen.cities.get(member)
        last = said[-1] if said else Word(0, "", True, 0)
        if city != (None if last.gone else last.city):
            said.append(Word(max(seen.day, last.day), city or last.city, city is None, load))


def lived(words: list[Word]) -> dict[int, str]:
    """Since when which city; while a member is gone the last known one holds, and is marked."""
    return {word.day: word.city + (", gone" if word.gone else "") for word in words}


@given(loads)
@settings(max_examples=30)
def test_noticed_versions_give_the_same_history_as_a_replay(given_: list[Seen]) -> None:
    tracked = UNDATED["customers"]
    for table in ("dim_customer", "seen_customer", "dim_customer_history", "version_customer"):
        ENGINE.execute(f"DROP TABLE IF EXISTS {table}")
    words: dict[str, list[Word]] = {member: [] for member in MEMBERS}
    for load, seen in enumerate(given_, start=1):
        bring(ENGINE, seen.cities)
        if seen.forgets:
            forget_versions(ENGINE, CUSTOMERS, tracked, seen.forgets)
            words = {m: [word for word in said if word.load != seen.forgets] for m, said in words.items()}
        record_versions(ENGINE, CUSTOMERS, tracked, load, day_of(seen.day))
        replay(words, load, seen)
        assert_told(ENGINE, {m: lived(words[m]) for m in MEMBERS if m in seen.cities})


def bring(engine: DuckEngine, cities: dict[str, str]) -> None:
    """Build dim_customer as a load does."""
    names = ", ".join(f"CAST(NULL AS {c.type}) AS {c.name}" for c in CUSTOMERS.columns[1:] if c.name != "city")
    lines = "".join(f"SELECT '{m}', '{city}' UNION ALL " for m, city in cities.items())
    given_rows = f"({lines} SELECT '', '' WHERE FALSE) AS t(customer_id, city)"
    listed = f"SELECT customer_id, {names}, city, 'crm' AS source, 1 AS part_key, 1 AS load_id FROM {given_rows}"
    if "dim_customer" not in engine.tables():
        engine.execute(build.unknown_member(CUSTOMERS))
    engine.execute(
        f"CREATE OR REPLACE TABLE dim_customer AS {build.keyed(CUSTOMERS, f'({listed})', (), ())} "
        "UNION ALL BY NAME SELECT 0 AS customer_key"
    )
