"""The command line: parse, one call, print.

A mistake of the user ends in one sentence and exit code 2, never in a traceback.

May import: errors, formats, periods, project, demo, scaffold, __init__.   Imported by: __main__.
"""

import sys
from typing import Annotated

import typer

from crm_analytics import __version__
from crm_analytics.cli import (
    ask,
    cohorts,
    consents,
    customer,
    demo,
    drill,
    explain,
    give,
    identity,
    interchange,
    mine,
    privacy,
    rejects,
    warehouse,
)
from crm_analytics.errors import CrmError

STOPPED = 130  # 128 and the number of SIGINT: what a shell expects after Ctrl-C

app = typer.Typer(
    name="crm",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for commands in (
    warehouse,
    rejects,
    ask,
    customer,
    drill,
    cohorts,
    explain,
    interchange,
    mine,
    give,
    consents,
    identity,
    privacy,
    demo,
):
    commands.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"crm_analytics {__version__}")
        raise typer.Exit


@app.callback()
def crm(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version.")
    ] = False,
) -> None:
    """Analytical CRM: load every interaction, slice it, mine it, and list whom to contact and why."""


def main() -> None:
    """Run `crm`; the entry point of the package."""
    try:
        app(prog_name="crm")
    except CrmError as error:
        typer.echo(f"crm: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, SystemExit) as stop:
        # Typer makes Ctrl-C an exit without a word.
        if isinstance(stop, SystemExit) and stop.code != STOPPED:
            raise
        # A load or a scoring is one transaction, and a file takes its place when it is whole.
        typer.echo("crm: stopped; nothing half-done was kept", err=True)
        sys.exit(STOPPED)
    except BrokenPipeError:
        # The reader of a pipe (head, less) has seen enough.
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:
        typer.echo(f"crm: {error.filename or 'a file'}: {error.strerror or error}", err=True)
        sys.exit(2)
