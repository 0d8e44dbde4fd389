"""The star against the raw files: rows, money to the cent, the source's own controls and counts.

May import: engines, errors, sql, warehouse.*.   Imported by: pipeline.checking.
"""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError, DataError
from crm_analytics.sql import ident, literal
from crm_analytics.warehouse.check import Check, Kind
from crm_analytics.warehouse.delivered import stored
from crm_analytics.warehouse.ledger import MISREAD
from crm_analytics.warehouse.parts import known_parts
from crm_analytics.warehouse.sources import Control, Source
from crm_analytics.warehouse.tables import ENTITIES, MONEY, Entity

T = TypeVar("T")
HALF_CENT = Decimal("0.005")


def check_sources(engine: Engine, sources: Sequence[Source]) -> Iterator[Check]:
    """The star against the raw files: rows, money to the cent, the source's own controls and counts."""
    yield from _gone(engine, sources)
    for source in sources:
        if moving := source.moving():
            says = f"not held to its raw rows: {', '.join(moving)} may have changed since the load"
            yield Check("sources", source.name, None, says)
            continue
        source.open_views(engine)
        for name in source.mappings:
            yield from _totals(engine, source, ENTITIES[name])
        for control in source.controls:
            yield _control(engine, source, control)
        for count in source.counts:
            yield Check("counts", source.name, None, count.name, int(_number(engine, source, count.name, count.sql)))
        source.close_views(engine)


def _gone(engine: Engine, sources: Sequence[Source]) -> Iterator[Check]:
    """Sources whose rows are in the star, though their folders are not in the project any more."""
    known = {source.name for source in sources}
    known |= {part.source for part in known_parts(engine).values() if part.label.startswith("frame ")}
    for entity in ENTITIES.values():
        held = {
            str(name)
            for (name,) in engine.rows(f"SELECT DISTINCT source FROM {stored(engine, entity)} WHERE source <> ''")
        }
        for name in sorted(held - known):
            says = f"holds rows of {name}, a source that is not in the project any more; crm load forgets it"
            yield Check("sources", entity.table, False, says)


def _totals(engine: Engine, source: Source, entity: Entity) -> Iterator[Check]:
    """Rows and money as the mapping gives them now, against what the star and the rejects hold."""
    mapping = f"({source.mappings[entity.name]}\n) AS mapped"
    kinds = {name.lower(): kind for name, kind in _named(source, entity.name, lambda: engine.columns(mapping)).items()}
    money = [c.name for c in entity.money if c.name in kinds]
    sums = "".join(f", {_sum(name, kinds[name])}" for name in money)
    ((rows, *wanted),) = _asked(engine, source, entity.name, f"SELECT count(*){sums} FROM {mapping}")
    held = _held(engine, source, entity, "rows")
    loaded, rejected = int(held[0]), int(held[1])
    sign = "=" if rows == loaded + rejected else "against"
    says = f"{rows:,} rows in the files {sign} {loaded:,} loaded + {rejected:,} rejected"
    yield Check("totals", entity.table, rows == loaded + rejected, says)
    for name, raw in zip(money, wanted, strict=True):
        yield _compare(engine, "totals", source, entity, name, f"{name} of {entity.name}", raw)
    if gone := _parts_gone(engine, source, entity):
        keys = ", ".join(str(key) for key in gone)
        ((kept,),) = engine.rows(f"SELECT count(*) FROM {stored(engine, entity)} WHERE part_key IN ({keys})")
        says = f"rows of {len(gone):,} files of {source.name} that are gone; crm load --full takes them out"
        yield Check("totals", entity.table, None, says, int(str(kept)))


def _parts_gone(engine: Engine, source: Source, entity: Entity) -> list[int]:
    """The parts of an entity whose files are not there any more: the files can say nothing about their rows."""
    plan = source.incremental.get(entity.name)
    if plan is None:
        return []
    there = {piece.label for piece in source.raws[plan.by].pieces()}
    return [
        part.key
        for part in known_parts(engine).values()
        if (part.source, part.entity) == (source.name, entity.name) and part.label not in there
    ]


