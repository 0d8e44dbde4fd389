"""`crm forget`, `crm access`.

May import: typer, project.   Imported by: cli.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.cli.options import Folder
from crm_analytics.project import Project


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(forget)
    app.command()(access)


def forget(
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who does it; stands in the proof.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    project: Folder = Path(),
) -> None:
    """Take a person out of the warehouse and of the project's files; totals stay.  It cannot be undone.

    Exits with 1 where something that names them could not be changed.   Example: crm forget C0042 --by dpo --dry-run
    """
    with Project.open(project) as shop:
        if dry_run or not yes:
            _say(shop.forget(customer, by, dry_run=True).lines())
            typer.echo("nothing was changed")
            if dry_run:
                return
            typer.confirm("Do it? It cannot be undone.", abort=True)
        done = shop.forget(customer, by, say=typer.echo)
        _say(done.lines())
        if not done.again:
            typer.echo(f"proof: {shop.output / 'erasures' / f'{done.proof_id}.json'}")
    if done.left:
        raise typer.Exit(1)


def access(
    customer: Annotated[str, typer.Argument(help="The customer's id.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write to.", show_default="out/access/<time>")] = None,
    project: Folder = Path(),
) -> None:
    """Write everything that is held about one person: one JSON file, and one page to read.

    Example: crm access C0042 --out answer
    """
    with Project.open(project) as shop:
        written = shop.access(customer, out)
    _say(written.lines())


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        typer.echo(line)
