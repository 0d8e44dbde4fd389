"""`crm demo`: the steps of `demo`, with their times.

May import: typer, rich, demo.   Imported by: cli.
"""

import sys
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from crm_analytics.demo import Step, demo_steps

STEPS = 9


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Argument(help="Project folder to make or use.")] = Path("demo"),
    template: Annotated[str, typer.Option(help="retail (real data) or synthetic.")] = "retail",
) -> None:
    """Run the whole main job on real data: load, check, query, score, evaluate, plan, export, report.

    Example: crm demo /tmp/shop
    """
    started = perf_counter()
    for number, step in enumerate(demo_steps(folder, template), start=1):
        _run(number, step)
    typer.echo(f"done in {perf_counter() - started:.1f} s")


def _run(number: int, step: Step) -> None:
    """One step: a moving bar on a terminal, plain lines elsewhere."""
    started = perf_counter()
    if sys.stdout.isatty():
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            TextColumn("[{task.completed:.0f}/{task.total:.0f}]"),
            BarColumn(24),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, TimeElapsedColumn(), transient=True) as bar:
            bar.add_task(step.name, total=STEPS, completed=number - 1)
            result = step.run(lambda line: bar.console.print("    " + line, highlight=False, markup=False))
    else:
        result = step.run(lambda line: typer.echo("    " + line))
    typer.echo(f"[{number}/{STEPS}] {step.name:<9}{perf_counter() - started:6.1f} s  {result}")
