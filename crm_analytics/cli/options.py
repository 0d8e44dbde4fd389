"""Options that several commands share.

May import: typer, errors, periods, olap (types), cli.output.   Imported by: cli.*.
"""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_analytics.cli.output import FORMATS
from crm_analytics.errors import QueryError
from crm_analytics.periods import parse_date

if TYPE_CHECKING:  # so that `crm --help` does not wait for the cubes
    from crm_analytics.olap.access import RoleValue

Folder = Annotated[Path, typer.Option("-C", "--project", help="Project folder.", show_default="the current folder")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DATE", help="First day not looked at.", show_default="the day after the last sale"
    ),
]
Today = Annotated[
    str | None,
    typer.Option("--today", metavar="DATE", help="The day of the check, for data/quality.yml.", show_default="today"),
]
Format = Annotated[str, typer.Option(help=f"One of: {', '.join(FORMATS)}.")]
Out = Annotated[Path | None, typer.Option(help="File to write instead of the screen; needed for parquet.")]
Sql = Annotated[bool, typer.Option("--sql", help="Print the SQL, do not run it.")]
Role = Annotated[str, typer.Option("--role", help="Ask as this role of the cube files.", show_default="as the owner")]
Let = Annotated[
    list[str] | None,
    typer.Option("--let", metavar="NAME=VALUE", help="What stands for :NAME in the role's conditions; repeatable."),
]


def role_values(let: list[str] | None) -> "dict[str, RoleValue]":
    """The values of `--let`; a name given twice has a list of them."""
    values: dict[str, list[str]] = {}
    for text in let or []:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise QueryError(f"--let: {text!r} is not a name and a value, such as region=North")
        values.setdefault(name, []).append(value)
    return {name: found if len(found) > 1 else found[0] for name, found in values.items()}


def day_or_today(text: str | None) -> date:
    """The day of `--today`, or today."""
    return date.today() if text is None else parse_date(text, "--today")
