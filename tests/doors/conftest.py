"""One synthetic project taken through the whole job, and a way to run `crm` in this process."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import crm_analytics as crm
from crm_analytics.cli import main
from crm_analytics.demo import demo_steps


class Ran(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic project: loaded, scored, evaluated, planned, reported."""
    folder = tmp_path_factory.mktemp("made-up") / "shop"
    with crm.init(folder, "synthetic") as shop:
        shop.load()
        shop.score()
        shop.evaluate()
        shop.plan()
        shop.report()
    return folder


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `crm` with these words; gives exit code, standard output and standard error."""

    def run(*words: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["crm", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture(scope="session")
def retail(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Complete Journey, loaded, scored and planned as `make demo` does; the folder that holds `build/demo`."""
    root = tmp_path_factory.mktemp("checkout")
    for step in demo_steps(root / "build" / "demo", "retail"):
        step.run(lambda _: None)
    return root
