"""Rollups in a project's own file: built by a load, read after reopening, and never of other data than the rows.

The till of tests/warehouse/made.py: ann bought tea for 10.00 and an unknown ham for 2.50 in January, bob gave tea
back for 5.00 in February; 7.50 in all, of two buyers.
"""

import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

import crm_analytics as crm
from crm_analytics.olap.rollup_log import forget
from crm_analytics.project import Project
from crm_analytics.warehouse.load import load
from tests.doors.conftest import Run
from tests.warehouse.made import SALES, SHOP, write_source

NOON, LATER = datetime(2024, 1, 1, 12, 0), datetime(2024, 1, 2, 12, 0)
MORE = SALES + "o3,1,ann,pie,web,2017-02-03 11:00:00,1,4.00\n"
CUBE = """version: 1
cube: sales
fact: {table: fct_sale, key: [order_id, line_id]}
dimensions:
  product: {table: dim_product, key: product_key, unknown: None known, attributes: {department: {}, product_id: {}}}
  date: {table: dim_date, key: date_key, attributes: {month: {}, date: {period: day}}}
measures:
  revenue: {agg: sum, sql: revenue, format: money}
  buyers: {agg: count_distinct, sql: customer_key, where: customer_key <> 0, sketch: hll}
  orders: {agg: count_distinct, sql: order_id}
rollups:
  month: {by: [product.department, date.month], measures: [revenue, buyers]}
"""


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Project]:
    """The project, not loaded yet."""
    write_source(tmp_path / "data", "till", SHOP)
    (tmp_path / "cubes").mkdir()
    (tmp_path / "cubes" / "sales.yml").write_text(CUBE)
    (tmp_path / "crm.yml").write_text("version: 1\nname: till\ncurrency: EUR\nthreads: 1\n")
    with crm.open(tmp_path) as shop:
        yield shop


def by_month(shop: Project) -> tuple[list[tuple[object, ...]], str]:
    """Revenue and buyers of each month, and where they came from."""
    with crm.open(shop.folder) as reopened:
        answer = reopened.cube("sales").measures("revenue", "buyers").by("date.month").run()
        return [(month, float(revenue), buyers) for month, revenue, buyers in answer.frame.rows()], answer.cells.source


def change(shop: Project, old: str, new: str) -> None:
    path = shop.folder / "cubes" / "sales.yml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


BEFORE: list[tuple[object, ...]] = [("2017-01", 12.5, 1), ("2017-02", -5.0, 1)]
AFTER: list[tuple[object, ...]] = [("2017-01", 12.5, 1), ("2017-02", -1.0, 2)]  # ann's pie


def test_a_load_builds_the_rollups_and_the_next_one_renews_them(till: Project) -> None:
    told: list[str] = []
    till.load(now=NOON, say=told.append)
    assert told[-1].startswith("rollup sales.month: 3 rows ")  # drinks twice, ham of no known department
    assert by_month(till) == (BEFORE, "answered by rollup month (3 rows, load of 2024-01-01 12:00)")
    write_source(till.folder / "data", "till", {**SHOP, "sales": MORE})
    till.load(now=LATER)
    assert by_month(till) == (AFTER, "answered by rollup month (4 rows, load of 2024-01-02 12:00)")


def test_a_load_that_ended_before_its_rollups_is_answered_from_the_rows(till: Project) -> None:
    till.load(now=NOON)
    write_source(till.folder / "data", "till", {**SHOP, "sales": MORE})
    with till.writing() as engine:
        load(engine, till.config, till.folder / "data", (), LATER, lambda _: None)
    assert by_month(till) == (AFTER, "from the rows: rollup month is built from another load; run crm load")


def test_a_first_load_that_is_stopped_while_it_builds_rollups_keeps_its_data(till: Project) -> None:
    change(till, "rollups:", "rollups:\n  day: {by: [date.date], measures: [revenue]}")

    def stop(text: str) -> None:
        if text.startswith("rollup sales.day"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        till.load(now=NOON, say=stop)
    assert by_month(till) == (
        BEFORE,
        "from the rows: rollup day stores no date.month; rollup month is not built yet; run crm load",
    )


def test_a_rollup_that_is_defined_anew_waits_for_the_next_load(till: Project) -> None:
    till.load(now=NOON)
    change(till, "sql: revenue", "sql: revenue * 2")
    doubled: list[tuple[object, ...]] = [("2017-01", 25.0, 1), ("2017-02", -10.0, 1)]
    assert by_month(till) == (
        doubled,
        "from the rows: rollup month is not built as its cube defines it now; run crm load",
    )
    till.load(now=LATER)
    assert by_month(till) == (doubled, "answered by rollup month (3 rows, load of 2024-01-01 12:00)")


def test_a_rollup_that_no_cube_declares_any_more_is_dropped(till: Project) -> None:
    till.load(now=NOON)
    assert "rollup_sales_month" in till.engine.tables()
    change(till, CUBE[CUBE.index("rollups:") :], "")
    till.load(now=LATER)
    assert "rollup_sales_month" not in till.engine.tables()
    assert till.engine.rows("SELECT * FROM rollups") == []
    assert by_month(till) == (BEFORE, "from the rows: cube 'sales' has no rollups")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        # Somebody's own table is not written over.
        ("CREATE TABLE rollup_sales_month (mine INTEGER)", "that is no rollup stands there already"),
        # A fact without its member would be lost in the join, and with it its money.
        ("DELETE FROM dim_product WHERE product_id = 'tea'", "3 rows of fct_sale become 1 when joined to"),
        ("ALTER TABLE fct_sale DROP COLUMN revenue", "revenue"),
    ],
)
def test_what_cannot_be_built_rightly_is_not_built(till: Project, statement: str, told: str) -> None:
    from crm_analytics.pipeline.rollups import refresh_rollups

    change(till, "rollups:", "rolups:")
    with pytest.raises(crm.CrmError):
        till.model  # noqa: B018  (read for its error)
    said: list[str] = []
    till.load(now=NOON, say=said.append)
    assert "no rollup built: " in said[-1]  # the data are loaded all the same
    assert "unknown key 'rolups'. Did you mean 'rollups'?" in said[-1]
    change(till, "rolups:", "rollups:")
    with till.writing() as engine:
        engine.execute(statement)
        (done,) = refresh_rollups(engine, till.folder / "cubes", lambda _: None)
    assert told in done.problem
    assert done.problem.startswith("not built: ")


