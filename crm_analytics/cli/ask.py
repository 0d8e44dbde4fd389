"""`crm query` and `crm cubes`: ask a cube, and see what can be asked.

May import: typer, errors, formats, project, olap.model (types).   Imported by: cli.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from crm_analytics.cli.options import Folder, Format, Let, Out, Role, Sql, role_values
from crm_analytics.cli.output import as_bytes, check_format, write
from crm_analytics.cli.question import AsOf, By, CubeName, Measures, Pivot, Top, Where, question, sort_words
from crm_analytics.errors import QueryError
from crm_analytics.formats import unit
from crm_analytics.project import Project

if TYPE_CHECKING:  # so that `crm --help` does not wait for the cubes
    from crm_analytics.notebook import Ask
    from crm_analytics.olap.model import Cube


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(cubes)
    app.command()(query)


def query(
    cube: CubeName,
    measure: Measures,
    by: By = None,
    where: Where = None,
    totals: Annotated[bool, typer.Option("--totals", help="Subtotals and the grand total too.")] = False,
    pivot: Pivot = None,
    as_of: AsOf = None,
    top: Top = None,
    sort: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'NAME [asc|desc]'",
            help="Measure (largest first) or attribute (upwards) to sort by; repeatable.",
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Only the first N rows.")] = None,
    offset: Annotated[int, typer.Option(metavar="N", help="With --limit: the rows behind the first N.")] = 0,
    fill: Annotated[
        bool, typer.Option("--fill", help="Every period from the first to the last, also those without a row.")
    ] = False,
    format: Format = "table",
    out: Out = None,
    sql: Sql = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print what it would read, the SQL and the plan, do not run it.")
    ] = False,
    why: Annotated[
        bool,
        typer.Option("--why", help="Print what the answer rests on: filters, rollup, age of the data, rows read, SQL."),
    ] = False,
    exact: Annotated[bool, typer.Option("--exact", help="Count exactly what measures with a sketch estimate.")] = False,
    role: Role = "",
    let: Let = None,
    project: Folder = Path(),
) -> None:
    """Ask a cube.

    Example: crm query sales -m revenue -m customers -b product.department -b date.quarter --totals
    """
    check_format(format, out)
    with Project.open(project, role, role_values(let)) as shop:
        ask = question(shop, cube, measure, by, where, as_of, top, pivot)
        ask = ask.totals() if totals else ask
        for order in sort or []:
            ask = ask.sort(*sort_words(order))
        ask = ask.fill() if fill else ask
        ask = _cut(ask, limit, offset)
        ask = ask.exact() if exact else ask
        if why:
            typer.echo(ask.why())
        elif explain:
            typer.echo(ask.estimate())
        elif sql:
            typer.echo(ask.sql)
        else:
            _give(ask, format, out, pivot)


def cubes(
    cube: Annotated[str | None, typer.Argument(help="Cube to describe.", show_default="a list of all")] = None,
    role: Role = "",
    let: Let = None,
    project: Folder = Path(),
) -> None:
    """List the cubes, or what one of them can be asked.  Needs no loaded warehouse.

    Example: crm cubes sales
    """
    with Project.open(project, role, role_values(let)) as shop:
        if cube is None:
            found = shop.model.cubes.values()
            lines = _aligned([(c.name, c.title, c.description) for c in found])
        else:
            lines = _described(shop.model.cube(cube), shop.config.currency)
    for line in lines:
        typer.echo(line)


def _described(cube: "Cube", currency: str) -> list[str]:
    lines = [f"{cube.name}: {cube.title}" + (f". {cube.description}" if cube.description else ""), "", "Measures"]
    rows: list[tuple[str, ...]] = []
    for measure in cube.measures.values():
        of = unit(measure.format, currency)
        written = f"{measure.format}, {of}" if of not in ("", "%", measure.format) else measure.format
        made = (
            f"= {measure.formula.text}"
            if measure.formula
            else f"= {measure.calc.of} {measure.calc}"
            if measure.calc
            else ""
        )
        rows.append(
            (measure.name, measure.title, written, ". ".join(filter(None, (measure.description.rstrip("."), made))))
        )
    lines += [f"  {line}" for line in _aligned(rows)] + ["", "Dimensions"]
    for role in cube.roles.values():
        lines.append(f"  {role.name}: {role.title}")
        attributes = role.dimension.attributes.values()
        lines += [f"    {line}" for line in _aligned([(f"{role.name}.{a.name}", a.title) for a in attributes])]
        levels = role.dimension.hierarchies.items()
        lines += [f"    hierarchy {name}: {' > '.join(hierarchy)}" for name, hierarchy in levels]
    rollups: list[tuple[str, ...]] = [
        (r.name, f"{', '.join(r.measures)} by {', '.join(r.by)}") for r in cube.rollups.values()
    ]
    return lines + (["", "Rollups", *(f"  {line}" for line in _aligned(rollups))] if rollups else [])


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    """Each row as a line, its texts in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cut(ask: "Ask", limit: int | None, offset: int) -> "Ask":
    if limit is not None:
        return ask.limit(limit, offset)
    if offset:
        raise QueryError(f"--offset {offset}: say how many rows to show behind them with --limit")
    return ask


def _give(ask: "Ask", format: str, out: Path | None, pivot: str | None) -> None:
    answer = ask.run()
    if format == "table":
        write(f"{answer}\n".encode(), out)
    else:
        write(as_bytes(answer.pivot(pivot) if pivot else answer.frame, format), out)
    for note in answer.cells.notes:
        typer.echo(f"note: {note}", err=True)
