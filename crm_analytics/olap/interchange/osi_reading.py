"""Pieces of an OSI document: expressions by dialect, and what an export of ours left in the custom extensions.

May import: olap.interchange.account, olap.interchange.dataset, olap.interchange.osi_words.   Imported by: osi.
"""

import json
import re
from collections.abc import Container, Mapping
from typing import Any

from crm_analytics.olap.interchange.account import Source
from crm_analytics.olap.interchange.dataset import Dataset
from crm_analytics.olap.interchange.osi_words import CUBE, DIALECT, VENDOR


def read_expression(source: Source) -> str:
    """The expression in the dialect that comes closest to DuckDB's; '' where there is none."""
    holder = source.one("expression")
    if holder is None:
        source.wrong("'expression' is missing")
        return ""
    found = ""
    for dialect in holder.many("dialects", "dialect"):
        if dialect.text("dialect", required=True) == DIALECT:
            found = dialect.text("expression", required=True)
        else:
            dialect.account.read(dialect.file, dialect.place)  # the same thing in the words of another program
    return found


def read_extension(source: Source) -> dict[str, Any]:
    """What an export of ours left in the custom extensions."""
    found: dict[str, Any] = {}
    for entry in source.many("custom_extensions", "extension"):
        if entry.text("vendor_name", required=True) != VENDOR:
            entry.leave("made by another program for itself")
            continue
        try:
            data = json.loads(entry.text("data", required=True))
        except json.JSONDecodeError as error:
            entry.wrong(f"'data' is not JSON: {error}", "data")
            continue
        found |= mapping({"data": data}, "data")
    return found


def mapping(ours: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A part of an extension; empty where it is not what an export of ours writes."""
    found = ours.get(key)
    return dict(found) if isinstance(found, dict) else {}


def whole_hierarchies(source: Source, found: Mapping[str, Any], attributes: Container[str]) -> dict[str, list[str]]:
    """The hierarchies that an export left, without those that have lost a level since; these are told."""
    whole: dict[str, list[str]] = {}
    for name, levels in found.items():
        if lost := next((level for level in levels if level not in attributes), ""):
            source.tell(f"hierarchy {name!r} is left out, for its level {lost!r} is no field any more")
        else:
            whole[name] = levels
    return whole


def exported_files(model: Source, ours: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The cube files that an export of ours was made of; none where the model is not from here."""
    files = ours.get("files", {})
    # A name leads to a file that is written: none may lead out of the folder.
    if not isinstance(files, dict) or not all(
        re.fullmatch(r"[\w-]+\.yml", n) and isinstance(f, dict) for n, f in files.items()
    ):
        model.wrong("what an export left in 'custom_extensions' is broken", "custom_extensions")
        return {}
    return files


def tell_lost(model: Source, files: Mapping[str, Mapping[str, Any]], datasets: Mapping[str, Dataset]) -> None:
    """Say what is only in the cube files, which no longer hold once the document was changed."""
    for name, file in files.items():
        lost = sorted(file.keys() - CUBE)
        if file.get("cube") in datasets:
            there = datasets[str(file["cube"])].measures
            lost += [f"measure {measure}" for measure in mapping(file, "measures") if measure not in there]
        if lost:
            verb = "are" if len(lost) > 1 else "is"
            model.tell(f"was changed since it was exported, so {', '.join(lost)} of {name} {verb} not carried over")
