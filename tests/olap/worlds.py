"""Random histories, bridges and trees, and what each row of a fact belongs to in them, found by going row by row."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from hypothesis import strategies as st

from crm_analytics.olap.dimension import AsOf
from olap.members import CLUBS, Membership, Node, Version
from olap.shop import ARTICLES, Sale

REGION = {"ann": "N", "bob": "S", "eve": "W"}
CLUB = {
    "Runners": ("Runners", "sport"),
    "Swimmers": ("Swimmers", "sport"),
    "Readers": ("Readers", "culture"),
    "nameless": (None, "culture"),
    "lost": (None, None),
}
LEVELS = ("division", "aisle", "item")
# The days of sales, and those beside them.
BOUNDS = [date(2016, 12, 31), date(2017, 1, 2), date(2017, 1, 3), date(2017, 1, 9), date(2017, 2, 6), date(2017, 2, 7)]
PLACES = [article for article in ARTICLES if article]

Members = dict[str, object]


@dataclass(frozen=True)
class World:
    """What surrounds the facts."""

    versions: list[Version]
    memberships: list[Membership]
    nodes: list[Node]

    def of_row(self, sale: Sale, as_of: AsOf = "today") -> list[Members]:
        """Every combination of members that a row belongs to; None is the unknown member."""
        _, customer, article, day, _ = sale
        one: Members = {"customer.region": self._region(customer, day, as_of), "date.month": day and f"{day:%Y-%m}"}
        one |= {f"range.{level}": label for level, label in self._levels(article).items()}
        clubs = [CLUB[club] for who, club in self.memberships if who == customer] or [(None, None)]
        return [{**one, "club.club": club, "club.kind": kind} for club, kind in clubs]

    def _region(self, customer: str | None, day: date | None, as_of: AsOf) -> str | None:
        if as_of == "today":
            return REGION.get(customer or "")
        when = day if as_of == "sale" else as_of
        for who, region, start, end in self.versions:
            if who == customer and isinstance(when, date) and (start or date.min) <= when < (end or date.max):
                return region
        return None

    def _levels(self, article: str | None) -> dict[str, str | None]:
        above = dict(self.nodes)
        if article is None:
            return dict.fromkeys(LEVELS)
        path = [article]
        while (parent := above[path[0]]) in above and parent != path[0]:
            path.insert(0, str(parent))
        return {level: path[min(i, len(path) - 1)].capitalize() for i, level in enumerate(LEVELS)}


@st.composite
def versions(draw: st.DrawFn) -> list[Version]:
    """For each customer intervals that may leave gaps and never overlap; some are empty, some have open ends."""
    found: list[Version] = []
    for who in ("ann", "bob"):
        days = sorted(draw(st.lists(st.sampled_from(BOUNDS), max_size=6)))
        for start, end in zip(days[::2], days[1::2], strict=False):
            found.append((who, draw(st.sampled_from(["N", "S", None])), start, end))
        if len(days) % 2:
            found.append((who, "W", days[-1], None))
        elif days and draw(st.booleans()):
            found.append((who, "W", None, days[0]))
    return found


@st.composite
def trees(draw: st.DrawFn) -> list[Node]:
    """The articles and three nodes more, each a root, below a node before it, below itself or below one that is not."""
    names = draw(st.permutations([*PLACES, "x", "y", "z"]))
    return [(n, draw(st.sampled_from([None, n, "gone", *names[:i], *names[:i]]))) for i, n in enumerate(names)]


memberships = st.lists(st.tuples(st.sampled_from(["ann", "bob"]), st.sampled_from(list(CLUBS))), max_size=6)
worlds = st.builds(World, versions(), memberships, trees())
eternal = st.lists(st.sampled_from([date(1900, 1, 1), None]), min_size=3, max_size=3).map(
    lambda starts: [(who, REGION[who], start, None) for who, start in zip(REGION, starts, strict=True)]
)

Cells = dict[tuple[object, ...], list[Sale]]


def cells(rows: Iterable[tuple[Sale, list[Members]]], by: Sequence[str]) -> Cells:
    """The rows in each combination of members, each row once."""
    found: Cells = {}
    for sale, combinations in rows:
        for place in {tuple(one[ref] for ref in by) for one in combinations}:
            found.setdefault(place, []).append(sale)
    return found


def kept(
    rows: Iterable[tuple[Sale, list[Members]]], holds: Callable[[Members], bool]
) -> list[tuple[Sale, list[Members]]]:
    """The rows with at least one member for which this holds, and of their members only those."""
    chosen = [(sale, [one for one in combinations if holds(one)]) for sale, combinations in rows]
    return [(sale, combinations) for sale, combinations in chosen if combinations]


def revenue(rows: Sequence[Sale]) -> int | None:
    return sum(row[4] for row in rows) if rows else None


def customers(rows: Sequence[Sale]) -> int:
    return len({row[1] for row in rows} - {None})
