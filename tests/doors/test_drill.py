"""From a cell to a saved segment, from Python and from the command line, on a whole project."""

import csv
import io
import shutil
from pathlib import Path

import pytest

import crm_analytics as crm
from crm_analytics.errors import AccessError, DataError, QueryError, UnknownName
from crm_analytics.notebook import Ask
from tests.doors.conftest import Run


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A copy of the project to write to."""
    return Path(shutil.copytree(folder, tmp_path / "shop"))


def test_the_customers_of_others_become_a_segment_in_one_call_and_outlive_a_load(own: Path) -> None:
    with crm.open(own) as shop:
        answer = shop.cube("sales").measures("revenue", "customers").by("product.department").top(2, "revenue").run()
        others = answer.cell(2)
        assert answer.frame["others"].to_list() == [False, False, True]
        counted = answer.frame["customers"][2]
        assert answer.customers(others).save("small_departments") == counted
        shop.load()
        listed = shop.segments().row(0, named=True)
        assert (listed["segment"], listed["customers"]) == ("small_departments", counted)
        assert listed["question"] == "sales: revenue, Others"
        assert shop.segments("small_departments").height == counted
        by_segment = shop.cube("sales").measures("customers").by("segment.segment").frame
        assert by_segment.row(0) == ("small_departments", counted)
        # The reader is open again, and the statement that was kept gives the same customers.
        assert len(shop.engine.rows(listed["sql"])) == counted + 1  # and nobody known, who is left out
        assert answer.others().run().frame["customers"].sum() > 0


def test_ids_are_saved_too_and_a_segment_is_replaced_and_forgotten(own: Path) -> None:
    with crm.open(own) as shop:
        assert shop.save_segment("two", ["C0001", "C0002"]) == 2
        with pytest.raises(DataError, match="there is one already"):
            shop.save_segment("two", ["C0001"])
        assert shop.save_segment("two", ["C0001"], replace=True) == 1
        shop.delete_segment("two")
        with pytest.raises(UnknownName, match="no segment 'two'"):
            shop.segments("two")


def test_rows_and_customers_show_as_tables(folder: Path) -> None:
    with crm.open(folder) as shop:
        answer = shop.cube("sales").measures("revenue").by("product.department").run()
        member = {"product.department": answer.frame["product.department"][0]}
        rows = answer.rows(member, limit=5)
        assert rows.frame.height == 5
        assert "first 5 of" in rows._repr_html_()
        assert not {"name", "email", "phone"} & {c.rpartition(".")[2] for c in rows.frame.columns}
        people = answer.customers(member)
        assert len(people) == people.frame.height == len(people.ids)
        assert "<table" in people._repr_html_()
        assert str(people).startswith("Customer")


def test_a_role_may_drill_and_not_save(folder: Path) -> None:
    with crm.open(folder, role="region_manager", values={"regions": ["North"]}) as shop:
        people = shop.cube("sales").measures("revenue", "customers").customers()
        assert len(people) == shop.cube("sales").measures("customers").frame["customers"][0]
        with pytest.raises(AccessError):
            people.save("mine")


def test_a_question_of_no_project_can_keep_no_segment(folder: Path) -> None:
    with crm.open(folder) as shop:
        ask = shop.cube("sales").measures("revenue")
        alone = Ask(ask.query, ask.model, ask.connect)
        with pytest.raises(QueryError, match="belongs to no project"):
            alone.customers().save("lost")


def test_the_command_line_drills_saves_lists_and_forgets(own: Path, run: Run) -> None:
    words = ("drill", "sales", "-m", "revenue", "-b", "product.department", "--top", "2 revenue", "--others", "-C", own)
    ran = run(*words, "--customers", "--save", "rest", "--format", "csv")
    people = [row["customer_id"] for row in csv.DictReader(io.StringIO(ran.out))]
    assert f"segment rest: {len(people):,} customers saved" in ran.err
    assert run("segments", "-C", own).out.startswith(f"rest: {len(people):,} customers, saved ")
    assert run("segments", "rest", "-C", own).out.split() == people
    assert "there is one already" in run(*words, "--save", "rest").err
    assert run(*words, "--save", "rest", "--replace").code == 0
    assert run("segments", "--delete", "rest", "-C", own).out == "segment rest: forgotten\n"
    assert run("segments", "-C", own).out.startswith("no segment is saved yet")
    rows = run(
        "drill", "sales", "-m", "revenue", "-b", "date.year", "--cell", "date.year = 2017", "--limit", 2, "-C", own
    )
    assert len(rows.out.splitlines()) == 4
    assert "note: the first 2 of" in rows.err
    refused = run("drill", "sales", "-m", "revenue", "-b", "date.year", "--cell", "date.year > 2016", "-C", own)
    assert (refused.code, "write ATTRIBUTE = MEMBER" in refused.err) == (2, True)


def test_everybody_is_active_at_age_0_and_the_command_line_says_the_same(folder: Path, run: Run) -> None:
    with crm.open(folder) as shop:
        found = shop.cohorts("sales", "revenue", by="quarter", periods=3)
        assert set(found.frame.filter(found.frame["age"] == 0)["retention"]) == {1.0}
        # Every customer with a sale began once, and the data ends with a quarter: nobody is left out.
        sizes = found.triangle("customers")["size"].sum()
        assert sizes == shop.cube("sales").measures("customers").frame["customers"][0]
    words = ("cohorts", "sales", "-m", "revenue", "--by", "quarter", "--periods", 3, "-C", folder)
    assert run(*words).out == f"{found}\n"
    assert run(*words, "--show", "customers").out == f"{found.to_text('customers')}\n"
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").out)))
    assert [int(row["customers"]) for row in rows] == found.frame["customers"].to_list()
    cut = run(*words, "--as-of", "2017-02-01")
    assert "note: 1 cohort is left out, as the quarter had not ended on 2017-02-01: 2017-Q1" in cut.err
    assert run("cohorts", "promotions", "-m", "placements", "-C", folder).err.startswith(
        "crm: cube 'promotions' has no"
    )


def test_the_next_places_of_a_top_from_the_command_line(folder: Path, run: Run) -> None:
    words = ("query", "sales", "-m", "revenue", "-b", "product.department", "-C", folder, "--format", "csv", "--top")
    all_of_them = [line.split(",")[0] for line in run(*words, "4 revenue").out.splitlines()[1:5]]
    after = [line.split(",")[0] for line in run(*words, "2 revenue after 2").out.splitlines()[1:3]]
    assert after == all_of_them[2:]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--customers", "--limit", "3"), "--limit is for rows"),
        (("--replace",), "--replace goes with --save NAME"),
        (("--save", "some", "--format", "csv"), "add --customers to write them out as well"),
    ],
)
def test_what_would_be_left_undone_is_refused(folder: Path, run: Run, words: tuple[str, ...], sentence: str) -> None:
    ran = run("drill", "sales", "-m", "revenue", *words, "-C", folder)
    assert (ran.code, sentence in ran.err) == (2, True)
