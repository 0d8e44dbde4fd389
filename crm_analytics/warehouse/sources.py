"""Sources: where raw files are, and the SQL that maps them to the star's contracts.

A source is a folder with `source.yml` and one `.sql` file an entity.  This
module reads and checks those files and opens the raw ones as views; it loads
nothing.

May import: errors, sql, yamlfile, engines, warehouse.incremental, warehouse.raw, warehouse.readers.entry,
warehouse.tables.
Imported by: warehouse.staging, warehouse.load, warehouse.checks, project.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError, did_you_mean, shortened
from crm_analytics.sql import ident
from crm_analytics.warehouse.incremental import Incremental, read_incremental
from crm_analytics.warehouse.raw import Raw
from crm_analytics.warehouse.readers.entry import read_entry
from crm_analytics.warehouse.tables import ENTITIES
from crm_analytics.yamlfile import Problems, YamlFile, read_yaml

FILE = "source.yml"


@dataclass(frozen=True, slots=True)
class Control:
    """A total of the raw files, worked out without the mapping; `crm check` holds the star to it."""

    name: str
    entity: str
    measure: str
    sql: str


@dataclass(frozen=True, slots=True)
class Count:
    """Something worth counting in the raw files: a known fault, a gap."""

    name: str
    sql: str


@dataclass(frozen=True, slots=True)
class Source:
    """One source folder, checked.  `mappings` holds the SQL text of each entity it brings."""

    name: str
    folder: Path
    raws: Mapping[str, Raw]
    mappings: Mapping[str, str]
    controls: tuple[Control, ...]
    counts: tuple[Count, ...]
    incremental: Mapping[str, Incremental] = field(default_factory=dict)
    specs: Mapping[str, object] = field(default_factory=dict)

    def reads(self, entity: str) -> list[str]:
        """The raw entries that the mapping of an entity speaks of."""
        return [name for name in self.raws if raw_place(self.mappings[entity], name) >= 0]

    def reading(self, entity: str) -> str:
        """How source.yml wants those entries to be read: when this changes, they are read again."""
        return repr([(name, self.specs.get(name)) for name in self.reads(entity)])

    def open_views(self, engine: Engine, mapping: str | None = None) -> None:
        """Make each raw file readable as `raw_<name>`; only those that the SQL text `mapping` names, if given.

        Raises
        ------
        CrmError : a file is broken; names it.
        """
        for name, raw in self.raws.items():
            if mapping is not None and raw_place(mapping, name) < 0:
                continue
            try:
                select = raw.open(engine, raw.pieces())
                engine.execute(f"CREATE OR REPLACE TEMP VIEW {ident('raw_' + name)} AS {select}")
            except CrmError as error:
                raise type(error)(f"{self.folder / FILE}: files: {name}: {error}") from None

    def close_views(self, engine: Engine) -> None:
        """Forget the raw views, so that another source may use the same names."""
        for name, raw in self.raws.items():
            engine.execute(f"DROP VIEW IF EXISTS {ident('raw_' + name)}")
            raw.close(engine)

    def moving(self) -> list[str]:
        """The raws that may hold other rows by now than when they were loaded: of a server nothing cheap can tell."""
        return [name for name, raw in self.raws.items() if not all(raw.stamp(piece) for piece in raw.pieces())]

    def path(self, entity: str) -> Path:
        """The file that maps `entity`."""
        return self.folder / f"{entity}.sql"


def raw_place(mapping: str, name: str) -> int:
    """Where a mapping first speaks of `raw_<name>`; -1 where it does not: `raw_order_lines` is not `raw_order`."""
    found = re.search(rf"(?<!\w)raw_{re.escape(name)}(?!\w)", mapping, re.IGNORECASE)
    return found.start() if found else -1


def source_names(data: Path) -> list[str]:
    """The sources of a project: every folder in `data` that has a source.yml, by name."""
    return sorted(p.parent.name for p in data.glob(f"*/{FILE}"))


def read_source(folder: Path) -> Source:
    """Read and check one source folder.

    Raises
    ------
    ConfigError : everything wrong with it, at once: unknown keys, files that are not there, a `.sql` file
        that is not named after an entity.
    """
    file = read_yaml(folder / FILE)
    problems = Problems()
    problems.unknown_keys(file, (), ("version", "source", "files", "incremental", "controls", "counts"))
    if file.data.get("version") != 1:
        problems.add(file.where("version"), "needs 'version: 1', the only version there is")
    if file.data.get("source", folder.name) != folder.name:
        problems.add(file.where("source"), f"says {file.data['source']!r}, but a source is called as its folder")
    raws = [read_entry(file, name, problems) for name in _mapping(file, "files", problems)]
    controls = _listed(file, "controls", ("name", "entity", "measure", "sql"), problems)
    counts = _listed(file, "counts", ("name", "sql"), problems)
    mappings = _mappings(folder, problems)
    incremental = read_incremental(file, [raw.name for raw in raws if raw], mappings, problems)
    problems.raise_any()
    return Source(
        name=folder.name,
        folder=folder,
        raws={raw.name: raw for raw in raws if raw},
        mappings=mappings,
        controls=tuple(Control(**c) for c in controls),
        counts=tuple(Count(**c) for c in counts),
        incremental=incremental,
        specs=dict(file.data["files"]),
    )


def _mappings(folder: Path, problems: Problems) -> dict[str, str]:
    found = {p.stem: p for p in sorted(folder.glob("*.sql"))}
    for name in sorted(found.keys() - ENTITIES.keys()):
        hint = did_you_mean(name, ENTITIES)
        problems.add(str(found[name]), f"no entity {name!r}.{hint} Known: {shortened(ENTITIES)}.")
    if not found:
        problems.add(str(folder), "has no .sql file, so there is nothing to load; one is named after each entity")
    return {name: _sql_text(found[name], problems) for name in ENTITIES if name in found}


def _sql_text(path: Path, problems: Problems) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip().rstrip(";")
        if all(line.strip().startswith("--") for line in text.splitlines() if line.strip()):
            problems.add(str(path), "is empty: it should hold one SELECT")
        return text
    except (OSError, UnicodeDecodeError) as error:
        problems.add(str(path), f"cannot be read: {error}")
        return ""


def _mapping(file: YamlFile, key: str, problems: Problems) -> dict[Any, Any]:
    value = file.data.get(key)
    if not isinstance(value, dict) or not value:
        problems.add(file.where(key), f"needs {key!r}: names with values")
        return {}
    return value


def _listed(file: YamlFile, key: str, fields: tuple[str, ...], problems: Problems) -> list[dict[str, str]]:
    items = file.data.get(key) or []
    if not isinstance(items, list):
        problems.add(file.where(key), f"{key} must be a list; begin each with '- name:'")
        return []
    good = []
    for i, item in enumerate(items):
        where = file.where(key, i)
        if not isinstance(item, dict):
            problems.add(where, f"needs {', '.join(fields)}, got {item!r}")
            continue
        problems.unknown_keys(file, (key, i), fields)
        missing = [f for f in fields if item.get(f) is None]
        if missing:
            problems.add(where, f"needs {', '.join(missing)}")
        elif wrong := _wrong_measure(item):
            problems.add(where, wrong)
        else:
            good.append({f: str(item[f]) for f in fields})
    return good


def _wrong_measure(item: Mapping[str, Any]) -> str:
    """What is wrong with the entity and measure of a control; '' where nothing is, or where there is none."""
    if "entity" not in item:
        return ""
    name, measure = str(item["entity"]), str(item["measure"])
    if name not in ENTITIES:
        return f"no entity {name!r}.{did_you_mean(name, ENTITIES)} Known: {shortened(ENTITIES)}."
    known = ["rows", *(c.name for c in ENTITIES[name].money)]
    if measure not in known:
        return f"no measure {measure!r} of {name}.{did_you_mean(measure, known)} Known: {shortened(known)}."
    return ""
