"""Pages that are written from the code are what the code would write today."""

import re
import shlex
from pathlib import Path

import pytest

from crm_analytics.warehouse.describe import page
from tests.doors.conftest import Run

ROOT = Path(__file__).parents[2]


def console(path: str) -> list[tuple[str, str]]:
    """Each `$ crm ...` of the console blocks of a page, with the output printed under it."""
    text = (ROOT / path).read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def python(path: str) -> list[str]:
    """The Python blocks of a page."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


COMMANDS = [
    *console("README.md"),
    *console("docs/cubes.md"),
    *console("docs/customer.md"),  # before the next page saves segments, which a card names
    *console("docs/questions.md"),
]


def test_the_page_of_the_star_is_up_to_date() -> None:
    assert (ROOT / "docs" / "star.md").read_text(encoding="utf-8") == page(), "run: make docs"


def test_the_readme_names_the_two_commands_and_shows_something_to_run() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make demo" in text
    assert "make test" in text
    assert len(console("README.md")) >= 3
    assert python("README.md")


@pytest.mark.parametrize(("command", "output"), console("docs/history.md"), ids=str)
def test_a_command_on_the_made_up_shop_prints_what_the_page_says(
    command: str, output: str, folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    ran = run(*shlex.split(command)[1:])
    assert ran.code == 0, ran.err
    assert [line.rstrip() for line in ran.out.splitlines()] == output.splitlines()


@pytest.mark.demo
@pytest.mark.parametrize(("command", "output"), COMMANDS, ids=[c[:70] for c, _ in COMMANDS])
def test_a_command_prints_what_the_page_says(
    command: str, output: str, retail: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(retail)
    program, *words = shlex.split(command)
    assert program == "crm"
    ran = run(*words)
    printed = [line.rstrip() for line in (ran.out + ran.err).strip().splitlines()]
    assert printed == [line.rstrip() for line in output.strip().splitlines()]


@pytest.mark.demo
@pytest.mark.parametrize("path", ["README.md", "docs/questions.md", "docs/customer.md"])
def test_the_python_of_a_page_runs(path: str, retail: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(retail)
    for block in python(path):
        exec(compile(block, path, "exec"), {"__name__": "page"})
