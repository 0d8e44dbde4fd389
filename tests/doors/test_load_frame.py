"""Frames from a notebook, loaded into the star."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import crm_analytics as crm
from crm_analytics.errors import ConfigError, UnknownName
from crm_analytics.project import Project
from tests.warehouse.made import SHOP, write_source


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A project with a till, loaded."""
    (tmp_path / "crm.yml").write_text("version: 1\nname: till\nchannels: [store, web]\n")
    write_source(tmp_path / "data", "till", SHOP)
    project = crm.open(tmp_path)
    project.load()
    return project


def sales(*rows: tuple[str, str, float]) -> pl.DataFrame:
    """Sales of one line each: order, customer, revenue."""
    frame = pl.DataFrame(rows, schema=["order_id", "customer_id", "revenue"], orient="row")
    return frame.with_columns(line_id=pl.lit(1), sold_at=pl.lit(datetime(2024, 1, 1)))


def revenue(shop: Project) -> Decimal:
    ((total,),) = shop.engine.rows("SELECT sum(revenue) FROM fct_sale WHERE source = 'notebook'")
    assert isinstance(total, Decimal)
    return total


def test_rows_of_a_frame_are_added_and_corrected_by_their_key(shop: Project) -> None:
    done = shop.load_frame(sales(("f1", "ann", 1.5), ("f2", "eve", 2.0)), "sales")
    assert done is not None
    assert (done.rows_read, done.rows_new) == (2, 2)
    assert revenue(shop) == Decimal("3.50")
    assert shop.load_frame(sales(("f1", "ann", 1.5), ("f2", "eve", 2.0)), "sales") is None
    done = shop.load_frame(sales(("f2", "eve", 5.0), ("f3", "bob", 1.0)), "sales")
    assert done is not None
    assert (done.rows_new, done.rows_changed) == (1, 1)
    assert revenue(shop) == Decimal("7.50")
    shop.load_frame(sales(("f9", "bob", 1.0)), "sales", full=True)
    assert revenue(shop) == Decimal("1.00")


def test_a_load_of_the_files_leaves_what_frames_brought_and_the_check_passes(shop: Project) -> None:
    shop.load_frame(sales(("f1", "ann", 1.5)), "sales")
    shop.load_frame(pl.DataFrame({"customer_id": ["eve"], "registered_on": [date(2024, 1, 1)]}), "customers")
    shop.load(full=True)
    assert revenue(shop) == Decimal("1.50")
    assert shop.engine.rows("SELECT count(*) FROM dim_customer WHERE source = 'notebook'") == [(1,)]
    assert [c.says for c in shop.check() if c.ok is False] == []


def test_a_frame_can_be_taken_back(shop: Project) -> None:
    shop.load_frame(sales(("f1", "ann", 1.5)), "sales")
    shop.undo_load(2)
    assert shop.engine.rows("SELECT count(*) FROM fct_sale WHERE source = 'notebook'") == [(0,)]


def test_a_pandas_frame_is_as_good(shop: Project) -> None:
    pandas = pytest.importorskip("pandas")  # comes with the demo's data
    frame = pandas.DataFrame({"order_id": ["p1"], "line_id": [1], "sold_at": [datetime(2024, 1, 1)], "revenue": [2.25]})
    shop.load_frame(frame, "sales")
    assert revenue(shop) == Decimal("2.25")


def test_what_cannot_be_loaded_is_told(shop: Project) -> None:
    with pytest.raises(UnknownName, match=r"no entity 'sale'\. Did you mean 'sales'"):
        shop.load_frame(sales(("f1", "ann", 1.5)), "sale")
    with pytest.raises(ConfigError, match="'till' is a source of files"):
        shop.load_frame(sales(("f1", "ann", 1.5)), "sales", source="till")
    with pytest.raises(ConfigError, match="does not give revenue, which every row of sales must have"):
        shop.load_frame(sales(("f1", "ann", 1.5)).drop("revenue"), "sales")
