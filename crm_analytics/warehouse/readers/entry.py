"""One entry of `files:` in source.yml, read and checked: which kind of raw it is, and where.

May import: yamlfile, warehouse.raw, warehouse.readers.*.   Imported by: warehouse.sources.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from crm_analytics.warehouse.raw import Raw
from crm_analytics.warehouse.readers.csv import Csv
from crm_analytics.warehouse.readers.csv_options import KEYS as CSV_KEYS
from crm_analytics.warehouse.readers.csv_options import read_csv_options
from crm_analytics.warehouse.readers.databases import DATABASES
from crm_analytics.warehouse.readers.excel import Excel
from crm_analytics.warehouse.readers.files import Place
from crm_analytics.warehouse.readers.given import Given
from crm_analytics.warehouse.readers.jsonl import JsonLines
from crm_analytics.warehouse.readers.parquet import Parquet
from crm_analytics.warehouse.readers.text import PACKED
from crm_analytics.warehouse.readers.tryton.entry import read_tryton
from crm_analytics.yamlfile import Problems, YamlFile


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: its options beside the path, and how a raw is made of it."""

    keys: tuple[str, ...]
    make: Callable[[Given, Place], Raw]


CSV = Kind(CSV_KEYS, lambda given, place: Csv(place=place, options=read_csv_options(given), **given.called))
JSON_LINES = Kind((), lambda given, place: JsonLines(place=place, **given.called))
PARQUET = Kind((), lambda given, place: Parquet(place=place, **given.called))
EXCEL = Kind(
    ("sheet", "header_row"),
    lambda given, place: Excel(
        place=place, sheet=given.text("sheet"), header_row=given.whole("header_row", 1, least=1), **given.called
    ),
)
# .csv.gz and .jsonl.zst are known too.
KINDS = {
    ".parquet": PARQUET,
    ".csv": CSV,
    ".tsv": CSV,
    ".txt": CSV,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".xlsx": EXCEL,
}


def read_entry(file: YamlFile, name: object, problems: Problems) -> Raw | None:
    """The raw that is called `name`; None where something is wrong with it, which `problems` then says."""
    spec = file.data["files"][name]
    if not isinstance(name, str) or not name.isidentifier():
        problems.add(file.where("files"), f"{name!r} cannot follow raw_ in SQL; use letters, digits and _")
        return None
    given = Given(file, name, problems)
    if isinstance(spec, dict):
        if "tryton" in spec:
            return read_tryton(file, name, problems)
        for kind, make in DATABASES.items():
            if kind in spec:
                return make(given)
    if not isinstance(spec, dict) or not isinstance(spec.get("path"), str):
        given.wrong("needs a path, such as {path: raw/customers.csv}")
        return None
    return _files(given)


def _files(given: Given) -> Raw | None:
    """Files of one kind, which their endings tell."""
    said = Path(given.text("path"))
    place = _place(given)
    found = place.files() if place else []
    endings = sorted({_ending(path) for path in found} or {_ending(said)})
    kinds = {KINDS.get(ending) for ending in endings}
    kind = kinds.pop() if len(kinds) == 1 else None
    given.only(("path", "package", *(kind.keys if kind else ())))
    if place and not found:
        given.wrong(f"no such file: {place}")
    elif kinds:
        given.wrong(f"mixes {', '.join(endings)}; give each kind a name of its own")
    elif place and not kind:
        given.wrong(f"cannot read {found[0].name}; known endings: {', '.join(KINDS)}")
    return kind.make(given, place) if kind and place and found else None


def _ending(path: Path) -> str:
    """`.csv` of x.csv and of x.csv.gz; '' where that is packed which cannot be unpacked on the way."""
    ending = path.suffix.lower()
    if ending not in PACKED:
        return ending
    inner = Path(path.stem).suffix.lower()
    return inner if KINDS.get(inner) in (CSV, JSON_LINES) else ending


def _place(given: Given) -> Place | None:
    folder, pattern = given.file.path.parent, given.text("path")
    if "package" not in given.options:
        return Place(base=folder, pattern=pattern)
    package = str(given.options["package"])
    found = find_spec(package) if package.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        given.wrong(f"the package {package} is not installed; try: pip install {package}")
        return None
    base = Path(next(iter(found.submodule_search_locations)))
    return Place(base=base, pattern=pattern, prefix=f"{package}/")
