"""A small made-up shop whose raw files come in two versions, and what its warehouse and files say."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from hashlib import sha256
from pathlib import Path

import polars as pl

import crm_analytics as crm
from crm_analytics.project import Project
from crm_analytics.synthetic import write_synthetic
from crm_analytics.warehouse import build
from crm_analytics.warehouse.tables import ENTITIES

DAYS = (date(2017, 10, 1), date(2018, 1, 1))
STAY = {"crm.yml", "data", "cubes", "out", "warehouse.duckdb", "warehouse.duckdb.lock"}


def write_shop(folder: Path) -> Path:
    """A project of 200 customers, not loaded yet."""
    crm.init(folder, "synthetic").close()
    write_synthetic(folder / "data" / "crm" / "raw", customers=200)
    return folder


def other_files(folder: Path) -> None:
    """Bring the raw files from one version to the other, or back: customers move, prices rise or fall."""
    raw = folder / "data" / "crm" / "raw"
    people, lines = raw / "customers.csv", raw / "order_lines.parquet"
    text = people.read_text()
    moved = "@example.org" in text
    people.write_text(text.replace(*((".org", ".com") if moved else (".com", ".org"))))
    rise = pl.lit(-1.0 if moved else 1.0)
    risen = pl.when(pl.int_range(pl.len()) % 3 == 0).then(rise).otherwise(0.0)
    pl.read_parquet(lines).with_columns((pl.col("paid") + risen).round(2)).write_parquet(lines)


@contextmanager
def paused(folder: Path) -> Iterator[Path]:
    """A pipe that a load waits for in the middle of its work."""
    pipe, mapping = folder / "data" / "pipe", folder / "data" / "crm" / "stores.sql"
    os.mkfifo(pipe)
    text = mapping.read_text()
    mapping.write_text(f"SELECT * FROM ({text}) WHERE (SELECT length(content) FROM read_text('{pipe}')) > 0")
    try:
        yield pipe
    finally:
        mapping.write_text(text)
        pipe.unlink()


def said(folder: Path) -> dict[str, str]:
    """What the warehouse says: number and sum of the rows of each table, facts by their business ids."""
    with Project.open(folder) as shop:
        engine = shop.engine
        scores = (
            "SELECT customer_id, s.* EXCLUDE (customer_key) FROM fct_score s JOIN dim_customer USING (customer_key)"
        )
        asked = {"loads": "SELECT DISTINCT load_id FROM loads", "scores": scores}
        for entity in ENTITIES.values():
            extras = [name for name in engine.columns(entity.table) if name not in build.star_names(entity)]
            asked[entity.name] = build.contract_rows(entity, sorted(extras))
        for table in engine.tables():
            if table.startswith("mined_") or table == "rejects":
                asked[table] = f"SELECT * FROM {table}"
        summed = "SELECT count(*), sum(hash(r)) FROM"
        return {name: str(engine.rows(f"{summed} ({text}) r")) for name, text in asked.items()}


def failed_checks(folder: Path) -> list[str]:
    """What `crm check` finds wrong."""
    with Project.open(folder) as shop:
        return [item.says for item in shop.check(DAYS[-1]) if item.ok is False]


def leftovers(folder: Path) -> list[str]:
    """Files that only a run leaves that was broken off; the lock file stays for good."""
    return sorted([*({p.name for p in folder.iterdir()} - STAY), *(p.name for p in folder.rglob("*.part"))])


def written(folder: Path) -> dict[str, str]:
    """A sum of every file below the output folder, whole files all; of a manifest without its time."""
    return {
        str(p.relative_to(folder)): sha256(_timeless(p)).hexdigest()[:12]
        for p in sorted((folder / "out").rglob("*"))
        if p.is_file() and p.suffix != ".part"
    }


def _timeless(path: Path) -> bytes:
    content = path.read_bytes()
    if not path.name.endswith(".manifest.json"):
        return content
    return json.dumps({**json.loads(content), "consents_as_of": ""}).encode()
