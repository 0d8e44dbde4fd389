"""The synthetic template: every mapping runs on the raw files and gives what the star's contracts ask for."""

import shutil
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import pytest

from crm_analytics.config import read_config
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.sql import Query
from crm_analytics.warehouse.sources import Source, read_source
from crm_analytics.warehouse.tables import ENTITIES
from synthetic.conftest import Shop

TEMPLATE = Path(str(files("crm_analytics") / "templates" / "synthetic"))


class Opened(NamedTuple):
    engine: DuckEngine
    source: Source


@pytest.fixture(scope="module")
def crm(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    folder = tmp_path_factory.mktemp("project")
    shutil.copytree(TEMPLATE, folder, dirs_exist_ok=True)
    shutil.copytree(shop.folder, folder / "data" / "crm" / "raw")
    source, engine = read_source(folder / "data" / "crm"), DuckEngine.open(None, threads=1)
    source.open_views(engine)
    yield Opened(engine, source)
    engine.close()


def test_it_maps_every_entity(crm: Opened) -> None:
    assert crm.source.mappings.keys() == ENTITIES.keys()


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_mapping_gives_every_contract_column_with_something_in_it(crm: Opened, entity: str) -> None:
    frame = crm.engine.frame(Query(crm.source.mappings[entity]))
    contract = [c.name for c in ENTITIES[entity].columns]
    assert set(contract) <= set(frame.columns)
    assert [name for name in contract if frame[name].null_count() == len(frame)] == []
    assert (crm.source.folder / f"{entity}.sql").read_text().startswith("-- One ")


def test_values_are_those_the_contracts_allow(crm: Opened) -> None:
    limited = [(e.name, c.name, c.values) for e in ENTITIES.values() for c in e.columns if c.values]
    for entity, column, values in limited:
        seen = crm.engine.frame(Query(f"SELECT DISTINCT {column} FROM ({crm.source.mappings[entity]})"))
        assert set(seen[column]) == set(values)


def test_only_planted_attributes_go_beyond_the_contracts(crm: Opened) -> None:
    more = {
        (entity, name)
        for entity, mapping in crm.source.mappings.items()
        for name in crm.engine.columns(f"({mapping})")
        if name not in {c.name for c in ENTITIES[entity].columns}
    }
    assert more == {("customers", "planted_segment"), ("customers", "tier"), ("customers", "valid_from")}


def test_controls_and_counts_are_numbers_and_counts_are_the_planted_faults(crm: Opened, shop: Shop) -> None:
    for control in crm.source.controls:
        ((total,),) = crm.engine.rows(control.sql)
        assert float(str(total)) > 0
    faults = shop.truth.faults
    assert [crm.engine.rows(count.sql)[0][0] for count in crm.source.counts] == [
        faults.missing_product_lines,
        faults.missing_customer_orders,
        faults.guest_orders,
        faults.missing_revenue_lines,
        faults.broken_date_lines,  # one line an order
        faults.duplicate_contacts,
    ]


def test_the_settings_ask_for_consent() -> None:
    config = read_config(TEMPLATE)
    assert (config.consent, config.marketing_purpose) == ("required", "marketing")
