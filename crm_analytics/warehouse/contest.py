"""Several rows of one key: which of them is in the star, and which are kept as rejects.

The rule does not depend on the order of loads.  Between sources the first by name
is believed.  Within a source that delivers incrementally the newest row wins: by
the column that source.yml names, then by the name of the file.  What is left is
decided by the values themselves.

May import: engines, sql, warehouse.build, warehouse.journal, warehouse.ledger, warehouse.tables.
Imported by: warehouse.merge, warehouse.fresh.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from crm_analytics.engines import Engine
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse import build, journal, ledger
from crm_analytics.warehouse.tables import Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One entity with rows that may contend: those that arrive, those in the star, those that lost before.

    arriving : table of star rows that are new
    leaving  : condition on star rows (`f`) that are read anew or go, and so do not contend
    reread   : the keys of the parts that are read anew; their former rejects do not contend either
    newest   : by source, the column by which the newest row is told
    """

    entity: Entity
    extras: Mapping[str, str]
    arriving: str
    leaving: str
    reread: frozenset[int]
    newest: Mapping[str, str]


def settle(engine: Engine, load_id: int, ring: Ring, *, alone: bool) -> dict[int, int]:
    """Leave one row a key: losers go to `rejects`, former losers that now win arrive.

    `alone` says that there is no row but those that arrive.  Gives by part how many of the arriving rows lost.
    """
    lost: dict[int, int] = {}
    _find_keys(engine, ring, alone)
    ((any_key,),) = engine.rows("SELECT EXISTS (SELECT * FROM temp.contested)")
    if any_key:
        _collect(engine, ring, alone)
        _rank(engine, ring)
        _sort_out(engine, load_id, ring)
        found = engine.rows(
            "SELECT part_key, count(*) FROM temp.ranked WHERE _from = 'arriving' AND _place > 1 GROUP BY 1"
        )
        lost = {int(str(part)): int(str(rows)) for part, rows in found}
    for table in ("contested", "contender", "ranked", "former"):
        engine.execute(f"DROP TABLE IF EXISTS temp.{table}")
    return lost


def _find_keys(engine: Engine, ring: Ring, alone: bool) -> None:
    """The keys that more than one row lays claim to, as k0, k1 ..."""
    entity, arriving = ring.entity, ring.arriving
    ((too_many,),) = engine.rows(build.repeats(entity, arriving))
    found = [build.repeated_keys(entity, arriving)] if too_many else []
    keys = ", ".join(f"{k} AS k{i}" for i, k in enumerate(build.grain(entity, "f")))
    if not alone:
        met = f"SEMI JOIN {arriving} n ON {build.same_grain(entity, 'f', 'n')}"
        found.append(f"SELECT {keys} FROM {entity.table} f {met} WHERE NOT ({ring.leaving})")
        if _former_losers(engine, ring):
            near = (
                f"SELECT 1 FROM {arriving} n WHERE {build.same_grain(entity, 'f', 'n')} UNION ALL "
                f"SELECT 1 FROM (SELECT * FROM {entity.table} f WHERE {ring.leaving}) n "
                f"WHERE {build.same_grain(entity, 'f', 'n')}"
            )
            found.append(f"SELECT {keys} FROM temp.former f WHERE EXISTS ({near})")
    nothing = ", ".join(f"{k} AS k{i}" for i, k in enumerate(build.grain(entity)))
    union = "\nUNION\n".join(found) or f"SELECT {nothing} FROM {arriving} WHERE FALSE"
    engine.execute(f"CREATE OR REPLACE TEMP TABLE contested AS {union}")


def _former_losers(engine: Engine, ring: Ring) -> bool:
    """Put rejects that only lost to another row aside as star rows; false where there are none."""
    entity = ring.entity
    reread = ", ".join(str(k) for k in sorted(ring.reread)) or "-1"
    of_entity = f"FROM rejects WHERE entity = {literal(entity.name)} AND part_key NOT IN ({reread}) AND {ledger.LOST}"
    ((any_row,),) = engine.rows(f"SELECT EXISTS (SELECT * {of_entity})")
    if any_row:
        kinds = {c.name: c.type for c in entity.columns} | dict(ring.extras)
        columns = ", ".join(f"{_read_back(name, kind)} AS {ident(name)}" for name, kind in kinds.items())
        rows = f"(SELECT {columns}, source, part_key, load_id, rowid AS _id {of_entity})"
        engine.execute(f"CREATE OR REPLACE TEMP TABLE former AS {build.keyed(entity, rows, ring.extras, ['_id'])}")
    return bool(any_row)


def _collect(engine: Engine, ring: Ring, alone: bool) -> None:
    """All rows of the contested keys, wherever they are, as contract rows."""
    entity = ring.entity
    keyed = " AND ".join(f"{k} = c.k{i}" for i, k in enumerate(build.grain(entity, "f")))
    held = f"SEMI JOIN temp.contested c ON {keyed}"
    places = [f"SELECT f.*, 'arriving' AS _from, f.rowid AS _id FROM {ring.arriving} f {held}"]
    if not alone:
        leaving = f"NOT ({ring.leaving})"
        places.append(f"SELECT f.*, 'star' AS _from, f.rowid AS _id FROM {entity.table} f {held} WHERE {leaving}")
        if "former" in engine.tables():
            places.append(f"SELECT f.*, 'rejects' AS _from FROM temp.former f {held}")
    engine.execute(f"CREATE OR REPLACE TEMP TABLE contender AS {' UNION ALL BY NAME '.join(places)}")


