"""Raw entries, opened for one load: each once, whoever reads it, and the lines that could not be read.

A mapping reads `raw_<name>`.  Here these names are given to it as the first part
of its own statement, so that parts of several sources can stand in one.

May import: engines, errors, sql, warehouse.delivery, warehouse.ledger, warehouse.raw,
warehouse.readers.copies, warehouse.sources.
Imported by: warehouse.load.
"""

from contextlib import suppress
from datetime import datetime

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse import ledger
from crm_analytics.warehouse.delivery import Delivery
from crm_analytics.warehouse.raw import Say, Telling
from crm_analytics.warehouse.readers.copies import sweep_copies
from crm_analytics.warehouse.sources import FILE, Source, raw_place


class Reading:
    """What is open during one load."""

    def __init__(self, engine: Engine, load_id: int, say: Say) -> None:
        self._engine = engine
        self._load_id = load_id
        self._say = say
        self._selects: dict[tuple[str, str, str, datetime | None], str] = {}
        self._opened: dict[tuple[str, str], Source] = {}
        sweep_copies()

    def scope(self, delivery: Delivery) -> str:
        """`WITH raw_x AS (...)` for every raw entry that the mapping of a part reads."""
        source, names = delivery.source, delivery.source.reads(delivery.part.entity)
        texts = []
        for name in names:
            only = delivery.piece is not None and name == delivery.raw
            select = self._open(source, name, delivery if only else None)
            # Written out where it is read: kept aside, all columns of all files would be.
            texts.append(f"{ident('raw_' + name)} AS NOT MATERIALIZED ({select})")
        return f"WITH {', '.join(texts)}" if texts else ""

    def misread(self, deliveries: list[Delivery]) -> dict[int, int]:
        """Put the lines that could not be read among the rejects of these parts; gives their number by part."""
        lost: dict[int, int] = {}
        asked: dict[tuple[str, str], str] = {}  # of thousands of pieces of one entry the lines are in one place
        for delivery in deliveries:
            for name in _answers_for(delivery):
                if (delivery.source.name, name) not in asked:
                    asked[delivery.source.name, name] = self._misread(delivery.source, name)
                select = asked[delivery.source.name, name]
                if not select:
                    continue
                of_piece = f"WHERE _label = {literal(delivery.piece.label)}" if delivery.piece else ""
                rows = (
                    f"SELECT {literal(ledger.MISREAD)} || ': ' || _reason AS _reason, "
                    "CAST(json_merge_patch(_row, json_object('number', _line)) AS VARCHAR) AS _row, "
                    f"{literal(delivery.source.name)} AS source, {delivery.part.key} AS part_key "
                    f"FROM ({select}) {of_piece}"
                )
                ((count,),) = self._engine.rows(f"SELECT count(*) FROM ({rows})")
                if count:
                    ledger.reject(self._engine, self._load_id, delivery.part.entity, rows)
                    lost[delivery.part.key] = lost.get(delivery.part.key, 0) + int(str(count))
        return lost

    def _misread(self, source: Source, name: str) -> str:
        """The lines of a raw entry that could not be read, as a SELECT; '' where there is none."""
        select = source.raws[name].misread(self._engine) if (source.name, name) in self._opened else ""
        return select if select and self._engine.rows(f"SELECT EXISTS ({select})") == [(True,)] else ""

    def unreadable(self) -> str:
        """After an error of the engine: which file is to blame and why; '' where none is."""
        for (_, name), source in self._opened.items():
            if why := source.raws[name].unreadable():
                return f"{source.folder / FILE}: files: {name}: {why}"
        return ""

    def watermark(self, delivery: Delivery) -> datetime | None:
        """The latest change that was read of a part that can be asked for changes."""
        changed = delivery.source.raws[delivery.raw].changed if delivery.raw else ""
        if not changed:
            return None
        when = f"TRY_CAST(CAST({ident(changed)} AS VARCHAR) AS TIMESTAMP)"
        read = self._open(delivery.source, delivery.raw, delivery)
        ((mark,),) = self._engine.rows(f"SELECT max({when}) FROM ({read})")
        return mark if isinstance(mark, datetime) else None

    def close(self) -> None:
        """Let go of everything."""
        for (_, name), source in self._opened.items():
            # After an error the transaction is over, and with it the tables that would be dropped.
            with suppress(CrmError):
                source.raws[name].close(self._engine)
        self._opened.clear()
        self._selects.clear()

    def _open(self, source: Source, name: str, delivery: Delivery | None) -> str:
        piece, since = (delivery.piece, delivery.since) if delivery else (None, None)
        # One mapping may want all rows of a table, another what changed since its own last load.
        key = (source.name, name, piece.label if piece else "", since)
        if key not in self._selects:
            raw = source.raws[name]
            if isinstance(raw, Telling):
                raw = raw.telling(self._say)
            self._opened[source.name, name] = source
            try:
                select = raw.open(self._engine, [piece] if piece else raw.pieces(), since)
                self._engine.columns(f"({select})")  # a broken file is named here, not by the mapping that reads it
                self._selects[key] = select
            except CrmError as error:
                raise type(error)(f"{source.folder / FILE}: files: {name}: {error}") from None
        return self._selects[key]


def _answers_for(delivery: Delivery) -> list[str]:
    """The raw entries whose broken lines are counted with this part, so that none is counted twice.

    A file that several mappings read belongs to the one that is incremental by it, or else to the last that names
    it first of all.
    """
    source, entity = delivery.source, delivery.part.entity
    answering = []
    for name in source.reads(entity):
        by = [e for e, plan in source.incremental.items() if plan.by == name]
        first = [e for e in source.mappings if _named_first(source, e) == name]
        readers = [e for e in source.mappings if name in source.reads(e)]
        if (by or first or readers)[-1] == entity:
            answering.append(name)
    return answering


def _named_first(source: Source, entity: str) -> str:
    return min(source.reads(entity), key=lambda name: raw_place(source.mappings[entity], name), default="")
