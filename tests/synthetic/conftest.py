"""One made-up shop of the usual size, written once for all tests of this folder."""

from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from crm_analytics.synthetic import Truth, write_synthetic


class Shop(NamedTuple):
    folder: Path
    truth: Truth

    def raw(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / f"{name}.parquet")

    def customers(self) -> pl.DataFrame:
        return pl.read_csv(self.folder / "customers.csv", infer_schema=False)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    return Shop(folder, write_synthetic(folder))
