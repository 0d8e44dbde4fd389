"""What a path such as `party.lang.code` is: a column, its type, and how it is taken from a record.

The server is asked what its models hold, so that a field that it lacks is told
before anything is read, and each column has the type that it has there.

May import: errors, warehouse.readers.tryton.session.   Imported by: warehouse.readers.tryton.model.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_analytics.errors import ConfigError, WarehouseError, did_you_mean, shortened
from crm_analytics.warehouse.readers.tryton.session import Session

# Tryton's kinds of fields and their SQL types.
ONE = ("many2one", "one2one")
MANY = ("one2many", "many2many")
TYPES = {
    **dict.fromkeys(("char", "text", "full_text", "selection", "reference", "time"), "VARCHAR"),
    **dict.fromkeys(("integer", *ONE), "BIGINT"),
    **dict.fromkeys(MANY, "BIGINT[]"),
    **dict.fromkeys(("datetime", "timestamp"), "TIMESTAMP"),
    "multiselection": "VARCHAR[]",
    "numeric": "DECIMAL(38,10)",
    "float": "DOUBLE",
    "timedelta": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a raw table.

    Attributes
    ----------
    name  : the column, `party_lang_code`
    type  : its SQL type; a list where the path leads through a field that holds many records
    paths : the ways from the record to what it is made of, `party.lang.code`
    """

    name: str
    type: str
    paths: tuple[str, ...]

    def of(self, record: Mapping[str, Any]) -> Any:
        """The value in a record as the server gives it; None where there is nothing on the way."""
        (path,) = self.paths
        return _follow(record, path.split("."))


@dataclass(frozen=True, slots=True)
class Latest(Field):
    """The last of several moments, some of them in lists."""

    def of(self, record: Mapping[str, Any]) -> Any:
        found = [_follow(record, path.split(".")) for path in self.paths]
        moments = [moment for each in found for moment in (each if isinstance(each, list) else [each])]
        # Texts of the same form are in the order of time.
        return max(filter(None, moments), default=None)


class Fields:
    """The fields of a server's models, asked for once each."""

    def __init__(self, asked: Session, where: str) -> None:
        self._session = asked
        self._where = where
        self._known: dict[str, dict[str, dict[str, Any]]] = {}

    def column(self, model: str, path: str) -> Field:
        """The column for a path from a model.

        Raises
        ------
        ConfigError : no such model or field (gives the nearest right one); the path leads through something that is
            no record, or to what no column can hold.
        """
        *way, last = path.split(".")
        many = 0
        for step in way:
            found = self._field(model, step)
            if found["type"] not in (*ONE, *MANY):
                raise ConfigError(f"{self._where}: {path}: {step} of {model} is no other record, so nothing follows it")
            many += found["type"] in MANY
            model = str(found["relation"])
        kind = self._field(model, last)["type"]
        if kind not in TYPES:
            raise ConfigError(f"{self._where}: {path}: a field of the kind {kind} cannot be read")
        if many + TYPES[kind].endswith("[]") > 1:
            raise ConfigError(f"{self._where}: {path}: leads through several lists of records; read {model} too")
        return Field(_column_name(path), TYPES[kind] + "[]" * many, (path,))

    def latest(self, name: str, model: str, paths: Iterable[str]) -> Latest:
        """The column for the last of the moments to which these paths lead.

        Raises
        ------
        ConfigError : as for `column`, or a path does not lead to a moment.
        """
        found = [self.column(model, path) for path in paths]
        for field in found:
            if field.type.removesuffix("[]") != "TIMESTAMP":
                raise ConfigError(
                    f"{self._where}: changed: {field.paths[0]} of {model} is no moment, so it tells no change"
                )
        return Latest(name, "TIMESTAMP", tuple(path for field in found for path in field.paths))

    def _field(self, model: str, name: str) -> dict[str, Any]:
        if model not in self._known:
            self._known[model] = self._of(model)
        fields = self._known[model]
        if name not in fields:
            raise self._unknown(f"{model} has no field", name, fields)
        return fields[name]

    def _of(self, model: str) -> dict[str, dict[str, Any]]:
        try:
            return dict(self._session.ask(f"model.{model}.fields_get", [], {}))
        except WarehouseError:
            # Of a model that it lacks Tryton only says that something failed.
            if model in (known := self._models()):
                raise
            raise self._unknown("no model", model, known) from None

    def _models(self) -> list[str]:
        start, end = "model.", ".fields_get"
        methods = [str(method) for method in self._session.ask("system.listMethods")]
        return sorted({m[len(start) : -len(end)] for m in methods if m.startswith(start) and m.endswith(end)})

    def _unknown(self, what: str, name: str, known: Iterable[str]) -> ConfigError:
        names = sorted(known)
        return ConfigError(f"{self._where}: {what} {name!r}.{did_you_mean(name, names)} Known: {shortened(names)}.")


def _column_name(path: str) -> str:
    # Tryton writes `list_` and `from_` where Python or SQL has the word for itself.
    *way, last = path.split(".")
    return "_".join((*(step.rstrip("_") for step in way), last))


def _follow(record: Mapping[str, Any], steps: list[str]) -> Any:
    first, *rest = steps
    if not rest:
        return record.get(first)
    inner = record.get(f"{first}.")  # so Tryton calls the record, or the records, behind a field
    if isinstance(inner, list):
        return [_follow(each, rest) for each in inner]
    return _follow(inner, rest) if inner else None
