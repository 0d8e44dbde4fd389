"""A small made-up shop whose raw files come in two versions, and what its warehouse and files say."""

from datetime import date
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

import crm_analytics as crm
from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.project import Project
from crm_analytics.synthetic import write_synthetic
from tests.warehouse.made import by_business_ids

DAYS = (date(2017, 10, 1), date(2018, 1, 1))
LOGS = {"loads", "part", "part_load", "part_plan", "piece", "rollup"}


def write_shop(folder: Path) -> Path:
    """A project of 200 customers, not loaded yet."""
    crm.init(folder, "synthetic").close()
    write_synthetic(folder / "data" / "crm" / "raw", customers=200)
    return folder


def other_files(folder: Path) -> None:
    """Bring the raw files from one version to the other, or back: a customer comes or goes, prices change."""
    raw = folder / "data" / "crm" / "raw"
    people, lines = raw / "customers.csv", raw / "order_lines.parquet"
    head, first, *others = people.read_text().splitlines()
    new = first.replace("C0001", "X0001")
    people.write_text("\n".join([head, first, *(others[1:] if others[0] == new else [new, *others])]) + "\n")
    up = Decimal("-1.00") if others[0] == new else Decimal("1.00")
    frame = pl.read_parquet(lines)
    paid = pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.col("paid") + float(up)).otherwise(pl.col("paid"))
    frame.with_columns(paid.round(2)).write_parquet(lines)


def said(folder: Path) -> dict[str, str]:
    """What the warehouse says, by table: the star as contract rows, everything else as it stands, a sum of each."""
    found: dict[str, Any] = {}
    with Project.open(folder) as shop:
        assert isinstance(shop.engine, DuckEngine)
        found |= by_business_ids(shop.engine)
        ids = shop.engine.rows("SELECT DISTINCT load_id FROM loads")
        found["loads"] = sorted(ids)
        scores = (
            "SELECT d.customer_id, s.* EXCLUDE (customer_key) FROM fct_score s JOIN dim_customer d USING (customer_key)"
        )
        found["scores"] = sorted(shop.engine.rows(scores), key=repr)
        for table in shop.engine.tables():
            if table.startswith("mined_") or table == "rejects":
                found[table] = sorted(shop.engine.rows(f"SELECT * FROM {table}"), key=repr)
    return {name: sha256(repr(rows).encode()).hexdigest()[:12] for name, rows in found.items()}


def failed_checks(folder: Path) -> list[str]:
    """What `crm check` finds wrong."""
    with Project.open(folder) as shop:
        return [item.says for item in shop.check(DAYS[-1]) if item.ok is False]


def leftovers(folder: Path) -> list[str]:
    """Files that only a run that was broken off leaves; the lock file stays for good."""
    known = ("crm.yml", "data", "cubes", "warehouse.duckdb", "warehouse.duckdb.lock", "out")
    extra = [p.name for p in folder.iterdir() if p.name not in known]
    return sorted([*extra, *(p.name for p in folder.rglob("*.part"))])


def files(folder: Path) -> dict[str, bytes]:
    """Every file below the output folder."""
    out = folder / "out"
    return {str(p.relative_to(out)): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
