"""The Star Schema Benchmark through the cube, beside the paper's SQL.

    python -m benchmarks.ssb [--scale 1 3 10] [--threads 1 2] [--rounds 15]

For each scale factor the data are drawn anew into a DuckDB file of their own,
and what each query reads is printed beside what the paper says it should.  Then
both sides run in turn, round by round, through the same engine into the same
kind of frame; their answers are compared before anything is timed.  A round has
a ratio of its own, and the ratio of a query is the median of those: neighbours
that come and go slow both sides of a round alike.  What is printed is Markdown.

Exit code 1 where the geometric mean of the 13 ratios is above 1.05, or one of them above 1.15.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import geometric_mean, median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.ssb.generate import SEED, Sizes, checksum, generate
from benchmarks.ssb.questions import Question, cube, questions
from crm_analytics.engines import Engine, connect
from crm_analytics.olap.browse import browse
from crm_analytics.olap.model import Model
from crm_analytics.sql import Query

MEAN_BAR = 1.05
WORST_BAR = 1.15


@dataclass(frozen=True, slots=True)
class Timing:
    """One query on both sides: milliseconds of each round."""

    name: str
    by_hand: Sequence[float]
    cube: Sequence[float]

    @property
    def ratio(self) -> float:
        return median(ours / theirs for ours, theirs in zip(self.cube, self.by_hand, strict=True))


@dataclass(frozen=True, slots=True)
class Run:
    """All 13 at one scale on so many threads."""

    scale: float
    threads: int
    timings: Sequence[Timing]

    @property
    def mean(self) -> float:
        return geometric_mean(timing.ratio for timing in self.timings)

    @property
    def worst(self) -> float:
        return max(timing.ratio for timing in self.timings)

    @property
    def passed(self) -> bool:
        return self.mean <= MEAN_BAR and self.worst <= WORST_BAR


def draw(path: Path, scale: float) -> None:
    """Make the data and say what they are."""
    engine = connect(path)
    started = perf_counter()
    generate(engine, scale, tell=lambda part: print(f"\rlineorder {part:4.0%}", end="", file=sys.stderr, flush=True))
    print(file=sys.stderr)
    engine.execute("CHECKPOINT")
    seconds = perf_counter() - started
    ((version,),) = engine.rows("SELECT version()")
    print(
        f"\nScale {scale:g}: {Sizes.of(scale).lines:,} lines drawn in {seconds:.1f} s, "
        f"{path.stat().st_size / 2**20:,.0f} MiB; seed {SEED}, checksum {checksum(engine)} with DuckDB {version}.\n"
    )
    engine.close()


def selectivities(engine: Engine, model: Model, scale: float) -> Iterator[str]:
    """What each query reads, beside what the paper says it should."""
    lines = Sizes.of(scale).lines
    yield "| query | lines read | of all | in the paper | ratio |\n|---|--:|--:|--:|--:|"
    for question in questions():
        read = browse(engine, model, question.lines).frame["lines"].item()
        part = read / lines
        yield f"| {question.name} | {read:,} | {part:.2g} | {question.fraction:.2g} | {part / question.fraction:.2f} |"


def measure(engine: Engine, model: Model, question: Question, rounds: int) -> Timing:
    """Compare the two answers, then time both sides in turn."""
    ours, theirs = browse(engine, model, question.asked).frame.rows(), engine.rows(question.by_hand)
    if ours != theirs:
        raise SystemExit(f"query {question.name}: the cube and the SQL by hand differ")
    times: dict[str, list[float]] = {"hand": [], "cube": []}
    for number in range(rounds):
        # Who goes second finds the caches as the other left them, so they take turns.
        for side in ("hand", "cube") if number % 2 else ("cube", "hand"):
            started = perf_counter()
            if side == "cube":
                browse(engine, model, question.asked)
            else:
                engine.cells(Query(question.by_hand))
            times[side].append((perf_counter() - started) * 1000)
    return Timing(question.name, times["hand"], times["cube"])


def table(run: Run) -> Iterator[str]:
    """The 13 queries of one run, medians with the smallest in brackets."""
    yield f"\nScale {run.scale:g}, {run.threads} {'thread' if run.threads == 1 else 'threads'}:\n"
    yield "| query | by hand, ms | cube, ms | ratio |\n|---|--:|--:|--:|"
    for t in run.timings:
        sides = " | ".join(f"{median(side):.1f} ({min(side):.1f})" for side in (t.by_hand, t.cube))
        yield f"| {t.name} | {sides} | {t.ratio:.3f} |"
    by_hand, ours = sum(median(t.by_hand) for t in run.timings), sum(median(t.cube) for t in run.timings)
    yield f"| all | {by_hand:.1f} | {ours:.1f} | **{run.mean:.3f}** |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--scale", type=float, nargs="+", default=[1.0], help="scale factors; 1 is 6 million lines")
    parser.add_argument("--threads", type=int, nargs="+", default=[2], help="threads of DuckDB")
    parser.add_argument("--rounds", type=int, default=15, help="how often each side runs")
    given = parser.parse_args()
    runs = []
    for scale in given.scale:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "ssb.duckdb"
            draw(path, scale)
            for threads in given.threads:
                engine = connect(path, read_only=True, threads=threads)
                model = cube(engine)
                if threads == given.threads[0]:
                    print("\n".join(selectivities(engine, model, scale)))
                timings = [measure(engine, model, question, given.rounds) for question in questions()]
                runs.append(Run(scale, threads, timings))
                print("\n".join(table(runs[-1])), flush=True)
                engine.close()
    print("\n| scale | threads | geometric mean | largest ratio |\n|--:|--:|--:|--:|")
    for run in runs:
        print(f"| {run.scale:g} | {run.threads} | {run.mean:.3f} | {run.worst:.3f} |")
    print(f"\nThe bars are {MEAN_BAR} and {WORST_BAR}.")
    sys.exit(not all(run.passed for run in runs))


if __name__ == "__main__":
    main()
