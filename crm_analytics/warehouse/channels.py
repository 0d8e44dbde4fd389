"""`dim_channel`, from the project's list of channels.

A channel keeps its key while it is in the list; facts of one that is new or gone are keyed anew.

May import: engines, sql, warehouse.rekey.   Imported by: warehouse.load.
"""

from collections.abc import Sequence

from crm_analytics.engines import Engine
from crm_analytics.sql import literal
from crm_analytics.warehouse.rekey import rekey_facts

EMPTY = """CREATE TABLE IF NOT EXISTS dim_channel AS
SELECT CAST(0 AS INTEGER) AS channel_key, CAST(NULL AS VARCHAR) AS channel"""


def renew_dim_channel(engine: Engine, channels: Sequence[str]) -> None:
    """Bring the dimension to the list, which is in lower case."""
    there = "dim_channel" in engine.tables()
    engine.execute(EMPTY)
    known = {str(name): int(str(key)) for key, name in engine.rows("SELECT * FROM dim_channel WHERE channel_key > 0")}
    new = [name for name in channels if name not in known]
    gone = [name for name in known if name not in channels]
    if not new and not gone:
        return
    last = max(known.values(), default=0)
    keys = {name: last + i for i, name in enumerate(new, start=1)}
    if there:  # else there are no facts yet
        moves = [(name, 0, key) for name, key in keys.items()] + [(name, known[name], 0) for name in gone]
        rows = ", ".join(f"({literal(name)}, {old}, {key})" for name, old, key in moves)
        engine.execute(f"CREATE OR REPLACE TEMP TABLE moved AS SELECT * FROM (VALUES {rows}) t(id, old_key, new_key)")
        rekey_facts(engine, "channel")
    for name in gone:
        engine.execute("DELETE FROM dim_channel WHERE channel = $name", {"name": name})
    for name, key in keys.items():
        engine.execute(f"INSERT INTO dim_channel VALUES ({key}, $name)", {"name": name})
