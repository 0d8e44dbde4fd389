"""Histories, bridges and trees: every question of tests/questions/kinds beside SQL by hand, and what is refused."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
import yaml

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import QueryError
from crm_analytics.notebook import Ask
from crm_analytics.olap.access import Viewer, seen_by
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap.members import members
from olap.shop import type_of
from olap.test_cube_questions import as_query, plain

KINDS = Path(__file__).parent / "kinds"
QUESTIONS = Path(__file__).parents[1] / "questions" / "kinds"


def changed(folder: Path, name: str, *pairs: tuple[str, str]) -> Path:
    """The cubes with some text of one file replaced."""
    copytree(KINDS, folder, dirs_exist_ok=True)
    text = (folder / name).read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    (folder / name).write_text(text)
    return folder


def questions() -> list[Any]:
    return [
        pytest.param(question, id=f"{path.stem}: {question['name']}")
        for path in sorted(QUESTIONS.glob("*.yml"))
        for question in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


@pytest.fixture(scope="module", params=list(type_of))
def typed_shop(request: pytest.FixtureRequest) -> Iterator[tuple[DuckEngine, Model]]:
    engine = members(request.param)
    yield engine, bind_model(load_model(KINDS), engine)
    engine.close()


@pytest.mark.parametrize("question", questions())
def test_a_question_gives_what_the_sql_by_hand_gives(
    typed_shop: tuple[DuckEngine, Model], question: dict[str, Any]
) -> None:
    engine, model = typed_shop
    query = as_query(question)
    query = query.as_of(question["as_of"]) if "as_of" in question else query
    cells = browse(engine, model, query)
    by_hand = [plain(row) for row in engine.rows(question["by_hand"])]
    assert [plain(row) for row in cells.frame.rows()] == by_hand
    assert len(engine.rows(cells.sql)) == len(by_hand)  # the statement with its values written in runs too


SALES = CubeQuery("sales").measures("revenue")


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    engine = members()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def model(engine: DuckEngine) -> Model:
    return bind_model(load_model(KINDS), engine)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            SALES.dice("club.kind = 'sport' or customer.region = 'S'"),
            "cannot mix club.kind, of which a row may have several members, and customer.region within one 'or'",
        ),
        (SALES.dice("not (club.kind = 'sport' and customer.region = 'S')"), "cannot mix club.kind"),
        (SALES.dice("revenue > 5 per (club.kind, date.month)"), "cannot mix club.kind, .* and date.month"),
        (
            SALES.by("date.month", "club.kind").dice("revenue > 5").with_totals(),
            "a filter on a measure counts as 'per'",
        ),
        (
            SALES.by("date.month", "club.club").top(1, "revenue", of="club.club", within=True),
            "a row may have several members of club.club, some shown by name and some among Others",
        ),
        (SALES.by("club.club").top(1, "revenue", others=False).with_totals(), "keep Others"),
    ],
)
def test_what_hangs_on_the_row_and_on_its_members_is_refused(
    engine: DuckEngine, model: Model, query: CubeQuery, told: str
) -> None:
    with pytest.raises(QueryError, match=told):
        browse(engine, model, query)


def test_a_condition_on_members_goes_with_any_other_by_and(engine: DuckEngine, model: Model) -> None:
    # Readers: ann 380 and bob 160; of them in S today: bob.
    query = SALES.dice("club.kind = 'culture' and customer.region = 'S'")
    assert browse(engine, model, query).frame.rows() == [(160,)]


def test_a_dimension_says_that_its_members_overlap(model: Model) -> None:
    roles = model.cube("sales").roles
    assert [name for name, role in roles.items() if role.dimension.overlaps] == ["club"]


def test_a_notebook_and_the_statement_say_as_of_when(engine: DuckEngine, model: Model) -> None:
    asked = Ask(SALES, model, lambda: engine).by("customer.region")
    assert asked.as_of("sale").frame.rows() == [("N", 200), ("S", 280), ("Unknown customer", 1060)]
    assert asked.as_of("sale").sql.startswith("-- sales: revenue by customer.region, as of the sale\n")
    assert asked.as_of(date(2017, 1, 31)).sql.startswith("-- sales: revenue by customer.region, as of 2017-01-31\n")
    assert asked.as_of("today").sql == asked.sql  # a question that does not say is as of today


def test_levels_of_a_tree_are_drilled_like_any_others(engine: DuckEngine, model: Model) -> None:
    query = SALES.slice("range.division", "Food").drill_down(model, "range").drill_down(model, "range")
    assert query.split == ("range.division", "range.aisle")
    assert browse(engine, model, query).frame.rows() == [("Food", "Bakery", 160), ("Food", "Milk", 80)]
    assert query.roll_up(model, "range.tree").split == ("range.division",)


def test_a_misspelt_member_finds_the_nearest_where_it_is_kept(engine: DuckEngine, model: Model) -> None:
    for query, note in (
        (SALES.slice("range.aisle", "Bakry"), "there is no range.aisle 'Bakry'. Did you mean 'Bakery'?"),
        (SALES.slice("customer.region", "X").as_of("sale"), "there is no customer.region 'X'."),
    ):
        assert browse(engine, model, query).notes == (note,)


def test_a_time_that_means_nothing_is_refused(engine: DuckEngine, model: Model, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="as of 'yesterday': say 'sale', 'today' or a day such as '2017-03-31'"):
        SALES.as_of("yesterday")
    dayless = changed(tmp_path, "sales.yml", ("  date: {roles: {shipped: shipped_key, date: date_key}}\n", ""))
    bound = bind_model(load_model(dayless), engine)
    with pytest.raises(
        QueryError, match="cube 'sales' has no dimension with a day, so customer\\.region cannot be asked"
    ):
        browse(engine, bound, SALES.by("customer.region").as_of("sale"))
    timeless = changed(tmp_path / "timeless", "dimensions.yml", ("    history: ", "    # "))
    bound = bind_model(load_model(timeless), engine)
    with pytest.raises(QueryError, match="none of its dimensions has a 'history', so it cannot be asked as of sale"):
        browse(engine, bound, SALES.as_of("sale"))
    assert browse(engine, bound, SALES.as_of("today")).frame.rows() == [(1540,)]


def test_the_default_and_the_role_that_dates_a_fact_stand_in_the_file(engine: DuckEngine, tmp_path: Path) -> None:
    # o2 (200) was sold on 02-07 and shipped on 02-28; bob's o3 (60) shipped on 01-28, before anything was known of him.
    folder = changed(tmp_path, "dimensions.yml", ("valid_to, ", "valid_to, default: sale, date: shipped, "))
    bound = bind_model(load_model(folder), engine)
    sold = browse(engine, bound, SALES.by("customer.region").slice("date.date", date(2017, 2, 7)))
    assert sold.frame.rows() == [("N", 200)]
    assert "shipped" in sold.sql
    assert browse(engine, bound, SALES.by("customer.region")).frame.rows() == [
        ("N", 200),
        ("S", 280),
        ("Unknown customer", 1060),
    ]
    assert browse(engine, bound, SALES.by("customer.region").as_of("today")).frame.rows()[0] == ("N", 380)


@pytest.mark.parametrize("by", [(), ("club.club",), ("customer.region",)])
@pytest.mark.parametrize("when", ["sale", "today"])
def test_no_question_moves_the_rows_that_a_role_may_see(engine: DuckEngine, by: tuple[str, ...], when: str) -> None:
    # Runners: ann alone, 380; her other clubs stay out of sight.  S today: bob alone, 160, wherever he was then.
    runner = bind_model(seen_by(load_model(KINDS), Viewer("runner", {})), engine)
    query = SALES.by(*by).with_totals().as_of(when)
    rows = browse(engine, runner, query).frame
    assert rows["revenue"][-1] == 380
    assert "club.club" not in rows.columns or rows["club.club"].to_list() == ["Runners", None]
    assert browse(engine, runner, query.dice("club.club = 'Readers'")).frame["revenue"].sum() == 0
    south = bind_model(seen_by(load_model(KINDS), Viewer("south", {})), engine)
    assert browse(engine, south, query).frame["revenue"][-1] == 160


def test_a_column_that_a_bridge_or_a_history_gains_makes_nothing_ambiguous() -> None:
    engine = members()
    for table in ("dim_customer_history", "bridge_customer_club", "dim_club", "dim_range"):
        engine.execute(f"ALTER TABLE {table} ADD COLUMN revenue INTEGER DEFAULT 7")
    query = SALES.by("customer.region", "club.kind", "range.division").as_of("sale").dice("date.month = '2017-01'")
    assert browse(engine, load_model(KINDS), query.slice("customer.region", "S")).frame.rows() == [
        ("S", "culture", "Food", 180),
        ("S", "sport", "Food", 180),
    ]
    engine.close()
