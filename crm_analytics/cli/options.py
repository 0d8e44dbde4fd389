"""Options that several commands share.

May import: typer, periods, project.   Imported by: cli.*.
"""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[Path, typer.Option("-C", "--project", help="Project folder.", show_default="the current folder")]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DATE", help="First day not looked at.", show_default="the day after the last sale"
    ),
]
