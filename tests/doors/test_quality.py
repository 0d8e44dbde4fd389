"""`crm check` with data/quality.yml, and `crm rejects`: what is printed, and with which exit code.

The till: ann buys tea for 10.00 and ham for 2.50, bob gives tea back, -5.00; one line has no time and is refused.
"""

import json
from pathlib import Path

import pytest

import crm_analytics as crm
from tests.doors.conftest import Run
from tests.doors.test_cube_tests import CUBE
from tests.warehouse.made import CUSTOMERS, PRODUCTS, SALES, write_source

REFUSED = '{"order_id": "o3", "line_id": "1", "customer_id": "ann", "product_id": "tea", "channel": "web", '


@pytest.fixture
def till(tmp_path: Path, run: Run) -> Path:
    """A loaded project of one cube."""
    (tmp_path / "crm.yml").write_text("version: 1\nname: Till\n")
    people = CUSTOMERS.replace("bob,B,2017-01-01", "bob,Bob Ray,2017-13-01")
    write_source(
        tmp_path / "data",
        "till",
        {"customers": people, "products": PRODUCTS, "sales": SALES + "o3,1,ann,tea,web,,1,9\n"},
    )
    (tmp_path / "cubes").mkdir()
    (tmp_path / "cubes" / "sales.yml").write_text(CUBE.format(revenue=7.5))
    assert run("load", "-C", tmp_path).code == 0
    return tmp_path


def expect(till: Path, *lines: str) -> None:
    told = "".join(f"    - {line}\n" for line in lines)
    (till / "data" / "quality.yml").write_text(f"version: 1\nexpect:\n  sales:\n{told}")


def test_what_passed_is_a_number_and_with_all_a_line_each(run: Run, till: Path) -> None:
    short, whole = run("check", "-C", till), run("check", "--all", "-C", till)
    assert short.code == whole.code == 0
    passed = [line for line in whole.out.splitlines() if line.startswith("ok")]
    assert short.out.splitlines() == [line for line in whole.out.splitlines() if line not in passed]
    assert short.out.splitlines()[-1] == f"every check passed: {len(passed)}"
    assert "ok    fct_sale        every customer_key is in dim_customer" in passed


def test_a_failed_expectation_fails_the_check_and_a_warning_does_not(run: Run, till: Path) -> None:
    warned = "{column: product_id, known_share: 1, severity: warn}"
    told = "warn  fct_sale        product_id is known (data/quality.yml:4): 2 of 3 rows; not product_id ham (1 rows)"
    expect(till, warned)
    ran = run("check", "-C", till)
    assert ran.code == 0
    assert told in ran.out.splitlines()
    assert ran.out.splitlines()[-1].endswith(", 1 warning")
    expect(till, warned, "{column: revenue, between: [0, 9]}")
    ran = run("check", "-C", till)
    assert ran.code == 1
    assert told in ran.out.splitlines()
    says = "revenue is between 0 and 9 (data/quality.yml:5): 1 of 3 rows; not order_id/line_id o1/1, o2/1"
    assert f"FAIL  fct_sale        {says} (2 rows)" in ran.out.splitlines()
    assert ran.out.splitlines()[-1].startswith("1 check failed, ")


def test_the_day_of_the_check_is_said_at_the_door(run: Run, till: Path) -> None:
    expect(till, "{column: sold_at, fresh_within_days: 7}")
    assert run("check", "--today", "2017-02-08", "-C", till).code == 0
    assert run("check", "--today", "2017-02-09", "-C", till).code == 1
    wrong = run("check", "--today", "soon", "-C", till)
    assert wrong.code == 2
    assert "--today" in wrong.err


def test_a_mistake_in_the_file_is_one_sentence(run: Run, till: Path) -> None:
    expect(till, "{column: revenue, betwen: [0, 9]}")
    ran = run("check", "-C", till)
    assert (ran.code, ran.out) == (2, "")
    assert f"crm: {till}/data/quality.yml:4: needs one test, but has none. Did you mean 'between'?" in ran.err


def test_rejects_are_printed_by_reason_without_what_is_private(run: Run, till: Path) -> None:
    bob = '{"customer_id": "bob", "name": "(private)", "registered_on": "2017-13-01"}'
    ran = run("rejects", "-C", till)
    assert ran.out.splitlines() == [
        "        1  till, customers: registered_on: not a DATE (load 1)",
        f"           {bob}",
        "        1  till, sales: sold_at: missing (load 1)",
        f'           {REFUSED}"sold_at": null, "quantity": "1", "revenue": "9"}}',
        "2 rows rejected; --show shows what is private",
    ]
    shown = run("rejects", "--entity", "customers", "--show", "-C", till).out
    assert bob.replace("(private)", "Bob Ray") in shown
    assert run("rejects", "--reason", "no such", "-C", till).out == "no rejected row fits\n"
    assert run("rejects", "--load", "2", "-C", till).err == "crm: there is no load 2; the last one is 1\n"


def test_rejects_go_to_a_file_row_by_row(run: Run, till: Path, tmp_path: Path) -> None:
    out = tmp_path / "rejects.json"
    assert run("rejects", "--entity", "sales", "--format", "json", "--out", out, "-C", till).code == 0
    (row,) = json.loads(out.read_text())
    assert (row["source"], row["entity"], row["reason"]) == ("till", "sales", "sold_at: missing")
    assert json.loads(row["row_json"])["order_id"] == "o3"


def test_python_gives_them_as_a_frame(till: Path) -> None:
    with crm.open(till) as shop:
        frame = shop.rejects(reason="DATE")
        assert frame.select("load_id", "source", "entity", "reason").row(0) == (
            *(1, "till", "customers"),
            "registered_on: not a DATE",
        )
        assert "Bob Ray" in shop.rejects(show=True).write_csv()
        assert "Bob Ray" not in shop.rejects().write_csv()
