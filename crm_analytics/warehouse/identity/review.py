"""The pairs that somebody should look at: too alike to leave, not enough to join, or contradicting each other.

One row for each two customers, with their most alike pair of records.  Two
customers that somebody has kept apart do not come back.

May import: engines, identity_rules, warehouse.identity.cluster.   Imported by: warehouse.identity.resolve.
"""

from collections.abc import Iterable, Mapping

import polars as pl

from crm_analytics.engines import Engine
from crm_analytics.warehouse.identity.cluster import Clusters, Pair

UNSURE = "between the thresholds"
_COLUMNS = ("source", "record_id", "other_source", "other_record", "score", "agreement", "reason")


def write_review(
    engine: Engine, number: Mapping[tuple[str, str], int], clusters: Clusters, apart: Iterable[Pair]
) -> None:
    """Write `identity_review` from the stored pairs and what the clusters made of them.

    `number` is the place of each record in the clusters; `apart` are the pairs kept apart by a decision.
    """
    root = clusters.root
    settled = {(root[a], root[b]) for a, b in apart} | {(root[b], root[a]) for a, b in apart}
    ranked = []
    for source, record, other_source, other_record, score, agreement, unruled in engine.rows(
        "SELECT source, record_id, other_source, other_record, score, agreement, rule IS NULL FROM identity_pair"
    ):
        named = ((str(source), str(record)), (str(other_source), str(other_record)))
        a, b = sorted(number[n] for n in named)
        if root[a] != root[b] and (root[a], root[b]) not in settled:
            ranked.append((bool(unruled), -float(str(score)), a, b, str(agreement)))
    records = {r: record for record, r in number.items()}
    waiting: dict[Pair, tuple[object, ...]] = {}
    for _, minus_score, a, b, agreement in sorted(ranked):
        two = (min(root[a], root[b]), max(root[a], root[b]))
        reason = clusters.blocked.get((a, b), UNSURE)
        waiting.setdefault(two, (*records[a], *records[b], -minus_score, agreement, reason))
    schema = {name: pl.Float64() if name == "score" else pl.String() for name in _COLUMNS}
    engine.write_frame("identity_new", pl.DataFrame(list(waiting.values()), schema=schema, orient="row"))
    engine.execute("DELETE FROM identity_review")
    engine.execute(f"INSERT INTO identity_review SELECT {', '.join(_COLUMNS)} FROM identity_new")
    engine.execute("DROP TABLE identity_new")