def _rank(engine: Engine, ring: Ring) -> None:
    entity = ring.entity
    rows = build.contract_rows(entity, ring.extras, "temp.contender", ("_from", "_id"))
    key = ", ".join(ident(n) for n in entity.key)
    values = [ident(n) for n in (*(c.name for c in entity.columns), *ring.extras)]
    order = ", ".join(["source", f"{_newest(ring)} DESC NULLS LAST", "part_label DESC", *values, "_from", "_id"])
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE ranked AS SELECT *, row_number() OVER (PARTITION BY {key} ORDER BY {order}) "
        f"AS _place FROM ({rows}) r LEFT JOIN (SELECT part_key, label AS part_label FROM part) p USING (part_key)"
    )


def _newest(ring: Ring) -> str:
    cases = " ".join(
        f"WHEN {literal(source)} THEN TRY_CAST(CAST({ident(column)} AS VARCHAR) AS TIMESTAMP)"
        for source, column in sorted(ring.newest.items())
        if column
    )
    return f"CASE source {cases} END" if cases else "CAST(NULL AS TIMESTAMP)"


def _sort_out(engine: Engine, load_id: int, ring: Ring) -> None:
    entity, arriving = ring.entity, ring.arriving
    losing = "_place > 1 AND _from <> 'rejects'"
    kinds = {c.name: c.type for c in entity.columns} | dict(ring.extras)
    reason = f"{_reason(ring)} || {literal(' ' + ', '.join(entity.key))}"
    _reword(engine, load_id, reason)
    ledger.reject(
        engine,
        load_id,
        entity.name,
        f"SELECT {reason} AS _reason, {ledger.row_json('q', kinds)} AS _row, source, part_key "
        f"FROM temp.ranked q WHERE {losing}",
    )
    engine.execute(f"DELETE FROM {arriving} WHERE rowid IN ({_ids('arriving', '_place > 1')})")
    gone = _ids("star", "_place > 1")
    journal.keep_rows(engine, load_id, entity, ring.extras, f"f.rowid IN ({gone})")
    engine.execute(f"DELETE FROM {entity.table} WHERE rowid IN ({gone})")
    back = _ids("rejects", "_place = 1")
    if "former" in engine.tables():
        # This load puts them into the star, whichever read them: so it takes them out again when it is undone.
        held = [n for n in engine.columns(arriving) if n != "load_id"]
        names = ", ".join([*(ident(n) for n in held), f"CAST({load_id} AS INTEGER) AS load_id"])
        engine.execute(f"INSERT INTO {arriving} BY NAME SELECT {names} FROM temp.former WHERE _id IN ({back})")
        journal.keep_rejects(engine, load_id, f"rowid IN ({back})")
        engine.execute(f"DELETE FROM rejects WHERE rowid IN ({back})")


def _reword(engine: Engine, load_id: int, reason: str) -> None:
    """Say of rows that lost before why they lose now: the row that wins may be another."""
    engine.execute(
        f"CREATE OR REPLACE TEMP TABLE reworded AS SELECT q._id, {reason} AS reason FROM temp.ranked q "
        "JOIN rejects r ON r.rowid = q._id WHERE _from = 'rejects' AND _place > 1 AND r.reason <> "
        f"{reason}"
    )
    ((any_row,),) = engine.rows("SELECT EXISTS (SELECT * FROM temp.reworded)")
    if any_row:
        journal.keep_rejects(engine, load_id, "rowid IN (SELECT _id FROM temp.reworded)")
        engine.execute(
            f"UPDATE rejects SET load_id = {load_id}, reason = w.reason FROM temp.reworded w "
            "WHERE rejects.rowid = w._id"
        )
    engine.execute("DROP TABLE temp.reworded")


def _reason(ring: Ring) -> str:
    """An older version of what the same source has newer is one thing, a key that stands twice another."""
    if not ring.newest:
        return literal(ledger.REPEATS)
    winner = (
        "SELECT * FROM temp.ranked w WHERE w._place = 1 AND w.source = q.source AND w.part_key <> q.part_key "
        f"AND {_same_key(ring.entity)}"
    )
    versions = f"q.source IN ({', '.join(literal(s) for s in sorted(ring.newest))}) AND EXISTS ({winner})"
    return f"CASE WHEN {versions} THEN {literal(ledger.OLDER)} ELSE {literal(ledger.REPEATS)} END"


def _same_key(entity: Entity) -> str:
    return " AND ".join(f"w.{ident(n)} IS NOT DISTINCT FROM q.{ident(n)}" for n in entity.key)


def _ids(place: str, condition: str) -> str:
    return f"SELECT _id FROM temp.ranked WHERE _from = {literal(place)} AND {condition}"


def _read_back(name: str, kind: str) -> str:
    arrow = "->" if kind.startswith("MAP") else "->>"  # the text of a map is not its JSON
    return f"TRY_CAST(row_json{arrow}{literal(pointer(name))} AS {kind})"


def pointer(name: str) -> str:
    """A JSON pointer (RFC 6901); unlike a JSON path it takes any name."""
    return "/" + name.replace("~", "~0").replace("/", "~1")
