"""`crm identity` and `shop.identity` on the example of docs/identity.md."""

import io
import re
import shlex
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

import crm_analytics as crm
from crm_analytics.errors import ConfigError, DataError, WarehouseError
from crm_analytics.warehouse.identity.resolve import resolve
from tests.doors.conftest import Run
from tests.doors.test_docs import console
from tests.warehouse.made import write_source

PAGE = Path(__file__).parents[2] / "docs" / "identity.md"
DAY = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?")
PRIVATE = re.compile(r"Anna|Carla|Greta|anna@|1234567")


def block(language: str) -> str:
    """The first block of the page in this language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The project of the page, each source with its records, loaded."""
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "crm.yml").write_text(block("yaml"), encoding="utf-8")
    frame = pl.read_csv(io.StringIO(block("csv")), infer_schema=False)
    for (source,), records in frame.group_by("source", maintain_order=True):
        write_source(folder / "data", str(source), {"customers": records.drop("source").write_csv()})
    with crm.open(folder) as shop:
        shop.load(now=datetime(2024, 1, 1))
    return folder


def test_the_page_prints_what_it_says(example: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(example)
    commands = console("docs/identity.md")
    assert len(commands) >= 5
    for command, output in commands:
        ran = run(*shlex.split(command)[1:])
        printed = [DAY.sub("DAY", line.rstrip()) for line in (ran.out + ran.err).strip().splitlines()]
        assert printed == [DAY.sub("DAY", line.rstrip()) for line in output.strip().splitlines()], command


def test_private_values_are_masked_until_they_are_asked_for(example: Path, run: Run) -> None:
    for words in (("review",), ("review", "--format", "csv"), ("explain", "17"), ("log",)):
        ran = run("identity", *words, "-C", example)
        assert ran.code == 0
        assert not PRIVATE.search(ran.out + ran.err), words
    assert "Carla Winter" in run("identity", "review", "--show", "-C", example).out
    assert "anna@mail.example" in run("identity", "explain", "17", "--show", "-C", example).out


def test_a_record_names_its_customer_too(example: Path, run: Run) -> None:
    assert (
        run("identity", "explain", "shop:4711", "-C", example).out
        == run("identity", "explain", "17", "-C", example).out
    )


def test_from_python_a_decision_is_kept_with_who_and_why(example: Path) -> None:
    with crm.open(example) as shop:
        waiting = shop.identity.review()
        assert waiting.columns[:5] == ["record", "other", "score", "agreement", "reason"]
        done = shop.identity.reject("crm:19", "shop:4712", who="ann", why="two people", now=datetime(2024, 2, 1))
        assert done.to_review == waiting.height - 1
        last = shop.identity.log(1).row(0, named=True)
        assert (last["kind"], last["who"], last["why"]) == ("reject", "ann", "two people")
        assert last["decided_at"] == datetime(2024, 2, 1)


def test_a_decision_that_fails_changes_nothing(example: Path) -> None:
    with crm.open(example) as shop:
        before = shop.identity.log().height
        with pytest.raises(DataError, match="no record and no customer 'shop:1'"):
            shop.identity.accept("crm:19", "shop:1", who="ann")
        with pytest.raises(DataError, match="has only these records"):
            shop.identity.split("18", ["crm:18"], who="ann")
        assert shop.identity.log().height == before


def test_without_the_section_or_a_load_the_sentence_says_what_to_do(example: Path, run: Run) -> None:
    (example / "crm.yml").write_text("version: 1\nname: S\n", encoding="utf-8")
    ran = run("identity", "review", "-C", example)
    assert (ran.code, len(ran.err.strip().splitlines())) == (2, 1)
    assert "crm.yml has no section 'identity'" in ran.err
    with crm.open(example) as shop, pytest.raises(ConfigError):
        shop.identity.log()
    (example / "crm.yml").write_text("version: 1\nname: S\nidentity:\n", encoding="utf-8")
    with crm.open(example) as shop:
        with shop.writing("a test") as engine:
            engine.execute("DROP TABLE customer_identity")
        with pytest.raises(WarehouseError, match="run: crm load"):
            shop.identity.review()


def test_a_value_that_is_no_key_is_counted(example: Path, run: Run) -> None:
    (example / "crm.yml").write_text("version: 1\nname: S\nidentity: {region: DE, most_records: 2}\n", encoding="utf-8")
    with crm.open(example) as shop, shop.writing("a test") as engine:
        engine.execute("UPDATE customer_record SET phone = '030 1234567' WHERE customer_id = '9'")
        resolve(engine, shop.config.identity, datetime(2024, 1, 1))  # type: ignore[arg-type]
    out = run("identity", "review", "-C", example).out
    assert "phone: 1 value is no key, shared by 3 records" in out
