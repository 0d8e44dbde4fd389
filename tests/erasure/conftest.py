"""A small project that was loaded and used; a copy of it for each test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import crm_analytics as crm
from crm_analytics.project import Project
from tests.erasure.made import NOW, use, write_project


@pytest.fixture(scope="session")
def used(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small") / "shop"
    with write_project(folder) as shop:
        shop.load(now=NOW)
        use(shop)
    return folder


@pytest.fixture
def shop(used: Path, tmp_path: Path) -> Iterator[Project]:
    shutil.copytree(used, tmp_path / "shop")
    with crm.open(tmp_path / "shop") as shop:
        yield shop
