"""The rules for the raw files of one source, read off its mappings.

A raw file that only `customers.sql` reads has one customer a row: of theirs
nothing but the ids stays.  Of a file that other mappings read too the columns go
that they do not ask for.  In every file ids become the pseudonym, or a number
that stands for it where only numbers can.  What no mapping of customers or their
facts reads is left alone: a brand may be called like a person.

May import: errors, sql, engines, warehouse.{readers,sources,tables}, warehouse.erasure.*.   Imported by: erasure.plan.
"""

import re
from collections.abc import Mapping

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.erasure.idcolumns import RawColumn, columns_read, only_for, raw_columns
from crm_analytics.warehouse.erasure.log import Mark, hashed
from crm_analytics.warehouse.erasure.needles import Needles
from crm_analytics.warehouse.erasure.person import CUSTOMERS, Person
from crm_analytics.warehouse.erasure.registry import WIPED, names_customers
from crm_analytics.warehouse.erasure.rules import RowRule
from crm_analytics.warehouse.readers.csv import Csv
from crm_analytics.warehouse.readers.csv_options import CsvOptions
from crm_analytics.warehouse.readers.excel import Excel
from crm_analytics.warehouse.sources import Source
from crm_analytics.warehouse.tables import ENTITIES

CUSTOMER_ID = "customer_id"
# How many bits a whole number has for its size.  Ids are counted from one upwards, so what is taken is below zero,
# or in the upper half of a type that knows no sign.
BITS = {"TINYINT": 7, "SMALLINT": 15, "INTEGER": 31, "BIGINT": 63, "HUGEINT": 63}
UNSIGNED = {"UTINYINT": 8, "USMALLINT": 16, "UINTEGER": 32, "UBIGINT": 64}
TEXTS = ("VARCHAR", "JSON", "STRUCT", "MAP")


