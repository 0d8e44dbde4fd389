"""One entry of `files:` in source.yml that names a Tryton server, read and checked.

May import: errors, yamlfile, warehouse.readers.tryton.{address,model}.   Imported by: warehouse.readers.entry.
"""

from collections.abc import Mapping
from typing import Any

from crm_analytics.errors import ConfigError
from crm_analytics.warehouse.readers.tryton.address import read_address
from crm_analytics.warehouse.readers.tryton.model import TrytonModel
from crm_analytics.yamlfile import Problems, YamlFile

KEYS = ("tryton", "model", "fields", "changed", "password_from")
PASSWORD_FROM = "TRYTON_PASSWORD"


def read_tryton(file: YamlFile, name: str, problems: Problems) -> TrytonModel | None:
    """The model that is called `name`; None where something is wrong with it, which `problems` then says."""
    spec: Mapping[str, Any] = file.data["files"][name]
    where, before = file.where("files", name), len(problems.found)
    problems.unknown_keys(file, ("files", name), KEYS)
    if not isinstance(spec.get("model"), str):
        problems.add(where, "needs a model, such as model: party.party")
    fields = _paths(spec.get("fields"))
    if not fields:
        problems.add(where, "needs fields, such as fields: [name, lang.code]")
    changed = _paths(spec.get("changed", []))
    if changed is None:
        problems.add(where, "changed needs the name of a field, or a list of them, such as changed: write_date")
    variable = spec.get("password_from", PASSWORD_FROM)
    if not isinstance(variable, str) or not variable.isidentifier():
        problems.add(where, f"password_from needs the name of an environment variable, such as {PASSWORD_FROM}")
        variable = PASSWORD_FROM
    try:
        address = read_address(str(spec["tryton"]), variable)
    except ConfigError as error:
        problems.add(where, str(error))
        return None
    if len(problems.found) > before:
        return None
    return TrytonModel(
        source=file.path.parent.name,
        name=name,
        address=address,
        model=str(spec["model"]),
        fields=fields or (),
        times=changed or (),
    )


def _paths(given: object) -> tuple[str, ...] | None:
    """One path or a list of them; None for anything else."""
    listed = [given] if isinstance(given, str) else given
    if not isinstance(listed, list) or not all(isinstance(path, str) for path in listed):
        return None
    return tuple(listed) if all(step.isidentifier() for path in listed for step in path.split(".")) else None
