"""At the door of a load: rows of an erased person come in under their pseudonym, without a word of theirs.

Costs nothing while nobody was erased.  A customer is known again by the id; by
e-mail or phone too, unless registered after the erasure: who comes back on
their own is a new customer.  A text among the facts of an erased person goes
where the words of a name, an e-mail or a phone stand in it.

May import: sql, engines, warehouse.{build,ledger,tables}, warehouse.erasure.*.
Imported by: warehouse.{arrival,load}, pipeline.
"""

import json
import re
from collections.abc import Mapping
from datetime import date

from crm_analytics.engines import Engine
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse import build
from crm_analytics.warehouse.erasure.log import (
    ERASED,
    PSEUDONYM,
    Mark,
    hash_sql,
    hashed,
    known_salt,
    pseudonym,
    remember,
)
from crm_analytics.warehouse.erasure.needles import digits
from crm_analytics.warehouse.erasure.person import CUSTOMERS, IDENTITY, Person
from crm_analytics.warehouse.erasure.registry import WIPED, names_customers
from crm_analytics.warehouse.ledger import MISREAD
from crm_analytics.warehouse.tables import Entity

OWN_ID = "trim(CAST(r.customer_id AS VARCHAR))"


def pseudonymised(engine: Engine, entity: Entity, rows: str) -> str:
    """SQL for contract rows, those of erased persons pseudonymised; `rows` itself where nobody was erased.

    `rows` is a relation with the contract columns of `entity`, `source`, and any others.  Customers have to come
    before facts: they may bring further ids of an erased person.  Of millions of facts only those are hashed whose
    customer is not known today.
    """
    if not names_customers(entity) or not (salt := _in_use(engine)):
        return rows
    kinds = engine.columns(rows)
    if entity.name == CUSTOMERS:
        _learn(engine, salt, rows, kinds)
    own_id = hash_sql(salt, "id", OWN_ID)
    known = _known(engine) if entity.name != CUSTOMERS else ""
    joins, known_as = _joins(engine, f"CASE WHEN k.customer_id IS NULL THEN {own_id} END" if known else own_id)
    # Changed files bring the pseudonym itself.  Whatever a mapping makes of their empty cells says nothing of anybody.
    already = f"CASE WHEN starts_with(r.customer_id, {literal(PSEUDONYM)}) THEN r.customer_id END"
    known_as = f"coalesce({known_as}, {already})"
    cells = {name: f"r.{ident(name)}" for name in kinds}
    if entity.name == CUSTOMERS:
        # The dates of a version are part of its key.
        attributes = kinds.keys() - build.ORIGIN.keys() - build.VERDICT.keys() - set(entity.key)
        cells |= {name: f"CASE WHEN {known_as} IS NULL THEN r.{ident(name)} END" for name in attributes}
    else:
        for name in _texts(entity, kinds):
            named = "TRUE" if name in WIPED else _mentions(engine, salt, f"r.{ident(name)}")
            cells[name] = f"CASE WHEN {known_as} IS NULL OR NOT {named} THEN r.{ident(name)} END"
    cells["customer_id"] = f"coalesce({known_as}, r.customer_id)"
    columns = ", ".join(f"{sql} AS {ident(name)}" for name, sql in cells.items())
    return f"(SELECT {columns} FROM {rows} AS r {known} {joins})"


def _known(engine: Engine) -> str:
    """A join that finds the customers of today, or their records, as `k`."""
    if IDENTITY not in engine.tables():
        return "LEFT JOIN dim_customer k ON k.customer_id = r.customer_id"
    records = f"(SELECT source, record_id AS customer_id FROM {IDENTITY})"
    return f"LEFT JOIN {records} k ON k.customer_id = r.customer_id AND k.source = r.source"


def _joins(engine: Engine, own_id: str) -> tuple[str, str]:
    """Joins that find the pseudonym of a row `r` by the hash of its id, and the SQL for it."""
    ((bound,),) = engine.rows(f"SELECT EXISTS (SELECT 1 FROM {ERASED} WHERE kind = 'id' AND source <> '')")
    found = f"SELECT source, hash, any_value(pseudonym) AS pseudonym FROM {ERASED} WHERE kind = 'id' GROUP BY 1, 2"
    joins = f"LEFT JOIN ({found}) e ON e.source = '' AND e.hash = {own_id}"
    if not bound:
        return joins, "e.pseudonym"
    return f"{joins} LEFT JOIN ({found}) s ON s.source = r.source AND s.hash = {own_id}", (
        "coalesce(e.pseudonym, s.pseudonym)"
    )


def clean_rejects(engine: Engine, entity: Entity, load_id: int) -> None:
    """The same for the rows that a load refused: ids become pseudonyms; of a customer, and of texts, nothing stays.

    A line that could not be made a row goes where words of an erased person stand in it.
    """
    if not names_customers(entity) or not (salt := _in_use(engine)):
        return
    texts = {str(h): int(str(n)) for h, n in engine.rows(f"SELECT hash, words FROM {ERASED} WHERE kind = 'text'")}
    joins, known_as = _joins(engine, hash_sql(salt, "id", "trim(r.row_json->>'$.customer_id')"))
    for rowid, row, name in engine.rows(
        f"SELECT r.rowid, r.row_json, {known_as} FROM rejects r {joins} "
        "WHERE r.entity = $entity AND r.load_id = $load "
        f"AND ({known_as} IS NOT NULL OR starts_with(r.reason, {literal(MISREAD)}))",
        {"entity": entity.name, "load": load_id},
    ):
        old, whole = json.loads(str(row)), entity.name == CUSTOMERS and name is not None
        new = {
            key: None
            if (whole and key not in entity.key)
            or key in WIPED
            or (isinstance(value, str) and _named(salt, texts, value))
            else value
            for key, value in old.items()
        }
        new |= {"customer_id": name} if name is not None else {}
        if new != old:
            text = json.dumps(new, ensure_ascii=False, separators=(",", ":"))
            engine.execute("UPDATE rejects SET row_json = $text WHERE rowid = $rowid", {"text": text, "rowid": rowid})


