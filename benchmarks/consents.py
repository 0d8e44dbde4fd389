"""The consent ledger with a million entries: appended, verified, brought up to date, and asked.

    python benchmarks/consents.py [CUSTOMERS]

Each customer has ten rows in the register, so 100,000 customers are a million
entries.  The register is written straight into the star; what is timed begins
where a load calls the ledger.  The bars are seconds of processor time, for on a
busy machine the clock measures the neighbours; exit code 1 where one is not held.
"""

import resource
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from crm_analytics.engines import Engine, connect
from crm_analytics.warehouse.consent_chain import verify
from crm_analytics.warehouse.consent_ledger import append_consents, astray
from crm_analytics.warehouse.consents import consent_counts, consent_history, consent_state, consents_as_of

NOW, LATER = datetime(2026, 1, 1), datetime(2026, 1, 2)
CHANNELS = ("store", "web", "mail", "email", "phone", "sms")
PURPOSES = ("marketing", "service", "contract_change")
ROWS_EACH = 10
BARS_CPU_SECONDS = {"append all": 20, "verify": 5, "append 1 %": 6, "state for the plan": 2, "one customer": 0.5}


def register(engine: Engine, customers: int) -> None:
    """A star with a register and nothing else that the ledger reads."""
    channels = ", ".join(f"({i}, '{name}')" for i, name in enumerate(CHANNELS, start=1))
    for text in (
        f"CREATE TABLE dim_channel AS FROM (VALUES (0, NULL), {channels}) t(channel_key, channel)",
        f"""CREATE TABLE dim_customer AS SELECT CAST(i AS INTEGER) AS customer_key,
CASE WHEN i > 0 THEN 'C' || i END AS customer_id FROM range({customers + 1}) t(i)""",
        *(f"CREATE TABLE dim_{name} ({name}_key INTEGER, {name}_id VARCHAR)" for name in ("campaign", "product")),
        """CREATE TABLE fct_response (response_id VARCHAR, customer_key INTEGER, campaign_key INTEGER,
product_key INTEGER, channel_key INTEGER, responded_at TIMESTAMP, response_kind VARCHAR, source VARCHAR,
part_key INTEGER, load_id INTEGER, unresolved VARCHAR)""",
        "CREATE TABLE rejects (source VARCHAR, entity VARCHAR, reason VARCHAR, row_json VARCHAR)",
        f"""CREATE TABLE fct_consent AS SELECT
  'E' || i AS consent_id, CAST(1 + i % {customers} AS INTEGER) AS customer_key,
  CAST(1 + hash(i) % {len(CHANNELS)} AS INTEGER) AS channel_key,
  {list(PURPOSES)}[CAST(1 + hash(i + 1) % {len(PURPOSES)} AS BIGINT)] AS purpose,
  CASE WHEN hash(i + 2) % 8 = 0 THEN 'withdrawn' ELSE 'granted' END AS status,
  TIMESTAMP '2020-01-01' + to_minutes(i) AS recorded_at, 'v' || hash(i + 3) % 5 AS wording_version,
  'signed form F-' || i AS proof, CAST(NULL AS VARCHAR) AS evidence, 'crm' AS source,
  1 AS part_key, 1 AS load_id, CAST(NULL AS VARCHAR) AS unresolved
FROM range({customers * ROWS_EACH}) t(i)""",
    ):
        engine.execute(text)


def change(engine: Engine, percent: int) -> None:
    """Correct the proof of so many of a hundred rows: each old entry is taken back, and a new one added."""
    engine.execute(f"UPDATE fct_consent SET proof = proof || 'a' WHERE hash(consent_id) % 100 < {percent}")


def timed(name: str, job: Callable[[], object]) -> bool:
    """Run, print the seconds, and say whether the bar was held."""
    started, cpu = perf_counter(), process_time()
    job()
    seconds, cpu = perf_counter() - started, process_time() - cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bar = BARS_CPU_SECONDS.get(name)
    print(
        f"{name:<28}{seconds:7.2f} s ({cpu:6.2f} s CPU), peak so far {peak_mb:6,.0f} MB"
        + (f"; bar {bar} s CPU" if bar else ""),
        flush=True,
    )
    return bar is None or cpu <= bar


def main(customers: int) -> int:
    """Run each step once, print it, and give the exit code."""
    with TemporaryDirectory() as folder:
        engine = connect(Path(folder) / "ledger.duckdb")
        register(engine, customers)
        whole = True

        def append() -> None:
            with engine.transaction():
                append_consents(engine, 1, NOW)

        def holds() -> None:
            nonlocal whole
            whole = whole and verify(engine).ok and astray(engine) == 0

        steps: dict[str, Callable[[], object]] = {
            "append all": append,
            "checkpoint": lambda: engine.execute("CHECKPOINT"),
            "verify": lambda: verify(engine),
            "append nothing new": append,
            "correct 1 % of the rows": lambda: change(engine, 1),
            "append 1 %": append,
            "state for the plan": lambda: consent_state(engine, LATER, "marketing"),
            "every customer and channel": lambda: consents_as_of(engine, LATER, "marketing"),
            "counts of every purpose": lambda: consent_counts(engine, LATER),
            "one customer": lambda: consents_as_of(engine, LATER, "marketing", "C42"),
            "history of one customer": lambda: consent_history(engine, "C42"),
            "verify, and star = ledger": holds,
        }
        print(f"{customers:,} customers, {customers * ROWS_EACH:,} rows in the register")
        held = [timed(name, job) for name, job in steps.items()]
        engine.close()
    return int(not (whole and all(held)))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
