"""What a statement reads, as it is planned and as it was measured.

Values only.

May import: nothing.   Imported by: engines, engines.duckdb, engines.explain, olap.estimate, olap.why.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scan:
    """One pass over one table: how many rows are read, and how many of them go on from there."""

    table: str
    rows: int
    passed: int


@dataclass(frozen=True, slots=True)
class PlanEstimate:
    """How an engine would run a statement, and what it expects.

    Of each scan `rows` is the size of the table, the most that can be read, and
    `passed` a guess.  `rows` is the planner's guess of the rows of the answer; for
    a split by several attributes it can be far too high or too low.
    """

    scans: tuple[Scan, ...]
    rows: int
    plan: str
