"""The tables of the warehouse: the person's rows changed as the registry says, totals held to the cent.

May import: errors, sql, config, engines, warehouse.{consent_*,history,intervals,rekey,scores,segments,tables},
warehouse.erasure.*.
Imported by: pipeline.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from crm_analytics.config import Tracked
from crm_analytics.engines import Engine
from crm_analytics.errors import DataError
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.consent_chain import SUBJECTS
from crm_analytics.warehouse.consent_ledger import append_consents
from crm_analytics.warehouse.erasure.needles import KINDS, Kind
from crm_analytics.warehouse.erasure.person import CUSTOMERS, Person, rows_of
from crm_analytics.warehouse.erasure.registry import HOW, WIPED, Holding, holding
from crm_analytics.warehouse.erasure.rules import RowRule
from crm_analytics.warehouse.erasure.search import near, texts
from crm_analytics.warehouse.history import renew_history
from crm_analytics.warehouse.intervals import history_table
from crm_analytics.warehouse.rekey import unresolved_with
from crm_analytics.warehouse.scores import renew_dim_score
from crm_analytics.warehouse.segments import renew_dim_segment
from crm_analytics.warehouse.tables import ENTITIES, FACTS

Totals = Mapping[str, str]
CUSTOMER = ENTITIES[CUSTOMERS]
ROLLUPS, DECISIONS = "rollups", "identity_decision"


@dataclass(frozen=True, slots=True)
class Step:
    """What was done to one table or file; `left` says why something that is still there could not be changed."""

    where: str
    done: str
    rows: int = 0
    left: str = ""


def erase_tables(engine: Engine, person: Person, now: datetime, tracked: Tracked | None = None) -> list[Step]:
    """Change every table, within a transaction of the caller; gives what was done, and what names the person still.

    Parameters
    ----------
    tracked : how the history of customers is kept, if it is: the dates of their versions stay

    Raises
    ------
    DataError : a total would not be what it was; the transaction must not end well then.
    """
    before = totals(engine)
    dates = dates_of(tracked)
    steps = [_erase(engine, table, held, person, dates) for table, held in holdings(engine).items() if held is not None]
    if tracked and history_table(CUSTOMER) in engine.tables():
        engine.execute("CREATE TEMP TABLE erased_member AS SELECT $name AS customer_id", {"name": person.pseudonym})
        renew_history(engine, CUSTOMER, tracked, "erased_member")
        engine.execute("DROP TABLE erased_member")
    _hold_together(engine, person, now)
    _tidy(engine, now)
    after = totals(engine)
    if moved := sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)):
        raise DataError(f"erasing would change {', '.join(moved)}; nothing was changed")
    return [step for step in steps if step.rows] + _left(engine, person)


def dates_of(tracked: Tracked | None) -> frozenset[str]:
    """The columns that say when a version of a customer is true."""
    return frozenset({tracked.changed, tracked.retracted} - {""}) if tracked else frozenset()


def holdings(engine: Engine) -> dict[str, Holding | None]:
    """Every table of the warehouse by name, with what is said of it."""
    tables = engine.tables()
    rollups = {str(name) for (name,) in engine.rows(f"SELECT table_name FROM {ROLLUPS}")} if ROLLUPS in tables else ()
    return {table: holding(table, rollups) for table in sorted(tables)}


def totals(engine: Engine) -> Totals:
    """Rows, distinct ids and sums of money of every fact, and the numbers of customers and rejects: to the cent."""
    found: dict[str, str] = {}
    for fact in FACTS.values():
        if fact.table in engine.tables():
            first = fact.columns[0]
            asked = {"rows": "count(*)"} | {c.name: f"coalesce(sum({ident(c.name)}), 0)" for c in fact.money}
            if not first.dimension:
                asked[f"{first.name}s"] = f"count(DISTINCT {ident(first.name)})"
            (row,) = engine.rows(f"SELECT {', '.join(asked.values())} FROM {fact.table}")
            found |= {f"{fact.table}.{name}": str(value) for name, value in zip(asked, row, strict=True)}
    for table in ("dim_customer", "rejects"):
        if table in engine.tables():
            ((rows,),) = engine.rows(f"SELECT count(*) FROM {table}")
            found[f"{table}.rows"] = str(rows)
    return found


def text_columns(engine: Engine, table: str, held: Holding | None = None) -> dict[str, str]:
    """The columns of a table that may hold a text, with their types; without those of which `held` says more."""
    known = {*held.ids, *held.keys, *held.fixed, *held.wiped, "unresolved"} if held else set()
    kinds = engine.columns(ident(table))
    return {name: kinds[name] for name in texts(kinds) if name not in known}


def _erase(engine: Engine, table: str, held: Holding, person: Person, dates: frozenset[str]) -> Step:
    theirs = rows_of(engine, table, held, person)
    match held.how:
        case "blank":
            rows = _blanked(engine, table, held, person, theirs, dates)
        case "stays":
            rows = _pseudonymised(engine, table, held, person, theirs)
        case "goes":
            rows = _count(engine, f"DELETE FROM {ident(table)} WHERE {theirs}")
        case "json":
            rows = _json_rows(engine, table, person, theirs, dates)
        case "mentions":
            rows = _mentions(engine, table, held, person)
        case "anew":
            engine.execute(f"DROP TABLE {ident(table)}")
            engine.execute(f"DELETE FROM {ROLLUPS} WHERE table_name = $table", {"table": table})
            rows = 0
        case _:
            rows = 0
    return Step(table, HOW[held.how], rows)


def _blanked(engine: Engine, table: str, held: Holding, person: Person, theirs: str, dates: frozenset[str]) -> int:
    columns = engine.columns(ident(table))
    new = {c: person.renamed(ident(c)) for c in held.ids if c in columns}
    new |= {c: "NULL" for c in columns if c not in {*held.ids, *held.keys, *held.fixed, *dates}}
    return _count(engine, f"UPDATE {ident(table)} SET {_set(new)} WHERE {theirs}")


def _pseudonymised(engine: Engine, table: str, held: Holding, person: Person, theirs: str) -> int:
    """Ids become the pseudonym; a text of theirs that names them goes, one of somebody else loses the words."""
    columns = engine.columns(ident(table))
    cells = {c: _id_cell(c, person.is_customer(ident(c)), person) for c in held.customers if c in columns}
    for source, record in held.records:
        if record in columns:
            cells[record] = _id_cell(record, person.is_record(ident(record), ident(source)), person)
    cells |= {c: f"CASE WHEN NOT {theirs} THEN {ident(c)} END" for c in held.wiped if c in columns}
    kinds = text_columns(engine, table, held)
    for column in near(engine, ident(table), kinds, person.needles, person.told):
        cells[column] = _text_cell(ident(column), kinds[column], person, theirs)
    if "unresolved" in columns:
        cells["unresolved"] = _unresolved(table, person, theirs)
    differs = " OR ".join(f"{ident(c)} IS DISTINCT FROM ({sql})" for c, sql in cells.items()) or "FALSE"
    ((rows,),) = engine.rows(f"SELECT count(*) FROM {ident(table)} WHERE {theirs} OR {differs}")
    if rows:
        engine.execute(f"UPDATE {ident(table)} SET {_set(cells)} WHERE {differs}")
    return int(str(rows))


def _id_cell(column: str, is_theirs: str, person: Person) -> str:
    return f"CASE WHEN {is_theirs} THEN {person.renamed(ident(column))} ELSE {ident(column)} END"


def _unresolved(table: str, person: Person, theirs: str) -> str:
    """The ids that the keys of a fact do not say, as the load writes them: the changed files give the same text."""
    fact = next(entity for entity in FACTS.values() if entity.table == table)
    customer = next(column for column in fact.references if column.dimension == "customer")
    held = "f.unresolved->>'$.customer_id'"
    new = unresolved_with(fact, customer, person.renamed(f"({held})")).replace("f.unresolved", "unresolved")
    return f"CASE WHEN {theirs} AND unresolved->>'$.customer_id' IS NOT NULL THEN {new} ELSE unresolved END"


def _text_cell(column: str, kind: str, person: Person, theirs: str) -> str:
    needles = person.needles
    text = column if kind == "VARCHAR" else f"CAST({column} AS VARCHAR)"
    others = (
        f"nullif(trim({needles.cut_sql(column)}), '')"
        if kind == "VARCHAR"
        else "NULL"  # a list or an object is not cut in pieces
    )
    same = [f"WHEN {column} = {literal(i)} THEN {literal(name)}" for i, name in person.told.items()]
    told = " ".join(same) if kind == "VARCHAR" else ""
    return (
        f"CASE {told} WHEN {theirs} AND {needles.found_sql(text, own=True)} THEN NULL "
        f"WHEN NOT {theirs} AND {needles.found_sql(text, own=False)} THEN {others} ELSE {column} END"
    )


def _json_rows(engine: Engine, table: str, person: Person, theirs: str, dates: frozenset[str]) -> int:
    """Each row of JSON by `RowRule`; of a refused customer nothing but the id stays."""
    found = engine.rows(
        f"SELECT rowid, entity, source, row_json FROM {ident(table)} "
        f"WHERE {theirs} OR {person.needles.found_sql('row_json', own=True)}"
    )
    changed = 0
    for rowid, entity, source, text in found:
        new = json_without(str(text), row_rule(person, str(source), dates, whole=entity == CUSTOMERS))
        if new != text:
            change = f"UPDATE {ident(table)} SET row_json = $new WHERE rowid = $rowid"
            engine.execute(change, {"new": new, "rowid": rowid})
            changed += 1
    return changed


def row_rule(person: Person, source: str, dates: frozenset[str], *, whole: bool) -> RowRule:
    """The rule for a row in contract form."""
    ids = {"customer_id": person.names_in(source)}
    personal = frozenset(WIPED)
    return RowRule(needles=person.needles, ids=ids, told=person.told, personal=personal, whole=whole, kept=dates)


def json_without(text: str, rule: RowRule) -> str:
    """A JSON row as it may stay."""
    row = json.loads(text)
    new = rule.changed(row)
    return text if new is row else json.dumps(new, ensure_ascii=False, separators=(",", ":"))


def _mentions(engine: Engine, table: str, held: Holding, person: Person) -> int:
    """A text that names the person by word, or by the id in quotes, goes as a whole."""
    rows = 0
    for column in text_columns(engine, table, held):
        named = person.needles.found_sql(ident(column), own=False)
        # Ids that are numbers or words stand in quotes beside the column they are of.
        quoted = (
            f"contains({ident(column)}, 'customer_id') AND contains({ident(column)}, {literal(literal(person.id))})"
        )
        rows += _count(engine, f"UPDATE {ident(table)} SET {ident(column)} = NULL WHERE {named} OR ({quoted})")
    return rows


def _hold_together(engine: Engine, person: Person, now: datetime) -> None:
    """Without their attributes nothing says any more that several records are one customer: a decision does."""
    if DECISIONS not in engine.tables():
        return
    records = [(source, person.names[i]) for source, i in sorted(person.records)]
    for source, record in records[1:]:
        engine.execute(
            f"INSERT INTO {DECISIONS} (decision_id, decided_at, kind, source, record_id, other_source, other_record, "
            "customer_id, who, why) SELECT coalesce(max(decision_id), 0) + 1, $now, 'accept', $first_source, $first, "
            f"$source, $record, $customer, 'crm forget', 'were one customer' FROM {DECISIONS}",
            {
                "now": now,
                "first_source": records[0][0],
                "first": records[0][1],
                "source": source,
                "record": record,
                "customer": person.pseudonym,
            },
        )


def _tidy(engine: Engine, now: datetime) -> None:
    """What is made from the tables that have changed."""
    tables = engine.tables()
    if {"fct_score", "dim_customer"} <= tables:
        renew_dim_score(engine)
    if "segment_member" in tables:
        engine.execute(
            "UPDATE segment SET customers = (SELECT count(*) FROM segment_member m WHERE m.segment = segment.segment)"
        )
        renew_dim_segment(engine)
    if {SUBJECTS, "loads"} <= tables:  # what is said of consent is said by the pseudonym from now on
        ((load_id,),) = engine.rows("SELECT coalesce(max(load_id), 0) FROM loads")
        append_consents(engine, int(str(load_id)), now)


def _left(engine: Engine, person: Person) -> list[Step]:
    """Where a text of this person and nobody else still stands.

    In a table that holds nobody a name is no person's: a brand or a store may be called like somebody.
    """
    found = []
    for table, held in holdings(engine).items():
        kinds: tuple[Kind, ...] = ("email", "phone") if held and held.how == "nobody" else KINDS
        columns = near(engine, ident(table), text_columns(engine, table), person.needles)
        named = [person.needles.found_sql(f"CAST({ident(c)} AS VARCHAR)", own=False, kinds=kinds) for c in columns]
        counts = ", ".join(f"count(*) FILTER (WHERE {sql})" for sql in named)
        (numbers,) = engine.rows(f"SELECT {counts} FROM {ident(table)}") if columns else [()]
        for column, number in zip(columns, numbers, strict=True):
            if rows := int(str(number)):
                why = "is said to hold nobody" if held else "is a table that the registry does not know"
                found.append(Step(f"{table}.{column}", "left", rows, f"{why}, and names the person"))
    return found


def _set(cells: Mapping[str, str]) -> str:
    return ", ".join(f"{ident(column)} = {sql}" for column, sql in cells.items())


def _count(engine: Engine, change: str) -> int:
    ((rows,),) = engine.rows(change)
    return int(str(rows))
