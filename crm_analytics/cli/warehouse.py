"""`crm init`, `crm load`, `crm loads`, `crm check`.

May import: typer, errors, periods, project, scaffold, cli.options, cli.output.   Imported by: cli.
"""

from collections import Counter
from datetime import datetime, time
from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.cli.options import Folder, Format, Out, Today, day_or_today
from crm_analytics.cli.output import as_bytes, check_format, write
from crm_analytics.errors import QueryError
from crm_analytics.periods import parse_date
from crm_analytics.project import Project
from crm_analytics.scaffold import TEMPLATES, write_project

MARKS = {True: "ok  ", False: "FAIL", None: "note"}


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(init)
    app.command()(load)
    app.command()(loads)
    app.command()(check)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write it; must not hold a project yet.")],
    template: Annotated[str, typer.Option(help=f"One of: {', '.join(TEMPLATES)}.")] = "retail",
) -> None:
    """Write a new project: crm.yml, data/, cubes/, with comments that explain each line.

    Example: crm init shop --template synthetic
    """
    written = write_project(folder, template)
    typer.echo(f"{folder}: a {template} project, {written} files. Next: crm load -C {folder}")


def load(
    sources: Annotated[list[str] | None, typer.Argument(help="Sources to load; all where none is named.")] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything anew, not only what has changed.")] = False,
    since: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Read only files and rows that changed on this day or later."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change, with examples; keep nothing.")
    ] = False,
    undo: Annotated[
        int | None, typer.Option(metavar="ID", help="Take the load of this number (crm loads) back.")
    ] = None,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", min=0, help="Wait so long for another process that writes.")
    ] = 0,
    project: Folder = Path(),
) -> None:
    """Read what is new in the sources into the star, all or nothing, and hold the cubes to their tests.

    Files that were not touched since the last load are not read again.  Exits with 1
    if a test of a cube fails; what was loaded stays.

    Example: crm load retail --dry-run -C shop
    """
    shop = Project.open(project)
    if undo is not None:
        if sources or full or since or dry_run:
            raise QueryError("--undo takes a whole load back; it goes with no other option")
        _undo(shop, undo)
        return
    if full and since:
        raise QueryError("--full reads everything, --since only what changed then or later; choose one")
    moment = datetime.combine(parse_date(since), time()) if since else None
    done = shop.load(sources or [], typer.echo, full=full, since=moment, dry_run=dry_run, wait_seconds=wait)
    rejected = sum(item.rows_rejected for item in done)
    if not done:
        typer.echo(f"{shop.warehouse}: nothing is new")
    elif dry_run:
        new, changed = sum(item.rows_new for item in done), sum(item.rows_changed for item in done)
        became = f"{new:,} rows new, {changed:,} changed, {sum(item.rows_removed for item in done):,} removed"
        typer.echo(f"{shop.warehouse}: would be {became}, {rejected:,} rejected; nothing was kept")
    else:
        typer.echo(f"{shop.warehouse}: {sum(item.rows_loaded for item in done):,} rows loaded, {rejected:,} rejected")
    if rejected and not dry_run:
        typer.echo("The table rejects keeps each refused row with its reason; crm rejects shows them.")
    if not dry_run:
        _test_cubes(shop)


def _undo(shop: Project, load_id: int) -> None:
    for item in shop.undo_load(load_id, typer.echo):
        typer.echo(
            f"{item.entity:<11}{item.rows_back:>12,} rows back, {item.rows_changed:>12,} as they were, "
            f"{item.rows_taken:>12,} taken out"
        )
    typer.echo(f"{shop.warehouse}: load {load_id} is taken back; the next crm load reads what it had read")
    _test_cubes(shop)


def loads(
    format: Format = "table",
    out: Out = None,
    project: Folder = Path(),
) -> None:
    """List the loads, the latest first: what each read and changed, up to when its rows speak, whether it was undone.

    Example: crm loads -C shop
    """
    check_format(format, out)
    with Project.open(project) as shop:
        frame = shop.loads()
    if format != "table":
        write(as_bytes(frame, format), out)
        return
    for row in frame.iter_rows(named=True):
        undone = f"   undone {row['undone_at']:%Y-%m-%d %H:%M}" if row["undone_at"] else ""
        until = f"   until {row['watermark']:%Y-%m-%d}" if row["watermark"] else ""
        typer.echo(
            f"{row['load_id']:>5}  {row['loaded_at']:%Y-%m-%d %H:%M}  {row['sources']:<20} "
            f"{row['rows_read']:>12,} read {row['rows_new']:>12,} new {row['rows_changed']:>9,} changed "
            f"{row['rows_removed']:>9,} removed {row['rows_rejected']:>7,} rejected  {row['seconds']:>7.1f} s  "
            f"{row['content']}{until}{undone}"
        )


def _test_cubes(shop: Project) -> None:
    with shop:
        tests = list(shop.test_cubes())
    failed = [item for item in tests if not item.ok]
    for item in failed:
        typer.echo(f"{MARKS[False]}  {item.table:<15} {item.says}")
    if failed:
        typer.echo(
            f"{len(failed)} of {len(tests)} cube tests failed. What was loaded stays; look at it, or mend the tests."
        )
        raise typer.Exit(1)
    if tests:
        typer.echo(f"{len(tests)} cube tests passed")


def check(
    every: Annotated[bool, typer.Option("--all", help="Print what passed, too.")] = False,
    today: Today = None,
    project: Folder = Path(),
) -> None:
    """Look the star over: grain, keys, totals against the raw files to the cent, cube tests, data/quality.yml.

    Prints what failed, what is warned of and what to know; exits with 1 if anything fails.

    Example: crm check --all -C shop
    """
    counts: Counter[str] = Counter()
    with Project.open(project) as shop:
        for item in shop.check(day_or_today(today)):
            mark = "warn" if item.warning else MARKS[item.ok]
            counts[mark] += 1
            if every or mark != MARKS[True]:
                rows = f" ({item.rows:,} rows)" if item.rows else ""
                typer.echo(f"{mark}  {item.table:<15} {item.says}{rows}")
    passed, failed = counts[MARKS[True]], counts[MARKS[False]]
    warned = f", {_plural(counts['warn'], 'warning')}" if counts["warn"] else ""
    if failed:
        typer.echo(f"{_plural(failed, 'check')} failed, {passed} passed{warned}")
        raise typer.Exit(1)
    typer.echo(f"every check passed: {passed}{warned}")


def _plural(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
