"""What cube files say has to hold is looked at by `crm load` and `crm check`; a load that it fails stays.

The till: ann buys tea for 10.00 and ham for 2.50, bob gives tea back, -5.00.  Together 7.50.
"""

from pathlib import Path

import pytest

from tests.doors.conftest import Run
from tests.warehouse.made import SHOP, write_source

CUBE = """version: 1
cube: sales
fact: {{table: fct_sale, key: [order_id, line_id]}}
dimensions:
  product: {{table: dim_product, key: product_key, attributes: {{department: {{}}}}}}
measures: {{revenue: {{agg: sum, sql: revenue}}}}
tests:
  - {{measures: {{revenue: {revenue}}}}}
  - {{reconcile: revenue, across: product.department}}
"""


@pytest.fixture
def till(tmp_path: Path) -> Path:
    (tmp_path / "crm.yml").write_text("version: 1\nname: Till\n")
    write_source(tmp_path / "data", "till", SHOP)
    return tmp_path


def write_cube(till: Path, text: str) -> None:
    (till / "cubes").mkdir(exist_ok=True)
    (till / "cubes" / "sales.yml").write_text(text)


def test_a_project_without_cubes_has_nothing_to_hold(run: Run, till: Path) -> None:
    loaded = run("load", "-C", till)
    assert loaded.code == 0
    assert "cube test" not in loaded.out


def test_a_load_says_that_its_numbers_hold(run: Run, till: Path) -> None:
    write_cube(till, CUBE.format(revenue=7.5))
    loaded = run("load", "-C", till)
    assert (loaded.code, loaded.out.splitlines()[-1]) == (0, "2 cube tests passed")
    checked = run("check", "--all", "-C", till).out
    assert "ok    cubes           sales: revenue is 7.5 as it should be\n" in checked
    assert "ok    cubes           sales: revenue is the sum of its parts across product.department\n" in checked


def test_a_load_that_fails_a_test_stays_and_says_what_is_wrong(run: Run, till: Path) -> None:
    write_cube(till, CUBE.format(revenue=8))
    told = f"FAIL  cubes           {till}/cubes/sales.yml:8: revenue should be 8, but is 7.50, 0.50 less"
    loaded = run("load", "-C", till)
    assert loaded.code == 1
    assert loaded.out.splitlines()[-2:] == [
        told,
        "1 of 2 cube tests failed. What was loaded stays; look at it, or mend the tests.",
    ]
    checked = run("check", "-C", till)
    assert checked.code == 1
    assert told in checked.out
    assert run("query", "sales", "-m", "revenue", "--format", "csv", "-C", till).out == "revenue\n7.50\n"


def test_cubes_that_cannot_be_read_fail_too(run: Run, till: Path) -> None:
    write_cube(till, CUBE.format(revenue="x") + "  - {}\n")
    loaded = run("load", "-C", till)
    assert loaded.code == 1
    assert "sales.yml:8: 'revenue' needs a number, not 'x'\n" in loaded.out
    assert "sales.yml:10: a test needs either 'measures'" in loaded.out
