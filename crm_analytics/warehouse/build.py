"""The SQL between contract rows and the star.  Text in, text out.

Keys are stable: a member that is loaded again keeps its surrogate key, new ones
follow in the order of their ids.  A fact whose id does not resolve gets key 0,
the unknown member, and keeps the id in `unresolved`; that is why `contract_rows`
can give back exactly the rows a table was built from, and no copy of the staged
rows is kept.

Every row says where it is from: `source`, `part_key` (see warehouse.parts) and
`load_id`, the load that put it there.

May import: sql, warehouse.tables.   Imported by: warehouse.*.
"""

from collections.abc import Collection, Iterable, Sequence

from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.tables import FACTS, Column, Entity, star_column

ORIGIN = {"source": "VARCHAR", "part_key": "INTEGER", "load_id": "INTEGER"}
# What a staged row says of itself until it is accepted: why not, the row as it was given, whether money was rounded.
VERDICT = {"_reason": "VARCHAR", "_row": "VARCHAR", "_rounded": "BOOLEAN"}


def keyed(
    entity: Entity,
    rows: str,
    extras: Iterable[str],
    more: Iterable[str] = VERDICT,
    absent: Collection[str] = (),
) -> str:
    """A SELECT of star rows from the contract rows in `rows`; columns named in `more` pass through.

    Ids named in `absent` are known to be missing in all rows: there is nothing to look up.
    """
    names = (*extras, *ORIGIN, *more)
    if entity.kind == "dimension":
        return _keyed_members(entity, rows, names)
    columns, joins, lost = [], [], []
    for c in entity.columns:
        if c.name in absent and c.dimension:
            columns.append(f"CAST(0 AS INTEGER) AS {c.dimension}_key")
            lost.append(f"{ident(c.name)}: CAST(NULL AS VARCHAR)")
            continue
        columns += _fact_columns(c)
        if c.dimension:
            joins.append(_lookup(c))
            lost.append(f"{ident(c.name)}: CASE WHEN {_other(c)} THEN r.{ident(c.name)} END")
    columns += [f"r.{ident(n)}" for n in names]
    named = [c for c in entity.references if c.name not in absent]
    missing = " OR ".join(f"(r.{ident(c.name)} IS NOT NULL AND {_other(c)})" for c in named) or "FALSE"
    unresolved = f"CASE WHEN {missing} THEN CAST(to_json({{{', '.join(lost)}}}) AS VARCHAR) END"
    columns.append(f"{unresolved if lost else 'CAST(NULL AS VARCHAR)'} AS unresolved")
    return "SELECT\n  " + ",\n  ".join(columns) + f"\nFROM {rows} r\n" + "\n".join(joins)


def _keyed_members(entity: Entity, rows: str, names: Sequence[str]) -> str:
    key, business = f"{entity.member}_key", ident(entity.key[0])
    columns = ", ".join(f"r.{ident(n)}" for n in (*(c.name for c in entity.columns), *names))
    return f"""SELECT CAST(coalesce(known.{key}, (SELECT coalesce(max({key}), 0) FROM {entity.table})
    + dense_rank() OVER (PARTITION BY known.{key} IS NULL ORDER BY r.{business})) AS INTEGER) AS {key},
  {columns}
FROM {rows} r LEFT JOIN {entity.table} AS known ON known.{business} = r.{business}"""


def unknown_member(entity: Entity) -> str:
    """`CREATE TABLE` for a dimension that holds nothing but its unknown member."""
    columns = ", ".join(f"CAST(NULL AS {kind}) AS {ident(n)}" for n, kind in _types(entity).items())
    return f"CREATE TABLE {entity.table} AS SELECT CAST(0 AS INTEGER) AS {entity.member}_key, {columns}"


def _types(entity: Entity) -> dict[str, str]:
    return {c.name: c.type for c in entity.columns} | ORIGIN


def star_names(entity: Entity) -> list[str]:
    """The columns that every table of this entity has; the others are attributes that a mapping brought."""
    own = [c.name for c in entity.columns] if entity.kind == "dimension" else []
    own = own or [name for c in entity.columns for name in _fact_names(c)]
    return own + [f"{entity.member}_key"] * (entity.kind == "dimension") + [*ORIGIN, "unresolved"]


def contract_rows(entity: Entity, extras: Iterable[str], table: str | None = None, more: Iterable[str] = ()) -> str:
    """The rows a star table was built from, as the contract had them: the inverse of `keyed`."""
    table = table or entity.table
    names = (*extras, *ORIGIN, *more)
    if entity.kind == "dimension":
        every = ", ".join(ident(n) for n in (*(c.name for c in entity.columns), *names))
        return f"SELECT {every} FROM {table} WHERE {entity.member}_key > 0"
    columns: list[str] = []
    joins: list[str] = []
    for c in entity.columns:
        if c.dimension:
            dim, key = f"dim_{c.dimension}", f"{c.dimension}_key"
            joins.append(f"JOIN {dim} ON {dim}.{key} = f.{key}")
            columns.append(f"{said(c)} AS {ident(c.name)}")
        elif star_column(c) != c.name:
            columns.append(f"{_day(f'f.{star_column(c)}')} AS {ident(c.name)}")
        else:
            columns.append(f"f.{ident(c.name)}")
    columns += [f"f.{ident(n)}" for n in names]
    return f"SELECT {', '.join(columns)} FROM {table} f {' '.join(joins)}"