class SourceRules:
    """What the mappings of one source say of its raw files."""

    def __init__(self, engine: Engine, source: Source, person: Person, dates: frozenset[str]) -> None:
        self._engine, self._source, self._person, self._dates = engine, source, person, dates
        persons = [sql for name, sql in source.mappings.items() if names_customers(ENTITIES[name])]
        found = [raw_columns(engine, sql, CUSTOMER_ID) for sql in persons]
        self._ids = sorted(frozenset().union(*found), key=lambda column: (column.path, column.sql))

    @property
    def id_columns(self) -> list[str]:
        """The names of the columns that hold customer ids somewhere."""
        return [column.path[-1] for column in self._ids]

    def may_name_customers(self, name: str) -> bool:
        """Whether a raw entry is read for customers or their facts, or by nothing that says what is in it."""
        readers = self._readers(name)
        return not readers or any(names_customers(ENTITIES[entity]) for entity in readers)

    def rule(self, name: str) -> tuple[RowRule, list[Mark]]:
        """The rule of one raw file, and the ids that it will bring once it is changed."""
        view, raw = f"raw_{name}", self._source.raws[name]
        readers = self._readers(name)
        if not self.may_name_customers(name):
            return RowRule(needles=Needles()), []
        self._source.open_views(self._engine, view)
        try:
            kinds = {column.lower(): kind for column, kind in self._engine.columns(ident(view)).items()}
            ids, marks = self._ids_in(view, kinds)
        finally:
            self._source.close_views(self._engine)
        kept = self._kept()
        rule = RowRule(
            needles=self._person.needles,
            ids=ids,
            told=self._person.told,
            personal=self._personal(readers, kinds) - ids.keys() - kept,
            whole=readers.keys() == {CUSTOMERS},
            kept=kept,
            csv=raw.options if isinstance(raw, Csv) else CsvOptions(),
            header_row=raw.header_row if isinstance(raw, Excel) else 0,
        )
        return rule, marks

    def _readers(self, name: str) -> dict[str, str]:
        """The mappings that read a raw entry."""
        view = re.compile(rf"\braw_{re.escape(name)}\b", re.IGNORECASE)
        return {entity: sql for entity, sql in self._source.mappings.items() if view.search(sql)}

    def _personal(self, readers: Mapping[str, str], kinds: Mapping[str, str]) -> frozenset[str]:
        """The proofs of consents; of a file that `customers.sql` reads too the columns that nothing else asks for."""
        proofs = frozenset().union(*(only_for(self._engine, sql, WIPED) for sql in readers.values())) & kinds.keys()
        if CUSTOMERS not in readers:
            return proofs
        others = [columns_read(self._engine, sql) for name, sql in readers.items() if name != CUSTOMERS]
        return proofs | frozenset(kinds).difference(*others)

    def _kept(self) -> frozenset[str]:
        """The columns with the dates of versions."""
        mapping = self._source.mappings.get(CUSTOMERS, "SELECT 1")
        found = [raw_columns(self._engine, mapping, name) for name in self._dates]
        return frozenset(column.path[-1] for columns in found for column in columns)

    def _ids_in(self, view: str, kinds: Mapping[str, str]) -> tuple[dict[str, dict[str, str]], list[Mark]]:
        """For each column with ids what the person is called there and what will stand there."""
        ids: dict[str, dict[str, str]] = {}
        marks = []
        for column in self._ids:
            if (key := _key_in(column, kinds)) is None:
                continue
            for customer_id, pseudonym in self._person.names_in(self._source.name).items():
                kind = self._engine.columns(f"(SELECT {_reference(key)} AS v FROM {ident(view)})")["v"]
                name, made = self._replacement(column, key, kind, pseudonym)
                for raw in self._raw_ids(view, column, key, customer_id):
                    ids.setdefault(key, {}).update({raw: name, raw.removesuffix(".0"): name})
                # Also where the file does not bring it yet or does no longer: an erasure may have been cut off here.
                marks += [Mark("id", made, pseudonym)] if made != pseudonym else []
        return ids, marks

    def _raw_ids(self, view: str, column: RawColumn, key: str, customer_id: str) -> list[str]:
        """What the person is called in a column: the id, or that from which the mapping makes it."""
        if not column.sql:
            return [customer_id]
        made = f"TRY(CAST({_value(column, key)} AS VARCHAR)) = $id"
        text = f"SELECT DISTINCT CAST({_reference(key)} AS VARCHAR) FROM {ident(view)} WHERE {made}"
        return [str(raw).strip() for (raw,) in self._engine.rows(text, {"id": customer_id})]

    def _replacement(self, column: RawColumn, key: str, kind: str, pseudonym: str) -> tuple[str, str]:
        """What stands for the raw id, and the customer id made of it: text where text can stand, else a number."""
        number = _number(pseudonym, kind)
        for choice in [pseudonym, number] if kind.startswith(TEXTS) else [number]:
            if made := self._made(column, key, kind, choice):
                return choice, made
        raise CrmError(f"{self._source.folder}: no pseudonym fits into the column {key}, of the type {kind}")

    def _made(self, column: RawColumn, key: str, kind: str, name: str) -> str:
        if not column.sql:
            return name
        *within, last = key.split(".")
        raw = f"CAST({literal(name)} AS {kind})"
        held = f"{{{ident(last)}: {raw}}} AS {ident(within[0])}" if within else f"{raw} AS {ident(last)}"
        ((made,),) = self._engine.rows(f"SELECT TRY(CAST({_value(column, key)} AS VARCHAR)) FROM (SELECT {held})")
        return str(made or "").strip()


def _reference(key: str) -> str:
    return ".".join(ident(name) for name in key.split("."))


def _value(column: RawColumn, key: str) -> str:
    return column.within if "." in key else column.sql


def _number(pseudonym: str, kind: str) -> str:
    """A number that stands for the pseudonym where only numbers can stand."""
    drawn = int(hashed(pseudonym, "number", kind), 16)
    if kind in UNSIGNED:
        return str(2 ** UNSIGNED[kind] - 1 - drawn % 2 ** (UNSIGNED[kind] - 1))
    return str(-1 - drawn % 2 ** BITS.get(kind, 31))


def _key_in(column: RawColumn, kinds: Mapping[str, str]) -> str | None:
    """The name of a column in a file: its own, or within an object; None where the file lacks it."""
    *within, last = column.path
    if within and kinds.get(within[-1], "").startswith(("STRUCT", "JSON", "MAP")):
        return ".".join(column.path[-2:])
    return last if last in kinds else None
