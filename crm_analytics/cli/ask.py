"""`crm query` and `crm cubes`: ask a cube, and see what can be asked.

May import: typer, errors, formats, project, olap.model (types).   Imported by: cli.
"""

import re
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypedDict

import typer

from crm_analytics.cli.options import Folder, Let, Role, role_values
from crm_analytics.errors import CrmError, QueryError, UnknownName
from crm_analytics.formats import unit
from crm_analytics.project import Project

if TYPE_CHECKING:  # so that `crm --help` does not wait for the cubes
    import polars as pl

    from crm_analytics.notebook import Ask
    from crm_analytics.olap.model import Cube


class TopWords(TypedDict):
    """What `--top` says."""

    n: int
    measure: str
    of: str
    within: bool


FORMATS = ("table", "csv", "json", "parquet")


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(cubes)
    app.command()(query)


def query(
    cube: Annotated[str, typer.Argument(help="Cube to ask, such as sales.")],
    measure: Annotated[
        list[str],
        typer.Option("-m", "--measure", help="Measure, or one over time, such as 'revenue 1 year ago'; repeatable."),
    ],
    by: Annotated[
        list[str] | None,
        typer.Option(
            "-b", "--by", metavar="ATTRIBUTE", help="Attribute to split by, such as product.department; repeatable."
        ),
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option("-w", "--where", metavar="FILTER", help="Filter; repeatable, all must hold.")
    ] = None,
    totals: Annotated[bool, typer.Option("--totals", help="Subtotals and the grand total too.")] = False,
    pivot: Annotated[
        str | None, typer.Option(metavar="ATTRIBUTE", help="Attribute to lay out as columns, such as date.year.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="sale|today|DAY", help="When attributes with a history are read, such as 2017-03-31."),
    ] = None,
    top: Annotated[
        str | None,
        typer.Option(
            metavar="'N MEASURE [of ATTRIBUTE] [within]'",
            help="The N largest of the first attribute, or of ATTRIBUTE (within each member before it); else Others.",
        ),
    ] = None,
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
    format: Annotated[str, typer.Option(help=f"One of: {', '.join(FORMATS)}.")] = "table",
    out: Annotated[Path | None, typer.Option(help="File to write instead of the screen; needed for parquet.")] = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the SQL, do not run it.")] = False,
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
    if format not in FORMATS:
        raise UnknownName("--format", "format", format, FORMATS)
    with Project.open(project, role, role_values(let)) as shop:
        ask = shop.cube(cube).measures(*measure).by(*(by or []))
        for condition in where or []:
            ask = ask.dice(condition)
        ask = ask.as_of(as_of) if as_of else ask
        ask = ask.top(**_top(top)) if top else ask
        ask = ask.pivot_on(pivot) if pivot else ask
        ask = ask.totals() if totals else ask
        for order in sort or []:
            ask = ask.sort(*_sort(order))
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
        rows.append((measure.name, measure.title, written, ". ".join(filter(None, (measure.description, made)))))
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


def _top(text: str) -> TopWords:
    found = re.fullmatch(r"\s*([0-9]{1,9})\s+(\S.*?)(?:\s+of\s+(\S+))?(\s+within)?\s*", text)
    if not found:
        raise QueryError(
            f"--top: {text!r} is not a number and a measure, such as '10 revenue' "
            "or '3 revenue of product.category within'"
        )
    return {"n": int(found[1]), "measure": found[2], "of": found[3] or "", "within": bool(found[4])}


def _sort(text: str) -> tuple[str, bool | None]:
    found = re.fullmatch(r"\s*(\S.*?)(?:\s+(asc|desc))?\s*", text)
    if not found:
        raise QueryError(f"--sort: {text!r} is not a measure or attribute, such as 'revenue' or 'date.year desc'")
    return found[1], {"asc": False, "desc": True}.get(found[2])


def _cut(ask: "Ask", limit: int | None, offset: int) -> "Ask":
    if limit is not None:
        return ask.limit(limit, offset)
    if offset:
        raise QueryError(f"--offset {offset}: say how many rows to show behind them with --limit")
    return ask


def _give(ask: "Ask", format: str, out: Path | None, pivot: str | None) -> None:
    if format == "parquet" and out is None:
        raise QueryError("--format parquet needs a file: --out cells.parquet")
    answer = ask.run()
    if format == "table":
        _write(f"{answer}\n".encode(), out)
    else:
        _write(as_bytes(answer.pivot(pivot) if pivot else answer.frame, format), out)
    for note in answer.cells.notes:
        typer.echo(f"note: {note}", err=True)


def as_bytes(frame: "pl.DataFrame", format: str) -> bytes:
    """Cells as a file of one of the formats but "table"."""
    match format:
        case "csv":
            return frame.write_csv().encode()
        case "json":
            return (_plain_numbers(frame).write_json() + "\n").encode()
        case _:
            file = BytesIO()
            frame.write_parquet(file)
            return file.getvalue()


def _plain_numbers(frame: "pl.DataFrame") -> "pl.DataFrame":
    """Decimals as doubles where every one of a column comes back the same; else JSON shows them as text."""
    for column in frame:
        if column.dtype.is_decimal():
            doubles = column.cast(float)
            if doubles.cast(column.dtype).equals(column, null_equal=True):
                frame = frame.with_columns(doubles)
    return frame


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        typer.echo(content.decode(), nl=False)
        return
    try:
        out.write_bytes(content)
    except OSError as error:
        raise CrmError(f"--out {out}: cannot be written: {error.strerror or error}") from None
