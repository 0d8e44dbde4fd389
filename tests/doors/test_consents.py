"""`crm consents` and `shop.consents` on a whole project, and what the door of the exports makes of the clock."""

import json
import re
import shlex
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

import crm_analytics as crm
from crm_analytics.cli import app
from crm_analytics.errors import DataError
from tests.doors.conftest import Run
from tests.doors.test_docs import console, python

LOADED = datetime(2018, 1, 2, 6)
PAGE = "docs/consents.md"
HASH = re.compile(r"[0-9a-f]{64}")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that holds `shop`, loaded on the day that the page says."""
    root = tmp_path_factory.mktemp("consents")
    with crm.init(root / "shop", "synthetic") as shop:
        shop.load(now=LOADED)
    return root


@pytest.fixture
def shop_folder(root: Path, tmp_path: Path) -> Path:
    """A copy of the shop that a test may change."""
    return shutil.copytree(root / "shop", tmp_path / "shop")


@pytest.mark.parametrize(("command", "output"), console(PAGE), ids=[c[:60] for c, _ in console(PAGE)])
def test_a_command_prints_what_the_page_says(
    command: str, output: str, root: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    program, *words = shlex.split(command)
    ran = run(*words)
    # The salts are random, so the hashes are others in every project.
    printed, page = (HASH.sub("a hash", text) for text in (ran.out + ran.err, output))
    assert program == "crm"
    assert [line.rstrip() for line in printed.splitlines()] == page.splitlines()


def test_the_python_of_the_page_runs(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    [block] = python(PAGE)
    exec(compile(block, PAGE, "exec"), {"__name__": "page"})


def test_each_word_behind_consents_has_help_with_an_example(run: Run) -> None:
    [group] = [g.typer_instance for g in app.registered_groups if g.name == "consents"]
    assert group is not None
    names = [c.name or (c.callback and c.callback.__name__) for c in group.registered_commands]
    assert sorted(map(str, names)) == ["as-of", "history", "verify"]
    for name in names:
        assert re.search(rf"Example:\s+crm consents {name}\b", run("consents", name, "--help").out)
    assert re.search(r"Example:\s+crm consents -C", run("consents", "--help").out)


def test_files_hold_every_customer_channel_and_column(root: Path, run: Run, tmp_path: Path) -> None:
    out = tmp_path / "consents.csv"
    assert run("consents", "as-of", "2018-01-02", "--format", "csv", "--out", out, "-C", root / "shop").code == 0
    frame = pl.read_csv(out)
    with crm.open(root / "shop") as shop:
        asked = shop.consents.as_of(date(2018, 1, 2))
        counts = shop.consents.counts(datetime(2018, 1, 2)).filter(pl.col("purpose") == "marketing")
    assert frame.height == asked.height == 2000 * 7
    granted = frame.filter(pl.col("status") == "granted").group_by("channel").len().sort("channel").rows()
    assert granted == [row for row in counts.select("channel", "granted").sort("channel").rows() if row[1]]
    history = json.loads(run("consents", "history", "C0923", "--format", "json", "-C", root / "shop").out)
    assert [len(h["evidence_hash"]) for h in history] == [64] * 11


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("as-of", "soon"), "as-of: 'soon' is not a day such as 2018-01-02 or a moment"),
        (("as-of", "2018-01-02T12:00+01:00"), "names a time zone; times are those of the sources"),
        (("as-of", "0800-01-02"), "as-of: 0800-01-02 is outside the years 1900 to 2199"),
        (("as-of", "2018-01-02", "--known", "then"), "--known: 'then' is not a day"),
        (("as-of", "2018-01-02", "--purpose", "servce"), "no purpose 'servce'. Did you mean 'service'?"),
        (("as-of", "2018-01-02", "--customer", "eve"), "the warehouse has no customer 'eve'"),
        (("as-of", "2018-01-02", "--format", "xls"), "no format 'xls'"),
        (("history", "eve"), "the ledger has no entry about customer 'eve'"),
        (("verify", "--head", "12"), "--head: '12' is no head"),
    ],
)
def test_wrong_input_is_one_sentence(root: Path, run: Run, words: tuple[str, ...], sentence: str) -> None:
    ran = run("consents", *words, "-C", root / "shop")
    assert (ran.code, len(ran.err.strip().splitlines())) == (2, 1), ran
    assert sentence in ran.err


def test_an_option_before_the_word_is_not_passed_over(root: Path, run: Run) -> None:
    ran = run("consents", "-C", root / "shop", "verify")
    assert (ran.code, "such as: crm consents verify -C shop" in ran.err) == (2, True)


def test_tampering_ends_verify_and_check_with_exit_code_1(shop_folder: Path, run: Run) -> None:
    head = run("consents", "verify", "-C", shop_folder).out.split()[-1]
    assert "the first 23,929 are those" in run("consents", "verify", "--head", head, "-C", shop_folder).out
    with crm.open(shop_folder) as shop, shop.writing() as engine:
        engine.execute("UPDATE consent_ledger SET status = 'granted' WHERE status = 'withdrawn'")
    ran = run("consents", "verify", "-C", shop_folder)
    assert ran.code == 1
    assert re.fullmatch(r"(FAIL  entry \d+ is not what was written\n){5}FAIL  and [\d,]+ more\n", ran.out)
    checked = run("check", "-C", shop_folder)
    assert checked.code == 1
    assert re.search(r"FAIL  consent_ledger +the chain of 23,929 entries should hold; entry \d+ is not", checked.out)


@pytest.fixture(scope="module")
def planned(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop with a list, made as of its last day."""
    folder = shutil.copytree(root / "shop", tmp_path_factory.mktemp("planned") / "shop")
    with crm.open(folder) as shop:
        shop.score()
        shop.plan()
    return folder


