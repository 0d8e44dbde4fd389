"""The SQL that turns contract rows into the star.  Text in, text out.

Keys are stable: a member that is loaded again keeps its surrogate key, new ones
follow in the order of their ids, so that loading twice gives the same star.
A fact whose id does not resolve gets key 0, the unknown member, and keeps the
id in `unresolved`; that is why `contract_rows` can give back exactly the rows a
fact was built from, and no copy of the staged rows is kept.

May import: sql, warehouse.tables.   Imported by: warehouse.load.
"""

from collections.abc import Iterable

from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.tables import FACTS, Column, Entity, star_column


def dimension(entity: Entity, rows: str, extras: Iterable[str], old: str | None) -> str:
    """`CREATE TABLE` for a dimension from the contract rows in `rows`; `old` is its former table, if any."""
    key, business = ident(f"{entity.member}_key"), ident(entity.key[0])
    names = [c.name for c in entity.columns] + list(extras)
    columns = ", ".join(f"r.{ident(n)}" for n in (*names, "source"))
    former = (
        f"SELECT {business}, {key} FROM {old} WHERE {key} > 0"
        if old
        else f"SELECT CAST(NULL AS VARCHAR) AS {business}, 0 AS {key} WHERE FALSE"
    )
    nothing = ", ".join(f"NULL AS {ident(n)}" for n in (*names, "source"))
    return f"""CREATE OR REPLACE TABLE {entity.table} AS
WITH former AS ({former}),
keyed AS (
  SELECT
    coalesce(former.{key}, (SELECT coalesce(max({key}), 0) FROM former)
      + row_number() OVER (PARTITION BY former.{key} IS NULL ORDER BY r.{business})) AS {key},
    {columns}
  FROM {rows} r LEFT JOIN former ON former.{business} = r.{business}
)
SELECT CAST({key} AS INTEGER) AS {key}, * EXCLUDE ({key}) FROM keyed
UNION ALL BY NAME SELECT CAST(0 AS INTEGER) AS {key}, {nothing}
ORDER BY {key}"""


def channel_dimension(channels: Iterable[str]) -> str:
    """`CREATE TABLE dim_channel` from the project's list, in its order."""
    members = ", ".join(f"({i}, {literal(name)})" for i, name in enumerate(channels, start=1))
    return (
        "CREATE OR REPLACE TABLE dim_channel AS "
        "SELECT CAST(k AS INTEGER) AS channel_key, CAST(c AS VARCHAR) AS channel "
        f"FROM (VALUES (0, NULL), {members}) t(k, c)"
    )


def fact(entity: Entity, rows: str, extras: Iterable[str]) -> str:
    """`CREATE TABLE` for a fact or bridge: ids and days become keys, the rest stays."""
    columns, joins, lost = [], [], []
    for c in entity.columns:
        columns += _fact_columns(c)
        if c.dimension:
            dim, business = f"dim_{c.dimension}", _business_id(c)
            joins.append(f"LEFT JOIN {dim} ON {dim}.{ident(business)} = r.{ident(c.name)}")
            lost.append(f"{ident(c.name)}: CASE WHEN {dim}.{c.dimension}_key IS NULL THEN r.{ident(c.name)} END")
    columns += [f"r.{ident(n)}" for n in (*extras, "source")]
    missing = " OR ".join(
        f"(r.{ident(c.name)} IS NOT NULL AND dim_{c.dimension}.{c.dimension}_key IS NULL)" for c in entity.references
    )
    columns.append(f"CASE WHEN {missing} THEN CAST(to_json({{{', '.join(lost)}}}) AS VARCHAR) END AS unresolved")
    return (
        f"CREATE OR REPLACE TABLE {entity.table} AS\nSELECT\n  "
        + ",\n  ".join(columns)
        + f"\nFROM {rows} r\n"
        + "\n".join(joins)
    )