def _sum(name: str, kind: str) -> str:
    """SQL for the exact sum of a money column, without the values that are no sum of money."""
    value = f"mapped.{ident(name)}"
    if kind in ("VARCHAR", "JSON"):
        text = value if kind == "VARCHAR" else f"({value}->>'$')"
        total = f"sum(TRY_CAST({text} AS DECIMAL(38,10)))"
        return f"{total} FILTER (WHERE TRY_CAST({text} AS {MONEY}) IS NOT NULL)"
    # A plain sum of binary fractions drifts by cents over millions of rows; the compensated one does not.
    function = "fsum" if kind in ("DOUBLE", "FLOAT") else "sum"
    return f"{function}({value}) FILTER (WHERE TRY_CAST({value} AS {MONEY}) IS NOT NULL)"


def _control(engine: Engine, source: Source, control: Control) -> Check:
    raw = _number(engine, source, control.name, control.sql)
    return _compare(engine, "controls", source, ENTITIES[control.entity], control.measure, control.name, raw)


def _compare(engine: Engine, kind: Kind, source: Source, entity: Entity, measure: str, name: str, raw: object) -> Check:
    """A total of the raw files against the star's, to the cent.

    The raw total may be a sum of binary fractions, hence half a cent of room.  Rows
    whose fractions of a cent were rounded when they were loaded add half a cent each.
    """
    loaded, rejected = _held(engine, source, entity, measure)
    rounded = 0 if measure == "rows" else _rounded(engine, source.name, entity)
    given = Decimal(str(raw or 0))
    ok = abs(given - loaded - rejected) < HALF_CENT * (rounded + 1)
    wanted = round(given, 0 if measure == "rows" else 2)
    difference = wanted - loaded - rejected
    sign = "against" if difference else "="
    says = f"{name}: {wanted:,} in the files {sign} {loaded:,} loaded + {rejected:,} rejected"
    if difference:
        says += f", {abs(difference):,} apart"
        says += f", which the rounding of {rounded:,} rows to the cent explains" if ok else ""
    return Check(kind, entity.table, ok, says)


def _rounded(engine: Engine, source: str, entity: Entity) -> int:
    """How many rows of this source and entity were rounded to the cent when they were read."""
    ((rounded,),) = engine.rows(
        "SELECT coalesce(sum(rows_rounded), 0) FROM (SELECT l.rows_rounded FROM part_load l "
        "JOIN part p USING (part_key) WHERE p.source = $source AND p.entity = $entity "
        "QUALIFY row_number() OVER (PARTITION BY l.part_key ORDER BY l.load_id DESC) = 1)",
        {"source": source, "entity": entity.name},
    )
    return int(str(rounded))


def _number(engine: Engine, source: Source, name: str, sql: str) -> Decimal:
    """The one number that a control or count of `source.yml` asks for."""
    match _asked(engine, source, name, sql):
        case [(int() | float() | Decimal() | None as value,)]:
            return Decimal(str(value or 0))
        case _:
            raise DataError(f"{source.folder}: {name}: must give one row with one number")


def _asked(engine: Engine, source: Source, name: str, sql: str) -> list[tuple[object, ...]]:
    return _named(source, name, lambda: list(engine.rows(sql)))


def _named(source: Source, name: str, ask: Callable[[], T]) -> T:
    """Say which source and mapping, control or count an error of the engine came from."""
    try:
        return ask()
    except CrmError as error:
        raise type(error)(f"{source.folder}: {name}: {error}") from None


def _held(engine: Engine, source: Source, entity: Entity, measure: str) -> tuple[Decimal, Decimal]:
    """The star's and the rejects' share of a measure: rows, or a money column."""
    in_star = "count(*)" if measure == "rows" else f"coalesce(sum({ident(measure)}), 0)"
    as_money = f"TRY_CAST(row_json->>{literal('$.' + measure)} AS {MONEY})"
    in_rejects = "count(*)" if measure == "rows" else f"coalesce(sum({as_money}), 0)"
    gone = ", ".join(str(key) for key in _parts_gone(engine, source, entity)) or "-1"
    of_source = f"WHERE source = $source AND part_key NOT IN ({gone})"
    ((loaded,),) = engine.rows(f"SELECT {in_star} FROM {stored(engine, entity)} {of_source}", {"source": source.name})
    ((rejected,),) = engine.rows(
        # No mapping has seen a line that could not be read.
        f"SELECT {in_rejects} FROM rejects {of_source} AND entity = $entity AND NOT starts_with(reason, $misread)",
        {"source": source.name, "entity": entity.name, "misread": MISREAD},
    )
    return Decimal(str(loaded)), Decimal(str(rejected))
