"""Parquet: rewritten by DuckDB in the order of its rows, the types as they were.

May import: errors, sql, engines, warehouse.erasure.rules, files.place.   Imported by: warehouse.erasure.files.
"""

from collections.abc import Mapping
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.sql import Query, ident, literal
from crm_analytics.warehouse.erasure.files.place import Changed, replacing
from crm_analytics.warehouse.erasure.rules import RowRule
from crm_analytics.warehouse.erasure.search import near, texts


def change(engine: Engine, path: Path, rule: RowRule, write: bool) -> Changed:
    """Change one Parquet file.

    Raises
    ------
    CrmError : the customer's id lies within an object, where it cannot be changed.
    """
    file = literal(str(path))
    kinds = engine.columns(f"read_parquet({file})")
    named = frozenset(near(engine, f"read_parquet({file})", texts(kinds), rule.needles, rule.told))
    rows = f"(SELECT *, {_theirs(rule, kinds, named)} AS _theirs FROM read_parquet({file}, file_row_number = true))"
    new = {name: sql for name, kind in kinds.items() if (sql := _cell(rule, name, kind, name in named))}
    differs = " OR ".join(f"{ident(name)} IS DISTINCT FROM ({sql})" for name, sql in new.items()) or "FALSE"
    gone = "_theirs" if rule.drop else "FALSE"
    counts = f"count(*) FILTER (WHERE NOT {gone} AND ({differs})), count(*) FILTER (WHERE {gone})"
    ((changed, dropped),) = engine.rows(f"SELECT {counts} FROM {rows}")
    done = Changed(int(str(changed)), int(str(dropped)))
    if not done:
        return done
    if any("." in column and column.split(".")[0] in (name.lower() for name in kinds) for column in rule.ids):
        raise CrmError("holds the customer's id within an object, where it cannot be changed")
    names = ", ".join(ident(name) for name in kinds)
    done.rows = engine.frame(Query(f"SELECT {names} FROM {rows} WHERE _theirs ORDER BY file_row_number")).to_dicts()
    if write:
        columns = ", ".join(f"{new.get(name, ident(name))} AS {ident(name)}" for name in kinds)
        with replacing(path) as part:
            engine.execute(
                f"COPY (SELECT {columns} FROM {rows} WHERE NOT {gone} ORDER BY file_row_number) "
                f"TO {literal(str(part))} (FORMAT parquet, COMPRESSION zstd)"
            )
    return done


def _theirs(rule: RowRule, kinds: Mapping[str, str], named: frozenset[str]) -> str:
    """SQL for `RowRule.is_theirs`."""
    ids = [name for name in kinds if name.lower() in rule.ids]
    same = [f"coalesce({_id(name)} IN ({_raws(rule, name)}), FALSE)" for name in ids]
    nobody = " AND ".join(f"coalesce({_id(name)}, '') = ''" for name in ids) or "TRUE"
    contact = [
        rule.needles.found_sql(ident(name), own=False, kinds=("email", "phone"))
        for name, kind in kinds.items()
        if kind in ("VARCHAR", "JSON") and name in named
    ]
    by_contact = f"({nobody}) AND ({' OR '.join(contact) or 'FALSE'})"
    return f"({' OR '.join([*same, by_contact])})"


def _cell(rule: RowRule, name: str, kind: str, named: bool) -> str:
    """SQL for a cell as it may stay; '' where nothing in the column can be the person's."""
    column, low = ident(name), name.lower()
    if low in rule.ids:
        cases = " ".join(
            f"WHEN {literal(raw)} THEN CAST({literal(new)} AS {kind})" for raw, new in rule.ids[low].items()
        )
        return f"CASE {_id(name)} {cases} ELSE {column} END"
    if (rule.whole and low not in rule.kept) or low in rule.personal:
        return f"CASE WHEN NOT _theirs THEN {_others(rule, column, kind) if named else column} END"
    if named:
        told = (
            " ".join(f"WHEN trim({column}) = {literal(raw)} THEN {literal(new)}" for raw, new in rule.told.items())
            if kind == "VARCHAR"
            else ""
        )
        own = rule.needles.found_sql(f"CAST({column} AS VARCHAR)", own=True)
        others = _others(rule, column, kind)
        return f"CASE {told} WHEN _theirs AND {own} THEN NULL WHEN _theirs THEN {column} ELSE {others} END"
    return ""


def _others(rule: RowRule, column: str, kind: str) -> str:
    """A cell of a row that is not the person's: a text without them, an object or list that names them not at all."""
    if kind == "VARCHAR":
        return rule.needles.cut_sql(column)
    if "VARCHAR" in kind or kind == "JSON":
        return f"CASE WHEN NOT {rule.needles.found_sql(f'CAST({column} AS VARCHAR)', own=False)} THEN {column} END"
    return column


def _id(name: str) -> str:
    return f"trim(CAST({ident(name)} AS VARCHAR))"


def _raws(rule: RowRule, name: str) -> str:
    return ", ".join(literal(raw) for raw in rule.ids[name.lower()])
