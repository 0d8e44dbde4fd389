"""`crm drill` and `crm segments`: the rows and customers behind a cell, and the lists that were saved of them.

May import: typer, project, olap.behind.   Imported by: cli.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_analytics.cli.options import Folder, Format, Let, Out, Role, role_values
from crm_analytics.cli.output import as_bytes, check_format, write
from crm_analytics.cli.question import AsOf, By, CubeName, Measures, Pivot, Top, Where, question
from crm_analytics.errors import QueryError
from crm_analytics.olap.behind import parse_cell
from crm_analytics.project import Project

if TYPE_CHECKING:  # so that `crm --help` does not wait for Polars
    import polars as pl

    from crm_analytics.olap.drill import Customers, Drilled


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(drill)
    app.command()(segments)


def drill(
    cube: CubeName,
    measure: Measures,
    by: By = None,
    where: Where = None,
    pivot: Pivot = None,
    as_of: AsOf = None,
    top: Top = None,
    cell: Annotated[
        str,
        typer.Option(
            metavar="'ATTRIBUTE = MEMBER [and ...]'",
            help="The cell; a member that is not named makes it a total.",
            show_default="the grand total",
        ),
    ] = "",
    others: Annotated[bool, typer.Option("--others", help="The cell is Others of the top.")] = False,
    customers: Annotated[bool, typer.Option("--customers", help="The customers instead of the rows.")] = False,
    save: Annotated[str, typer.Option(metavar="NAME", help="Save the customers as a segment of this name.")] = "",
    replace: Annotated[bool, typer.Option("--replace", help="Write over a segment of that name.")] = False,
    limit: Annotated[
        int | None, typer.Option(metavar="N", help="Only the first N rows.", show_default="as the cube says")
    ] = None,
    format: Format = "table",
    out: Out = None,
    role: Role = "",
    let: Let = None,
    project: Folder = Path(),
) -> None:
    """Show what is behind a cell of a question: the rows for its first measure, or the customers.

    Example: crm drill sales -m revenue -b product.department --cell "product.department = 'GROCERY'" --save grocery
    """
    check_format(format, out)
    _check_words(customers, save, replace, limit, format != "table" or out is not None)
    with Project.open(project, role, role_values(let)) as shop:
        ask = question(shop, cube, measure, by, where, as_of, top, pivot)
        place = parse_cell(cell)
        if not customers and not save:
            found = ask.rows(place, others=others, limit=limit)
            _show(found, format, out)
            return
        people = ask.customers(place, others=others)
        if save:
            number = people.save(save, replace)
            typer.echo(f"segment {save}: {number:,} customers saved", err=customers)
        if customers:
            _show(people, format, out)


def _check_words(customers: bool, save: str, replace: bool, limit: int | None, writes: bool) -> None:
    """Refuse what would be left undone without a word."""
    if limit is not None and (customers or save):
        raise QueryError("--limit is for rows; the customers behind a cell are always all of them")
    if replace and not save:
        raise QueryError("--replace goes with --save NAME")
    if save and writes and not customers:
        raise QueryError("--save keeps the customers in the warehouse; add --customers to write them out as well")


def segments(
    name: Annotated[
        str | None, typer.Argument(help="Segment whose customers to list.", show_default="a list of all")
    ] = None,
    delete: Annotated[str, typer.Option(metavar="NAME", help="Forget this segment.")] = "",
    format: Format = "table",
    out: Out = None,
    project: Folder = Path(),
) -> None:
    """List the saved segments, or the customers of one.

    Example: crm segments grocery --format csv
    """
    check_format(format, out)
    with Project.open(project) as shop:
        if delete:
            shop.delete_segment(delete)
            typer.echo(f"segment {delete}: forgotten")
            return
        frame = shop.segments(name or "")
        if format != "table":
            write(as_bytes(frame, format), out)
            return
        lines = _listed(frame) if name is None else frame["customer_id"].to_list()
        write("".join(f"{line}\n" for line in lines).encode(), out)


def _listed(frame: "pl.DataFrame") -> list[str]:
    """One line a segment."""
    lines = []
    for row in frame.iter_rows(named=True):
        words = [f"{row['customers']:,} customers", f"saved {row['saved_at']:%Y-%m-%d %H:%M}"]
        words += [f"as of {row['as_of']}"] if row["as_of"] else []
        words += [f"from {row['question']}"] if row["question"] else []
        lines.append(f"{row['segment']}: {', '.join(words)}")
    return lines or ["no segment is saved yet; save one with: crm drill ... --save NAME"]


def _show(found: "Drilled | Customers", format: str, out: Path | None) -> None:
    write(f"{found}\n".encode() if format == "table" else as_bytes(found.frame, format), out)
    for note in found.notes:
        typer.echo(f"note: {note}", err=True)
