"""Who a person is: the ids, the key, and every text that names them, from every place that knows one.

Where several source records are one customer, each has an id of its own, which
means that record in its own source.  In other sources it means the customer, as
long as no record of somebody else bears it too (`contested`).

May import: sql, engines, warehouse.sources, warehouse.erasure.{needles,registry}.
Imported by: warehouse.erasure.*, pipeline.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from crm_analytics.engines import Engine
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.erasure.needles import KINDS, TEXTS, Kind, Needle, Needles, digits
from crm_analytics.warehouse.erasure.places import is_in_files
from crm_analytics.warehouse.erasure.registry import TABLES, Holding
from crm_analytics.warehouse.sources import Source

CUSTOMERS = "customers"
IDENTITY = "customer_identity"
Texts = dict[Kind, dict[str, None]]
# Columns that name a person; a loyalty id only where it can be nothing else.
NAMING: dict[str, Kind] = {**{kind: kind for kind in TEXTS}, "loyalty_id": "id"}
Pseudonym = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Person:
    """A person under one customer id.

    key       : theirs in `dim_customer`, 0 where it does not know them
    names     : what stands for each of their ids: that of the customer first, then those of source records
    records   : source and id of each record
    contested : ids that a record of somebody else bears too, in another source
    """

    id: str
    names: dict[str, str]
    key: int = 0
    records: frozenset[tuple[str, str]] = frozenset()
    contested: frozenset[str] = frozenset()
    needles: Needles = field(default_factory=Needles)

    @property
    def pseudonym(self) -> str:
        """What stands for the customer."""
        return self.names[self.id]

    @property
    def told(self) -> dict[str, str]:
        """The ids that can be nothing else in any cell: `C0001` can be told, `17` and `ann` not."""
        return {i: name for i, name in self.names.items() if i not in self.contested and _telling(i)}

    def names_in(self, source: str) -> dict[str, str]:
        """The ids that mean the person in a source, with what stands for them."""
        return {i: n for i, n in self.names.items() if i not in self.contested or (source, i) in self.records}

    def is_customer(self, column: str) -> str:
        """SQL that is true where a column holds the customer's id."""
        return f"CAST({column} AS VARCHAR) = {literal(self.id)}"

    def is_record(self, column: str, source: str) -> str:
        """SQL that is true where a column holds an id of theirs, as the source in another column means it."""
        free = ", ".join(literal(i) for i in self.names if i not in self.contested) or "NULL"
        bound = [f"({source} = {literal(s)} AND {column} = {literal(i)})" for s, i in sorted(self.records)]
        return f"({' OR '.join([f'{column} IN ({free})', *bound])})"

    def renamed(self, column: str) -> str:
        """SQL for what stands for the id in a column that holds one of theirs."""
        cases = " ".join(f"WHEN {literal(i)} THEN {literal(name)}" for i, name in self.names.items())
        return f"CASE {column} {cases} ELSE {column} END"


def find_person(engine: Engine, sources: Sequence[Source], customer_id: str, pseudonym: Pseudonym) -> Person:
    """The person under `customer_id`, with what the warehouse and the raw files of `sources` know of them."""
    tables = engine.tables()
    key = 0
    if "dim_customer" in tables:
        found = engine.rows("SELECT customer_key FROM dim_customer WHERE customer_id = $id", {"id": customer_id})
        key = int(str(found[0][0])) if found else 0
    records, contested = _records(engine, customer_id)
    ids = dict.fromkeys([customer_id, *sorted(i for _, i in records)])
    person = Person(customer_id, {i: pseudonym(i) for i in ids}, key, records, contested)
    texts: Texts = {kind: {} for kind in KINDS}
    for table in sorted(tables & TABLES.keys()):
        _from_table(engine, table, TABLES[table], person, texts)
    _from_rejects(engine, person, texts)
    for source in sources:
        _from_files(engine, source, person, texts)
    needles = [Needle(kind, text, _shared(engine, kind, text, person)) for kind in TEXTS for text in texts[kind]]
    needles += [Needle("id", told) for told in dict.fromkeys([*person.told, *filter(_telling, texts["id"])])]
    return replace(person, needles=Needles(tuple(needles)))


