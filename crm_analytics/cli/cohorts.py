"""`crm cohorts`: what customers did in each period of their life.

May import: typer, periods, project, olap.cohort.   Imported by: cli.
"""

from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.cli.options import Folder, Format, Let, Out, Role, role_values
from crm_analytics.cli.output import as_bytes, check_format, write
from crm_analytics.cli.question import CubeName, Where
from crm_analytics.olap.cohort import PERIODS
from crm_analytics.periods import parse_date
from crm_analytics.project import Project


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(cohorts)


def cohorts(
    cube: CubeName,
    measure: Annotated[str, typer.Option("-m", "--measure", help="Measure.")],
    by: Annotated[str, typer.Option(help=f"Length of a period: {', '.join(PERIODS)}.")] = "month",
    periods: Annotated[int, typer.Option(metavar="N", help="How many ages, from 0 on.")] = 12,
    where: Where = None,
    show: Annotated[
        list[str] | None,
        typer.Option(
            help="retention, customers, value, cumulative or per_customer; repeatable.",
            show_default="retention and per_customer",
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of", metavar="DATE", help="First day not looked at.", show_default="the day after the cube's last row"
        ),
    ] = None,
    format: Format = "table",
    out: Out = None,
    role: Role = "",
    let: Let = None,
    project: Folder = Path(),
) -> None:
    """Show cohorts of customers by the age at which they come back, and what each has brought so far.

    A file (csv, json, parquet) has one row a cohort and age with all numbers.

    Example: crm cohorts sales -m revenue --by quarter --periods 4
    """
    check_format(format, out)
    with Project.open(project, role, role_values(let)) as shop:
        day = None if as_of is None else parse_date(as_of, "--as-of")
        found = shop.cohorts(cube, measure, by, periods, where or (), day)
    if format == "table":
        text = "\n\n".join(found.to_text(name) for name in show) if show else str(found)
        write(f"{text}\n".encode(), out)
    else:
        write(as_bytes(found.frame, format), out)
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
