"""The map of the package, held by reading every import in it.

`MAY_IMPORT` and `DOORS` are the one place where the map is written down; the
tables in docs/map.md and CONTRIBUTING.md are compared with them below.  Imports
inside functions and under TYPE_CHECKING count like any other.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "crm_analytics"

MAY_IMPORT = {  # ground floor first; a name may only be allowed after its own line
    "errors": "",
    "sql": "",
    "formats": "",
    "wholefile": "errors",
    "periods": "errors",
    "arrays": "errors",
    "yamlfile": "errors",
    "identity_rules": "errors yamlfile",
    "config": "errors periods yamlfile identity_rules",
    "engines": "errors sql",
    "warehouse": "errors wholefile sql periods arrays yamlfile identity_rules config engines",
    "olap": "errors sql formats periods yamlfile engines",
    "features": "errors sql periods arrays config engines warehouse",
    "mining": "errors arrays config",
    "campaigns": "errors sql periods arrays config mining",
    "charts": "errors formats arrays olap mining",
    "exports": "errors wholefile formats periods arrays config campaigns",
    "reports": "errors formats periods arrays yamlfile config olap mining campaigns charts",
    "synthetic": "errors periods arrays",
    "scaffold": "errors synthetic",
    "pipeline": (
        "errors wholefile sql periods arrays identity_rules config engines warehouse olap features mining campaigns "
        "charts exports reports"
    ),
    "notebook": "errors sql formats engines olap charts",
    "opened": "errors config engines warehouse",
    "store": "errors config engines warehouse pipeline opened",
    "project": "errors config engines warehouse olap features notebook exports pipeline store",
    "demo": "errors config scaffold project",
    "__init__": "errors olap scaffold project",
    "cli": "errors wholefile formats periods olap notebook project demo scaffold __init__",
    "__main__": "cli",
}
DOORS = {  # the one file or package that may import the library
    "adbc_driver_postgresql": "warehouse/readers/postgres",
    "duckdb": "engines/duckdb",
    "jinja2": "reports",
    "phonenumbers": "warehouse/identity/phone",
    "plotly": "charts",
    "pyarrow": "warehouse/readers",
    "python_calamine": "warehouse/readers/excel",
    "rich": "cli",
    "scipy": "mining",
    "sklearn": "mining",
    "splink": "warehouse/identity/trained",
    "threadpoolctl": "mining",
    "typer": "cli",
    "yaml": "yamlfile",
}
OPEN = {"numpy", "polars"}  # the two ways in which tables and columns travel between floors
LONGEST_FILE_LINES = 300


def imported_names(tree: ast.Module) -> Iterator[str]:
    """Every dotted name a file imports; a relative import as it is written, with its dots."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module, names, level):
                yield from (f"{'.' * (level or 0)}{module or ''}.{alias.name}" for alias in names)
            case ast.Call(ast.Name("import_module" | "__import__"), [ast.Constant(str(name)), *_]):
                yield name
            case ast.Call(ast.Attribute(_, "import_module"), [ast.Constant(str(name)), *_]):
                yield name


def file_of(package: Path, name: str) -> str:
    """The file, relative to the package, in which `crm_analytics.a.b.Thing` is found."""
    parts = name.split(".")[1:]
    while parts:
        inside = package.joinpath(*parts)
        for file in (inside.with_suffix(".py"), inside / "__init__.py"):
            if file.is_file():
                return file.relative_to(package).as_posix()
        parts.pop()
    return "__init__.py"


def floor_of(file: str) -> str:
    return file.split("/")[0].removesuffix(".py")


def complaint(package: Path, file: str, name: str) -> str | None:
    """What is wrong with `file` importing `name`, or nothing."""
    library, floor = name.split(".")[0], floor_of(file)
    if name.startswith("."):
        return f"{file} imports {name}; write it from crm_analytics on"
    if library == package.name:
        target = floor_of(file_of(package, name))
        if target != floor and target not in MAY_IMPORT[floor].split():
            return f"{file} imports {target}; {floor} may import: {MAY_IMPORT[floor] or 'nothing'}"
    elif library in DOORS:
        door = DOORS[library]
        if not f"{file.removesuffix('.py')}/".startswith(f"{door}/"):
            return f"{file} imports {library}; only {door} may"
    elif library not in OPEN and library not in sys.stdlib_module_names:
        return f"{file} imports {library}, which has no door; give it one in DOORS and a line in a decision"
    return None


def complaints(package: Path) -> list[str]:
    """Everything in the package that breaks the map."""
    found, graph = [], {}
    for path in sorted(package.rglob("*.py")):
        file = path.relative_to(package).as_posix()
        if floor_of(file) not in MAY_IMPORT:
            found.append(f"{file} is not on the map; give {floor_of(file)} a line in MAY_IMPORT")
            continue
        names = list(imported_names(ast.parse(path.read_text(encoding="utf-8"))))
        found += dict.fromkeys(filter(None, (complaint(package, file, name) for name in names)))
        graph[file] = {file_of(package, name) for name in names if name.split(".")[0] == package.name} - {file}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # The sorter lists each file before the one that imports it, the first one again at the end.
        cycle = error.args[1][:0:-1]
        start = cycle.index(min(cycle))
        found.append("cycle: " + " -> ".join([*cycle[start:], *cycle[:start], cycle[start]]))
    return found


