"""Cohorts: the day of the first sale, on random shops, under a role, and where a model cannot give them."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import ConfigError
from crm_analytics.olap.access import Viewer, seen_by
from crm_analytics.olap.behind import Cell
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.drill import drill_customers, drill_rows
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES
from olap.shop import Contact, Sale
from olap.test_cube_laws import Ask, ask, contacts, sales

__all__ = ["ask"]  # the fixture

AGES = ("cohort.month", "cohort.age_months")


def begun(lines: list[Sale]) -> dict[str, date]:
    """The day of each customer's first dated sale."""
    first: dict[str, date] = {}
    for _, customer, _, day, _ in lines:
        if customer and day:
            first[customer] = min(day, first.get(customer, day))
    return first


def place(customer: str | None, day: date | None, first: dict[str, date]) -> tuple[object, object]:
    start = first.get(customer) if customer else None
    age = (day.year - start.year) * 12 + day.month - start.month if start and day else None
    return (f"{start:%Y-%m}" if start else "Never bought", age)


@given(sales, contacts)
def test_every_row_is_in_the_cohort_of_its_customer_at_its_own_age(
    ask: Ask,
    lines: list[Sale],
    calls: list[Contact],
) -> None:
    first = begun(lines)
    revenue: dict[tuple[object, object], int] = {}
    for _, customer, _, day, amount in lines:
        revenue[place(customer, day, first)] = revenue.get(place(customer, day, first), 0) + amount
    got = ask(CubeQuery("sales").measures("revenue").by(*AGES), lines, calls)
    assert {(c, a): int(v) for c, a, v in got.rows()} == revenue
    # Contacts may come before the first sale, at an age below 0, or have no first sale at all.
    people: dict[tuple[object, object], set[str]] = {}
    for customer, day, _, _ in calls:
        people.setdefault(place(customer, day, first), set()).update({customer} if customer else ())
    got = ask(CubeQuery("contacts").measures("people").by(*AGES), lines, calls)
    assert {(c, a): n for c, a, n in got.rows()} == {where: len(who) for where, who in people.items()}


def test_a_cohort_is_drilled_through_like_any_cell(engine: DuckEngine, model: Model) -> None:
    query = CubeQuery("sales").measures("revenue").by(*AGES)
    again = Cell({"cohort.month": "2017-01", "cohort.age_months": 1})
    assert drill_customers(engine, model, query, again).frame.rows() == [("ann",)]
    assert [int(v) for v in drill_rows(engine, model, query, again).frame["revenue"]] == [200]


def cubes(folder: Path, old: str = "", new: str = "", **more: str) -> Path:
    for path in CUBES.glob("*.yml"):
        text = path.read_text(encoding="utf-8").replace(old or "\0", new) + more.get(path.stem, "")
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder


def test_a_role_sees_customers_begin_where_its_own_rows_begin(tmp_path: Path, engine: DuckEngine) -> None:
    # ann's first sale is of FOOD in January; who sees TOYS alone sees her begin in February.
    access = "access: {toys: {where: \"product.department = 'TOYS'\"}}\n"
    seen = seen_by(load_model(cubes(tmp_path, sales=access)), Viewer("toys", {}))
    query = CubeQuery("sales").measures("revenue").by(*AGES)
    got = browse(engine, bind_model(seen, engine), query).frame
    assert [(c, a, int(v)) for c, a, v in got.rows()] == [("2017-02", 0, 200), ("Never bought", None, 1000)]


def test_a_role_cannot_be_held_to_cohorts_which_are_made_of_what_it_sees(tmp_path: Path) -> None:
    access = "access: {new: {where: \"cohort.month = '2017-01'\"}}\n"
    with pytest.raises(ConfigError, match="a role cannot be held to 'cohort'"):
        load_model(cubes(tmp_path, sales=access))


def test_a_role_that_may_not_ask_the_first_fact_has_no_cohorts(tmp_path: Path, engine: DuckEngine) -> None:
    seen = seen_by(load_model(cubes(tmp_path, contacts="access: {clerk: {}}\n")), Viewer("clerk", {}))
    model = bind_model(seen, engine)
    with pytest.raises(ConfigError, match="cube 'sales', which is not there or may not be asked"):
        browse(engine, model, CubeQuery("contacts").measures("minutes").by("cohort.month"))
    assert browse(engine, model, CubeQuery("contacts").measures("minutes")).frame["minutes"][0] == 26


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("first: {cube: sales}", "first: {cube: sale}", "from cube 'sale', which is not there"),
        ("first: {cube: sales}", "first: {cube: sales, date: day}", "a cohort needs dimension 'day', which cube"),
        ("first: {cube: sales}", "first: {cube: sales, day: date}", "unknown key 'day'"),
        ("first: {cube: sales}", "first: {}", "'dimensions.cohort.first.cube' is missing"),
        ("first: {cube: sales}", "first: {cube: sales}\n    key: x", "is made from 'first', so it takes no 'key'"),
        ("date: {period: day}", "date: {}", "no attribute of dimension 'date' says 'period: day'"),
        ("cohort: {}", "cohort: {key: customer_key}", "is a cohort, which takes neither 'key' nor 'roles'"),
        (
            "  customer: {}\n  date: {}\n",
            "  customer: {}\n",
            "dimension 'date', which cube 'contacts' does not reach",
        ),
        (
            "  customer: {}\n  date: {}\n",
            "  customer: {}\n  date: {table: dim_date, key: date_key, attributes: {date: {}}}\n",
            "cubes 'contacts' and 'sales' to share dimension 'date'",
        ),
    ],
)
def test_a_cohort_that_cannot_be_made_is_told_when_the_cubes_are_read(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load_model(cubes(tmp_path, old, new))
    assert told in str(error.value)
