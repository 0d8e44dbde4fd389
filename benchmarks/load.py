"""Loading the Complete Journey into the star, beside bare `CREATE TABLE AS SELECT` of the same eight files.

    python benchmarks/load.py [ROUNDS]

Each side runs in a process of its own, in turn, on the same threads and memory
limit, into a fresh DuckDB file, up to and with the checkpoint.  On a busy
machine only the ratio means anything: the median of the rounds' ratios has to
stay at or below 3.  The ratio of CPU time stands beside it, for neighbours
that come and go between two sides disturb that less.

Needs the [demo] extra.  Exit code 1 where the ratio is above the bar.
"""

import json
import resource
import shutil
import subprocess
import sys
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from crm_analytics.config import read_config
from crm_analytics.engines import connect
from crm_analytics.sql import ident
from crm_analytics.warehouse.load import load
from crm_analytics.warehouse.sources import read_source

BAR = 3.0
SIDES = ("star", "bare")


def side(name: str, folder: Path) -> None:
    """Run one side in this process and print its seconds and peak memory."""
    config = read_config(folder)
    engine = connect(folder / f"{name}.duckdb", memory_limit=config.memory_limit, threads=config.threads)
    source = read_source(folder / "data" / "retail")
    started, cpu = perf_counter(), process_time()
    if name == "star":
        load(engine, config, folder / "data", [], datetime(2018, 1, 1), lambda _: None)
    else:
        for table, raw in source.raws.items():
            engine.execute(f"CREATE TABLE {ident(table)} AS {raw.open(engine, raw.pieces())}")
        engine.execute("CHECKPOINT")
    seconds, cpu = perf_counter() - started, process_time() - cpu
    engine.close()
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak_mb}))


def run(name: str) -> dict[str, float]:
    """One side in a fresh process and a fresh project: its seconds, CPU seconds and peak MB."""
    with TemporaryDirectory() as temporary, as_file(files("crm_analytics") / "templates" / "retail") as template:
        folder = shutil.copytree(template, Path(temporary) / "project")
        command = [sys.executable, __file__, "--side", name, str(folder)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)
    measured: dict[str, float] = json.loads(ran.stdout)
    return measured


def shown(name: str, side: dict[str, float]) -> str:
    return f"{name} {side['seconds']:6.2f} s ({side['cpu_seconds']:5.2f} s CPU), {side['peak_mb']:5,.0f} MB peak"


def main(rounds: int) -> int:
    """Run the rounds, print them, and give the exit code."""
    ratios, cpu_ratios = [], []
    for i in range(1, rounds + 1):
        star, bare = (run(name) for name in SIDES)
        ratios.append(star["seconds"] / bare["seconds"])
        cpu_ratios.append(star["cpu_seconds"] / bare["cpu_seconds"])
        print(f"round {i}: {shown('star', star)}   {shown('bare', bare)}   ratio {ratios[-1]:.2f}", flush=True)
    print(
        f"load into the star / bare CREATE TABLE AS SELECT: {median(ratios):.2f} "
        f"(median of {rounds}; bar {BAR:g}); by CPU time {median(cpu_ratios):.2f}"
    )
    return int(median(ratios) > BAR)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        side(sys.argv[2], Path(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
