"""Any star and any question answered in Polars, level by level, without a word of SQL: a second opinion on the cubes.

A member is None where it is unknown.  A place of a cell holds the member on each
axis, OTHERS, or ALL where the cell is a total over the axis.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_

import polars as pl

from crm_analytics.olap.filters import And, Compare, Condition, Not, Or, Per, comparisons
from crm_analytics.olap.query import CubeQuery, Top

OTHERS, ALL = "<others>", "<all>"

Place = tuple[object, ...]
Cells = dict[Place, dict[str, float | None]]

MEASURES: dict[str, pl.Expr] = {
    "added": pl.when(pl.col("amount").count() > 0).then(pl.col("amount").cast(pl.Float64).sum()),
    "rows": pl.len(),
    "big": (pl.col("amount").cast(pl.Float64) > 2).sum(),
    "kinds": pl.col("who").drop_nulls().n_unique(),
    "mean": pl.col("amount").cast(pl.Float64).mean(),
    "middle": pl.col("amount").cast(pl.Float64).median(),
    "low": pl.col("amount").cast(pl.Float64).min(),
    "high": pl.col("amount").cast(pl.Float64).max(),
}
COUNTS = frozenset({"rows", "big", "kinds"})
FORMULAS = {"ratio": ("added", "kinds")}


@dataclass(frozen=True)
class Star:
    """Facts with the key of each dimension under its name, an `amount` and a `who`; dimensions by `key`."""

    dimensions: Mapping[str, pl.DataFrame]
    facts: Mapping[str, pl.DataFrame]

    def rows(self, fact: str) -> pl.DataFrame:
        """The rows of a fact, each with the members that it leads to."""
        frame = self.facts[fact]
        for name, members in self.dimensions.items():
            if name not in frame.columns:
                continue
            named = members.rename({a: f"{name}.{a}" for a in members.columns if a != "key"})
            frame = frame.join(named, left_on=name, right_on="key", how="left", maintain_order="left")
        frame = frame.rename({"tag": "own.tag"}) if "tag" in frame.columns else frame
        texts = [c for c in frame.columns if "." in c and frame.schema[c] == pl.String]
        # A real member that is called as the unknown one is shown is one with it.
        return frame.with_columns(pl.when(pl.col(c) != unknown(c)).then(pl.col(c)) for c in texts)


def unknown(ref: str) -> str:
    """What the unknown member is called."""
    return f"Unknown {ref.split('.')[0]}"


def evaluate(star: Star, query: CubeQuery) -> Cells:
    """Every cell of the answer by its place, totals and Others among them."""
    axes = [*query.split, *([query.across] if query.across else [])]
    before = [c for c in query.conditions if not _on_cells(c)]
    after = [c for c in query.conditions if _on_cells(c)]
    rows = {fact: star.rows(fact) for fact in star.facts}
    plain = [c for c in before if not isinstance(c, Per)]
    rows = {fact: _filtered(frame, plain) for fact, frame in rows.items()}
    steps = [(c.part, c.attributes) for c in before if isinstance(c, Per)]
    kept = [_members(query.cube, rows, part, attributes) for part, attributes in steps]
    rows = _keep(rows, kept)
    if after and axes and (query.totals or query.largest):
        rows = _keep(rows, [_members(query.cube, rows, And(tuple(after)), tuple(axes))])
        after = []
    cut = (query.largest.of or axes[0]) if query.largest else ""
    if query.largest:
        rows = _cut(query.cube, rows, query.largest, cut, list(query.split))
    asked = [*query.asked, *(c.name for part in after for c in comparisons(part))]
    cells: Cells = {}
    for level in _levels(query):
        cells |= {_place(axes, level, place): v for place, v in _cells(query.cube, rows, asked, level).items()}
    cells = {place: values for place, values in cells.items() if all(_holds(part, values) for part in after)}
    return {place: {name: values[name] for name in query.asked} for place, values in cells.items()}


def _levels(query: CubeQuery) -> list[list[str]]:
    """The axes that each level of totals keeps."""
    split, across = list(query.split), [query.across] if query.across else []
    if not query.totals:
        return [split + across]
    levels = [split[:n] + end for n in range(len(split) + 1) for end in ([across, []] if across else [[]])]
    return levels


def _place(axes: Sequence[str], level: Sequence[str], members: Place) -> Place:
    found = dict(zip(level, members, strict=True))
    return tuple(found.get(ref, ALL) for ref in axes)


def _fact(home: str, ref: str) -> tuple[str, str]:
    fact, _, name = ref.rpartition(".")
    return fact or home, name


def _cells(home: str, rows: Mapping[str, pl.DataFrame], asked: Iterable[str], by: Sequence[str]) -> Cells:
    """The measures for each combination of members that any fact of them has."""
    cells: Cells = {}
    measures = {ref: _fact(home, ref) for ref in asked}
    for fact in dict.fromkeys(fact for fact, _ in measures.values()):
        named = [pl_measure.alias(name) for name, pl_measure in MEASURES.items()]
        grouped = rows[fact].group_by(by).agg(named) if by else rows[fact].select(named)
        for row in grouped.iter_rows(named=True):
            values = cells.setdefault(tuple(row[ref] for ref in by), {})
            values |= {ref: _value(row, name) for ref, (own, name) in measures.items() if own == fact}
    nothing = {ref: 0.0 if name in COUNTS else None for ref, (_, name) in measures.items()}
    return {place: nothing | values for place, values in cells.items()}


def _value(row: Mapping[str, float | None], name: str) -> float | None:
    if name not in FORMULAS:
        return row[name]
    above, below = (row[part] for part in FORMULAS[name])
    return above / below if above is not None and below else None


def _on_cells(condition: Condition) -> bool:
    names = [c.name for c in comparisons(condition)]
    return bool(names) and _fact("", names[0])[1] in {*MEASURES, *FORMULAS}


def _filtered(frame: pl.DataFrame, conditions: Iterable[Condition]) -> pl.DataFrame:
    """The rows that meet every condition whose attributes the fact has."""
    reached = [c for c in conditions if all(part.name in frame.columns for part in comparisons(c))]
    return frame.filter(_condition(c) for c in reached) if reached else frame


def _condition(condition: Condition) -> pl.Expr:
    match condition:
        case Not(part):
            return ~_condition(part)
        case And(parts):
            return reduce(and_, map(_condition, parts))
        case Or(parts):
            return reduce(or_, map(_condition, parts))
        case Compare(name, operator, values):
            member = pl.col(name)
            match operator:
                case "unknown":
                    return member.is_null()
                case "=" | "in":
                    return reduce(or_, [_is(name, value) for value in values])
                case "!=":
                    return ~_is(name, values[0])
                case "<":
                    return (member < values[0]).fill_null(value=False)
                case ">=":
                    return (member >= values[0]).fill_null(value=False)
    raise AssertionError(condition)


def _is(name: str, value: object) -> pl.Expr:
    if value is None or value == unknown(name):
        return pl.col(name).is_null()
    return (pl.col(name) == pl.lit(value)).fill_null(value=False)


def _holds(condition: Condition, values: Mapping[str, float | None]) -> bool:
    match condition:
        case And(parts):
            return all(_holds(part, values) for part in parts)
        case Compare(name, operator, (limit,)):
            found = values[name]
            return found is not None and (found > limit if operator == ">" else found <= limit)  # type: ignore[operator]
    raise AssertionError(condition)


Chosen = tuple[tuple[str, ...], set[Place]]


def _members(home: str, rows: Mapping[str, pl.DataFrame], part: Condition, attributes: tuple[str, ...]) -> Chosen:
    """The combinations of members for which a condition on measures holds."""
    cells = _cells(home, rows, [c.name for c in comparisons(part)], attributes)
    return attributes, {place for place, values in cells.items() if _holds(part, values)}


def _keep(rows: Mapping[str, pl.DataFrame], chosen: Iterable[Chosen]) -> dict[str, pl.DataFrame]:
    """The rows of members that every step chose, of the facts that have such members."""
    kept = dict(rows)
    for attributes, places in chosen:
        for fact, frame in kept.items():
            if set(attributes) <= set(frame.columns):
                found = [row in places for row in frame.select(attributes).iter_rows()]
                kept[fact] = frame.filter(pl.Series(found, dtype=pl.Boolean))
    return kept


def _cut(home: str, rows: Mapping[str, pl.DataFrame], top: Top, cut: str, split: list[str]) -> dict[str, pl.DataFrame]:
    """The rows with the members that a top-N does not show as OTHERS, or without them."""
    parents = split[: split.index(cut)] if top.within and cut in split else split if top.within else []
    by = [*parents, cut]
    cells = _cells(home, rows, [top.measure], by)

    def rank(place: Place) -> tuple[bool, float, bool, object]:
        value, member = cells[place][top.measure], place[-1]
        return value is None, -(value or 0), member is None, "" if member is None else member

    shown: set[Place] = set()
    for parent in {place[:-1] for place in cells}:
        shown |= set(sorted((place for place in cells if place[:-1] == parent), key=rank)[: top.n])
    made = {}
    for fact, frame in rows.items():
        if not set(by) <= set(frame.columns):
            continue
        found = pl.Series([row in shown for row in frame.select(by).iter_rows()], dtype=pl.Boolean)
        frame = frame.with_columns(
            pl.when(found).then(pl.col(cut).cast(pl.String)).otherwise(pl.lit(OTHERS)).alias(cut)
        )
        made[fact] = frame if top.others else frame.filter(found)
    return made
