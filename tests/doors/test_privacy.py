"""`crm forget` and `crm access` on a whole project: the page, the question that is asked, the exit code."""

import json
import re
import shlex
import shutil
import sys
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest

import crm_analytics as crm
from tests.doors.conftest import Run
from tests.doors.test_docs import console, python

PAGE = "docs/privacy.md"
PROOF = re.compile(r"\d{8}-[0-9a-f]{12}")
NAME = re.compile(r"erased-[0-9a-f]{16}")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds `shop`, after the steps that the page names."""
    root = tmp_path_factory.mktemp("privacy")
    with crm.init(root / "shop", "synthetic") as shop:
        shop.load(now=datetime(2018, 1, 2, 6))
        shop.score()
        shop.plan()
        shop.export("csv", now=datetime(2018, 1, 2, 7))
    return root


@pytest.fixture
def shop(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy to change, beside which the commands run."""
    monkeypatch.chdir(tmp_path)
    return shutil.copytree(root / "shop", tmp_path / "shop")


def test_the_commands_of_the_page_print_what_it_says_one_after_the_other(shop: Path, run: Run) -> None:
    for command, output in console(PAGE):
        program, *words = shlex.split(command)
        ran = run(*words)
        assert program == "crm"
        # Salts are random, so pseudonyms and the names of proofs are others in every project.
        printed, page = (NAME.sub("a name", PROOF.sub("a proof", text)) for text in (ran.out + ran.err, output))
        assert [line.rstrip() for line in printed.splitlines()] == [line.rstrip() for line in page.splitlines()]
    [proof] = (shop / "out" / "erasures").glob("*.json")
    assert json.loads(proof.read_text())["erased_by"] == "dpo"
    assert run("check", "-C", shop).code == 0


def test_the_python_of_the_page_runs(shop: Path) -> None:
    [block] = python(PAGE)
    exec(compile(block, PAGE, "exec"), {"__name__": "page"})


@pytest.mark.parametrize(("answer", "code", "rows"), [("n\n", 1, "C0042"), ("y\n", 0, "")])
def test_forgetting_asks_first(
    shop: Path, run: Run, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, rows: str
) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO(answer))
    ran = run("forget", "C0042", "--by", "dpo", "-C", shop)
    assert ran.code == code
    assert "Do it? It cannot be undone." in ran.out
    assert ("C0042" in (shop / "data/crm/raw/customers.csv").read_text()) == bool(rows)


def test_what_is_left_ends_in_exit_code_1(shop: Path, run: Run) -> None:
    (shop / "copy.duckdb").write_bytes((shop / "warehouse.duckdb").read_bytes())
    ran = run("forget", "C0042", "--by", "dpo", "--yes", "-C", shop)
    assert ran.code == 1
    assert "left: copy.duckdb: is another database; erase there, or remove it if it is an old copy" in ran.out


def test_nobody_under_an_id_ends_in_exit_code_2(shop: Path, run: Run) -> None:
    for words in (("forget", "C99", "--by", "dpo", "--yes"), ("access", "C99")):
        ran = run(*words, "-C", shop)
        assert ran.code == 2
        assert ran.err == "crm: no customer 'C99' in any table or file; ids are compared letter by letter\n"


def test_a_pseudonym_is_scored_and_never_listed(shop: Path, run: Run) -> None:
    run("forget", "C0042", "--by", "dpo", "--yes", "-C", shop)
    with crm.open(shop) as project:
        project.score()
        listed = project.plan()
        ((scored,),) = project.engine.rows(
            "SELECT count(*) FROM fct_score JOIN dim_customer USING (customer_key) WHERE customer_id LIKE 'erased-%'"
        )
    assert int(str(scored)) > 0
    assert not [customer for customer in listed["customer_id"] if customer.startswith("erased-")]
