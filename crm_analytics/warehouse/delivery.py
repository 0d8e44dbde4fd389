"""What the sources deliver now, part by part, and which of it a load has to read.

An entity of a source is one part, read whole when any raw file that its mapping
reads has changed.  Where source.yml says `incremental:`, each file (or table) of
the raw entry named there is a part of its own, and only new and changed ones are read.

May import: errors, engines, warehouse.parts, warehouse.raw, warehouse.sources, warehouse.tables.
Imported by: warehouse.load.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from crm_analytics.engines import Engine
from crm_analytics.warehouse.parts import Part, known_parts, part_key, part_keys, remember_pieces, seen_pieces
from crm_analytics.warehouse.raw import Piece, Raw
from crm_analytics.warehouse.sources import Source
from crm_analytics.warehouse.tables import ENTITIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which parts a load reads beside the new and the changed ones.

    full    : all, and rows of files that are gone go
    since   : of files only those changed then or later; of tables with a `changed` column the rows from then on
    rejects : none but the parts of which rows were refused
    samples : tell examples of what the load changes
    """

    full: bool = False
    since: datetime | None = None
    rejects: bool = False
    samples: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One part to read: `raw` and `piece` where it is a piece of a raw entry, `adds` where it brings only changes."""

    source: Source
    part: Part
    raw: str = ""
    piece: Piece | None = None
    adds: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """What one load is to do: parts to read, parts whose rows go, and what was left alone because it is as it was."""

    due: tuple[Delivery, ...]
    gone: tuple[Part, ...]
    kept: tuple[Part, ...]
    unchanged: int

    def of(self, entity: str) -> list[Delivery]:
        """The parts to read of one entity."""
        return [d for d in self.due if d.part.entity == entity]

    def gone_of(self, entity: str) -> list[Part]:
        """The parts of one entity whose rows go."""
        return [p for p in self.gone if p.entity == entity]


def deliveries(engine: Engine, sources: Sequence[Source], whole: bool, wanted: Wanted) -> Deliveries:
    """Compare the sources with what was loaded; with `whole` these are all sources there are."""
    known = known_parts(engine)
    refused = {int(str(key)) for (key,) in engine.rows("SELECT DISTINCT part_key FROM rejects")}
    names = {s.name for s in sources}
    keys = part_keys(engine)
    there: dict[tuple[str, str, str], Delivery] = {}
    for source in sources:
        for delivery in _delivered(engine, keys, source):
            there[source.name, delivery.part.entity, delivery.part.label] = delivery
    due = [_since(d, known.get(key), wanted) for key, d in there.items() if _is_due(d, known.get(key), wanted, refused)]
    if wanted.rejects:
        return Deliveries(due=tuple(due), gone=(), kept=(), unchanged=len(there) - len(due))
    missing = [p for key, p in known.items() if key not in there and (p.source in names or whole) and not _frame(p)]
    # A file that was moved away after it was loaded takes nothing with it, unless everything is read anew.
    incremental = {(s.name, entity) for s in sources for entity in s.incremental}
    kept = [] if wanted.full else [p for p in missing if p.label and (p.source, p.entity) in incremental]
    gone = [p for p in missing if p not in kept]
    return Deliveries(due=tuple(due), gone=tuple(gone), kept=tuple(kept), unchanged=len(there) - len(due))


def _frame(part: Part) -> bool:
    """Whether a part came from a notebook: there is no file to look at, and what it brought stays."""
    return part.label.startswith("frame ")


def _since(delivery: Delivery, known: Part | None, wanted: Wanted) -> Delivery:
    """From when on rows are asked for: from what was said, or from where the last load ended."""
    if not delivery.adds or known is None or wanted.full or known.mapping_hash != delivery.part.mapping_hash:
        return Delivery(source=delivery.source, part=delivery.part, raw=delivery.raw, piece=delivery.piece)
    return Delivery(
        source=delivery.source,
        part=delivery.part,
        raw=delivery.raw,
        piece=delivery.piece,
        adds=True,
        since=wanted.since or known.watermark,
    )


def _is_due(delivery: Delivery, known: Part | None, wanted: Wanted, refused: Collection[int]) -> bool:
    if wanted.rejects:
        return delivery.part.key in refused
    if wanted.since is not None and _untouched_since(delivery, wanted.since):
        return False
    now = delivery.part
    changed = known is None or not now.content_hash or known.content_hash != now.content_hash
    return wanted.full or changed or (known is not None and known.mapping_hash != now.mapping_hash)


def _untouched_since(delivery: Delivery, since: datetime) -> bool:
    pieces = [delivery.piece] if delivery.piece else _pieces_of(delivery.source, delivery.part.entity)
    paths = [p.path for p in pieces]
    return bool(paths) and all(p is not None and datetime.fromtimestamp(p.stat().st_mtime) < since for p in paths)


def _pieces_of(source: Source, entity: str) -> list[Piece]:
    return [piece for name in source.reads(entity) for piece in source.raws[name].pieces()]


def _delivered(engine: Engine, keys: dict[tuple[str, str, str], int], source: Source) -> Iterator[Delivery]:
    """Every part that a source delivers now, whether it has to be read or not."""
    hashes = _hashes(engine, source)
    for entity in ENTITIES:
        if entity not in source.mappings:
            continue
        reads = source.reads(entity)
        plan = source.incremental.get(entity)
        if plan is None:
            content = _together(hashes, reads, source)
            key = part_key(engine, keys, source.name, entity, "")
            yield Delivery(source=source, part=_part(key, source, entity, "", content, source.mappings[entity]))
            continue
        raw = source.raws[plan.by]
        others = [name for name in reads if name != plan.by and name not in plan.along]
        mapping = f"{source.mappings[entity]}\n{plan}\n{_together(hashes, others, source)}"
        for piece in raw.pieces():
            content = hashes[plan.by, piece.label]
            key = part_key(engine, keys, source.name, entity, piece.label)
            part = _part(key, source, entity, piece.label, content, mapping)
            adds = bool(raw.changed) or _frame(part)
            yield Delivery(source=source, part=part, raw=plan.by, piece=piece, adds=adds)


def _part(key: int, source: Source, entity: str, label: str, content: str, mapping: str) -> Part:
    return Part(
        key=key,
        source=source.name,
        entity=entity,
        label=label,
        content_hash=content,
        mapping_hash=sha256(f"{mapping}\n{source.reading(entity)}".encode()).hexdigest(),
        columns={},
        watermark=None,
    )


def _hashes(engine: Engine, source: Source) -> Mapping[tuple[str, str], str]:
    """The hash of every piece of a source; one whose stamp is what it was is not read for it."""
    seen = seen_pieces(engine, source.name)
    now: dict[tuple[str, str], tuple[str, str]] = {}
    for name, raw in source.raws.items():
        for piece in raw.pieces():
            now[name, piece.label] = _state(raw, piece, seen.get((name, piece.label)))
    if now != seen:
        remember_pieces(engine, source.name, now)
    return {key: content for key, (_, content) in now.items()}


def _state(raw: Raw, piece: Piece, before: tuple[str, str] | None) -> tuple[str, str]:
    stamp = raw.stamp(piece)
    if before is not None and stamp and before[0] == stamp:
        return before
    return stamp, raw.content_hash(piece)


def _together(hashes: Mapping[tuple[str, str], str], names: Sequence[str], source: Source) -> str:
    """One hash for all pieces of some raw entries; '' where one of them has to be read each time."""
    parts = [(name, p.label, hashes[name, p.label]) for name in names for p in source.raws[name].pieces()]
    return "" if any(not h for *_, h in parts) else sha256(repr(parts).encode()).hexdigest()
