"""The command line on a whole project: what it prints, what it writes, and how it says no."""

import csv
import io
import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from crm_analytics.cli import app
from crm_analytics.cli.output import as_bytes
from tests.doors.conftest import Run

GROUPS = {"": app} | {str(group.name): group.typer_instance for group in app.registered_groups}
COMMANDS = sorted(
    f"{name} {c.callback.__name__.replace('_', '-')}".strip()
    for name, group in GROUPS.items()
    for c in (group.registered_commands if group else ())
    if c.callback
)


def test_every_command_of_the_main_job_is_there() -> None:
    wanted = {"init", "load", "check", "query", "score", "evaluate", "plan", "export", "report", "demo"}
    assert wanted <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    ran = run(*command.split(), "--help")
    assert ran.code == 0
    assert re.search(rf"Example:\s+crm {command}\b", ran.out)


def test_check_passes_and_counts_what_lies_in_unknown_members(run: Run, folder: Path) -> None:
    ran = run("check", "-C", folder)
    assert ran.code == 0, ran.out
    assert "every check passed" in ran.out
    assert "not in dim_product; their rows lie in its unknown member" in ran.out


def test_a_query_prints_a_table_with_its_total(run: Run, folder: Path) -> None:
    ran = run(
        "query", "sales", "-m", "revenue", "-m", "customers", "-b", "product.department", "--totals", "-C", folder
    )
    assert ran.code == 0, ran.err
    assert ran.out.splitlines()[-1].lstrip().startswith("Total")


def test_a_cube_without_a_history_is_asked_as_of_today_alone(run: Run, folder: Path) -> None:
    words = ("query", "promotions", "-m", "placements", "-C", folder, "--as-of")
    assert run(*words, "today").out == run(*words[:-1]).out
    assert "none of its dimensions has a 'history', so it cannot be asked as of sale" in run(*words, "sale").err
    assert "as of 'then': say 'sale', 'today' or a day such as '2017-03-31'" in run(*words, "then").err


def test_csv_and_json_hold_the_same_cells(run: Run, folder: Path) -> None:
    words = ("query", "sales", "-m", "orders", "-b", "date.year", "-C", folder)
    rows = list(csv.DictReader(io.StringIO(run(*words, "--format", "csv").out)))
    objects = json.loads(run(*words, "--format", "json").out)
    assert [int(r["orders"]) for r in rows] == [o["orders"] for o in objects]
    assert len(rows) >= 2


def test_parquet_needs_a_file_and_then_is_one(run: Run, folder: Path, tmp_path: Path) -> None:
    words = ("query", "sales", "-m", "revenue", "-b", "date.month", "-C", folder, "--format", "parquet")
    assert run(*words).code == 2
    assert run(*words, "--out", tmp_path / "cells.parquet").code == 0
    assert pl.read_parquet(tmp_path / "cells.parquet").columns == ["date.month", "revenue"]


def test_the_sql_that_is_shown_gives_what_the_query_gives(run: Run, folder: Path) -> None:
    import crm_analytics as crm

    words = ("query", "sales", "-m", "revenue", "-b", "channel.channel", "-w", "date.year = 2017", "-C", folder)
    shown = run(*words, "--sql").out
    with crm.open(folder) as shop:
        by_hand = shop.engine.rows(shown)
        asked = shop.cube("sales").measures("revenue").by("channel.channel").slice("date.year", 2017).frame
    assert [tuple(r)[:2] for r in by_hand] == list(asked.iter_rows())


