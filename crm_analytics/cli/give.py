"""`crm export`, `crm report`.

May import: typer, project.   Imported by: cli.
"""

from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.cli.options import Folder, Today, day_or_today
from crm_analytics.project import Project


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(export)
    app.command()(report)


def export(
    to: Annotated[str, typer.Option("--to", metavar="TARGET", help="csv, parquet or jsonl.")] = "csv",
    out: Annotated[Path | None, typer.Option(help="Folder to write to.", show_default="out/export")] = None,
    project: Folder = Path(),
) -> None:
    """Write the priority list for a campaign tool; consent is looked at once more, and there is no way around it.

    Example: crm export --to csv --out outbox
    """
    with Project.open(project) as shop:
        done = shop.export(to, out)
        typer.echo(f"{done.file}: {done.rows:,} customers; {done.manifest.name} says what is in it")
        for reason, count in done.left_out.items():
            typer.echo(f"left out: {count:,} customers, {reason}")
        if shop.config.consent == "not_recorded":
            typer.echo("The sources record no consent: check it elsewhere before anything is sent.")


def report(today: Today = None, project: Folder = Path()) -> None:
    """Write the report: one HTML file that needs no network.

    Example: crm report -C shop
    """
    with Project.open(project) as shop:
        typer.echo(str(shop.report(day_or_today(today))))
