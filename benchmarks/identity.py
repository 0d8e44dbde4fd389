"""Finding the planted duplicates among 100,000 customer records: time, memory, precision and recall.

    python benchmarks/identity.py [RECORDS]

Records come from `synthetic.duplicates`, which knows who is who.  A pair of
records is found where both are one customer in the end, so chains count in full.
Exit code 1 where a bar is missed: 30 s, precision 0.99, recall 0.95.  The bar of
time is for 2 cores; generating the records is not counted.
"""

import resource
import sys
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from crm_analytics.engines import Engine, connect
from crm_analytics.identity_rules import IdentityRules
from crm_analytics.synthetic.duplicates import duplicates
from crm_analytics.warehouse.identity.resolve import resolve

SECONDS, PRECISION, RECALL = 30.0, 0.99, 0.95
NOW = datetime(2024, 1, 1)
PAIRS = "SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM (SELECT count(*) AS n FROM {relation} GROUP BY {by})"
TRUTH = "customer_record JOIN truth USING (source, customer_id)"
BOTH = f"(SELECT person, i.customer_id AS found FROM {TRUTH} JOIN customer_identity i USING (source) "
BOTH += "WHERE i.record_id = customer_record.customer_id)"


def number(engine: Engine, text: str) -> int:
    ((found,),) = engine.rows(text)
    return int(str(found))


def write_records(engine: Engine, records: int) -> None:
    """`customer_record` as a load would leave it, and the truth beside it."""
    frame = duplicates(records)
    engine.write_frame("truth", frame.select("source", "customer_id", "person"))
    engine.write_frame("customer_record", frame.drop("person"))


def easy_pairs(engine: Engine) -> int:
    """How many of the true pairs an exact rule finds by itself: the same e-mail, phone or card."""
    return number(
        engine,
        f"""WITH r AS (SELECT *, row_number() OVER () AS _r FROM {TRUTH}),
        p AS (SELECT source, record_id AS customer_id, max(value) FILTER (kind = 'phone') AS e164
              FROM customer_contact_point GROUP BY 1, 2),
        k AS (SELECT r.*, p.e164 FROM r LEFT JOIN p USING (source, customer_id))
        SELECT count(*) FROM k a JOIN k b ON a.person = b.person AND a._r < b._r
        WHERE lower(a.email) = lower(b.email) OR a.e164 = b.e164 OR a.loyalty_id = b.loyalty_id""",
    )


def main(records: int) -> int:
    """Measure once, print, and give the exit code."""
    with TemporaryDirectory() as folder:
        engine = connect(Path(folder) / "w.duckdb", threads=2)
        write_records(engine, records)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        started, cpu = perf_counter(), process_time()
        with engine.transaction():
            done = resolve(engine, IdentityRules(region="DE"), NOW)
        seconds, cpu = perf_counter() - started, process_time() - cpu
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        found = number(engine, PAIRS.format(relation=BOTH, by="found"))
        true = number(engine, PAIRS.format(relation="truth", by="person"))
        right = number(engine, PAIRS.format(relation=BOTH, by="person, found"))
        people = number(engine, "SELECT count(DISTINCT person) FROM truth")
        easy = easy_pairs(engine)
        engine.close()
    precision, recall = right / found, right / true
    print(f"{done.records:,} records of {people:,} people: {done.customers:,} customers found")
    print(f"true pairs {true:,}; {1 - easy / true:.1%} of them need more than an exact rule")
    print(f"time {seconds:.1f} s ({cpu:.1f} s CPU), peak memory {peak_mb:,.0f} MB ({before:,.0f} MB before)")
    print(f"pairwise precision {precision:.4f}, recall {recall:.4f}; {done.to_review:,} pairs to review")
    return int(seconds > SECONDS or precision < PRECISION or recall < RECALL)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
