"""`crm explain`: where a measure changed between two periods.

May import: typer, cli.options, cli.output, errors, notebook (types), project.   Imported by: cli.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_analytics.cli.options import Folder, Let, Role, role_values
from crm_analytics.cli.output import write_out
from crm_analytics.errors import UnknownName
from crm_analytics.project import Project

if TYPE_CHECKING:  # so that `crm --help` does not wait for the cubes
    from crm_analytics.notebook import Explained

FORMATS = ("text", "csv", "json")


def register(app: typer.Typer) -> None:
    """Hang the command on the app."""
    app.command()(explain)


def explain(
    cube: Annotated[str, typer.Argument(help="Cube to ask, such as sales.")],
    measure: Annotated[
        str, typer.Option("-m", "--measure", help="A sum, a count, an average, a ratio of sums, or customers.")
    ],
    before: Annotated[
        str, typer.Option("--from", metavar="PERIOD", help="2017, 2017-Q2, 2017-04, 2017-W14, a day, or DAY..DAY.")
    ],
    after: Annotated[str, typer.Option("--to", metavar="PERIOD", help="The later period.")],
    by: Annotated[
        list[str] | None,
        typer.Option(
            "-b",
            "--by",
            metavar="ATTRIBUTE",
            help="Attribute to look through; repeatable.",
            show_default="all that are fit",
        ),
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("-w", "--where", metavar="FILTER", help="Filter; repeatable, all must hold.")
    ] = None,
    over: Annotated[str, typer.Option(metavar="ROLE", help="Date role that dates the rows.", show_default="date")] = "",
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="sale|today|DAY",
            help="When attributes with a history are read, such as 2017-03-31.",
            show_default="as each dimension says",
        ),
    ] = None,
    format: Annotated[str, typer.Option(help=f"One of: {', '.join(FORMATS)}.")] = "text",
    out: Annotated[Path | None, typer.Option(help="File to write instead of the screen.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write a page with the picture too.")] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL that was run instead.")] = False,
    role: Role = "",
    let: Let = None,
    project: Folder = Path(),
) -> None:
    """Say where a measure changed between two periods: members, pairs of members, rates and mix, customers.

    Example: crm explain sales -m revenue --from 2017-Q2 --to 2017-Q3 -b product.department -b customer.age
    """
    if format not in FORMATS:
        raise UnknownName("--format", "format", format, FORMATS)
    with Project.open(project, role, role_values(let)) as shop:
        ask = shop.cube(cube).measures(measure).by(*(by or []))
        for condition in where or []:
            ask = ask.dice(condition)
        ask = ask.as_of(as_of) if as_of else ask
        found = ask.explain(before, after, over)
        _write(f"{found.sql}\n" if sql else _as(found, format), out, "--out")
        if html:
            _write(found.page(), html, "--html")


def _as(found: "Explained", format: str) -> str:
    match format:
        case "csv":
            return found.frame.write_csv()
        case "json":
            return json.dumps(_plain(found), default=_number, indent=1, ensure_ascii=False) + "\n"
        case _:
            return f"{found}\n"


def _plain(found: "Explained") -> dict[str, object]:
    """All of it as one object."""
    told = found.explanation
    parts = {"drivers": told.drivers, "attributes": told.attributes, "pairs": told.pairs, "customers": told.bridge}
    return {
        "cube": told.change.cube,
        "measure": told.change.measure,
        "from": told.change.before,
        "to": told.change.after,
        "before": told.before,
        "after": told.after,
        "change": told.difference,
        "adds_up": told.adds_up,
        "notes": told.notes,
        "left_out": told.left_out,
        **{name: frame.to_dicts() for name, frame in parts.items()},
    }


def _number(value: object) -> object:
    """A decimal as a number of JSON where that carries every digit, else as text."""
    exact = isinstance(value, Decimal) and Decimal(repr(float(value))) == value
    return float(value) if exact and isinstance(value, Decimal) else str(value)


def _write(text: str, out: Path | None, option: str) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    write_out(option, out, text.encode())
