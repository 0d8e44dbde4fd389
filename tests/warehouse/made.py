"""Small projects that a test writes, loads and looks into."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from crm_analytics.config import ProjectConfig, Tracked
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse import build
from crm_analytics.warehouse.check import Check
from crm_analytics.warehouse.checks import check_star, unknown_members
from crm_analytics.warehouse.delivery import Wanted
from crm_analytics.warehouse.history_checks import check_history
from crm_analytics.warehouse.ledger import EntityLoad
from crm_analytics.warehouse.load import load
from crm_analytics.warehouse.sources import read_source, source_names
from crm_analytics.warehouse.tables import ENTITIES
from crm_analytics.warehouse.totals import check_sources

NOW = datetime(2024, 1, 1, 12, 0)

# Two of everything, worked through in the tests: ann buys tea and then something nobody knows, bob gives tea back.
CUSTOMERS = "customer_id,name,registered_on\nann,A,2016-12-31\nbob,B,2017-01-01\n"
PRODUCTS = "product_id,department\ntea,drinks\npie,food\n"
SALES = (
    "order_id,line_id,customer_id,product_id,channel,sold_at,quantity,revenue\n"
    "o1,1,ann,tea,store,2017-01-02 10:00:00,2,10.00\n"
    "o1,2,ann,ham,Store ,2017-01-02 10:00:00,1,2.50\n"
    "o2,1,bob,tea,web,2017-02-01 09:30:00,-1,-5.00\n"
)
SHOP = {"customers": CUSTOMERS, "products": PRODUCTS, "sales": SALES}


def write_source(
    data: Path, name: str, files: Mapping[str, str | bytes], mappings: Mapping[str, str] | None = None, more: str = ""
) -> Path:
    """A source of CSV files (or others, by their ending); an entity without a mapping takes its raw file as it is."""
    folder = data / name
    folder.mkdir(parents=True, exist_ok=True)
    listed = []
    for file, content in files.items():
        path = folder / (file if "." in file else f"{file}.csv")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        listed.append(f"  {path.stem}: {{path: {path.name}}}\n")
    (folder / "source.yml").write_text(f"version: 1\nfiles:\n{''.join(listed)}{more}", encoding="utf-8")
    plain = {Path(f).stem: f"SELECT * FROM raw_{Path(f).stem}" for f in files if Path(f).stem in ENTITIES}
    for entity, sql in (mappings if mappings is not None else plain).items():
        (folder / f"{entity}.sql").write_text(sql, encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Shop:
    """A project's data folder and a warehouse in memory."""

    data: Path
    engine: DuckEngine

    def source(self, name: str, files: Mapping[str, str | bytes], **more: Any) -> Path:
        return write_source(self.data, name, files, **more)

    def load(
        self,
        *names: str,
        channels: tuple[str, ...] = ("store", "web"),
        full: bool = False,
        history: Mapping[str, Tracked] | None = None,
        now: datetime = NOW,
    ) -> tuple[EntityLoad, ...]:
        config = ProjectConfig(name="test", channels=channels, history=history or {})
        return load(self.engine, config, self.data, names, now, lambda _: None, Wanted(full=full))

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        return self.engine.rows(text)

    def rejects(self) -> list[tuple[str, str, str, dict[str, Any]]]:
        """Source, entity, reason and row of every reject."""
        found = self.rows("SELECT source, entity, reason, row_json FROM rejects ORDER BY ALL")
        return [(source, entity, reason, strict_json(row)) for source, entity, reason, row in found]

    def checks(self) -> list[Check]:
        sources = [read_source(self.data / name) for name in source_names(self.data)]
        return [
            *check_star(self.engine),
            *check_history(self.engine),
            *check_sources(self.engine, sources),
            *unknown_members(self.engine),
        ]

    def failed(self) -> list[Check]:
        return [c for c in self.checks() if c.ok is False]


def strict_json(text: str) -> dict[str, Any]:
    """A JSON object as the standard has it: Python alone would also take NaN."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON: {text}")

    found: dict[str, Any] = json.loads(text, parse_constant=refuse)
    return found


def star(engine: DuckEngine) -> dict[str, tuple[dict[str, str], list[tuple[Any, ...]]]]:
    """Columns and rows of every table but the logs of loads, whose ids and times differ by right."""
    found = {}
    for table in sorted(engine.tables() - {"loads", "part", "part_load", "part_plan", "piece"}):
        kinds = {n: k for n, k in sorted(engine.columns(table).items()) if n not in ("load_id", "part_key")}
        found[table] = kinds, sorted(engine.rows(f"SELECT {', '.join(kinds)} FROM {table}"), key=repr)
    return found


def by_business_ids(engine: DuckEngine) -> dict[str, list[tuple[tuple[str, Any], ...]]]:
    """Every entity as contract rows: what a star says, whatever its surrogate keys and its order of columns."""
    found = {}
    for entity in ENTITIES.values():
        extras = [name for name in engine.columns(entity.table) if name not in build.star_names(entity)]
        text = build.contract_rows(entity, extras)
        names = sorted(set(engine.columns(f"({text})")) - {"part_key", "load_id"})
        rows = engine.rows(f"SELECT {', '.join(names)} FROM ({text})")
        found[entity.name] = sorted((tuple(zip(names, row, strict=True)) for row in rows), key=repr)
    return found
