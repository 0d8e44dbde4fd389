"""`incremental:` of a source.yml: which entities are read file by file.

    incremental:
      sales: {by: order_lines, along: [orders], newest: changed_at}

`by` is the raw entry of which each file brings rows of its own; only new and changed
files are read.  When another raw entry changes that the mapping reads, all files are
read again, but for those named in `along`: they are looked things up in, and what
they said of older rows stays as it was.  Of several rows of one key the newest wins:
by the column `newest`, else by the name of the file.

May import: errors, yamlfile.   Imported by: warehouse.sources, warehouse.delivery.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from crm_analytics.errors import did_you_mean, shortened
from crm_analytics.yamlfile import Problems, YamlFile

KEYS = ("by", "along", "newest")


@dataclass(frozen=True, slots=True)
class Incremental:
    """How one entity of a source is read file by file."""

    by: str
    along: tuple[str, ...] = ()
    newest: str = ""


def read_incremental(
    file: YamlFile, raws: Collection[str], mapped: Collection[str], problems: Problems
) -> dict[str, Incremental]:
    """The section, checked: every name must be a raw entry, or an entity that the source maps."""
    section = file.data.get("incremental") or {}
    if not isinstance(section, dict):
        problems.add(file.where("incremental"), "needs entities, such as sales: {by: order_lines}")
        return {}
    found = {}
    for entity, spec in section.items():
        where = file.where("incremental", entity)
        if entity not in mapped:
            hint = did_you_mean(str(entity), mapped)
            problems.add(where, f"no mapping {str(entity)!r} in this source.{hint} Known: {shortened(mapped)}.")
        elif not isinstance(spec, dict) or not isinstance(spec.get("by"), str):
            problems.add(where, "needs the raw entry whose files bring its rows, such as {by: order_lines}")
        else:
            problems.unknown_keys(file, ("incremental", entity), KEYS)
            found[str(entity)] = _checked(spec, raws, where, problems)
    return found


def _checked(spec: dict[str, Any], raws: Collection[str], where: str, problems: Problems) -> Incremental:
    along = spec.get("along") or []
    listed = along if isinstance(along, list) else [along]
    for name in (spec["by"], *listed):
        if name not in raws:
            problems.add(
                where, f"no entry {str(name)!r} in files.{did_you_mean(str(name), raws)} Known: {shortened(raws)}."
            )
    return Incremental(spec["by"], tuple(str(n) for n in listed), str(spec.get("newest") or ""))
