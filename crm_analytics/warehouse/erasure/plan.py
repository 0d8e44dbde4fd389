"""Every file of the project with the rule for its rows, and the sources that lie outside of it.

Raw files by what the mappings say of them; lists below the output folder lose
the person's rows; everything else is looked through.

May import: errors, engines, warehouse.sources, warehouse.erasure.*.   Imported by: pipeline, project.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.erasure.files.place import PART
from crm_analytics.warehouse.erasure.log import Mark
from crm_analytics.warehouse.erasure.person import Person
from crm_analytics.warehouse.erasure.places import place_of
from crm_analytics.warehouse.erasure.rules import RowRule
from crm_analytics.warehouse.erasure.source_rules import CUSTOMER_ID, SourceRules
from crm_analytics.warehouse.sources import Source, read_source, source_names

TABLE = "table "  # how the label of a piece begins that is one table of a file
LEFT_ALONE = frozenset({".git", ".venv", "__pycache__"})


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a project lies: its folder, its warehouse, and where lists, exports and reports go."""

    project: Path
    warehouse: Path
    output: Path

    def name(self, path: Path) -> str:
        """A path as people read it: from the project on."""
        return path.relative_to(self.project).as_posix()

    def is_ours(self, path: Path) -> bool:
        """Whether a file is the warehouse, or lies beside it for it."""
        return path == self.warehouse or path.name.startswith(f"{self.warehouse.name}.") or path.name.endswith(PART)

    def sources(self) -> list[Source]:
        """The sources of the project."""
        return [read_source(self.project / "data" / name) for name in source_names(self.project / "data")]


@dataclass(frozen=True, slots=True)
class FilePlan:
    """What each file of a project is held to.

    marks    : ids that the changed files will bring
    outside  : sources that are not ours to change
    problems : raw files for which no rule was found, and why
    """

    rules: Mapping[Path, RowRule]
    marks: tuple[Mark, ...]
    outside: tuple[str, ...]
    problems: tuple[str, ...]


def plan_files(
    engine: Engine, sources: Sequence[Source], person: Person, folder: Folder, dates: frozenset[str] = frozenset()
) -> FilePlan:
    """The rule of every file of the project, and what lies outside and may bring the person back.

    `dates` are the columns that say when a version of a customer is true; they stay.
    """
    project = folder.project
    found: dict[Path, dict[str, RowRule]] = {}
    marks: dict[Mark, None] = {}
    outside = [".git: its history may hold them"] if (project / ".git").exists() else []
    columns: dict[str, None] = {CUSTOMER_ID: None}
    problems: list[str] = []
    for source in sources:
        rules = SourceRules(engine, source, person, dates)
        columns |= dict.fromkeys(rules.id_columns)
        for name, pieces in _pieces(source, project).items():
            if rules.may_name_customers(name):
                outside += [f"data/{source.name}: {name}: {where}" for where, path in pieces if path is None]
            inside = [(where, path) for where, path in pieces if path is not None]
            if not inside:
                continue
            try:
                rule, brought = rules.rule(name)
            except CrmError as error:
                problems.append(f"data/{source.name}: {name}: {error}")
                continue
            marks |= dict.fromkeys(brought)
            for where, path in inside:
                found.setdefault(path, {})[where] = rule
    names = {column: person.names_in("") for column in columns}
    asked = {f"customer.{CUSTOMER_ID}": person.names_in("")}  # the column of an answer that was saved
    for path in _files(project):
        if path not in found and not folder.is_ours(path):
            listed = path.is_relative_to(folder.output)
            found[path] = {"": RowRule(needles=person.needles, ids=names | asked, told=person.told, drop=listed)}
    return FilePlan({path: _one(rules) for path, rules in found.items()}, tuple(marks), tuple(outside), tuple(problems))


def _one(rules: Mapping[str, RowRule]) -> RowRule:
    """One rule for a file that several raw names may read, by their tables where it has tables."""
    first, *others = rules.values()
    tables = {label.removeprefix(TABLE): rule for label, rule in rules.items() if label.startswith(TABLE)}
    if not others and not tables:
        return first
    return replace(
        first,
        ids={column: names for rule in rules.values() for column, names in rule.ids.items()},
        personal=frozenset() if tables else frozenset.intersection(*(rule.personal for rule in rules.values())),
        whole=not tables and all(rule.whole for rule in rules.values()),
        kept=frozenset().union(*(rule.kept for rule in rules.values())),
        tables=tables,
    )


def _pieces(source: Source, project: Path) -> dict[str, list[tuple[str, Path | None]]]:
    """What is behind each raw name: its label and its path, which is None where that is not ours to change."""
    inside = project.resolve()
    found: dict[str, list[tuple[str, Path | None]]] = {}
    for name, raw in source.raws.items():
        for piece in raw.pieces():
            place = place_of(raw, piece)
            ours = place is not None and place.resolve().is_relative_to(inside)
            path = Path(os.path.normpath(str(place))) if ours else None
            found.setdefault(name, []).append((piece.label, path))
    return found


def _files(project: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(project):
        folders[:] = sorted(name for name in folders if name not in LEFT_ALONE)
        for name in sorted(names):
            yield Path(folder) / name
