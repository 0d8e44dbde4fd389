"""From pairs to customers: records joined strongest pair first, and never against a contradiction.

A *contradiction* is two records with different values of a conflicting column
(two loyalty ids, two birth dates), or two that somebody has kept apart.  No
cluster ever holds one, however long the chain of pairs between the two records,
unless somebody has accepted a pair in spite of it.

The order in which pairs are tried is that of their rule, score and records, so
it does not matter in which order the records came.

May import: nothing.   Imported by: warehouse.identity.{customers,resolve}.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Pair = tuple[int, int]
KEPT_APART = "kept apart by a decision"


@dataclass(frozen=True, slots=True)
class Edge:
    """Two records that `rule` says are one customer; edges are tried in their order in a list."""

    a: int
    b: int
    rule: str


@dataclass(frozen=True, slots=True)
class Clusters:
    """`root[r]` is the same for all records of a cluster; `used` edges joined it, `blocked` ones could not, and why."""

    root: Sequence[int]
    used: tuple[Edge, ...]
    blocked: Mapping[Pair, str]


def cluster(
    records: int,
    accepted: Iterable[Pair],
    edges: Iterable[Edge],
    values: Mapping[str, Sequence[object]],
    apart: Iterable[Pair],
) -> Clusters:
    """Join records 0 to `records` - 1.

    Parameters
    ----------
    accepted : pairs that somebody said are one customer; joined first, whatever contradicts
    edges    : strongest first
    values   : of each conflicting column the value of each record, None where it has none
    apart    : pairs that must not meet in one cluster
    """
    forest = _Forest(records, values, apart)
    used, blocked = [], {}
    for a, b in accepted:
        if forest.join(a, b):
            used.append(Edge(a, b, "accepted"))
    for edge in edges:
        if forest.find(edge.a) == forest.find(edge.b):
            continue
        if why := forest.contradiction(edge.a, edge.b):
            blocked[edge.a, edge.b] = why
        else:
            forest.join(edge.a, edge.b)
            used.append(edge)
    return Clusters([forest.find(r) for r in range(records)], tuple(used), blocked)


class _Forest:
    """Union-find that knows, of each cluster of several records, its members and its values of conflicting columns."""

    def __init__(self, records: int, values: Mapping[str, Sequence[object]], apart: Iterable[Pair]) -> None:
        self._parent = list(range(records))
        self._values = values
        self._members: dict[int, list[int]] = {}
        self._held: dict[int, dict[str, set[object]]] = {}
        self._apart: dict[int, set[int]] = {}
        for a, b in apart:
            self._apart.setdefault(a, set()).add(b)
            self._apart.setdefault(b, set()).add(a)

    def find(self, r: int) -> int:
        """The root of the record's cluster."""
        while self._parent[r] != r:
            self._parent[r] = self._parent[self._parent[r]]
            r = self._parent[r]
        return r

    def contradiction(self, a: int, b: int) -> str:
        """Why the clusters of a and b cannot be one; "" where they can."""
        x, y = self.find(a), self.find(b)
        held, other = self._values_of(x), self._values_of(y)
        # One side's values may be all among the other's: an accepted pair may have brought two of them together.
        against = [c for c in self._values if not (held[c] <= other[c] or other[c] <= held[c])]
        if against:
            direct = all(self._values[c][r] is not None for c in against for r in (a, b))
            return f"{'' if direct else 'another record has '}different {', '.join(against)}"
        few, many = sorted((x, y), key=lambda root: len(self._members_of(root)))
        if any(self.find(other) == many for r in self._members_of(few) for other in self._apart.get(r, ())):
            return KEPT_APART
        return ""

    def join(self, a: int, b: int) -> bool:
        """Make one cluster of two; False where it is one already.  The lower root stays."""
        x, y = sorted((self.find(a), self.find(b)))
        if x == y:
            return False
        held = self._values_of(x)
        self._held[x] = {c: held[c] | other for c, other in self._values_of(y).items()}
        self._members[x] = self._members_of(x) + self._members_of(y)
        self._held.pop(y, None)
        self._members.pop(y, None)
        self._parent[y] = x
        return True

    def _members_of(self, root: int) -> list[int]:
        return self._members.get(root) or [root]

    def _values_of(self, root: int) -> dict[str, set[object]]:
        if root in self._held:
            return self._held[root]
        return {c: {v[root]} if v[root] is not None else set() for c, v in self._values.items()}