def sent(folder: Path, out: Path, now: datetime) -> set[str]:
    with crm.open(folder) as shop:
        return set(pl.read_csv(shop.export("csv", out, now).file, infer_schema=False)["customer_id"])


def test_the_manifest_has_a_head_by_which_the_ledger_of_that_day_is_verified(planned: Path, tmp_path: Path) -> None:
    now = datetime(2018, 1, 3, 9, 30)
    with crm.open(planned) as shop:
        manifest = json.loads(shop.export("csv", tmp_path, now).manifest.read_text())
        found = shop.consents.verify(manifest["consent_ledger_head"])
    assert manifest["consents_as_of"] == "2018-01-03 09:30:00"
    assert (found.ok, found.noted, str(found.noted)) == (True, 23_929, manifest["consent_ledger_entries"])


def test_at_the_door_a_yes_counts_from_its_time_and_a_no_at_once(planned: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(planned, tmp_path / "shop")
    now = datetime(2018, 1, 3, 9)
    morning = sent(folder, tmp_path / "morning", now)
    with crm.open(folder) as shop:
        listed = pl.read_csv(folder / "out" / "priority_list.csv", infer_schema=False)
        channel_of = dict(listed.select("customer_id", "suggested_channel").rows())
    first, second = sorted(morning)[:2]
    # first says no now and yes again tomorrow; second's no is dated tomorrow, and is known today.
    tomorrow = now + timedelta(days=1)
    late = folder / "data" / "late"
    late.mkdir()
    (late / "register.csv").write_text(
        "customer_id,consent_id,channel,purpose,status,recorded_at\n"
        f"{first},n1,{channel_of[first]},marketing,withdrawn,{now - timedelta(hours=1)}\n"
        f"{first},n2,{channel_of[first]},marketing,granted,{tomorrow}\n"
        f"{second},n3,{channel_of[second]},marketing,withdrawn,{tomorrow}\n"
    )
    (late / "source.yml").write_text("version: 1\nfiles:\n  register: {path: register.csv}\n")
    (late / "consents.sql").write_text("SELECT * FROM raw_register")
    with crm.open(folder) as shop:
        shop.load(now=now)
    assert morning - sent(folder, tmp_path / "today", now + timedelta(minutes=1)) == {first, second}
    assert morning - sent(folder, tmp_path / "later", tomorrow + timedelta(minutes=1)) == {second}


def test_a_history_may_be_asked_as_of_a_day_and_a_purpose_nobody_has_is_refused(root: Path) -> None:
    with crm.open(root / "shop") as shop:
        # The first entry is a grant of e-mail for marketing, the last one its withdrawal, of 2017-02-11.
        standing = shop.consents.history("C0923", date(2017, 1, 1))["standing"]
        assert (standing[0], standing[-1]) == ("counts", "not yet")
        standing = shop.consents.history("C0923")["standing"]
        assert (standing[0], standing[-1]) == ("superseded", "counts")
        assert shop.consents.as_of(LOADED, "Marketing ").equals(shop.consents.as_of(LOADED))
        assert "granted" not in set(shop.consents.as_of(LOADED, known=LOADED)["status"])
        with pytest.raises(DataError):
            shop.consents.history("eve")
