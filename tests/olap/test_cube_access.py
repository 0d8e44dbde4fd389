"""Who may see which rows: every path that reaches rows is tried, and every way around.

North's manager may see ann alone: o1 (bread 100, milk 80) and o2 (ball 200), 380
of the 1,540; of the contacts her two, 12 of the 26 minutes.
"""

from pathlib import Path

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import AccessError, ConfigError, CrmError
from crm_analytics.olap.access import Viewer, seen_by
from crm_analytics.olap.behind import Cell
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.browse import browse
from crm_analytics.olap.drill import drill_customers, drill_rows
from crm_analytics.olap.estimate import estimate
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import CUBES

ACCESS = {
    "sales": "access: {manager: {where: 'customer.region in (:regions)'}, analyst: {}}\n",
    "contacts": "access: {manager: {where: 'customer.region in (:regions)'}, clerk: {}}\n",
}
SALES = CubeQuery("sales").measures("revenue")


def cubes(folder: Path, **changed: str) -> Path:
    for path in CUBES.glob("*.yml"):
        text = path.read_text(encoding="utf-8") + {**ACCESS, **changed}.get(path.stem, "")
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def north(tmp_path: Path, engine: DuckEngine) -> Model:
    return bind_model(seen_by(load_model(cubes(tmp_path)), Viewer("manager", {"regions": ["N"]})), engine)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (SALES, [(380,)]),
        (SALES.measures("customers", "orders"), [(380, 1, 2)]),
        (SALES.by("customer.region").with_totals(), [("N", "", 380), (None, "all", 380)]),
        # A filter of one's own is added to the role's; it cannot widen it.
        (SALES.dice("customer.region = 'S'"), [(None,)]),
        (SALES.dice("customer.region = 'S' or not customer.region = 'S'"), [(380,)]),
        (SALES.dice("customer.region is unknown"), [(None,)]),
        # Nothing outside is ranked, counted in Others, or kept by a filter on a measure.
        (SALES.by("product.department").top(1, "revenue"), [("TOYS", False, 200), ("Others", True, 180)]),
        (SALES.by("customer.region").dice("revenue > 300").with_totals(), [("N", "", 380), (None, "all", 380)]),
        (SALES.dice("revenue > 500 per product.department"), [(None,)]),  # of TOYS only ann's 200 are in sight
        # The other fact is held to its own condition.
        (SALES.measures("contacts.minutes"), [(380, 12)]),
        (SALES.dice("contacts.minutes > 5 per customer.customer_id"), [(380,)]),
        (SALES.measures("revenue_per_visit"), [(380, 380.0)]),
        (CubeQuery("contacts").measures("minutes", "people"), [(12, 1)]),
    ],
)
def test_a_role_sees_its_rows_whatever_is_asked(
    north: Model, engine: DuckEngine, query: CubeQuery, rows: list[tuple[object, ...]]
) -> None:
    assert browse(engine, north, query).frame.rows() == rows


def test_a_misspelt_member_does_not_give_away_the_names_of_others(north: Model, engine: DuckEngine) -> None:
    hidden = SALES.dice("customer.customer_id = 'evee'")
    assert browse(engine, north, hidden).notes == ()


def test_a_role_that_sees_everything_and_the_owner_get_the_whole(tmp_path: Path, engine: DuckEngine) -> None:
    model = load_model(cubes(tmp_path))
    for seen in (model, seen_by(model, Viewer("analyst", {}))):
        assert browse(engine, bind_model(seen, engine), SALES).frame["revenue"][0] == 1540


def test_a_cube_that_does_not_name_the_role_may_not_be_asked(tmp_path: Path, engine: DuckEngine) -> None:
    seen = bind_model(seen_by(load_model(cubes(tmp_path)), Viewer("analyst", {})), engine)
    sentence = "cube 'contacts' says nothing of role 'analyst' under 'access', so it may not be asked"
    for query in (CubeQuery("contacts").measures("minutes"), SALES.measures("contacts.minutes")):
        with pytest.raises(CrmError) as error:
            browse(engine, seen, query)
        assert str(error.value) == sentence
    with pytest.raises(CrmError, match="contacts"):  # nor through a formula, nor through a filter
        browse(engine, seen, SALES.measures("revenue_per_visit"))
    with pytest.raises(CrmError, match=sentence):
        browse(engine, seen, SALES.dice("contacts.minutes > 1 per customer.customer_id"))


@pytest.mark.parametrize(
    ("role", "values", "sentence"),
    [
        ("managr", {}, "no role under 'access' 'managr'. Did you mean 'manager'?"),
        ("manager", {}, "role 'manager' needs a value for 'regions'"),
        ("manager", {"regions": []}, "'regions' takes at least one value"),
        ("manager", {"regions": ["N"], "store": "1"}, "no condition needs 'store'. Needed: regions"),
    ],
)
def test_a_role_without_its_values_is_refused(
    tmp_path: Path, role: str, values: dict[str, list[str]], sentence: str
) -> None:
    with pytest.raises(CrmError) as error:
        seen_by(load_model(cubes(tmp_path)), Viewer(role, values))
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    ("access", "sentence"),
    [
        (
            "access: {kim: {where: 'customer.regin = :r'}}\n",
            "'customer' 'regin'. Did you mean 'region'?",
        ),
        ("access: {kim: {where: 'revenue > 3'}}\n", "no dimension of this cube 'revenue'"),
        ("access: {kim: {where: 'revenue > 3 per customer.region'}}\n", "'per' has no place here"),
        ("access: {kim: {where: 'customer.region ='}}\n", "it ends where a value"),
        ("access: {kim: {were: 'x'}}\n", "unknown key 'were'. Did you mean 'where'?"),
    ],
)
def test_a_mistake_in_access_is_told_with_its_line(tmp_path: Path, access: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_model(cubes(tmp_path, sales=access))
    assert sentence in str(error.value)
    assert "sales.yml:" in str(error.value)


def test_a_question_cannot_hold_a_placeholder() -> None:
    with pytest.raises(CrmError, match="':regions' stands where a value"):
        SALES.dice("customer.region in (:regions)")


def test_drilling_through_a_total_or_others_stays_within_the_rows_of_the_role(engine: DuckEngine, north: Model) -> None:
    query = SALES.by("product.department").top(1, "revenue")
    assert drill_customers(engine, north, query, Cell()).frame.rows() == [("ann",)]
    others = drill_rows(engine, north, query, Cell(others=True))  # TOYS is first: bread and milk are left
    assert sorted(int(v) for v in others.frame["revenue"]) == [80, 100]
    assert drill_rows(engine, north, SALES, Cell(), "contacts.minutes").frame["minutes"].sum() == 12


def test_a_role_with_some_of_the_rows_does_not_learn_how_many_there_are(
    north: Model, engine: DuckEngine, tmp_path: Path
) -> None:
    with pytest.raises(AccessError, match="role 'manager' may not see all rows"):
        estimate(engine, north, SALES)
    analyst = bind_model(seen_by(load_model(cubes(tmp_path)), Viewer("analyst", {})), engine)
    assert estimate(engine, analyst, SALES).most_read == 7