def rows_of(engine: Engine, table: str, held: Holding, person: Person) -> str:
    """SQL that is true for the person's rows of a table; `FALSE` where it has no column that could say so."""
    columns = engine.columns(ident(table))
    parts = [f"{ident(c)} = {person.key}" for c in held.keys if c in columns and person.key]
    parts += [person.is_customer(ident(c)) for c in held.customers if c in columns]
    parts += [person.is_record(ident(i), ident(s)) for s, i in held.records if {s, i} <= columns.keys()]
    if {"unresolved", *held.keys[:1]} <= columns.keys() and held.keys:
        # A fact of a known customer may keep the id that it came with; of an unknown one nothing else says whose it is.
        meant = person.is_record("(unresolved->>'$.customer_id')", "source")
        parts.append(f"({ident(held.keys[0])} = 0 AND {meant})")
    if held.how == "json":
        parts.append(person.is_record("(row_json->>'$.customer_id')", "source"))
    return f"coalesce({' OR '.join(parts)}, FALSE)" if parts else "FALSE"


def _telling(customer_id: str) -> bool:
    return len(customer_id) > 3 and bool(re.search(r"[^\W\d]", customer_id)) and bool(re.search(r"\d", customer_id))


def _records(engine: Engine, customer_id: str) -> tuple[frozenset[tuple[str, str]], frozenset[str]]:
    """The source records that are this customer, and which of their ids somebody else's record bears too."""
    if IDENTITY not in engine.tables():
        return frozenset(), frozenset()
    mine = engine.rows(f"SELECT source, record_id FROM {IDENTITY} WHERE customer_id = $id", {"id": customer_id})
    theirs = engine.rows(
        f"SELECT DISTINCT record_id FROM {IDENTITY} WHERE customer_id <> $id AND "
        f"(record_id = $id OR record_id IN (SELECT record_id FROM {IDENTITY} WHERE customer_id = $id))",
        {"id": customer_id},
    )
    return frozenset((str(s), str(r)) for s, r in mine), frozenset(str(r) for (r,) in theirs)


def _from_table(engine: Engine, table: str, held: Holding, person: Person, texts: Texts) -> None:
    columns = engine.columns(ident(table))
    named = [name for name in NAMING if name in columns]
    theirs = rows_of(engine, table, held, person)
    if held.how == "blank" and named:
        _add(engine, texts, named, f"SELECT {_texts_of(named)} FROM {ident(table)} WHERE {theirs}")
    if {"kind", "value"} <= columns.keys():  # one contact point a row
        points = [f"CASE WHEN kind = {literal(name)} THEN value END" for name in NAMING]
        _add(engine, texts, list(NAMING), f"SELECT {', '.join(points)} FROM {ident(table)} WHERE {theirs}")


def _from_rejects(engine: Engine, person: Person, texts: Texts) -> None:
    values = ", ".join(f"row_json->>'$.{name}'" for name in NAMING)
    for table in {"rejects", "journal_rejects"} & engine.tables():
        theirs = rows_of(engine, table, TABLES[table], person)
        text = f"SELECT {values} FROM {table} WHERE entity = '{CUSTOMERS}' AND {theirs}"
        _add(engine, texts, list(NAMING), text)


def _from_files(engine: Engine, source: Source, person: Person, texts: Texts) -> None:
    """What the raw files say today: it may be newer than the last load."""
    mapping = source.mappings.get(CUSTOMERS)
    if mapping is None or not is_in_files(source, CUSTOMERS):
        return
    source.open_views(engine, mapping)
    try:
        given = engine.columns(f"({mapping}\n) AS mapped")
        named = [name for name in NAMING if name in given]
        if named and "customer_id" in given:
            ids = ", ".join(literal(i) for i in person.names_in(source.name)) or "NULL"
            theirs = f"trim(CAST(customer_id AS VARCHAR)) IN ({ids})"
            _add(engine, texts, named, f"SELECT {_texts_of(named)} FROM ({mapping}\n) AS mapped WHERE {theirs}")
    finally:
        source.close_views(engine)


def _texts_of(columns: Iterable[str]) -> str:
    return ", ".join(f"CAST({ident(name)} AS VARCHAR)" for name in columns)


def _add(engine: Engine, texts: Texts, columns: Sequence[str], select: str) -> None:
    """Take in what the columns of a SELECT say."""
    for row in engine.rows(select):
        for name, value in zip(columns, row, strict=True):
            text = str(value or "").strip()
            if len(text) > 1:
                texts[NAMING[name]][text] = None


def _shared(engine: Engine, kind: Kind, text: str, person: Person) -> bool:
    """Whether another customer bears this text too, or one that holds it."""
    if "dim_customer" not in engine.tables():
        return False
    same = Needles((Needle(kind, text),)).found_sql(ident(kind), own=True)
    if kind == "phone" and digits(text):
        same += f" OR regexp_replace({ident(kind)}, '[^0-9]', '', 'g') = {literal(digits(text))}"
    ((shared,),) = engine.rows(
        f"SELECT EXISTS (SELECT 1 FROM dim_customer WHERE customer_id <> $id AND ({same}))", {"id": person.id}
    )
    return bool(shared)