def said(c: Column, row: str = "f") -> str:
    """SQL for the id that a fact row was brought with: `unresolved` where the key does not say it."""
    return f"coalesce({row}.unresolved->>{literal(f'$.{c.name}')}, dim_{c.dimension}.{ident(business_id(c))})"


def grain(entity: Entity, row: str = "") -> list[str]:
    """The SQL terms that together are unique in the star table."""
    dot = f"{row}." if row else ""
    if entity.kind == "dimension":
        return [dot + ident(name) for name in entity.key]
    named = {c.name: c for c in entity.columns}
    parts = []
    for name in entity.key:
        parts.append(dot + ident(star_column(named[name]) if name in named else name))
        if name in named and named[name].dimension:
            # Two ids that are both unknown share key 0 but are different members.
            parts.append(f"coalesce({dot}unresolved->>{literal(f'$.{name}')}, '')")
    return parts


def same_grain(entity: Entity, one: str, other: str) -> str:
    """A join condition: two rows of the star table have the same key."""
    pairs = zip(grain(entity, one), grain(entity, other), strict=True)
    return " AND ".join(f"{a} = {b}" for a, b in pairs)


def repeats(entity: Entity, table: str) -> str:
    """How many rows stand too often.  By hash, which is a third of the cost; a clash of hashes is ruled out later."""
    return f"SELECT count(*) - count(DISTINCT hash({', '.join(grain(entity))})) FROM {table}"


def repeated_keys(entity: Entity, table: str) -> str:
    """The keys, as the columns k0, k1 ..., that stand more than once."""
    keys, hashed = grain(entity), f"hash({', '.join(grain(entity))})"
    named = ", ".join(f"{k} AS k{i}" for i, k in enumerate(keys))
    return (
        f"SELECT {named} FROM {table} WHERE {hashed} IN "
        f"(SELECT {hashed} FROM {table} GROUP BY 1 HAVING count(*) > 1) GROUP BY ALL HAVING count(*) > 1"
    )


def first_and_last_year() -> str:
    """First and last year that any fact or score speaks of; NULL where there is none."""
    days = " UNION ALL ".join(
        f"SELECT min({c.date_key}) AS low, max({c.date_key}) AS high FROM {e.table} WHERE {c.date_key} > 0"
        for e in FACTS.values()
        for c in e.days
    )
    days += " UNION ALL SELECT min(date_key), max(date_key) FROM fct_score"
    return f"SELECT min(low) // 10000, max(high) // 10000 FROM ({days})"


def business_id(c: Column) -> str:
    """The id column of the dimension that a column refers to."""
    return "channel" if c.dimension == "channel" else f"{c.dimension}_id"


def _lookup(c: Column) -> str:
    """The join that finds the member an id names."""
    dim, column = f"dim_{c.dimension}", f"r.{ident(c.name)}"
    if not c.through:
        return f"LEFT JOIN {dim} ON {dim}.{ident(business_id(c))} = {column}"
    # An id means the record of its own source; where that has none, what the others agree on.
    return (
        f"LEFT JOIN {c.through} AS own_ref ON own_ref.source = r.source AND own_ref.id = {column} "
        f"LEFT JOIN {c.through} AS other_ref ON other_ref.source = '' AND other_ref.id = {column}"
    )


def _key(c: Column) -> str:
    key = f"{c.dimension}_key"
    return f"coalesce(own_ref.{key}, other_ref.{key})" if c.through else f"dim_{c.dimension}.{key}"


def _other(c: Column) -> str:
    """Whether the key that was found does not say the id: there is none, or the member bears another."""
    if not c.through:
        return f"{_key(c)} IS NULL"
    said_by = f"coalesce(own_ref.{business_id(c)}, other_ref.{business_id(c)})"
    return f"{said_by} IS DISTINCT FROM r.{ident(c.name)}"


def _fact_columns(c: Column) -> list[str]:
    if c.dimension:
        return [f"coalesce({_key(c)}, 0) AS {c.dimension}_key"]
    if c.date_key:
        day = f"r.{ident(c.name)}"
        # A refused row may hold a year that no key has room for.
        key = f"TRY_CAST(year({day}) * 10000 + month({day}) * 100 + day({day}) AS INTEGER)"
        keyed = f"coalesce({key}, 0) AS {c.date_key}"
        return [keyed, f"r.{ident(c.name)}"] if c.type == "TIMESTAMP" else [keyed]
    return [f"r.{ident(c.name)}"]


def _fact_names(c: Column) -> list[str]:
    if c.dimension:
        return [f"{c.dimension}_key"]
    if c.date_key:
        return [c.date_key, c.name] if c.type == "TIMESTAMP" else [c.date_key]
    return [c.name]


def _day(key: str) -> str:
    return f"CASE WHEN {key} > 0 THEN make_date({key} // 10000, {key} // 100 % 100, {key} % 100) END"
