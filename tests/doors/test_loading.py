"""Loading from the command line: what is new, what would be, what was, and taking it back."""

import json
from pathlib import Path

import pytest

from crm_analytics.project import Project
from tests.doors.conftest import Run
from tests.warehouse.made import SALES, SHOP, write_source


@pytest.fixture
def till(tmp_path: Path) -> Path:
    """A project with one small source, not loaded yet."""
    (tmp_path / "crm.yml").write_text("version: 1\nname: till\nchannels: [store, web]\n")
    write_source(tmp_path / "data", "till", SHOP)
    return tmp_path


def more(
    folder: Path, customers: str = "cy,Cyd,\n", sales: str = "o3,1,cy,tea,web,2017-03-01 10:00:00,1,4.00\n"
) -> None:
    write_source(folder / "data", "till", {**SHOP, "customers": SHOP["customers"] + customers, "sales": SALES + sales})


def test_a_load_with_nothing_new_says_so(run: Run, till: Path) -> None:
    assert "8 rows loaded" not in run("load", "-C", till).err
    ran = run("load", "-C", till)
    assert "3 of 3 parts are as they were" in ran.out
    assert ran.out.rstrip().endswith("nothing is new")


def test_a_dry_run_tells_what_would_change_without_private_values_and_keeps_nothing(run: Run, till: Path) -> None:
    run("load", "-C", till)
    before = (till / "warehouse.duckdb").read_bytes()
    changed = SHOP["customers"].replace("ann,A,", "ann,Anna,")
    more(till)
    (till / "data" / "till" / "customers.csv").write_text(changed + "cy,Cyd,\n")
    ran = run("load", "--dry-run", "-C", till)
    assert ran.code == 0, ran.err
    assert "new      sales order_id o3, line_id 1" in ran.out
    assert "changed  customers customer_id ann: name" in ran.out
    assert "Anna" not in ran.out
    assert "would be 2 rows new, 1 changed, 0 removed, 0 rejected; nothing was kept" in ran.out
    assert (till / "warehouse.duckdb").read_bytes() == before
    assert not list(till.glob("*.next*"))


def test_loads_are_listed_and_taken_back(run: Run, till: Path) -> None:
    run("load", "-C", till)
    more(till)
    run("load", "-C", till)
    first, second = run("loads", "-C", till).out.splitlines()[::-1]
    assert first.split()[0] == "1"
    assert second.split()[0] == "2"
    assert "until 2017-03-01" in second
    ran = run("load", "--undo", "2", "-C", till)
    assert ran.code == 0, ran.err
    with Project.open(till) as shop:
        assert shop.engine.rows("SELECT count(*) FROM fct_sale") == [(3,)]
    assert "undone" in run("loads", "-C", till).out.splitlines()[0]
    listed = json.loads(run("loads", "--format", "json", "-C", till).out)
    assert [row["load_id"] for row in listed] == [2, 1]
    assert "2 rows loaded" not in run("load", "-C", till).err
    with Project.open(till) as shop:
        assert shop.engine.rows("SELECT count(*) FROM fct_sale") == [(4,)]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--undo", "9"], "no load '9'"),
        (["--undo", "1", "--full"], "--undo takes a whole load back"),
        (["--full", "--since", "2017-01-01"], "choose one"),
        (["--since", "soon"], "soon"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_meant_is_refused(run: Run, till: Path, words: list[str], says: str) -> None:
    run("load", "-C", till)
    ran = run("load", *words, "-C", till)
    assert ran.code == 2
    assert says in ran.err


def test_since_a_day_leaves_older_files_alone(run: Run, till: Path) -> None:
    run("load", "-C", till)
    more(till)
    assert run("load", "--since", "2100-01-01", "-C", till).out.rstrip().endswith("nothing is new")
    assert "1 new" in run("load", "--since", "2000-01-01", "-C", till).out


def test_rejected_rows_are_read_again_after_the_mapping_is_mended(run: Run, till: Path) -> None:
    more(till, sales="o3,1,cy,tea,web,1 March 2017,1,4.00\n")
    run("load", "-C", till)
    assert "sold_at: not a TIMESTAMP" in run("rejects", "-C", till).out
    assert "1 rows were rejected before, 1 are now" in run("rejects", "--reload", "-C", till).out
    when = "coalesce(try_strptime(sold_at, '%d %B %Y'), TRY_CAST(sold_at AS TIMESTAMP))"
    mended = f"SELECT * REPLACE ({when} AS sold_at) FROM raw_sales"
    (till / "data" / "till" / "sales.sql").write_text(mended)
    assert "1 rows were rejected before, 0 are now" in run("rejects", "--reload", "-C", till).out
    with Project.open(till) as shop:
        assert shop.engine.rows("SELECT CAST(sold_at AS DATE)::VARCHAR FROM fct_sale WHERE order_id = 'o3'") == [
            ("2017-03-01",)
        ]