def test_explain_prints_what_a_query_would_read_instead_of_its_answer(run: Run, folder: Path) -> None:
    words = ("query", "sales", "-m", "revenue", "-b", "product.department", "-C", folder)
    ran = run(*words, "--explain")
    assert (ran.code, ran.err) == (0, "")
    assert re.match(r"Reads at most [\d,]+ rows\n  fct_sale +[\d,]+\n", ran.out)
    assert run(*words, "--sql").out in ran.out
    assert "seq scan: fct_sale" in ran.out
    refused = run("query", "sales", "-m", "revenu", "--explain", "-C", folder)
    assert (refused.code, "Did you mean 'revenue'?" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("query", "sale", "-m", "revenue"), "no cube 'sale'. Did you mean 'sales'?"),
        (("query", "sales", "-m", "revenu"), "no measure 'revenu'. Did you mean 'revenue'?"),
        (("query", "sales", "-m", "revenue", "-b", "produkt.department"), "Did you mean 'product'?"),
        (("query", "sales", "-m", "revenue", "-b", "product.departmnt"), "Did you mean 'department'?"),
        (("query", "sales", "-m", "revenue", "-w", "product.department = "), "filter"),
        (("query", "sales", "-m", "revenue", "--top", "ten revenue"), "such as '10 revenue'"),
        (("query", "sales", "-m", "revenue", "--format", "xls"), "no format 'xls'"),
        (("score", "--as-of", "yesterday"), "'yesterday' is not a day such as 2017-10-01"),
        (("score", "--as-of", "1999-01-01"), "the sales run from"),
        (("score", "chrun"), "no model 'chrun'. Did you mean 'churn'?"),
        (("plan", "--as-of", "2017-05-05"), "nothing is scored as of 2017-05-05; run: crm score --as-of 2017-05-05"),
        (("export", "--to", "cvs"), "no target 'cvs'. Did you mean 'csv'?"),
        (("load", "cmr"), "no source 'cmr'. Did you mean 'crm'?"),
    ],
)
def test_wrong_input_is_answered_in_one_sentence_with_exit_code_2(
    run: Run, folder: Path, words: tuple[str, ...], sentence: str
) -> None:
    ran = run(*words, "-C", folder)
    assert ran.code == 2, ran.out
    assert sentence in ran.err
    assert "Traceback" not in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_folder_that_is_no_project_says_how_to_make_one(run: Run, tmp_path: Path) -> None:
    ran = run("load", "-C", tmp_path)
    assert ran.code == 2
    assert f"crm init {tmp_path}" in ran.err


def test_a_project_not_loaded_yet_says_so(run: Run, tmp_path: Path) -> None:
    assert run("init", tmp_path / "new", "--template", "synthetic").code == 0
    day = ("--as-of", "2017-10-01")
    asked = (("query", "sales", "-m", "revenue"), ("check",), ("score",), ("score", *day), ("plan", *day), ("report",))
    for words in (*asked, ("export", "--to", "csv")):
        ran = run(*words, "-C", tmp_path / "new")
        assert (ran.code, "run: crm load" in ran.err) == (2, True), ran
    assert not (tmp_path / "new" / "warehouse.duckdb").exists()


def test_init_overwrites_nothing(run: Run, folder: Path) -> None:
    before = (folder / "crm.yml").read_bytes()
    assert run("init", folder, "--template", "synthetic").code == 2
    assert (folder / "crm.yml").read_bytes() == before


def test_the_list_and_the_export_keep_out_who_did_not_agree(run: Run, folder: Path, tmp_path: Path) -> None:
    listed = pl.read_csv(folder / "out" / "priority_list.csv")
    assert listed.equals(pl.read_csv(folder / "out" / "priority_list.csv").sort("rank"))
    ran = run("export", "--to", "csv", "--out", tmp_path, "-C", folder)
    assert ran.code == 0, ran.err
    sent = pl.read_csv(tmp_path / "priority_list.csv")
    assert 0 < sent.height == listed.filter(pl.col("may_contact")).height < listed.height
    assert set(sent["consent"]) == {"granted"}
    assert f"left out: {listed.height - sent.height:,} customers" in ran.out


def test_planning_again_gives_the_same_bytes(run: Run, folder: Path) -> None:
    file = folder / "out" / "priority_list.csv"
    before = file.read_bytes()
    assert run("plan", "-C", folder).code == 0
    assert file.read_bytes() == before


def test_nothing_that_is_printed_or_written_holds_private_data(run: Run, folder: Path) -> None:
    private = re.compile(r"@example\.com|\+1555|Customer \d{4}")
    printed = "".join(
        run(*words, "-C", folder).out for words in (("check", "--all"), ("rejects",), ("plan",), ("evaluate",))
    )
    assert not private.search(printed)
    for file in (folder / "out").rglob("*"):
        if file.suffix in (".csv", ".json", ".html"):
            assert not private.search(file.read_text()), file.name


def test_the_entry_point_runs_without_a_traceback_on_a_closed_pipe(folder: Path) -> None:
    command = f"{sys.executable} -m crm_analytics query sales -m revenue -b product.product_id -C {folder} | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout.strip()
    assert "Traceback" not in done.stderr


