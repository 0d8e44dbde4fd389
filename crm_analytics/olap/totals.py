"""Say of each measure whether its totals are the sum of their parts, and why where they are not.

Reads the cells of an answer with totals; asks nothing.  The sums of the levels are
compared: what stands under several members makes the finer level the larger one.

May import: formats, olap.columns, olap.measure, olap.plan.   Imported by: olap.browse.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from crm_analytics.formats import format_value
from crm_analytics.olap.columns import Column
from crm_analytics.olap.measure import SemiAdditive
from crm_analytics.olap.plan import Ask, Plan

_TAKEN = {"last": "the last value", "first": "the first value", "avg": "the average"}


def judged(plan: Plan, columns: Sequence[Column], frame: pl.DataFrame) -> tuple[tuple[Column, ...], tuple[str, ...]]:
    """The columns with `adds_up` filled in, and what should be said of those that do not add up."""
    if not plan.totals or not plan.axes:
        return tuple(columns), ()
    levels = _Levels(plan, {str(mark): part for (mark,), part in frame.partition_by("total", as_dict=True).items()})
    overlap = any(axis.overlaps for axis in plan.axes)
    adds_up: dict[str, bool] = {}
    notes: list[str] = []
    recomputed: list[str] = []
    as_of: list[str] = []
    against: list[str] = []
    for ask in plan.shown:
        adds_up[ask.ref] = (ask.measure.additive and not overlap) or levels.add_up(ask)
        if adds_up[ask.ref] or not levels.are_numbers(ask.ref):
            continue
        if ask.measure.semi:
            notes.append(_stock(ask.ref, ask.measure.semi))
        elif ask.measure.counts or ask.measure.additive:
            notes.append(levels.overlap(ask))
        elif ask.measure.calc and ask.measure.calc.how.window and plan.time and plan.time.fill:
            as_of.append(ask.ref)
        elif ask.measure.calc and ask.measure.calc.against:
            against.append(ask.ref)
        else:
            recomputed.append(ask.ref)
    if as_of:
        notes.append(f"{', '.join(as_of)}: a total over time is the value as of the last period shown")
    if against:
        notes.append(
            f"{', '.join(against)}: a total sets all periods shown against those before, as far as there are data"
        )
    if recomputed:
        notes.append(f"{', '.join(recomputed)}: recomputed at each total, not added up")
    return tuple(replace(column, adds_up=adds_up.get(column.name)) for column in columns), tuple(notes)


def _stock(ref: str, semi: SemiAdditive) -> str:
    per = f" of each {' and '.join(semi.per)}" if semi.per else ""
    return f"{ref}: a total is {_TAKEN[semi.take]}{per} over {semi.over}, not the sum of the rows"


@dataclass(frozen=True, slots=True)
class _Levels:
    """The cells of an answer by level of totals: '' the plain ones, 'all' the grand total."""

    plan: Plan
    cells: Mapping[str, pl.DataFrame]

    def are_numbers(self, ref: str) -> bool:
        return self.cells["all"].schema[ref].is_numeric()

    def add_up(self, ask: Ask) -> bool:
        if not self.are_numbers(ask.ref):
            return False
        measure = ask.measure
        linear = measure.formula is not None and measure.formula.is_linear
        if measure.counts or measure.additive or measure.semi or linear or self._moved(ask):
            sums = [self._sum(level, ask.ref) for level in self.cells]
            return all(_equal(one, sums[0]) for one in sums)
        # An average or a ratio, unless each total has one part: equal sums would be chance.
        return len({part.height for part in self.cells.values()}) == 1

    def _moved(self, ask: Ask) -> bool:
        """Whether it is a sum or count of other days, or the change of one."""
        calc = ask.measure.calc
        asks = (one for fact in self.plan.facts if fact.cube.name == ask.cube.name for one in fact.asks)
        grounds = {one.measure.name: one.measure for one in asks}
        return calc is not None and not calc.relative and calc.of in grounds and grounds[calc.of].additive

    def overlap(self, ask: Ask) -> str:
        """`customers: 3 in total, not the 5 of the rows: some appear under several of product.department`."""
        total, parts = (format_value(self._sum(level, ask.ref), ask.measure.format) for level in ("all", ""))
        of = "cells" if self.plan.across else "rows"
        some = "some facts" if ask.measure.additive else "some"
        under = ", ".join(self._overlapping(ask.ref))
        return f"{ask.ref}: {total} in total, not the {parts} of the {of}: {some} appear under several of {under}"

    def _overlapping(self, ref: str) -> Iterator[str]:
        """The attributes under several of whose members something is counted: rolling them up loses some."""
        names, across = [axis.ref for axis in self.plan.rows], [self.plan.across.ref] if self.plan.across else []
        for kept, name in enumerate(names):
            if any(self._differ(names[kept + 1 :] + end, names[kept:] + end, ref) for end in ([], across)):
                yield name
        if across and self._differ([], across, ref):
            yield across[0]

    def _differ(self, finer: Sequence[str], coarser: Sequence[str], ref: str) -> bool:
        return not _equal(self._sum(self._mark(finer), ref), self._sum(self._mark(coarser), ref))

    def _mark(self, rolled: Sequence[str]) -> str:
        return "all" if len(rolled) == len(self.plan.axes) else ",".join(rolled)

    def _sum(self, level: str, ref: str) -> float:
        total = self.cells[level][ref].sum() if level in self.cells else 0
        return total if isinstance(total, int) else float(total)


def _equal(one: float, other: float) -> bool:
    return one == other or (not isinstance(one, int) and math.isclose(one, other, rel_tol=1e-9))
