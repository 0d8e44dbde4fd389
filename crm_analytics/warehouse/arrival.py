"""Rows on their way in: read once, keyed, and those that break the contract put aside.

A mapping may take minutes to read, so it is read once: its rows land, keyed, in
the table that will hold them, with their verdict beside them; refused ones are
moved to `rejects` and the verdict is dropped, which costs nothing in DuckDB.

May import: engines, sql, warehouse.build, warehouse.erasure.door, warehouse.ledger, warehouse.staging,
warehouse.tables.
Imported by: warehouse.merge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_analytics.engines import Engine
from crm_analytics.sql import ident
from crm_analytics.warehouse import build, ledger
from crm_analytics.warehouse.erasure.door import pseudonymised
from crm_analytics.warehouse.staging import Staged
from crm_analytics.warehouse.tables import Entity

AT_ONCE = 4  # SELECTs in one statement: each reads a file and holds its buffers


@dataclass(frozen=True, slots=True)
class Counted:
    """What was read of one part: rows, rows refused by the contract, rows rounded to the cent."""

    read: int
    refused: int
    rounded: int


def land(
    engine: Engine, entity: Entity, table: str, staged: Sequence[Staged], extras: Mapping[str, str], load_id: int
) -> dict[int, Counted]:
    """Write the rows of some parts into a new `table`, star rows all; gives what was read of each part by its key.

    A table that begins with `temp.` lives as long as the connection.
    """
    kind, name = ("TEMP TABLE", table.removeprefix("temp.")) if table.startswith("temp.") else ("TABLE", table)
    for start in range(0, max(len(staged), 1), AT_ONCE):
        some = staged[start : start + AT_ONCE]
        rows = "\nUNION ALL BY NAME\n".join([*(s.select for s in some), _nothing(entity, extras)])
        absent = {c.name for c in entity.columns if not any(c.name in s.given for s in some) and not c.default}
        select = build.keyed(entity, pseudonymised(engine, entity, f"({rows}\n)"), extras, absent=absent)
        engine.execute(f"INSERT INTO {table} BY NAME {select}" if start else f"CREATE {kind} {name} AS {select}")
    counted = {
        int(str(part)): Counted(int(str(read)), int(str(refused)), int(str(rounded)))
        for part, read, refused, rounded in engine.rows(
            f"SELECT part_key, count(*), count(_reason), count(_rounded) FROM {table} GROUP BY 1"
        )
        if part is not None
    }
    if any(c.refused for c in counted.values()):
        ledger.reject(engine, load_id, entity.name, f"SELECT * FROM {table}")
        engine.execute(f"DELETE FROM {table} WHERE _reason IS NOT NULL")
    for name in build.VERDICT:
        engine.execute(f"ALTER TABLE {table} DROP COLUMN {ident(name)}")
    return counted


def _nothing(entity: Entity, extras: Mapping[str, str]) -> str:
    """No row, with every column in its type: parts need not bring all attributes."""
    kinds = {c.name: c.type for c in entity.columns} | dict(extras) | build.ORIGIN | build.VERDICT
    columns = ", ".join(f"CAST(NULL AS {kind}) AS {ident(name)}" for name, kind in kinds.items())
    return f"SELECT {columns} WHERE FALSE"
