"""`crm score`, `crm evaluate`, `crm plan`.

May import: typer, errors, formats, periods, project.   Imported by: cli.
"""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.cli.options import AsOf, Folder
from crm_analytics.periods import parse_date
from crm_analytics.project import Project


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(score)
    app.command()(evaluate)
    app.command()(plan)


def score(
    models: Annotated[list[str] | None, typer.Argument(help="Models to run; all where none is named.")] = None,
    as_of: AsOf = None,
    project: Folder = Path(),
) -> None:
    """Run the models and keep a score for every customer.

    Example: crm score --as-of 2017-12-01 rfm churn
    """
    with Project.open(project) as shop:
        day = day_of(shop, as_of)
        kept = shop.score(day, models or [], typer.echo)
        typer.echo(f"{shop.warehouse}: {kept:,} scores as of {day}")


def evaluate(as_of: AsOf = None, project: Folder = Path()) -> None:
    """Hold the models to what happened before a day, beside the simple rules they must beat.

    Example: crm evaluate --as-of 2018-01-02
    """
    with Project.open(project) as shop:
        table = shop.evaluate(day_of(shop, as_of), typer.echo)
    typer.echo(f"{'task':<15} {'score':<34} {'metric':<26} {'value':>9}  {'95 % interval':<20} verdict")
    for row in table.iter_rows(named=True):
        interval = f"{row['low']:.3f} to {row['high']:.3f}"
        what = f"{row['task']:<15} {row['score']:<34} {row['metric']:<26}"
        typer.echo(f"{what} {row['value']:>9.3f}  {interval:<20} {row['verdict']}")


def plan(
    as_of: AsOf = None,
    top: Annotated[int, typer.Option(min=1, help="How many customers to show.")] = 10,
    project: Folder = Path(),
) -> None:
    """Make the customer priority list: who first, about what, through which channel, and why.

    Example: crm plan --as-of 2018-01-02 --top 20
    """
    with Project.open(project) as shop:
        listed = shop.plan(day_of(shop, as_of))
        for row in listed.head(top).iter_rows(named=True):
            offer = f"{row['next_offer']}: {row['next_offer_reason']}" if row["next_offer"] else "no offer stands out"
            typer.echo(f"{row['rank']:>5}. {row['customer_id']}  {row['reason']}")
            typer.echo(
                f"       {row['rfm_class']}; {row['segment']}; by {row['suggested_channel'] or 'no channel'}; {offer}"
            )
        typer.echo(f"{shop.output}: priority_list.csv and priority_list.parquet, {listed.height:,} customers")
        if shop.config.consent == "not_recorded":
            typer.echo("The sources record no consent: check it elsewhere before anything is sent.")


def day_of(shop: Project, as_of: str | None) -> date:
    """The day asked for, or the day after the last sale."""
    return shop.next_day() if as_of is None else parse_date(as_of, "--as-of")
