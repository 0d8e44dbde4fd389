"""`crm customer`: everything about one customer on one card.

May import: typer, errors, periods, cli.options, cli.output, project.   Imported by: cli.
"""

from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.cli.options import Folder
from crm_analytics.cli.output import write
from crm_analytics.errors import UnknownName
from crm_analytics.periods import parse_date
from crm_analytics.project import Project

FORMATS = ("text", "json", "html")


def register(app: typer.Typer) -> None:
    """Hang this command on the app."""
    app.command()(customer)


def customer(
    customer_id: Annotated[str, typer.Argument(metavar="ID", help="The company's id of the customer.")],
    last: Annotated[int, typer.Option(min=0, metavar="N", help="How many interactions to show, the latest ones.")] = 20,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="First day on the timeline.", show_default="all days")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="DATE", help="First day not looked at.", show_default="everything loaded"),
    ] = None,
    masked: Annotated[bool, typer.Option("--masked", help="Hide name, e-mail, phone and what repeats them.")] = False,
    format: Annotated[str, typer.Option(help=f"One of: {', '.join(FORMATS)}.")] = "text",
    out: Annotated[Path | None, typer.Option(help="File to write instead of the screen.")] = None,
    project: Folder = Path(),
) -> None:
    """Show the card of a customer: who it is, what happened, habits, scores, and what may be sent.

    The card holds private data.

    Example: crm customer 1823 --last 5 --masked
    """
    if format not in FORMATS:
        raise UnknownName("--format", "format", format, FORMATS)
    first = parse_date(since, "--since") if since else None
    day = parse_date(as_of, "--as-of") if as_of else None
    with Project.open(project) as shop:
        found = shop.customer(customer_id, as_of=day, since=first, last=last)
        card = found.masked() if masked else found
        text = {"text": card.__str__, "json": card.json, "html": card.page}[format]()
    write(f"{text.rstrip()}\n".encode(), out)
