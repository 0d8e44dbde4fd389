"""`crm import-cubes` and `crm export-cubes`: what they write, what they print, and how they say no."""

import json
from pathlib import Path

import pytest

import crm_analytics as crm
from crm_analytics.olap.load import load_model
from tests.doors.conftest import Run

MODEL = """cubes:
  - name: sales
    sql_table: fct_sale
    dimensions: [{name: line_id, sql: line_id, type: string, primary_key: true}]
    measures:
      - {name: revenue, sql: revenue, type: sum, drill_members: [line_id]}
"""


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    (tmp_path / "model.yml").write_text(MODEL)
    return tmp_path / "model.yml"


def test_an_import_writes_cube_files_and_says_what_it_left_out(run: Run, foreign: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "cubes"
    ran = run("import-cubes", foreign, "--from", "cube", "--out", out)
    assert ran.code == 0, ran.err
    assert ran.out.splitlines() == [str(out / "sales.yml"), str(out / "left_out.txt")]
    assert ran.err.splitlines() == [
        f"{foreign}:6: 'drill_members': left out: each cube has one list for the rows behind its cells (drill_through)"
    ]
    assert (out / "left_out.txt").read_text() == ran.err
    assert list(load_model(out).cubes) == ["sales"]


def test_an_import_that_leaves_nothing_out_writes_no_list(run: Run, foreign: Path, tmp_path: Path) -> None:
    foreign.write_text(MODEL.replace(", drill_members: [line_id]", ""))
    ran = run("import-cubes", foreign, "--from", "cube", "--out", tmp_path / "cubes")
    assert (ran.code, ran.err) == (0, "")
    assert [file.name for file in (tmp_path / "cubes").iterdir()] == ["sales.yml"]


def test_nothing_is_overwritten_and_then_nothing_is_written(run: Run, foreign: Path, tmp_path: Path) -> None:
    (tmp_path / "sales.yml").write_text("mine")
    ran = run("import-cubes", foreign, "--from", "cube", "--out", tmp_path)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
    assert f"{tmp_path / 'sales.yml'}: there already, and nothing is overwritten" in ran.err
    assert (tmp_path / "sales.yml").read_text() == "mine"
    assert not (tmp_path / "left_out.txt").exists()


def test_a_model_of_which_nothing_is_left_says_why(run: Run, foreign: Path, tmp_path: Path) -> None:
    foreign.write_text(MODEL.replace("sql_table: fct_sale", "sql: SELECT 1 AS line_id"))
    ran = run("import-cubes", foreign, "--from", "cube", "--out", tmp_path / "cubes")
    assert (ran.code, ran.out) == (2, "")
    assert "its rows are a query" in ran.err
    assert ran.err.splitlines()[-1] == f"crm: {foreign}: no cube could be made of it"
    assert not (tmp_path / "cubes").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("import-cubes", "model.yml", "--from", "cub", "--out", "x"), "--from: no format 'cub'. Did you mean 'cube'?"),
        (("import-cubes", "nowhere.yml", "--from", "osi", "--out", "x"), "nowhere.yml: no such file"),
        (("import-cubes", "nowhere", "--from", "cube", "--out", "x"), "nowhere: no such file or folder"),
        (("import-cubes", "model.yml", "--from", "osi", "--out", "x"), "model.yml:1: no version; this program reads"),
        (("export-cubes", "--to", "cube", "--out", "x.yml"), "--to: no format 'cube'. Known: osi."),
        (("export-cubes", "--out", "x.xml"), "--out x.xml: ends neither with .json nor with .yml"),
    ],
)
def test_wrong_input_is_answered_in_one_sentence_with_exit_code_2(
    run: Run, foreign: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], sentence: str
) -> None:
    monkeypatch.chdir(foreign.parent)
    ran = run(*words)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1), ran
    assert sentence in ran.err


@pytest.mark.parametrize("ending", ["json", "yml"])
def test_a_project_that_is_exported_and_imported_has_equal_cubes(run: Run, tmp_path: Path, ending: str) -> None:
    shop, file = tmp_path / "shop", tmp_path / f"shop.{ending}"
    crm.init(shop, "synthetic").close()
    ran = run("export-cubes", "--to", "osi", "--out", file, "-C", shop)
    assert (ran.code, ran.out) == (0, f"{file}\n")
    assert "other programs do not hold region_manager to their rows" in ran.err
    if ending == "json":
        assert json.loads(file.read_text())["semantic_model"][0]["name"] == "shop"
    assert run("export-cubes", "--out", file, "-C", shop).code == 2
    assert run("import-cubes", file, "--from", "osi", "--out", tmp_path / "back").code == 0
    assert load_model(tmp_path / "back").cubes == load_model(shop / "cubes").cubes
