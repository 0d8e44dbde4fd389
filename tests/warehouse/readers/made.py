"""Raw files that a test writes, and what comes of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crm_analytics.engines import Engine
from crm_analytics.warehouse.raw import Piece, Raw
from crm_analytics.warehouse.sources import read_source


def raw(folder: Path, path: str | None, **options: object) -> Raw:
    """What a source.yml in `folder` means by an entry with this path and these options."""
    entry = {**({"path": path} if path else {}), **options}
    (folder / "source.yml").write_text(f"version: 1\nfiles:\n  x: {json.dumps(entry)}\n", encoding="utf-8")
    (folder / "sales.sql").write_text("SELECT * FROM raw_x")
    return read_source(folder).raws["x"]


def csv(folder: Path, content: str | bytes, **options: object) -> Raw:
    """A CSV file with this content."""
    (folder / "x.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return raw(folder, "x.csv", **options)


def labels(found: Raw) -> list[str]:
    return [piece.label for piece in found.pieces()]


def rows(engine: Engine, found: Raw, pieces: Sequence[Piece] | None = None) -> list[tuple[Any, ...]]:
    """All rows, sorted, for files are read in any order."""
    return sorted(engine.rows(found.open(engine, pieces or found.pieces())), key=repr)


def lost(engine: Engine, found: Raw) -> list[tuple[str, int, str, str]]:
    """Label, line, reason and text of the lines that could not be read."""
    select = found.misread(engine)
    if not select:
        return []
    kept = engine.rows(f"SELECT _label, _line, _reason, _row FROM ({select}) ORDER BY 1, 2")
    return [(str(label), int(str(line)), str(why), json.loads(str(row))["line"]) for label, line, why, row in kept]
