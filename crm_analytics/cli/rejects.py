"""`crm rejects`.

May import: typer, cli.options, cli.output, project.   Imported by: cli.
"""

from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.cli.options import Folder, Format, Out
from crm_analytics.cli.output import as_bytes, check_format, write
from crm_analytics.project import Project


def register(app: typer.Typer) -> None:
    """Hang this command on the app."""
    app.command()(rejects)


def rejects(
    entity: Annotated[str, typer.Option(help="Only rows of this one: sales, customers ...")] = "",
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Only reasons with this text in them.")] = "",
    load: Annotated[int | None, typer.Option(metavar="ID", help="Only rows that this load refused.")] = None,
    samples: Annotated[int, typer.Option(min=0, help="How many rows of each reason to show.")] = 2,
    show: Annotated[bool, typer.Option("--show", help="Names, e-mail addresses and phone numbers, too.")] = False,
    reload: Annotated[
        bool, typer.Option("--reload", help="Read the files of refused rows again, after their mapping is mended.")
    ] = False,
    format: Format = "table",
    out: Out = None,
    project: Folder = Path(),
) -> None:
    """Show the rows that loads refused, by reason, with samples; with another format than table, write all of them.

    Columns that say who somebody is are hidden unless `--show` is given.  With `--reload`
    the files that had refused rows are read again.

    Example: crm rejects --entity sales --reason missing --format csv --out rejects.csv -C shop
    """
    check_format(format, out)
    with Project.open(project) as shop:
        if reload:
            _reload(shop)
            return
        if format != "table":
            write(as_bytes(shop.rejects(entity, reason, load, show), format), out)
            return
        groups = shop.reject_groups(entity, reason, load, samples, show)
    lines = []
    for group in groups:
        first, last = group.first_load, group.last_load
        loads = f"load {last}" if first == last else f"loads {first} to {last}"
        lines.append(f"{group.rows:>9,}  {group.source}, {group.entity}: {group.reason} ({loads})")
        lines += [f"{'':11}{sample}" for sample in group.samples]
    rows = sum(group.rows for group in groups)
    lines.append(f"{rows:,} {'row' if rows == 1 else 'rows'} rejected" if rows else "no rejected row fits")
    if any("(private)" in sample for group in groups for sample in group.samples):
        lines[-1] += "; --show shows what is private"
    write(("\n".join(lines) + "\n").encode(), out)


def _reload(shop: Project) -> None:
    before = shop.rejects().height
    done = shop.load(say=typer.echo, rejects=True)
    left = shop.rejects().height
    if not done:
        typer.echo("no file that is still there has rejected rows")
    typer.echo(f"{before:,} rows were rejected before, {left:,} are now")
