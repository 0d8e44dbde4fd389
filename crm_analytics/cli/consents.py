"""`crm consents`: who may be contacted as of when, every proof, and whether the ledger was tampered with.

May import: typer, errors, formats, periods, olap.show, project.   Imported by: cli.
"""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_analytics.cli.options import Folder, Format, Out
from crm_analytics.cli.output import as_bytes, check_format, write
from crm_analytics.errors import DataError, QueryError
from crm_analytics.formats import format_value
from crm_analytics.periods import parse_date
from crm_analytics.project import Project

if TYPE_CHECKING:  # so that `crm --help` does not wait for Polars
    import polars as pl

TEXT_HISTORY = (  # what of a history fits on a screen; files have every column
    "entry", "kind", "recorded_at", "channel", "purpose", "status", "wording_version", "proof", "standing",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    group = typer.Typer(rich_markup_mode=None)
    group.callback(invoke_without_command=True)(consents)
    group.command("as-of")(as_of)
    group.command()(history)
    group.command()(verify)
    app.add_typer(group, name="consents")


def consents(
    context: typer.Context,
    format: Format = "table",
    out: Out = None,
    project: Folder = Path(),
) -> None:
    """Count who may be contacted now, for each purpose and channel; or see who, why, and on what proof.

    Example: crm consents -C shop
    """
    if context.invoked_subcommand is not None:
        if (format, out, project) != ("table", None, Path()):
            word = context.invoked_subcommand
            raise QueryError(f"options of consents {word} stand behind it, such as: crm consents {word} -C shop")
        return
    check_format(format, out)
    with Project.open(project) as shop:
        _show(shop.consents.counts(datetime.now()), format, out)


def as_of(
    at: Annotated[str, typer.Argument(metavar="DATE", help="First day (or moment) not looked at.")],
    customer: Annotated[str, typer.Option(metavar="ID", help="Only this customer.", show_default="all")] = "",
    purpose: Annotated[str, typer.Option(help="What for.", show_default="marketing_purpose of crm.yml")] = "",
    known: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Leave out what was loaded from then on.", show_default="look at all loads"),
    ] = None,
    format: Format = "table",
    out: Out = None,
    project: Folder = Path(),
) -> None:
    """List every customer and channel: granted or denied, since when, under which wording, and why.

    Example: crm consents as-of 2018-01-02 --customer C0042 --purpose service
    """
    check_format(format, out)
    when = _moment(at, "as-of")
    knew = None if known is None else _moment(known, "--known")
    with Project.open(project) as shop:
        _show(shop.consents.as_of(when, purpose, customer, knew), format, out)


def history(
    customer: Annotated[str, typer.Argument(metavar="ID", help="The customer.")],
    format: Format = "table",
    out: Out = None,
    project: Folder = Path(),
) -> None:
    """List every entry about one customer, with its proof and what became of it.

    Files have more than the table: source, load, and the hash of the evidence.   Example: crm consents history C0042
    """
    check_format(format, out)
    with Project.open(project) as shop:
        found = shop.consents.history(customer, datetime.now())
    _show(found.select(TEXT_HISTORY) if format == "table" else found, format, out)


def verify(
    head: Annotated[str, typer.Option(metavar="HASH", help="A head that was noted elsewhere.", show_default="")] = "",
    project: Folder = Path(),
) -> None:
    """Compute every hash of the ledger anew; print its head, to be noted where nobody can change it.

    Exits with 1 where the chain breaks.   Example: crm consents verify -C shop
    """
    with Project.open(project) as shop:
        found = shop.consents.verify(head)
    for says in found.breaks:
        typer.echo(f"FAIL  {says}")
    if more := found.broken - len(found.breaks):
        typer.echo(f"FAIL  and {more:,} more")
    if not found.ok:
        raise typer.Exit(1)
    typer.echo(f"{found.head.entries:,} entries, and the chain holds")
    if found.noted is not None:
        typer.echo(f"the first {found.noted:,} are those that the noted head stands for")
    typer.echo(f"head {found.head.hash}")


def _show(frame: "pl.DataFrame", format: str, out: Path | None) -> None:
    write(f"{_as_text(frame)}\n".encode() if format == "table" else as_bytes(frame, format), out)


def _as_text(frame: "pl.DataFrame") -> str:
    from crm_analytics.olap.show import Grid, as_text

    numeric = tuple(dtype.is_numeric() for dtype in frame.dtypes)
    rows = tuple(tuple(format_value(value, "count") for value in row) for row in frame.iter_rows())
    return as_text(Grid(tuple(name.replace("_", " ") for name in frame.columns), numeric, rows, (False,) * len(rows)))


def _moment(text: str, what: str) -> datetime | date:
    """A day, or a moment such as `2018-01-02 12:00`, in the time zone of the sources."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise DataError(
            f"{what}: {text!r} is not a day such as 2018-01-02 or a moment such as '2018-01-02 12:00'"
        ) from None
    if at.tzinfo is not None:
        raise DataError(f"{what}: {text!r} names a time zone; times are those of the sources, without one")
    parse_date(at.date().isoformat(), what)
    return at