def test_tables_that_change_outside_of_a_load_end_the_rollups_that_read_them(till: Project) -> None:
    till.load(now=NOON)
    with till.writing() as engine:
        forget(engine, "dim_score")
    assert by_month(till)[1].startswith("answered by rollup")
    with till.writing() as engine:
        forget(engine, "dim_product")
    assert by_month(till) == (BEFORE, "from the rows: rollup month is built from another load; run crm load")


def test_scoring_renews_the_rollups_that_read_scores(folder: Path, tmp_path: Path) -> None:
    with crm.open(shutil.copytree(folder, tmp_path / "shop")) as shop:
        with (shop.folder / "cubes" / "sales.yml").open("a") as file:
            file.write("rollups: {segments: {by: [score.rfm_class], measures: [revenue]}}\n")
        shop.load()
        with shop.writing() as engine:
            engine.execute("DELETE FROM fct_score")  # the load kept the scores; score anew from none
        shop.score(models=["rfm"])
        stored = shop.cube("sales").measures("revenue").by("score.rfm_class").run()
        rows = shop.cube("sales").measures("revenue", "orders").by("score.rfm_class").run()
    assert stored.cells.source.startswith("answered by rollup segments")
    assert rows.cells.source.startswith("from the rows")
    assert stored.frame.rows() == rows.frame.select("score.rfm_class", "revenue").rows()
    assert stored.frame.height > 1


def test_why_this_number(till: Project, run: Run) -> None:
    till.load(now=NOON)
    ask = till.cube("sales").measures("revenue").by("product.department").dice("date.month = '2017-01' and revenue > 1")
    why = ask.run().why()
    assert list(why.lines()) == [
        ("Question", "sales: revenue by product.department"),
        ("Filter on rows", "date.month = '2017-01'"),
        ("Filter on cells", "revenue > 1"),
        ("Source", "answered by rollup month (3 rows, load of 2024-01-01 12:00)"),
        ("Loaded", "till, 2024-01-01 12:00"),
        ("Last day", "sales, date.date: 2017-02-01"),
        ("Rows read", "rollup_sales_month: 3, of which 2 go on"),
        ("Rows behind", "sales: 2"),
        ("Unknown", "sales, product.department: 1 of 2 rows"),  # the ham
    ]
    assert why.sql == ask.sql
    assert "FROM &quot;rollup_sales_month&quot;" in why._repr_html_()
    assert "date.month = &#x27;2017-01&#x27;" in why._repr_html_()
    words = ("sales", "-m", "revenue", "-b", "product.department", "-w", "date.month = '2017-01' and revenue > 1")
    till.close()
    assert run("query", *words, "--why", "-C", till.folder).out == f"{why}\n"


def test_why_an_answer_came_from_the_rows(till: Project) -> None:
    till.load(now=NOON)
    why = till.cube("sales").measures("orders").by("product.product_id").why()
    assert why.source == "from the rows: rollup month stores no product.product_id"
    assert [(scan.table, scan.rows) for scan in why.scans] == [("fct_sale", 3), ("dim_product", 3)]
    assert why.facts[0].unknown == {"product.product_id": 1}
    assert ("Filters", "none") in list(why.lines())


def test_a_cube_is_described_with_its_rollups(till: Project, run: Run) -> None:
    described = run("cubes", "sales", "-C", till.folder).out
    assert described.endswith("\nRollups\n  month  revenue, buyers by product.department, date.month\n")


def test_an_estimate_says_so_and_is_counted_when_asked_exactly(till: Project, run: Run) -> None:
    till.load(now=NOON)
    buyers = till.cube("sales").measures("buyers")
    assert buyers.run().cells.notes[0].startswith("buyers: estimated from HyperLogLog sketches, standard error 3 %")
    exact = buyers.exact().run()
    assert (exact.frame.rows(), exact.cells.notes) == ([(2,)], ())
    assert "is a distinct count, which does not follow from its parts" in exact.cells.source
    till.close()
    answer = run("query", "sales", "-m", "buyers", "--exact", "-C", till.folder)
    assert (answer.out.split(), answer.err) == (["Buyers", "------", "2"], "")
    assert "note: buyers: estimated" in run("query", "sales", "-m", "buyers", "-C", till.folder).err
