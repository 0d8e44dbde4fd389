"""Attributes beyond the contract that no part brings any more leave the table.

May import: engines, sql, warehouse.build, warehouse.tables.   Imported by: warehouse.load, warehouse.undo.
"""

from collections.abc import Mapping

from crm_analytics.engines import Engine
from crm_analytics.sql import ident
from crm_analytics.warehouse import build
from crm_analytics.warehouse.tables import Entity


def drop_unused(engine: Engine, entity: Entity, extras: Mapping[str, str]) -> None:
    """Drop attributes that are not among `extras`, and give the others their type."""
    own = set(build.star_names(entity))
    for name, kind in engine.columns(entity.table).items():
        if name in own:
            continue
        if name not in extras:
            engine.execute(f"ALTER TABLE {entity.table} DROP COLUMN {ident(name)}")
        elif extras[name] != kind:
            engine.execute(f"ALTER TABLE {entity.table} ALTER COLUMN {ident(name)} TYPE {extras[name]}")
