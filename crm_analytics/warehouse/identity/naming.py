"""What the customers are called, and through which pair each record came to its customer.

A customer has the id of its most trusted record: of the first source in order
of trust, of the first registered there.  It keeps the id it once had when records
come and go.  Where two customers would have the same id, because two sources
number their own people from 1, the id is written `source:id`.

May import: warehouse.identity.cluster.   Imported by: warehouse.identity.resolve.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence

from crm_analytics.warehouse.identity.cluster import Edge

Record = tuple[str, str]


def customer_ids(records: Sequence[Record], root: Sequence[int], former: Mapping[Record, str]) -> list[str]:
    """The customer id of each record.

    Parameters
    ----------
    records : source and id of each record, most trusted first
    root    : the cluster of each record, see `cluster`
    former  : the customer each record was before; empty where ids are not to be kept
    """
    kept = _kept(records, root, former)
    taken = set(kept.values())
    plain = Counter(record_id for _, record_id in {(root[r], records[r][1]) for r in range(len(records))})
    written = {f"{source}:{record_id}" for source, record_id in records}
    names = dict(kept)
    for r, (source, record_id) in enumerate(records):
        if root[r] in names:
            continue
        name = record_id
        if plain[record_id] > 1 or record_id in written or name in taken:
            name = f"{source}:{record_id}"
        while name in taken:  # an id that was once given out, or one that itself looks like source:id
            name = f"{source}:{name}"
        names[root[r]] = name
        taken.add(name)
    return [names[x] for x in root]


def _kept(records: Sequence[Record], root: Sequence[int], former: Mapping[Record, str]) -> dict[int, str]:
    """The ids that clusters keep: each id goes to one cluster, and a cluster keeps the one of its best record.

    An id that two clusters had goes to the one with the record that it is the id of, else to the first.
    """
    owner: dict[str, int] = {}
    namesake: set[str] = set()
    for r, record in enumerate(records):
        name = former.get(record)
        if name is None or name in namesake:
            continue
        if name in (record[1], f"{record[0]}:{record[1]}"):
            namesake.add(name)
            owner[name] = r
        else:
            owner.setdefault(name, r)
    kept: dict[int, str] = {}
    for name, r in sorted(owner.items(), key=lambda item: item[1]):
        kept.setdefault(root[r], name)
    return kept


def joined_through(root: Sequence[int], used: Sequence[Edge]) -> dict[int, tuple[str, int]]:
    """The rule and the other record that brought each record to its cluster; the most trusted record has none."""
    near: dict[int, list[tuple[int, str]]] = {}
    for edge in used:
        near.setdefault(edge.a, []).append((edge.b, edge.rule))
        near.setdefault(edge.b, []).append((edge.a, edge.rule))
    found: dict[int, tuple[str, int]] = {}
    for first in sorted({root[r] for r in near}):  # the root is the lowest, so the most trusted
        queue = deque([first])
        while queue:
            r = queue.popleft()
            for other, rule in sorted(near[r]):
                if other != first and other not in found:
                    found[other] = (rule, r)
                    queue.append(other)
    return found
