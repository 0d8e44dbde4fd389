"""`crm init`, `crm load`, `crm check`.

May import: typer, project, scaffold.   Imported by: cli.
"""

from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.cli.options import Folder
from crm_analytics.project import Project
from crm_analytics.scaffold import TEMPLATES, write_project

MARKS = {True: "ok  ", False: "FAIL", None: "note"}


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(init)
    app.command()(load)
    app.command()(check)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write it; must not hold a project yet.")],
    template: Annotated[str, typer.Option(help=f"One of: {', '.join(TEMPLATES)}.")] = "retail",
) -> None:
    """Write a new project: crm.yml, data/, cubes/, with comments that explain each line.

    Example: crm init shop --template synthetic
    """
    written = write_project(folder, template)
    typer.echo(f"{folder}: a {template} project, {written} files. Next: crm load -C {folder}")


def load(
    sources: Annotated[list[str] | None, typer.Argument(help="Sources to load; all where none is named.")] = None,
    project: Folder = Path(),
) -> None:
    """Read the sources into the star, all or nothing, and hold the cubes to their tests.

    Exits with 1 if a test of a cube fails; what was loaded stays.   Example: crm load retail -C shop
    """
    shop = Project.open(project)
    done = shop.load(sources or [], typer.echo)
    rejected = sum(item.rows_rejected for item in done)
    typer.echo(f"{shop.warehouse}: {sum(item.rows_loaded for item in done):,} rows loaded, {rejected:,} rejected")
    if rejected:
        typer.echo("The table rejects keeps each refused row with its reason; crm check counts them.")
    _test_cubes(shop)


def _test_cubes(shop: Project) -> None:
    with shop:
        tests = list(shop.test_cubes())
    failed = [item for item in tests if not item.ok]
    for item in failed:
        typer.echo(f"{MARKS[False]}  {item.table:<15} {item.says}")
    if failed:
        typer.echo(
            f"{len(failed)} of {len(tests)} cube tests failed. What was loaded stays; look at it, or mend the tests."
        )
        raise typer.Exit(1)
    if tests:
        typer.echo(f"{len(tests)} cube tests passed")


def check(project: Folder = Path()) -> None:
    """Look the star over: grain, keys, totals against the raw files to the cent.

    Exits with 1 if anything fails.   Example: crm check -C shop
    """
    with Project.open(project) as shop:
        failed = 0
        for item in shop.check():
            failed += item.ok is False
            rows = f" ({item.rows:,} rows)" if item.rows else ""
            typer.echo(f"{MARKS[item.ok]}  {item.table:<15} {item.says}{rows}")
    typer.echo(f"{failed} {'check' if failed == 1 else 'checks'} failed" if failed else "every check passed")
    if failed:
        raise typer.Exit(1)
