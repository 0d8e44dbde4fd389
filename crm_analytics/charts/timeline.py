"""The picture of one customer's interactions: a lane each kind, a stroke each interaction.

SVG and not Plotly: a card is opened hundreds of times a day, and 5 MB of script for each
would be out of proportion.  It needs no script, prints, and takes its ink from the page.
A stroke is as tall as its size says beside the largest of its lane.

May import: charts.figure.   Imported by: charts, reports.card.html.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from html import escape
from math import sqrt
from typing import NamedTuple

from crm_analytics.charts.figure import PALETTE

WIDTH, LANE, GAP, LEFT, RIGHT, BELOW = 720, 24, 8, 96, 12, 22
LEAST = 0.25  # of the lane's height, so that the smallest order is still seen
MOST_TICKS = 8
MONTHS_APART = (1, 2, 3, 6, 12, 24, 60, 120)


class Strokes(NamedTuple):
    """A lane: its name, when something happened, and how much it was (1 each where they are alike)."""

    name: str
    at: Sequence[datetime]
    size: Sequence[float]


def timeline(lanes: Sequence[Strokes]) -> str:
    """The lanes one below the other over one axis of time, as one `<svg>` element; nothing where all are empty."""
    drawn = [lane for lane in lanes if lane.at]
    if not drawn:
        return ""
    first, last = min(min(lane.at) for lane in drawn), max(max(lane.at) for lane in drawn)
    height = len(drawn) * (LANE + GAP) + BELOW
    said = "; ".join(f"{lane.name}: {len(lane.at):,}" for lane in drawn)
    parts = [
        f'<svg class="timeline" viewBox="0 0 {WIDTH} {height}" width="100%" role="img" '
        f'aria-label="Interactions from {first:%Y-%m-%d} to {last:%Y-%m-%d}. {escape(said)}" '
        'font-family="system-ui, sans-serif" font-size="12" fill="currentColor">',
        *_axis(first, last, height),
        *(part for i, lane in enumerate(drawn) for part in _lane(lane, i, first, last)),
        "</svg>",
    ]
    return "\n".join(parts)


def _lane(lane: Strokes, place: int, first: datetime, last: datetime) -> Iterator[str]:
    floor = place * (LANE + GAP) + LANE
    largest = max((abs(size) for size in lane.size), default=0.0) or 1.0
    # One path for all strokes of a lane: a thousand orders are some 15 kB.
    strokes = " ".join(
        f"M{_x(at, first, last):.1f} {floor}v-{_tall(size, largest):.1f}"
        for at, size in zip(lane.at, lane.size, strict=True)
    )
    color = PALETTE[place % len(PALETTE)]
    yield f'<text x="{LEFT - 10}" y="{floor - 7}" text-anchor="end">{escape(lane.name)}</text>'
    yield f'<path d="M{LEFT} {floor + 0.5}H{WIDTH - RIGHT}" stroke="currentColor" stroke-opacity=".18"/>'
    yield (
        f'<path d="{strokes}" stroke="{color}" stroke-width="2" stroke-opacity=".75" fill="none">'
        f"<title>{escape(lane.name)}: {len(lane.at):,}</title></path>"
    )


def _tall(size: float, largest: float) -> float:
    # By the root, for orders differ by a factor of a hundred and the small ones are most of them.
    return LANE * (LEAST + (1 - LEAST) * sqrt(abs(size) / largest))


def _x(at: datetime, first: datetime, last: datetime) -> float:
    span = (last - first).total_seconds()
    share = (at - first).total_seconds() / span if span else 0.5
    return LEFT + share * (WIDTH - LEFT - RIGHT)


def _axis(first: datetime, last: datetime, height: int) -> Iterator[str]:
    """A line at the first of a month, at most `MOST_TICKS` of them; the two ends where less than a month is shown."""
    ticks = _month_starts(first, last)
    words = [(tick, f"{tick:%Y-%m}") for tick in ticks]
    if not ticks:
        words = [(day, f"{day:%Y-%m-%d}") for day in dict.fromkeys((first, last))]
    for tick, word in words:
        x = _x(tick, first, last)
        yield f'<path d="M{x:.1f} 0V{height - BELOW}" stroke="currentColor" stroke-opacity=".12"/>'
        anchor = "start" if x < LEFT + 30 else "end" if x > WIDTH - 40 else "middle"
        yield f'<text x="{x:.1f}" y="{height - 6}" text-anchor="{anchor}" fill-opacity=".65">{word}</text>'


def _month_starts(first: datetime, last: datetime) -> list[datetime]:
    low, high = (
        first.year * 12 + first.month,
        last.year * 12 + last.month - 1,
    )  # months since year 0, the first whole one on
    step = next((step for step in MONTHS_APART if (high - low) // step < MOST_TICKS), MONTHS_APART[-1])
    months = (month for month in range(low, high + 1) if month % step == 0)
    return [datetime(month // 12, month % 12 + 1, 1) for month in months]
