"""The rows of sources that a load does not name: taken out of the star before its dimensions change under them.

May import: sql, engines, warehouse.build, warehouse.ledger, warehouse.tables.   Imported by: warehouse.load.
"""

from collections.abc import Mapping, Sequence

from crm_analytics.engines import Engine
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse import build, ledger
from crm_analytics.warehouse.tables import ENTITIES, Entity, star_column


def keep_others(engine: Engine, replaced: Sequence[str]) -> frozenset[str]:
    """Put the contract rows of all sources but `replaced` aside as `kept_<entity>`; gives the entities that have any.

    A row that lost to another source's row of the same key is among them: the
    load that now begins may take the winner away.
    """
    others = f"source NOT IN ({', '.join(literal(n) for n in replaced)})"
    kept = set()
    for entity in ENTITIES.values():
        if entity.table not in engine.tables():
            continue
        select = build.contract_rows(entity, _extras(engine, entity))
        lost = _lost(entity, engine.columns(f"({select})"))
        rows = f"SELECT * FROM (({select}) UNION ALL BY NAME ({lost})) WHERE {others}"
        ((any_rows,),) = engine.rows(f"SELECT EXISTS ({rows})")
        if any_rows:
            engine.execute(f"CREATE OR REPLACE TEMP TABLE kept_{entity.name} AS {rows}")
            kept.add(entity.name)
    engine.execute(f"DELETE FROM rejects WHERE reason LIKE {literal(ledger.REPEATS + '%')} AND {others}")
    return frozenset(kept)


def kept_extras(engine: Engine, entity: Entity) -> list[str]:
    """The attributes beyond the contract among the rows put aside."""
    own = {c.name for c in entity.columns} | {"source"}
    return [name for name in engine.columns(f"kept_{entity.name}") if name not in own]


def _extras(engine: Engine, entity: Entity) -> list[str]:
    """The attributes that a mapping brought beyond the contract, read off the star table."""
    own = {star_column(c) for c in entity.columns} | {c.name for c in entity.columns}
    own |= {c.date_key for c in entity.days} | {f"{entity.member}_key", "source", "unresolved"}
    return [name for name in engine.columns(entity.table) if name not in own]


def _lost(entity: Entity, kinds: Mapping[str, str]) -> str:
    """The rejects that only repeated a key, as the contract rows they were; `kinds` are the columns and their types."""
    columns = [
        f"TRY_CAST(row_json->>{literal(_pointer(name))} AS {kind}) AS {ident(name)}"
        for name, kind in kinds.items()
        if name != "source"
    ]
    return (
        f"SELECT {', '.join(columns)}, source FROM rejects "
        f"WHERE entity = {literal(entity.name)} AND reason LIKE {literal(ledger.REPEATS + '%')}"
    )


def _pointer(name: str) -> str:
    """A JSON pointer (RFC 6901); unlike a JSON path it takes any name."""
    return "/" + name.replace("~", "~0").replace("/", "~1")
