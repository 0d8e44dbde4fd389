"""The five tables of the Star Schema Benchmark, drawn in DuckDB from a seed: same seed, same rows.

Schema, cardinalities and value distributions are those of O'Neil, O'Neil &
Chen, "Star Schema Benchmark", revision 3, 2009; no row comes from their
generator.  Keys and money (in cents) are whole numbers.  The draws stand on
DuckDB's `hash()`, which another version may change: `checksum` tells whether
two machines hold the same rows.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.sql import ident

SQL = Path(__file__).parent / "sql"
TABLES = ("customer", "supplier", "part", "date", "lineorder")
SEED = 1
# Every 28 lines are 7 whole orders, and no step may end within one.
STEP_LINES = 28 * 100_000


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many rows the tables have that grow with the scale factor."""

    customers: int
    suppliers: int
    parts: int
    lines: int

    @classmethod
    def of(cls, scale: float) -> "Sizes":
        """The paper's; below 1, where its rule for parts gives none, the parts shrink as the rest does."""
        parts = 200_000 * (math.floor(1 + math.log2(scale)) if scale >= 1 else scale)
        return cls(round(30_000 * scale), round(2_000 * scale), round(parts), round(6_000_000 * scale))


def generate(engine: Engine, scale: float, seed: int = SEED, tell: Callable[[float], None] = lambda _: None) -> None:
    """Make the five tables; `tell` hears which part of lineorder is done, up to 1."""
    sizes = Sizes.of(scale)
    given = {**asdict(sizes), "seed": seed}
    for name in ("draw", "city", *TABLES):
        text = statement(name)
        engine.execute(text, {key: value for key, value in given.items() if f"${key}" in text})
    lines = statement("lines")
    del given["lines"]
    for first in range(0, sizes.lines, STEP_LINES):
        end = min(first + STEP_LINES, sizes.lines)
        engine.execute(lines, {**given, "first": first, "end": end})
        tell(end / sizes.lines)


def statement(name: str) -> str:
    """The text of one file of `sql`; its first line says what one row is."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def checksum(engine: Engine) -> str:
    """All rows of the five tables as 16 hexadecimal digits, in whatever order they lie."""
    sums = " UNION ALL ".join(
        f"SELECT {number} AS number, sum(hash({ident(table)})) AS rows FROM {ident(table)}"
        for number, table in enumerate(TABLES)
    )
    ((found,),) = engine.rows(f"SELECT bit_xor(hash(number, rows)) FROM ({sums})")
    return f"{found:016x}"
