"""The files of the project: each changed by its rule, the manifests of exports renewed, the recall list drawn up.

A manifest is told first that its file is about to change, and gets the new sum
last, so that an erasure that was killed in between can be finished.

May import: errors, engines, warehouse.erasure.*.   Imported by: pipeline.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.erasure.files import change_file
from crm_analytics.warehouse.erasure.files.place import replacing
from crm_analytics.warehouse.erasure.person import Person
from crm_analytics.warehouse.erasure.plan import FilePlan, Folder
from crm_analytics.warehouse.erasure.rules import RowRule
from crm_analytics.warehouse.erasure.tables import Step

ACCESS_FILE = "access.json"  # how `crm access` calls what it writes
MANIFEST = ".manifest.json"
DUCKDB = b"DUCK"  # stands at the ninth byte of its files
WHY = "the rows of an erased person were taken out"

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recall:
    """One export that had the person: whoever was sent it has to be told."""

    target: str
    file: str
    as_of: str


def erase_files(
    engine: Engine, plan: FilePlan, person: Person, folder: Folder, now: datetime, write: bool
) -> tuple[list[Step], list[Recall]]:
    """Take the person out of every file, or only say what would be done."""
    steps: list[Step] = [Step(problem.split(": ", 1)[0], "left", 0, problem) for problem in plan.problems]
    steps += _answers(plan, person, folder, write)
    recalls = []
    manifests = {path: held for path in plan.rules if path.name.endswith(MANIFEST) and (held := _json(path))}
    of_file = {path.with_name(str(held.get("file"))): path for path, held in manifests.items()}
    for path, rule in sorted(plan.rules.items()):
        if path in manifests or not path.exists():
            continue
        manifest = of_file.get(path)
        step = _erase(engine, path, rule, folder, manifest, person, now, write)
        steps += [step] if step else []
        if manifest and ((step and step.rows) or _told(manifests[manifest], person)):
            recalls.append(_recall(manifests[manifest], folder.name(path)))
    return steps, recalls


def _erase(
    engine: Engine,
    path: Path,
    rule: RowRule,
    folder: Folder,
    manifest: Path | None,
    person: Person,
    now: datetime,
    write: bool,
) -> Step | None:
    """Take the person out of one file; None where they are not in it."""
    name = folder.name(path)
    try:
        if any(rule.cut(part) != part for part in (*Path(name).parts, path.stem)):
            return Step("a file whose name names the person", "left", 0, "give it another name")
        if not path.resolve().is_relative_to(folder.project.resolve()):
            return Step(name, "left", 0, "leads out of the project; erase there")
        if _is_duckdb(path):
            return Step(name, "left", 0, "is another database; erase there, or remove it if it is an old copy")
        found = change_file(engine, path, rule, False)
        if write and found:
            _begin(manifest, found.gone, person, now)
            change_file(engine, path, rule, True)
        if write:
            _finish(manifest, path)
    except (CrmError, OSError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        return Step(name, "left", 0, reason)
    done = "gone" if found.gone else "changed"
    return Step(name, done, found.gone + found.changed) if found else None


def _answers(plan: FilePlan, person: Person, folder: Folder, write: bool) -> list[Step]:
    """Remove what `crm access` wrote for the person; the file that says whose it is goes last."""
    steps = []
    for about in [path for path in plan.rules if path.name == ACCESS_FILE and path.is_relative_to(folder.output)]:
        if _json(about).get("customer_id") == person.id:
            for file in [*(p for p in about.parent.iterdir() if p != about), about]:
                steps.append(Step(folder.name(file), "removed", 1))
                if write:
                    file.unlink()
    return steps


def _begin(manifest: Path | None, gone: int, person: Person, now: datetime) -> None:
    """Say in a manifest that its file is about to change: without a sum it is known to be unfinished."""
    if manifest is None:
        return
    held = _json(manifest)
    note = {"at": now.isoformat(timespec="seconds"), "pseudonym": person.pseudonym, "rows": gone, "why": WHY}
    customers = {"customers": held["customers"] - gone} if isinstance(held.get("customers"), int) else {}
    _write(manifest, {**held, **customers, "sha256": "", "erased": [*held.get("erased", []), note]})


def _finish(manifest: Path | None, file: Path) -> None:
    """Give a manifest the sum of its file, once that has changed; also where an erasure was killed before it did."""
    held = _json(manifest) if manifest else {}
    if manifest and held.get("sha256") == "":
        _write(manifest, {**held, "sha256": sha256(file.read_bytes()).hexdigest()})


def _write(path: Path, manifest: Manifest) -> None:
    with replacing(path) as part:
        part.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _json(path: Path) -> Manifest:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _told(manifest: Mapping[str, Any], person: Person) -> bool:
    notes: Sequence[Mapping[str, Any]] = manifest.get("erased", [])
    return any(note.get("pseudonym") == person.pseudonym for note in notes)


def _recall(manifest: Mapping[str, Any], file: str) -> Recall:
    return Recall(str(manifest.get("target", "")), file, str(manifest.get("as_of", "")))


def _is_duckdb(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(12)[8:] == DUCKDB
