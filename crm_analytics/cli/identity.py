"""`crm identity`: which source records are one customer, why, and what people decide about it.

May import: typer, project.   Imported by: cli.
"""

from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_analytics.cli.options import Folder, Format, Out
from crm_analytics.cli.output import as_bytes, check_format, write
from crm_analytics.project import Project

if TYPE_CHECKING:  # so that `crm --help` does not wait for Polars
    import polars as pl

Record = Annotated[str, typer.Argument(metavar="RECORD", help="source:id, an id that one source has, or a customer.")]
Show = Annotated[bool, typer.Option("--show", help="Show names, e-mails and phones in full.")]
Why = Annotated[str, typer.Option(help="The reason, kept in the log.")]
Who = Annotated[str, typer.Option(help="Who decides, kept in the log.", show_default="the user of this machine")]

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


def register(parent: typer.Typer) -> None:
    """Hang these commands on the app."""
    for command in (review, accept, reject, split, explain, log):
        app.command()(command)
    parent.add_typer(app, name="identity", help="See which records are one customer, and decide about pairs.")


def review(
    show: Show = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Only the first N pairs.")] = 20,
    format: Format = "table",
    out: Out = None,
    project: Folder = Path(),
) -> None:
    """List the pairs of records that somebody should look at; names and addresses are masked.

    A file (csv, json, parquet) has all pairs.   Example: crm identity review --limit 50
    """
    check_format(format, out)
    with Project.open(project) as shop:
        pairs, shared = shop.identity.review(show), shop.identity.shared_keys()
    if format != "table":
        write(as_bytes(pairs, format), out)
        return
    lines = [_pair(row) for row in pairs.head(limit).iter_rows(named=True)]
    lines += [f"{pairs.height:,} to review" + (f", {limit} shown" if pairs.height > limit else "")]
    for kind, values, records in shared:
        what = "1 value is no key" if values == 1 else f"{values:,} values are no key"
        lines.append(f"{kind}: {what}, shared by {records:,} records")
    write("".join(f"{line}\n" for line in lines).encode(), out)


def accept(a: Record, b: Record, why: Why = "", who: Who = "", project: Folder = Path()) -> None:
    """Say that two records are one customer, whatever contradicts it.

    Example: crm identity accept crm:17 shop:4711 --why "called, same person"
    """
    with Project.open(project) as shop:
        typer.echo(shop.identity.accept(a, b, who=who or getuser(), why=why))


def reject(a: Record, b: Record, why: Why = "", who: Who = "", project: Folder = Path()) -> None:
    """Say that two records are two customers, whatever they share.

    Example: crm identity reject crm:17 shop:4711 --why "father and son"
    """
    with Project.open(project) as shop:
        typer.echo(shop.identity.reject(a, b, who=who or getuser(), why=why))


def split(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Its customer_id.")],
    records: Annotated[list[str], typer.Argument(metavar="RECORD...", help="The records that leave, as source:id.")],
    why: Why = "",
    who: Who = "",
    project: Folder = Path(),
) -> None:
    """Take records out of a customer; together they become another one.  To undo it, accept one of them.

    Example: crm identity split 17 shop:4711
    """
    with Project.open(project) as shop:
        typer.echo(shop.identity.split(customer, records, who=who or getuser(), why=why))


def explain(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Its customer_id, or one of its records.")],
    show: Show = False,
    project: Folder = Path(),
) -> None:
    """Tell which records are a customer, by which rule, and where each value of it comes from.

    Example: crm identity explain 17
    """
    with Project.open(project) as shop:
        found = shop.identity.explain(customer, show)
    records = found.records.height
    typer.echo(f"customer {found.customer_id}: {records} {'record' if records == 1 else 'records'}")
    for row in found.records.iter_rows(named=True):
        rule = f"by {row['rule']}, as {row['through']}" if row["rule"] else "the most trusted record"
        typer.echo(f"  {row['record']:<16} {rule:<28} since {row['since']:%Y-%m-%d}  {_person(row, '')}")
    typer.echo("values:")
    for row in found.fields.iter_rows(named=True):
        when = f", as of {row['changed_at']:%Y-%m-%d}" if row["changed_at"] else ""
        typer.echo(f"  {row['field']:<16} from {row['record']}{when}")


def log(
    newest: Annotated[int, typer.Option(metavar="N", min=1, help="Only the last N.")] = 20,
    format: Format = "table",
    out: Out = None,
    project: Folder = Path(),
) -> None:
    """List the last decisions of people and of rules, newest first.

    Example: crm identity log --newest 100
    """
    check_format(format, out)
    with Project.open(project) as shop:
        found = shop.identity.log(newest)
    if format != "table":
        write(as_bytes(found, format), out)
        return
    write("".join(f"{line}\n" for line in _entries(found)).encode(), out)


def _entries(found: "pl.DataFrame") -> list[str]:
    lines = []
    for row in found.iter_rows(named=True):
        other = f" and {row['other']}" if row["other"] else ""
        why = f": {row['why']}" if row["why"] else ""
        what = f"{row['kind']:<7} {row['record']}{other} (customer {row['customer_id']})"
        lines.append(f"{row['decided_at']:%Y-%m-%d %H:%M}  {what}, {row['who']}{why}")
    return lines or ["nothing was decided or merged yet"]


def _pair(row: dict[str, object]) -> str:
    lines = [
        f"{row['score']:.3f}  {row['record']}  {row['other']}  {row['reason']}",
        f"       {_person(row, '')}  |  {_person(row, 'other_')}",
        f"       {row['agreement']}",
    ]
    return "\n".join(lines)


def _person(row: dict[str, object], stem: str) -> str:
    return ", ".join(str(row[stem + name]) for name in ("name", "email", "phone") if row[stem + name])
