"""Warehouses of earlier versions: made ready for a load that reads everything.

May import: engines, warehouse.tables.   Imported by: warehouse.load.
"""

from crm_analytics.engines import Engine
from crm_analytics.warehouse.tables import ENTITIES


def make_room(engine: Engine) -> bool:
    """Whether the warehouse is of a version without parts; then its facts go, and members keep their keys."""
    tables = engine.tables()
    if "loads" not in tables or "part" in tables:
        return False
    for entity in ENTITIES.values():
        if entity.kind == "dimension" and entity.table in tables:
            for column in ("part_key", "load_id"):
                # Part 0 is no part: its rows give way to those of the load that begins.
                engine.execute(f"ALTER TABLE {entity.table} ADD COLUMN {column} INTEGER")
                engine.execute(f"UPDATE {entity.table} SET {column} = 0 WHERE {entity.member}_key > 0")
        elif entity.table in tables:
            engine.execute(f"DROP TABLE {entity.table}")
    engine.execute("DROP TABLE rejects")
    engine.execute("ALTER TABLE loads RENAME TO loads_of_earlier_version")
    return True
