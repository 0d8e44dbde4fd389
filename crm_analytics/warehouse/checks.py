"""`crm check`: is the star what it says it is, and does it still agree with the raw files?

A check that fails names the table, how many rows and an example.  What cannot
fail but should be known (rows in an unknown member, counted faults of the raw
files) is reported beside it, never hidden.

May import: errors, sql, engines, warehouse.*.   Imported by: project.
"""

from collections.abc import Iterator

from crm_analytics.engines import Engine
from crm_analytics.errors import WarehouseError
from crm_analytics.sql import ident
from crm_analytics.warehouse import build
from crm_analytics.warehouse.check import Check
from crm_analytics.warehouse.consent_chain import LEDGER, verify
from crm_analytics.warehouse.consent_ledger import astray
from crm_analytics.warehouse.consent_words import refused_rows
from crm_analytics.warehouse.tables import ENTITIES, FACTS, Entity, star_column


def check_star(engine: Engine) -> Iterator[Check]:
    """Grain and keys of every table, and how many rows lie in unknown members."""
    if "loads" not in engine.tables():
        raise WarehouseError("the warehouse is not loaded yet; run: crm load")
    if "part" not in engine.tables():
        raise WarehouseError("the warehouse was loaded by an earlier version; run: crm load")
    for entity in ENTITIES.values():
        yield _grain(engine, entity)
    for entity in FACTS.values():
        yield from _keys(engine, entity)
    yield _consents(engine)
    yield from _ledger(engine)


def unknown_members(engine: Engine) -> Iterator[Check]:
    """How many rows of each fact name a member that its dimension lacks."""
    for entity in FACTS.values():
        for column in entity.references:
            ((rows, ids),) = engine.rows(
                f"SELECT count(*), count(DISTINCT unresolved->>'$.{column.name}') FROM {entity.table} "
                f"WHERE {column.dimension}_key = 0 AND unresolved->>'$.{column.name}' IS NOT NULL"
            )
            if rows:
                lacking = f"{int(str(ids)):,} not in dim_{column.dimension}"
                says = f"{column.name}: {lacking}; their rows lie in its unknown member"
                yield Check("unknown", entity.table, None, says, int(str(rows)))


def rejected_rows(engine: Engine) -> Iterator[Check]:
    """How many rows were refused for which reason; `rejects` keeps each of them."""
    for source, name, reason, rows in engine.rows(
        "SELECT source, entity, reason, count(*) FROM rejects GROUP BY ALL ORDER BY ALL"
    ):
        says = f"rejected from {source}, {name}: {reason}"
        yield Check("rejects", ENTITIES[str(name)].table, None, says, int(str(rows)))


def _consents(engine: Engine) -> Check:
    """A refused row of the register may be somebody's no, so unlike other rejects it is not only counted."""
    refused = refused_rows(ENTITIES["consents"])
    found = engine.rows(f"SELECT reason, count(*) FROM ({refused}) GROUP BY reason ORDER BY 2 DESC, 1")
    rows = sum(int(str(count)) for _, count in found)
    if not rows:
        return Check("consents", "fct_consent", True, "no row of the consent register was rejected")
    reasons = ", ".join(f"{int(str(count)):,} {reason}" for reason, count in found)
    says = f"no row of the consent register should be rejected, but {rows:,} were: {reasons}"
    return Check("consents", "fct_consent", False, says, rows)


def _ledger(engine: Engine) -> Iterator[Check]:
    """The chain of the consent ledger, and whether it still says what the star says."""
    try:
        found = verify(engine)
    except WarehouseError as error:
        yield Check("consents", LEDGER, False, str(error))
        return
    says = f"the chain of {found.head.entries:,} entries should hold"
    if found.ok:
        says = f"the chain of {found.head.entries:,} entries holds; its head is {found.head.hash}"
    yield Check("consents", LEDGER, found.ok, "; ".join([says, *found.breaks]), found.broken)
    rows = astray(engine)
    says = (
        "register, opt-outs and ledger should say the same; crm load notes what changed"
        if rows
        else "register, opt-outs and ledger say the same"
    )
    yield Check("consents", LEDGER, not rows, says, rows)


def _grain(engine: Engine, entity: Entity) -> Check:
    says = f"{entity.grain}: {', '.join(entity.key)} is unique"
    ((repeats,),) = engine.rows(build.repeats(entity, entity.table))
    if not repeats:
        return Check("grain", entity.table, True, says)
    # Equal hashes are not yet equal rows; only here, where it matters, is the exact count worth its price.
    key = ", ".join(build.grain(entity))
    repeated = f"SELECT {key}, count(*) AS _rows FROM {entity.table} GROUP BY {key} HAVING count(*) > 1"
    ((exact,),) = engine.rows(f"SELECT coalesce(sum(_rows - 1), 0) FROM ({repeated})")
    if exact:
        (example, *_) = engine.rows(f"{repeated} ORDER BY ALL LIMIT 1")
        shown = ", ".join(str(value) for value in example[:-1] if value is not None)
        says = f"{entity.grain}: {', '.join(entity.key)} should be unique, but {shown} stands {example[-1]} times"
    return Check("grain", entity.table, not exact, says, int(str(exact)))


def _keys(engine: Engine, entity: Entity) -> Iterator[Check]:
    keys = [(f"dim_{c.dimension}", f"{c.dimension}_key", star_column(c)) for c in entity.references]
    keys += [("dim_date", "date_key", c.date_key) for c in entity.days]
    for dimension, key, column in keys:
        ((rows, example),) = engine.rows(
            f"SELECT count(*), min(f.{ident(column)}) FROM {entity.table} f "
            f"ANTI JOIN {dimension} d ON d.{key} = f.{ident(column)}"
        )
        says = (
            f"every {column} should be in {dimension}, but {example} is not"
            if rows
            else f"every {column} is in {dimension}"
        )
        yield Check("keys", entity.table, not rows, says, int(str(rows)))
