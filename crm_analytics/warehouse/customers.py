"""Customers of several sources in the star: records in, one member a person, facts keyed through the records.

    customers.sql --merge--> customer_record --resolve--> customer_golden --> dim_customer
                                                 └──> customer_ref (source, id -> key) --> facts

A fact keeps the id it came with in `unresolved` where that is not the customer's own,
so that a merge can be taken back row by row.

May import: config, engines, errors, sql, identity_rules,
warehouse.{build,delivered,erasure.door,identity,merge,parts,rekey,tables}.
Imported by: warehouse.load, warehouse.undo, pipeline.identity.
"""

from dataclasses import replace
from datetime import datetime

from crm_analytics.engines import Engine
from crm_analytics.errors import DataError
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.sql import ident
from crm_analytics.warehouse import build, journal, parts
from crm_analytics.warehouse.columns import drop_unused
from crm_analytics.warehouse.delivered import declare, declared
from crm_analytics.warehouse.erasure.door import once_contested
from crm_analytics.warehouse.identity.resolve import Resolved, resolve
from crm_analytics.warehouse.identity.tables import GOLDEN, drop_derived
from crm_analytics.warehouse.merge import ARRIVING, exchange
from crm_analytics.warehouse.rekey import rekey_through
from crm_analytics.warehouse.tables import ENTITIES, RECORDS, REF, Entity

CUSTOMERS = ENTITIES["customers"]


def as_loaded(entity: Entity, rules: IdentityRules | None) -> Entity:
    """The entity as a load deals with it: with rules, customers are records, and facts name customers through them."""
    if rules is None:
        return entity
    if entity.name == CUSTOMERS.name:
        return replace(entity, table=RECORDS, kind="bridge", key=("source", *entity.key))
    through = tuple(replace(c, through=REF) if c.dimension == "customer" else c for c in entity.columns)
    return replace(entity, columns=through)


def switch_identity(engine: Engine, rules: IdentityRules | None, whole: bool, load_id: int) -> None:
    """Make room where crm.yml has identity rules now and had none at the last load, or the other way round.

    Raises
    ------
    DataError : only some of the sources are loaded, and the records of the others would be missing.
    """
    tables = engine.tables()
    if (RECORDS in tables) == (rules is not None) or CUSTOMERS.table not in tables:
        return
    if not whole:
        raise DataError("crm.yml: identity was switched on or off; load all sources once: crm load")
    engine.execute(
        "UPDATE part_load SET mapping_hash = '' WHERE part_key IN (SELECT part_key FROM part WHERE entity = $entity)",
        {"entity": CUSTOMERS.name},
    )
    declare(engine, RECORDS, "" if rules is None else "records", load_id)
    if rules is None:
        engine.execute(f"DROP TABLE {RECORDS}")
        engine.execute(f"DELETE FROM {REF}")
        # Every id is its own customer again: what came with another id waits for its member.
        rekey_through(engine)
        engine.execute(f"DROP TABLE {REF}")
        drop_derived(engine)
        engine.execute(f"DELETE FROM {CUSTOMERS.table} WHERE {CUSTOMERS.member}_key > 0")


def refuse_switched_identity(engine: Engine, rules: IdentityRules | None, load_id: int) -> None:
    """Let no load of customers be taken back from before identity was switched on or off, or the one that did it.

    Raises
    ------
    DataError : what the load replaced were records, and now there are customers, or the other way round.
    """
    _, since = declared(engine, RECORDS)
    if load_id <= since or (RECORDS in engine.tables()) != (rules is not None):
        raise DataError(f"load {load_id} cannot be taken back: in crm.yml identity was switched on or off since then")


def renew_customers(engine: Engine, rules: IdentityRules, now: datetime) -> Resolved:
    """Bring dim_customer and the keys of all facts to what the records say now; within the caller's transaction."""
    if RECORDS not in engine.tables():
        columns = ", ".join(f"{ident(c.name)} {c.type}" for c in CUSTOMERS.columns)
        origin = ", ".join(f"{name} {kind}" for name, kind in build.ORIGIN.items())
        engine.execute(f"CREATE TABLE {RECORDS} ({columns}, {origin})")
    if CUSTOMERS.table not in engine.tables():
        engine.execute(build.unknown_member(CUSTOMERS))
    done = resolve(engine, rules, now)
    if not done.changed and REF in engine.tables():
        return done
    extras = parts.extras_of(engine, as_loaded(CUSTOMERS, rules))
    journal.fit(engine, CUSTOMERS.table, extras)
    rows = f"(SELECT g.*, r.source FROM {GOLDEN} g LEFT JOIN ({_leading()}) r USING (customer_id))"
    engine.execute(f"CREATE TEMP TABLE {ARRIVING.removeprefix('temp.')} AS {build.keyed(CUSTOMERS, rows, extras, ())}")
    journal.fit(engine, CUSTOMERS.table, engine.columns(ARRIVING))
    _write_ref(engine)
    rekey_through(engine)
    exchange(engine, 0, CUSTOMERS, extras, "f.customer_key > 0", keep=False, moves=False)
    drop_unused(engine, CUSTOMERS, extras)
    return done


def _leading() -> str:
    """The source of the record that gave each customer its id; the first of its sources where none did."""
    return (
        "SELECT customer_id, coalesce(min(source) FILTER (record_id = customer_id), min(source)) AS source "
        "FROM customer_identity GROUP BY 1"
    )


def _write_ref(engine: Engine) -> None:
    """Which customer an id means: in its own source, and (source '') where the source brings no such record.

    There an id speaks of the records of the others as long as they agree on who that is, or
    of the customer that bears it.
    """
    engine.execute(f"""CREATE OR REPLACE TABLE {REF} AS
WITH keyed AS (
  SELECT i.source, i.record_id AS id, i.customer_id, a.customer_key
  FROM customer_identity i JOIN {ARRIVING} a USING (customer_id)
),
agreed AS (
  SELECT id, min(customer_id) AS customer_id, min(customer_key) AS customer_key
  FROM keyed GROUP BY id HAVING count(DISTINCT customer_id) = 1 AND NOT {once_contested(engine, "id")}
)
SELECT source, id, customer_id, customer_key FROM keyed
UNION ALL SELECT '', id, customer_id, customer_key FROM agreed
UNION ALL SELECT DISTINCT '', customer_id, customer_id, customer_key FROM keyed
WHERE customer_id NOT IN (SELECT id FROM agreed)""")