def marks(person: Person) -> list[Mark]:
    """By what a later load knows a person: the ids, an e-mail or phone of nobody else, words in texts of theirs."""
    found = [Mark("id", i, name) for i, name in person.names.items() if i not in person.contested]
    found += [Mark("id", i, person.names[i], s) for s, i in sorted(person.records) if i in person.contested]
    for needle in person.needles.all:
        if needle.kind == "email" and not needle.shared:
            found.append(Mark("email", needle.text.strip().lower(), person.pseudonym))
        if needle.kind == "phone" and not needle.own_rows_only:
            found.append(Mark("phone", digits(needle.text), person.pseudonym))
        if words := _words(needle.text):
            found.append(Mark("text", " ".join(words), person.pseudonym))
    return list(dict.fromkeys(found))


def _in_use(engine: Engine) -> str:
    """The salt where somebody was erased, else ''."""
    salt = known_salt(engine)
    return salt if salt and engine.rows(f"SELECT 1 FROM {ERASED} LIMIT 1") else ""


def _learn(engine: Engine, salt: str, rows: str, kinds: Mapping[str, str]) -> None:
    """Remember the ids under which an erased person's e-mail or phone stands now.

    Not those of customers of today: somebody may have taken over an address.
    """
    plain = {
        "email": "lower(trim(CAST(r.email AS VARCHAR)))",
        "phone": "regexp_replace(regexp_replace(CAST(r.phone AS VARCHAR), '[^0-9]', '', 'g'), '^00', '')",
    }
    same = [f"(a.kind = '{k}' AND a.hash = {hash_sql(salt, k, sql)})" for k, sql in plain.items() if k in kinds]
    if not same:
        return
    before = "(r.registered_on IS NULL OR r.registered_on <= a.erased_on)" if "registered_on" in kinds else "TRUE"
    joins, pseudonym_of = _joins(engine, hash_sql(salt, "id", OWN_ID))
    apart = IDENTITY in engine.tables()  # then a record is somebody in its own source alone
    for customer_id, source, name, day in engine.rows(
        f"SELECT DISTINCT {OWN_ID}, r.source, a.pseudonym, a.erased_on FROM {rows} AS r {_known(engine)} {joins} "
        f"JOIN {ERASED} a ON ({' OR '.join(same)}) AND {before} "
        f"WHERE k.customer_id IS NULL AND {pseudonym_of} IS NULL"
    ):
        if isinstance(day, date):
            known_as = pseudonym(salt, f"{source}:{customer_id}") if apart else str(name)
            remember(engine, [Mark("id", str(customer_id), known_as, str(source) if apart else "")], day)


def once_contested(engine: Engine, column: str) -> str:
    """SQL that is true where an id was also that of an erased person's record in one source alone.

    What it meant elsewhere nobody could say then, and the one who is left must not get it now.
    """
    if not (salt := _in_use(engine)):
        return "FALSE"
    bound = f"SELECT hash FROM {ERASED} WHERE kind = 'id' AND source <> ''"
    return f"{hash_sql(salt, 'id', column)} IN ({bound})"


def _texts(entity: Entity, kinds: Mapping[str, str]) -> list[str]:
    """The columns with texts that may name somebody: no ids, no words of a list, nothing a row must have."""
    own = {c.name: c for c in entity.columns}
    return [
        name
        for name, kind in kinds.items()
        if kind == "VARCHAR"
        and name != "source"
        and (name not in own or not (own[name].required or own[name].dimension or own[name].values))
    ]


def _mentions(engine: Engine, salt: str, text: str) -> str:
    """SQL that is true where words of an erased person stand in a text: every run of as many words, hashed."""
    lengths = engine.rows(f"SELECT DISTINCT words FROM {ERASED} WHERE kind = 'text' ORDER BY 1")
    words = f"regexp_extract_all(lower({text}), '[\\pL\\pN]+')"
    runs = [
        f"coalesce(list_has_any(list_transform(range(1, len({words}) - {n} + 2), "
        f"lambda i: {hash_sql(salt, 'text', f'''array_to_string({words}[i:i + {n} - 1], ' ')''')}), "
        f"(SELECT list(hash) FROM {ERASED} WHERE kind = 'text' AND words = {n})), FALSE)"
        for (n,) in lengths
    ]
    return f"({' OR '.join(runs) or 'FALSE'})"


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _named(salt: str, texts: Mapping[str, int], text: str) -> bool:
    """What `_mentions` says in SQL."""
    words = _words(text)
    runs = {(i, n) for n in set(texts.values()) for i in range(len(words) - n + 1)}
    return any(hashed(salt, "text", " ".join(words[i : i + n])) in texts for i, n in runs)
