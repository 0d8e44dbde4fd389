"""One entry of `files:` in source.yml, read and checked: which kind of raw it is, and where.

May import: yamlfile, warehouse.raw, warehouse.readers.*.   Imported by: warehouse.sources.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from crm_analytics.warehouse.raw import Raw
from crm_analytics.warehouse.readers.csv import Csv
from crm_analytics.warehouse.readers.files import Place
from crm_analytics.warehouse.readers.jsonl import JsonLines
from crm_analytics.warehouse.readers.parquet import Parquet
from crm_analytics.warehouse.readers.tryton.entry import read_tryton
from crm_analytics.yamlfile import Problems, YamlFile

KINDS: dict[str, type[Csv | JsonLines | Parquet]] = {".parquet": Parquet, ".csv": Csv, ".jsonl": JsonLines}


def read_entry(file: YamlFile, name: object, problems: Problems) -> Raw | None:
    """The raw that is called `name`; None where something is wrong with it, which `problems` then says."""
    spec = file.data["files"][name]
    if not isinstance(name, str) or not name.isidentifier():
        problems.add(file.where("files"), f"{name!r} cannot follow raw_ in SQL; use letters, digits and _")
        return None
    where = file.where("files", name)
    if isinstance(spec, dict) and "tryton" in spec:
        return read_tryton(file, name, problems)
    if not isinstance(spec, dict) or not isinstance(spec.get("path"), str):
        problems.add(where, "needs a path, such as {path: raw/customers.csv}")
        return None
    problems.unknown_keys(file, ("files", name), ("path", "package"))
    place = _place(file.path.parent, spec, where, problems)
    found = place.files() if place else []
    if place and not found:
        problems.add(where, f"no such file: {place}")
    if not place or not found:
        return None
    kind = _kind(found, where, problems)
    return kind(source=file.path.parent.name, name=name, place=place) if kind else None


def _kind(paths: list[Path], where: str, problems: Problems) -> type[Csv | JsonLines | Parquet] | None:
    ending, *others = sorted({p.suffix.lower() for p in paths})
    if others:
        problems.add(where, f"mixes {', '.join([ending, *others])}; give each kind a name of its own")
    elif ending not in KINDS:
        problems.add(where, f"cannot read {paths[0].name}; known endings: {', '.join(KINDS)}")
    else:
        return KINDS[ending]
    return None


def _place(folder: Path, spec: Mapping[str, object], where: str, problems: Problems) -> Place | None:
    pattern = str(spec["path"])
    if "package" not in spec:
        return Place(base=folder, pattern=pattern)
    package = str(spec["package"])
    found = find_spec(package) if package.isidentifier() else None
    if found is None or not found.submodule_search_locations:
        problems.add(where, f"the package {package} is not installed; try: pip install {package}")
        return None
    base = Path(next(iter(found.submodule_search_locations)))
    return Place(base=base, pattern=pattern, prefix=f"{package}/")