def test_sort_and_limit_choose_the_first_rows(run: Run, folder: Path) -> None:
    words = ("query", "sales", "-m", "orders", "-b", "date.month", "--format", "json", "-C", folder)
    every = json.loads(run(*words).out)
    down = json.loads(run(*words, "--sort", "orders", "--sort", "date.month desc", "--limit", "3").out)
    assert down == sorted(every, key=lambda row: (row["orders"], row["date.month"]), reverse=True)[:3]
    assert json.loads(run(*words, "--sort", "date.month desc", "--limit", "1").out) == every[-1:]
    assert json.loads(run(*words, "--limit", "2", "--offset", "1").out) == every[1:3]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--top", "² revenue"), "--top: '² revenue' is not a number and a measure"),
        (("--top", "0 revenue"), "top 0 of revenue: ask for at least 1 member"),
        (("--sort", "revenue up"), "measure 'revenue up': 'up' is no calculation over time"),
        (("--limit", "0"), "limit 0: ask for at least 1 row"),
        (("--offset", "3"), "--offset 3: say how many rows to show behind them with --limit"),
        (("--limit", "3", "--offset", "-1"), "offset -1: leave out 0 rows or more"),
        (("--sort", "revenu"), "Did you mean 'revenue'?"),
    ],
)
def test_a_wrong_top_sort_or_limit_is_one_sentence(
    run: Run, folder: Path, words: tuple[str, ...], sentence: str
) -> None:
    ran = run("query", "sales", "-m", "revenue", "-b", "product.department", *words, "-C", folder)
    assert (ran.code, len(ran.err.strip().splitlines())) == (2, 1), ran
    assert sentence in ran.err


@pytest.mark.parametrize("format", ["table", "csv", "json", "parquet"])
def test_a_file_that_cannot_be_written_is_one_sentence(run: Run, folder: Path, tmp_path: Path, format: str) -> None:
    words = ("query", "sales", "-m", "revenue", "--format", format, "-C", folder)
    for out in (tmp_path / "missing" / "cells", tmp_path):  # no such folder; a folder
        ran = run(*words, "--out", out)
        assert (ran.code, len(ran.err.strip().splitlines())) == (2, 1), ran
        assert f"--out {out}: cannot be written" in ran.err


@pytest.mark.parametrize("format", ["csv", "json", "parquet"])
def test_a_misspelt_member_is_told_beside_a_file_too(run: Run, folder: Path, tmp_path: Path, format: str) -> None:
    out = tmp_path / f"cells.{format}"
    words = ("query", "sales", "-m", "revenue", "-w", "channel.channel = 'onlin'", "--format", format, "--out", out)
    ran = run(*words, "-C", folder)
    assert (ran.code, ran.out) == (0, "")
    assert "note: there is no channel.channel 'onlin'." in ran.err
    assert out.exists()


def test_json_holds_money_as_numbers(run: Run, folder: Path) -> None:
    words = ("query", "sales", "-m", "revenue", "-C", folder)
    [row] = json.loads(run(*words, "--format", "json").out)
    assert isinstance(row["revenue"], float)
    assert run(*words, "--format", "csv").out.split()[1] == f"{row['revenue']:.2f}"


def test_cubes_are_listed_and_described_before_anything_is_loaded(run: Run, tmp_path: Path) -> None:
    assert run("init", tmp_path / "new", "--template", "synthetic").code == 0
    ran = run("cubes", "-C", tmp_path / "new")
    assert [line.split()[0] for line in ran.out.splitlines()] == [
        "consents",
        "contacts",
        "deals",
        "promotions",
        "responses",
        "sales",
    ]
    sales = run("cubes", "sales", "-C", tmp_path / "new").out
    assert "One row is one line of one order." in sales
    assert re.search(r"average_order_value +Average order value +money, \w+ +.*= revenue / orders", sales)
    assert re.search(r"product\.department +Department", sales)
    assert "hierarchy calendar: year > quarter > month > date" in sales
    ran = run("cubes", "sale", "-C", tmp_path / "new")
    assert (ran.code, "Did you mean 'sales'?" in ran.err) == (2, True)
    assert not (tmp_path / "new" / "warehouse.duckdb").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("plan", "--as-of", "0001-01-01"), "outside the years 1900 to 2199"),
        (("export", "--to", "csv", "--out", "/proc/nowhere"), "/proc/nowhere"),
        (("demo", "--template", "retial"), "no template 'retial'. Did you mean 'retail'?"),
    ],
)
def test_what_lies_outside_is_answered_in_one_sentence_too(
    run: Run, folder: Path, words: tuple[str, ...], sentence: str
) -> None:
    where = (folder,) if words[0] == "demo" else ("-C", folder)
    ran = run(words[0], *where, *words[1:])
    assert ran.code == 2, ran.out
    assert sentence in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_json_keeps_every_digit_of_a_decimal_that_no_double_holds() -> None:
    # 9007199254740993 = 2^53 + 1 is the first whole number without a double of its own.
    cents = pl.Series("exact", [Decimal("4594146.32"), None], dtype=pl.Decimal(18, 2))
    large = pl.Series("large", [Decimal("90071992547409.93"), Decimal("9007199254740993.00")], dtype=pl.Decimal(18, 2))
    assert json.loads(as_bytes(pl.DataFrame([cents, large]), "json")) == [
        {"exact": 4594146.32, "large": "90071992547409.93"},
        {"exact": None, "large": "9007199254740993.00"},
    ]
