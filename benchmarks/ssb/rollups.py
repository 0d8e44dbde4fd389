"""Flights 2 to 4 of the Star Schema Benchmark from rollups, beside the same cube from the rows.

    python -m benchmarks.ssb.rollups [--scale 1] [--threads 2] [--rounds 15]

What the rollups cost is printed first: rows, and seconds to build.  Then both
sides run in turn; their answers are compared before anything is timed.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import geometric_mean, median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.ssb.generate import generate
from benchmarks.ssb.questions import Question, cube, questions
from crm_analytics.engines import Engine, connect
from crm_analytics.olap.browse import browse
from crm_analytics.olap.model import Model
from crm_analytics.olap.refresh import refresh

FLIGHTS = ("2", "3", "4")


def without_rollups(model: Model) -> Model:
    """The same cubes, answered from the rows."""
    return replace(model, cubes={name: replace(cube, rollups={}) for name, cube in model.cubes.items()})


def measure(engine: Engine, model: Model, question: Question, rounds: int) -> tuple[float, float, str]:
    """Milliseconds from the rows and from a rollup, medians, and which one it was."""
    sides = {"rows": without_rollups(model), "rollup": model}
    rows, stored = (browse(engine, side, question.asked) for side in sides.values())
    if not rows.frame.equals(stored.frame):
        raise SystemExit(f"query {question.name}: {stored.source} and the rows differ")
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(rounds):
        for side, asked in sides.items():
            started = perf_counter()
            browse(engine, asked, question.asked)
            times[side].append((perf_counter() - started) * 1000)
    return median(times["rows"]), median(times["rollup"]), stored.source


def table(engine: Engine, model: Model, rounds: int) -> Iterator[str]:
    """Each query of the flights, Markdown."""
    yield "\n| query | rows, ms | rollup, ms | times faster | |\n|---|--:|--:|--:|---|"
    ratios = []
    for question in questions():
        if question.name[0] in FLIGHTS:
            rows, stored, source = measure(engine, model, question, rounds)
            ratios.append(rows / stored)
            yield f"| {question.name} | {rows:.1f} | {stored:.1f} | {ratios[-1]:.1f} | {source} |"
    yield f"\nGeometric mean {geometric_mean(ratios):.1f} times faster, the least {min(ratios):.1f}."


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=float, default=1.0, help="scale factor; 1 is 6 million lines")
    parser.add_argument("--threads", type=int, default=2, help="threads of DuckDB")
    parser.add_argument("--rounds", type=int, default=15, help="how often each side runs")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ssb.duckdb"
        engine = connect(path, threads=given.threads)
        generate(engine, given.scale)
        engine.execute("CHECKPOINT")
        size = path.stat().st_size
        refresh(engine, cube(engine), print)
        engine.execute("CHECKPOINT")
        more = (path.stat().st_size - size) / size
        print(f"The file grows by {more:.0%} of its {size / 2**20:,.0f} MiB.")
        engine.close()
        engine = connect(path, read_only=True, threads=given.threads)
        print("\n".join(table(engine, cube(engine), given.rounds)))
        engine.close()


if __name__ == "__main__":
    main()
