"""`crm.yml`: what a project is called, where its warehouse is, and its few settings.

May import: errors, periods, yamlfile, identity_rules.   Imported by: warehouse, campaigns, exports, project.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args, get_type_hints

from crm_analytics.errors import ConfigError
from crm_analytics.identity_rules import IdentityRules, read_rules
from crm_analytics.yamlfile import Problems, YamlFile, read_yaml

FILE = "crm.yml"
CHANNELS = ("store", "web", "app", "mail", "email", "phone", "sms")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_THREADS = 1024  # DuckDB would start as many as it is told, and drown in them
ConsentRule = Literal["required", "not_recorded"]
# The entities that are dimensions; `tests/warehouse/test_history.py` holds the list to the star's declarations.
DIMENSIONS = ("customers", "products", "stores", "campaigns")
HISTORY_COLUMNS = ("valid_from", "valid_to", "is_current", "is_closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetailCalendar:
    """The 4-4-5 calendar: years of 52 or 53 whole weeks, in quarters of 13 and periods of 4 or 5.

    A year begins on the `first_weekday` that is `nearest` to the first day of
    the `fiscal_month`, or the last one `before` or the first `after` it, that day
    itself included.  It bears the number of the calendar year of that day, or with
    `named_after: end` the next one.  A 53rd week belongs to the last period.

    The defaults begin years as the National Retail Federation's calendar does (on the Sunday after the
    Saturday nearest to 31 January); that has `weeks: 4-5-4`.
    """

    fiscal_month: int = 2
    first_weekday: str = "sunday"
    begins: Literal["nearest", "before", "after"] = "nearest"
    named_after: Literal["start", "end"] = "start"
    weeks: Literal["4-4-5", "4-5-4", "5-4-4"] = "4-4-5"

    def __post_init__(self) -> None:
        if type(self.fiscal_month) is not int or not 1 <= self.fiscal_month <= 12:
            raise ConfigError(f"calendar: fiscal_month needs 1 to 12, got {self.fiscal_month!r}")
        choices = {name: get_args(type_) for name, type_ in get_type_hints(type(self)).items() if get_args(type_)}
        for name, known in ({"first_weekday": WEEKDAYS} | choices).items():
            if getattr(self, name) not in known:
                raise ConfigError(f"calendar: {name} is one of {', '.join(known)}, not {getattr(self, name)!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """The attributes of one dimension whose every version is kept (slowly changing, type 2).

    `changed` is the column of the mapping that says since when a row is true, and
    a key may then have several rows; without it a version begins on the day of the
    load that first brings it.  `retracted` is the column that is true in a row
    which takes the version of the same key and time back.
    """

    track: tuple[str, ...]
    changed: str = ""
    retracted: str = ""

    def __post_init__(self) -> None:
        if not self.track or not all(isinstance(name, str) and name for name in self.track):
            raise ConfigError(f"track: needs the names of attributes, got {list(self.track)}")
        if len(set(self.track)) < len(self.track):
            raise ConfigError(f"track: each may stand only once, got {list(self.track)}")
        if taken := [n for n in self.track if n in (*HISTORY_COLUMNS, self.changed, self.retracted)]:
            raise ConfigError(f"track: {taken[0]!r} says when a version is true, so it is not tracked itself")
        if self.retracted and (not self.changed or self.retracted == self.changed):
            raise ConfigError(
                "retracted: needs a column of its own beside 'changed', for a version is named by its time"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """The settings of one project.  Units are in the names.

    `consent` is `required` (a customer without a recorded, unwithdrawn grant for
    the channel is left out of every list) or `not_recorded` (the sources keep no
    consents; every list says so in every row).  `identity` says which records of
    the sources are one customer; without it every `customer_id` is one.
    """

    name: str
    currency: str = ""
    warehouse: str = "warehouse.duckdb"
    output: str = "out"
    memory_limit: str = "2GB"
    threads: int | None = None
    channels: tuple[str, ...] = CHANNELS
    consent: ConsentRule = "required"
    marketing_purpose: str = "marketing"
    item: str = "product_type"
    calendar: RetailCalendar = RetailCalendar()
    history: Mapping[str, Tracked] = field(default_factory=dict)
    identity: IdentityRules | None = None

    def __post_init__(self) -> None:
        for name in ("name", "warehouse", "output"):
            if not getattr(self, name).strip():
                raise ConfigError(f"{name}: must not be empty")
        customers = self.history.get("customers")
        if self.identity and customers and customers.changed:
            raise ConfigError(
                "history: customers: several records are one customer (identity), so versions cannot come with dates "
                "of their own; leave out 'changed', and each load notes what is new"
            )
        if self.consent not in get_args(ConsentRule):
            raise ConfigError(f"consent: {self.consent!r} is neither 'required' nor 'not_recorded'")
        if self.threads is not None and not 1 <= self.threads <= MOST_THREADS:
            raise ConfigError(f"threads: needs 1 to {MOST_THREADS}, got {self.threads}")
        # Facts are matched to channels in lower case; a channel that stood twice would double its rows.
        if not self.channels or any(not c.strip() or c != c.strip().lower() for c in self.channels):
            raise ConfigError(f"channels: needs names in lower case, got {list(self.channels)}")
        if len(set(self.channels)) < len(self.channels):
            raise ConfigError(f"channels: each may stand only once, got {list(self.channels)}")


def read_config(folder: Path) -> ProjectConfig:
    """The settings in `folder`/crm.yml.

    Raises
    ------
    ConfigError : no such file, a key nobody knows, a value of the wrong type; all of them at once.
    """
    path = folder / FILE
    if not path.is_file():
        raise ConfigError(f"{folder}: not a project, it has no {FILE}; make one with: crm init {folder}")
    file = read_yaml(path)
    problems = Problems()
    known = {f.name for f in fields(ProjectConfig)}
    problems.unknown_keys(file, (), {"version", *known})
    if isinstance(file.data.get("calendar"), dict):
        problems.unknown_keys(file, ("calendar",), [f.name for f in fields(RetailCalendar)])
    if file.data.get("version") != 1:
        problems.add(file.where("version"), "needs 'version: 1', the only version there is")
    identity = read_rules(file, problems)
    for field_ in fields(ProjectConfig):
        if field_.name == "identity":
            continue
        if field_.name in file.data:
            _check_type(file, field_.name, problems)
        elif field_.default is MISSING and field_.default_factory is MISSING:
            problems.add(file.where(), f"needs {field_.name!r}")
    histories = _histories(file, problems)
    problems.raise_any()
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in file.data.items() if k in known}
    given["identity"] = identity
    try:
        if "calendar" in given:
            given["calendar"] = RetailCalendar(**given["calendar"])
        return ProjectConfig(**(given | {"history": histories}))
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def _histories(file: YamlFile, problems: Problems) -> dict[str, Tracked]:
    given = file.data.get("history")
    if not isinstance(given, dict):
        return {}
    problems.unknown_keys(file, ("history",), DIMENSIONS)
    found = {}
    for name in (n for n in DIMENSIONS if n in given):
        where, spec = file.where("history", name), given[name]
        if not isinstance(spec, dict) or not isinstance(spec.get("track"), list):
            problems.add(where, f"history: {name}: needs a list of attributes, such as {{track: [city, income]}}")
            continue
        problems.unknown_keys(file, ("history", name), [f.name for f in fields(Tracked)])
        columns = {key: spec[key] for key in ("changed", "retracted") if key in spec}
        if wrong := [key for key, column in columns.items() if not isinstance(column, str) or not column]:
            problems.add(file.where("history", name, wrong[0]), f"{wrong[0]} must be the name of a column")
            continue
        try:
            found[name] = Tracked(track=tuple(spec["track"]), **columns)
        except ConfigError as error:
            problems.add(where, f"history: {name}: {error}")
    return found


def _check_type(file: YamlFile, name: str, problems: Problems) -> None:
    value = file.data[name]
    wanted: type = {"threads": int, "channels": list, "calendar": dict, "history": dict}.get(name, str)
    if not isinstance(value, wanted) or isinstance(value, bool):
        what = {int: "a whole number", list: "a list", dict: "names with values", str: "text"}[wanted]
        problems.add(file.where(name), f"{name} must be {what}, got {value!r}")
    elif isinstance(value, list) and not all(isinstance(v, str) for v in value):
        problems.add(file.where(name), f"{name} must be a list of texts")
