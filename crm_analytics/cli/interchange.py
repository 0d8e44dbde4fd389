"""`crm import-cubes`, `crm export-cubes`: cube models of other programs, in and out.

May import: typer, errors, wholefile, project, olap.interchange.   Imported by: cli.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from crm_analytics.cli.options import Folder
from crm_analytics.errors import ConfigError, CrmError, UnknownName
from crm_analytics.project import Project
from crm_analytics.wholefile import made, whole


def register(app: typer.Typer) -> None:
    """Hang these commands on the app."""
    app.command()(import_cubes)
    app.command()(export_cubes)


def import_cubes(
    path: Annotated[Path, typer.Argument(help="File of the other model, or the folder that holds its files.")],
    of: Annotated[str, typer.Option("--from", metavar="FORMAT", help="cube, metricflow or osi.")],
    out: Annotated[Path, typer.Option(help="Folder to write the cube files to, such as shop/cubes.")],
) -> None:
    """Make cube files of a Cube, dbt or OSI model.  Lists what could not be carried over; overwrites nothing.

    Example: crm import-cubes model/cubes --from cube --out imported
    """
    from crm_analytics.olap.interchange import IMPORTERS, LEFT_OUT

    if of not in IMPORTERS:
        raise UnknownName("--from", "format", of, IMPORTERS)
    imported = IMPORTERS[of](path)
    if not imported.files:
        _say(imported.left_out)
        raise ConfigError(f"{path}: no cube could be made of it")
    files = {out / name: text for name, text in imported.files.items()}
    if imported.left_out:
        files[out / LEFT_OUT] = "".join(f"{line}\n" for line in imported.left_out)
    _write(files)
    _say(imported.left_out)


def export_cubes(
    out: Annotated[Path, typer.Option(help="File to write: .json or .yml.")],
    to: Annotated[str, typer.Option("--to", metavar="FORMAT", help="osi: Open Semantic Interchange 0.1.1.")] = "osi",
    project: Folder = Path(),
) -> None:
    """Write the cubes for other programs.  Lists what those will not find in it; overwrites nothing.

    Example: crm export-cubes --to osi --out shop.json -C shop
    """
    from crm_analytics.olap.interchange import EXPORTERS

    if to not in EXPORTERS:
        raise UnknownName("--to", "format", to, EXPORTERS)
    if out.suffix not in (".json", ".yml", ".yaml"):
        raise ConfigError(f"--out {out}: ends neither with .json nor with .yml")
    with Project.open(project) as shop:
        exported = EXPORTERS[to](shop.folder / "cubes", shop.folder.resolve().name)
    _write({out: exported.text(as_json=out.suffix == ".json")})
    _say(exported.left_out)


def _say(left_out: tuple[str, ...]) -> None:
    for line in left_out:
        typer.echo(line, err=True)


def _write(files: Mapping[Path, str]) -> None:
    """Write new files, all of them or (where one is there already) none, and say which."""
    if there := [file for file in files if file.exists()]:
        raise CrmError(f"{', '.join(map(str, there))}: there already, and nothing is overwritten")
    for file, text in files.items():
        made(file.parent)
        with whole(file) as part:
            part.write_text(text, encoding="utf-8")
        typer.echo(str(file))
