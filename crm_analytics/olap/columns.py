"""The columns of an answer as people read them.

May import: olap.dimension, olap.plan.   Imported by: olap.compile, olap.cellset, olap.show, olap.totals.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from crm_analytics.olap.dimension import UNKNOWN
from crm_analytics.olap.plan import Plan


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer.

    `unknown` is what an empty member is called.  `narrow` is the type of a
    sum's cells where DuckDB gives it more digits than those summed.  `adds_up` says of
    a measure with totals whether each is the sum of its parts; None without totals.
    """

    name: str
    title: str
    format: str
    kind: Literal["dimension", "measure"]
    unknown: str = UNKNOWN
    narrow: str = ""
    adds_up: bool | None = None


def columns(plan: Plan) -> Iterator[Column]:
    """Attributes, then measures; of two with one title each says whose it is."""
    axes = _distinct([(a.title, f"{a.role.title}: {a.attribute.title}", a.ref) for a in plan.axes])
    for axis, title in zip(plan.axes, axes, strict=True):
        yield Column(axis.ref, title, axis.attribute.format, "dimension", axis.attribute.unknown)
    asks = _distinct([(a.measure.title, f"{a.cube.title}: {a.measure.title}", a.ref) for a in plan.shown])
    for ask, title in zip(plan.shown, asks, strict=True):
        narrow = ask.measure.cell_type if ask.measure.cell_type != ask.measure.type else ""
        yield Column(ask.ref, title, ask.measure.format, "measure", narrow=narrow)


def _distinct(titles: list[tuple[str, str, str]]) -> list[str]:
    """The title of each; its longer title where two clash; with its name where those clash too."""
    short = Counter(title for title, _, _ in titles)
    longer = Counter(long for _, long, _ in titles)
    return [
        title if short[title] == 1 else long if longer[long] == 1 else f"{long} ({name})"
        for title, long, name in titles
    ]