def table(page: Path, heading: str) -> dict[str, str]:
    """First and last column of the table whose header row starts with `heading`."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {heading} |")) + 2
    rows = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        first, *_, last = (cell.strip().replace("`", "") for cell in line.strip("|").split("|"))
        rows[first] = last
    return rows


def test_the_package_keeps_to_the_map() -> None:
    assert complaints(PACKAGE) == []


def test_a_floor_is_allowed_only_floors_above_its_line() -> None:
    floors = list(MAY_IMPORT)
    for i, floor in enumerate(floors):
        assert set(MAY_IMPORT[floor].split()) <= set(floors[:i]), floor


@pytest.mark.parametrize("page", ["docs/map.md", "CONTRIBUTING.md"])
def test_the_written_map_is_the_one_that_is_held(page: str) -> None:
    assert table(ROOT / page, "floor") == {floor: allowed or "nothing" for floor, allowed in MAY_IMPORT.items()}


def test_the_written_doors_are_the_ones_that_are_held() -> None:
    assert table(ROOT / "docs/map.md", "library") == DOORS


PLANTED = {
    "an upward import": (
        {"mining/rfm.py": "from crm_analytics.engines import Engine", "engines/__init__.py": ""},
        ["mining/rfm.py imports engines; mining may import: errors arrays config"],
    ),
    "an upward import from the package itself": (
        {"sql.py": "from crm_analytics import project", "project.py": ""},
        ["sql.py imports project; sql may import: nothing"],
    ),
    "an upward import inside a function": (
        {"olap/model.py": "def f():\n    import crm_analytics.reports", "reports/__init__.py": ""},
        ["olap/model.py imports reports; olap may import: errors sql formats periods yamlfile engines"],
    ),
    "an upward import by its name as a text": (
        {"errors.py": "import importlib\nimportlib.import_module('crm_analytics.cli')", "cli.py": ""},
        ["errors.py imports cli; errors may import: nothing"],
    ),
    "a cycle within a floor": (
        {
            "olap/a.py": "from crm_analytics.olap import b",
            "olap/b.py": "from crm_analytics.olap.c import f",
            "olap/c.py": "import crm_analytics.olap.a",
        },
        ["cycle: olap/a.py -> olap/b.py -> olap/c.py -> olap/a.py"],
    ),
    "a library outside its door": (
        {"olap/browse.py": "import duckdb", "engines/duckdb.py": "import duckdb"},
        ["olap/browse.py imports duckdb; only engines/duckdb may"],
    ),
    "a file whose name only begins like the door": (
        {"engines/duckdb_extra.py": "from duckdb import connect"},
        ["engines/duckdb_extra.py imports duckdb; only engines/duckdb may"],
    ),
    "a library without a door": (
        {"exports/csv.py": "from pandas import DataFrame, Series"},
        ["exports/csv.py imports pandas, which has no door; give it one in DOORS and a line in a decision"],
    ),
    "a relative import": (
        {"olap/model.py": "from .query import Ask", "olap/query.py": ""},
        ["olap/model.py imports .query.Ask; write it from crm_analytics on"],
    ),
    "a floor that is not on the map": (
        {"utils.py": ""},
        ["utils.py is not on the map; give utils a line in MAY_IMPORT"],
    ),
    "nothing": (
        {
            "__init__.py": "__version__ = '1'",
            "errors.py": "import sys",
            "mining/__init__.py": "from crm_analytics.mining import rfm, clv",
            "mining/rfm.py": "import numpy as np\nimport scipy.optimize\nfrom crm_analytics.errors import CrmError",
            "mining/clv.py": "from crm_analytics.mining.rfm import score",
            "cli/__init__.py": "from crm_analytics import __version__",
            "cli/query.py": "import typer",
        },
        [],
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_the_map_test_finds(planted: str, tmp_path: Path) -> None:
    files, expected = PLANTED[planted]
    for name, text in files.items():
        path = tmp_path / "crm_analytics" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert complaints(tmp_path / "crm_analytics") == expected


def test_importing_the_package_loads_no_heavy_library() -> None:
    heavy = "{'duckdb', 'pandas', 'plotly', 'polars', 'scipy', 'sklearn'}"
    code = f"import crm_analytics, sys; print(sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stdout.strip() == "[]"


def test_every_file_can_be_read_in_one_go() -> None:
    files = [path for folder in ("crm_analytics", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {file: n for file, n in lines.items() if n > LONGEST_FILE_LINES} == {}
