"""One row a key: build a star table and put the rows that repeat a key aside, counted by source.

May import: sql, engines, warehouse.build, warehouse.ledger, warehouse.tables.   Imported by: warehouse.load.
"""

from collections.abc import Sequence

from crm_analytics.engines import Engine
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse import build, ledger
from crm_analytics.warehouse.tables import Entity


def build_dimension(engine: Engine, load_id: int, entity: Entity, rows: str, extras: Sequence[str]) -> dict[str, int]:
    """Build a dimension from contract rows; gives the number of repeats of each source.  The first source wins."""
    key = build.grain(entity)
    order = ", ".join(ident(n) for n in ("source", *(c.name for c in entity.columns), *extras))
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE staged AS SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY {order}) "
        f"AS _place FROM {rows}"
    )
    repeated = "SELECT * FROM staged WHERE _place > 1"
    lost = _reject(engine, load_id, entity, f"SELECT * EXCLUDE (_place) FROM ({repeated})")
    old = entity.table if entity.table in engine.tables() else None
    engine.execute(build.dimension(entity, "(SELECT * FROM staged WHERE _place = 1)", extras, old))
    engine.execute("DROP TABLE staged")
    return lost


def build_fact(engine: Engine, load_id: int, entity: Entity, rows: str, extras: Sequence[str]) -> dict[str, int]:
    """Build a fact or bridge from contract rows; gives the number of repeats of each source.

    Repeats are looked for after the build, among small surrogate keys: that is
    far cheaper than before it, and most facts have none.
    """
    engine.execute(build.fact(entity, rows, extras))
    ((too_many,),) = engine.rows(build.repeats(entity))
    if not too_many:
        return {}
    engine.execute(f"CREATE OR REPLACE TEMP TABLE repeated AS {build.repeated_rows(entity, extras)}")
    lost = _reject(engine, load_id, entity, "SELECT * EXCLUDE (_rowid) FROM repeated")
    engine.execute(f"DELETE FROM {entity.table} WHERE rowid IN (SELECT _rowid FROM repeated)")
    engine.execute("DROP TABLE repeated")
    return lost


def _reject(engine: Engine, load_id: int, entity: Entity, rows: str) -> dict[str, int]:
    reason = literal(f"{ledger.REPEATS} {', '.join(entity.key)}")
    kinds = {name: kind for name, kind in engine.columns(f"({rows})").items() if name != "source"}
    lost = {}
    for source, count in engine.rows(f"SELECT source, count(*) FROM ({rows}) GROUP BY 1 ORDER BY 1"):
        lost[str(source)] = int(str(count))
        of_source = f"FROM ({rows}) q WHERE source = {literal(str(source))}"
        as_json = f"SELECT {reason} AS _reason, {ledger.row_json('q', kinds)} AS _row {of_source}"
        ledger.reject(engine, load_id, str(source), entity.name, as_json)
    return lost