def contract_rows(entity: Entity, extras: Iterable[str], table: str | None = None) -> str:
    """The rows a star table was built from, as the contract had them: the inverse of `fact` and `dimension`."""
    table = table or entity.table
    names = (*extras, "source")
    if entity.kind == "dimension":
        every = ", ".join(ident(n) for n in (*(c.name for c in entity.columns), *names))
        return f"SELECT {every} FROM {table} WHERE {entity.member}_key > 0"
    columns: list[str] = []
    joins: list[str] = []
    for c in entity.columns:
        if c.dimension:
            dim, key = f"dim_{c.dimension}", f"{c.dimension}_key"
            joins.append(f"JOIN {dim} ON {dim}.{key} = f.{key}")
            path = literal(f"$.{c.name}")
            columns.append(f"coalesce({dim}.{ident(_business_id(c))}, f.unresolved->>{path}) AS {ident(c.name)}")
        elif star_column(c) != c.name:
            columns.append(f"{_day(f'f.{star_column(c)}')} AS {ident(c.name)}")
        else:
            columns.append(f"f.{ident(c.name)}")
    columns += [f"f.{ident(n)}" for n in names]
    return f"SELECT {', '.join(columns)} FROM {table} f {' '.join(joins)}"


def grain(entity: Entity) -> str:
    """The columns that make a row of the star table unique, as SQL."""
    if entity.kind == "dimension":
        return ident(entity.key[0])
    named = {c.name: c for c in entity.columns}
    parts = []
    for name in entity.key:
        parts.append(ident(star_column(named[name])))
        if named[name].dimension:
            # Two ids that are both unknown share key 0 but are different members.
            parts.append(f"unresolved->>{literal(f'$.{name}')}")
    return ", ".join(parts)


def repeats(entity: Entity) -> str:
    """How many rows stand too often.  By hash, which is a third of the cost; a clash of hashes is ruled out later."""
    return f"SELECT count(*) - count(DISTINCT hash({grain(entity)})) FROM {entity.table}"


def repeated_rows(entity: Entity, extras: Iterable[str]) -> str:
    """Every row but the first of each set with equal grain, as contract rows with `_rowid`.

    First is the first by source, then by all columns: business ids, not surrogate
    keys, so that which row stays does not depend on the order of loads.
    """
    extras, key, table = tuple(extras), grain(entity), entity.table
    suspects = (
        f"(SELECT *, rowid AS _rowid FROM {table} "
        f"WHERE hash({key}) IN (SELECT hash({key}) FROM {table} GROUP BY 1 HAVING count(*) > 1))"
    )
    order = ", ".join(ident(n) for n in ("source", *(c.name for c in entity.columns), *extras, "_rowid"))
    return f"""SELECT * EXCLUDE (_place) FROM (
  SELECT *, row_number() OVER (PARTITION BY {", ".join(ident(n) for n in entity.key)} ORDER BY {order}) AS _place
  FROM ({contract_rows(entity, (*extras, "_rowid"), suspects)})
) WHERE _place > 1"""


def first_and_last_year() -> str:
    """First and last year that any fact or score speaks of; NULL where there is none."""
    days = " UNION ALL ".join(
        f"SELECT min({c.date_key}) AS low, max({c.date_key}) AS high FROM {e.table} WHERE {c.date_key} > 0"
        for e in FACTS.values()
        for c in e.days
    )
    days += " UNION ALL SELECT min(date_key), max(date_key) FROM fct_score"
    return f"SELECT min(low) // 10000, max(high) // 10000 FROM ({days})"


def _fact_columns(c: Column) -> list[str]:
    if c.dimension:
        return [f"coalesce(dim_{c.dimension}.{c.dimension}_key, 0) AS {c.dimension}_key"]
    if c.date_key:
        day = f"r.{ident(c.name)}"
        key = f"CAST(year({day}) * 10000 + month({day}) * 100 + day({day}) AS INTEGER)"
        keyed = f"coalesce({key}, 0) AS {c.date_key}"
        return [keyed, f"r.{ident(c.name)}"] if c.type == "TIMESTAMP" else [keyed]
    return [f"r.{ident(c.name)}"]


def _business_id(c: Column) -> str:
    return "channel" if c.dimension == "channel" else f"{c.dimension}_id"


def _day(key: str) -> str:
    return f"CASE WHEN {key} > 0 THEN make_date({key} // 10000, {key} // 100 % 100, {key} % 100) END"
