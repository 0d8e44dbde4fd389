"""Members come, go or become one: the facts that name them get other keys, and keep the id they came with.

May import: engines, sql, warehouse.card_index, warehouse.tables.   Imported by: warehouse.merge, warehouse.identity.
"""

from crm_analytics.engines import Engine
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse import build
from crm_analytics.warehouse.card_index import forget_card_index
from crm_analytics.warehouse.tables import FACTS, REF, Column, Entity


def members_moved(engine: Engine, entity: Entity, leaving: str) -> None:
    """Write `temp.moved`: members that arrive (key 0 before) and members that go (key 0 after).

    `leaving` selects the rowids of the dimension's rows that go or change.
    """
    key, business = f"{entity.member}_key", ident(entity.key[0])
    arrives = "SELECT * FROM temp.arriving WHERE rowid IN (SELECT new_id FROM temp.difference WHERE old_id IS NULL)"
    goes = f"SELECT * FROM {entity.table} WHERE rowid IN ({leaving})"
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE moved AS "
        f"SELECT a.{business} AS id, 0 AS old_key, a.{key} AS new_key FROM ({arrives}) a UNION ALL "
        f"SELECT g.{business}, g.{key}, 0 FROM ({goes}) g ANTI JOIN temp.arriving n ON n.{business} = g.{business}"
    )


def rekey_facts(engine: Engine, dimension: str) -> None:
    """Give every fact row that names a member in `temp.moved` (id, old_key, new_key) its new key."""
    ((any_row,),) = engine.rows("SELECT EXISTS (SELECT * FROM temp.moved)")
    tables = engine.tables()
    if any_row and dimension == "customer":
        forget_card_index(engine)
    for fact in FACTS.values():
        for column in fact.references:
            if any_row and column.dimension == dimension and fact.table in tables:
                _rekey(engine, fact, column)
    engine.execute("DROP TABLE temp.moved")


def _rekey(engine: Engine, fact: Entity, column: Column) -> None:
    key, unresolved = f"{column.dimension}_key", f"f.unresolved->>{literal(f'$.{column.name}')}"
    engine.execute(
        f"UPDATE {fact.table} AS f SET {key} = m.new_key, "
        f"unresolved = {unresolved_with(fact, column, 'CASE WHEN m.new_key = 0 THEN m.id END')} "
        f"FROM temp.moved m WHERE f.{key} = m.old_key AND "
        f"((m.old_key = 0 AND {unresolved} = m.id) OR (m.old_key > 0 AND coalesce({unresolved}, m.id) = m.id))"
    )


def unresolved_with(fact: Entity, column: Column, value: str) -> str:
    """SQL for the `unresolved` of a fact row `f`, in which one id is now `value`; NULL where no id is left."""
    values = {c.name: value if c is column else f"f.unresolved->>{literal(f'$.{c.name}')}" for c in fact.references}
    fields = ", ".join(f"{ident(name)}: {text}" for name, text in values.items())
    anything = f"coalesce({', '.join(values.values())}) IS NOT NULL"
    return f"CASE WHEN {anything} THEN CAST(to_json({{{fields}}}) AS VARCHAR) END"


def rekey_through(engine: Engine) -> None:
    """Give every fact row that names a customer the key that `customer_ref` has for its id now.

    The ids are read off the rows as they are keyed before, so the dimension must still be the old one.
    """
    for fact in FACTS.values():
        for column in fact.references:
            if column.dimension == "customer" and fact.table in engine.tables():
                _rekey_through(engine, fact, column)


def _rekey_through(engine: Engine, fact: Entity, column: Column) -> None:
    named = (
        f"SELECT DISTINCT f.source, f.customer_key, {build.said(column)} AS id FROM {fact.table} f "
        "JOIN dim_customer ON dim_customer.customer_key = f.customer_key"
    )
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE moved AS SELECT n.source, n.id, n.customer_key AS old_key, "
        "coalesce(own.customer_key, other.customer_key, 0) AS new_key, "
        "coalesce(own.customer_id, other.customer_id) AS new_id "
        f"FROM ({named}) n LEFT JOIN {REF} own ON own.source = n.source AND own.id = n.id "
        f"LEFT JOIN {REF} other ON other.source = '' AND other.id = n.id "
        "WHERE n.id IS NOT NULL AND coalesce(own.customer_key, other.customer_key, 0) <> n.customer_key"
    )
    ((any_row,),) = engine.rows("SELECT EXISTS (SELECT * FROM temp.moved)")
    if any_row:
        forget_card_index(engine)
        value = "CASE WHEN m.new_id IS DISTINCT FROM m.id THEN m.id END"
        unresolved = f"f.unresolved->>{literal(f'$.{column.name}')}"
        engine.execute(
            f"UPDATE {fact.table} AS f SET customer_key = m.new_key, "
            f"unresolved = {unresolved_with(fact, column, value)} FROM temp.moved m "
            "LEFT JOIN dim_customer d ON d.customer_key = m.old_key "
            "WHERE f.customer_key = m.old_key AND f.source = m.source "
            f"AND coalesce({unresolved}, d.customer_id) = m.id"
        )
    engine.execute("DROP TABLE temp.moved")
