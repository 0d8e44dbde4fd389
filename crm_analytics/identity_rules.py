"""The `identity:` section of crm.yml: by which rules several source records are one customer.

Only the rules as frozen values, and reading them; what they do is written in
`warehouse.identity`.  A project without the section has one customer a
`customer_id`, as its sources say.

May import: errors, yamlfile.   Imported by: config, warehouse.identity, pipeline.identity.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Literal, get_args

from crm_analytics.errors import ConfigError
from crm_analytics.yamlfile import Problems, YamlFile

SECTION = "identity"
Names = Literal["alike", "not_different", "any"]
Matcher = Literal["builtin", "splink", "none"]
FieldRule = Literal["most_recent", "most_frequent", "source_priority", "non_empty", "earliest"]
FIELD_RULES: tuple[FieldRule, ...] = get_args(FieldRule)


@dataclass(frozen=True, slots=True)
class KeyRule:
    """Two records with the same `column` are one customer.

    A family shares a phone, so a rule may ask for more: `names: not_different` lets a name that is
    missing pass, `names: alike` wants both.  `sources` limits it to sources that share the number.
    """

    column: str
    names: Names = "any"
    sources: tuple[str, ...] = ()


KEYS = (KeyRule("loyalty_id"), KeyRule("email", "not_different"), KeyRule("phone", "alike"))
GOLDEN: Mapping[str, FieldRule] = {
    "name": "non_empty",
    "country": "most_recent",
    "registered_on": "earliest",
    "loyalty_id": "non_empty",
    "birth_date": "most_frequent",
}
GOLDEN_DEFAULT: FieldRule = "most_recent"


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityRules:
    """Which records are one customer, and which value of theirs the customer gets.

    A pair of records at or above `merge_above` (a probability) is one customer, one at or
    above `review_above` waits in the review queue.  A value of a key that more than
    `most_records` records share (info@, a switchboard) is no key.  Two values of a
    column in `conflicts` keep records apart, whatever else they share.
    `sources` are in order of trust; those not named follow by name.
    """

    keys: tuple[KeyRule, ...] = KEYS
    conflicts: tuple[str, ...] = ("loyalty_id", "birth_date")
    sources: tuple[str, ...] = ()
    region: str = ""
    gmail: bool = False
    most_records: int = 10
    matcher: Matcher = "builtin"
    merge_above: float = 0.9
    review_above: float = 0.5
    keep_ids: bool = True
    golden: Mapping[str, FieldRule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 < self.review_above <= self.merge_above <= 1:
            raise ConfigError(
                f"{SECTION}: need 0 < review_above <= merge_above <= 1, got {self.review_above:g} and "
                f"{self.merge_above:g}; pairs between the two are the ones to look at"
            )
        if self.most_records < 2:
            raise ConfigError(f"{SECTION}: most_records needs 2 or more, got {self.most_records}")
        if self.matcher not in get_args(Matcher):
            raise ConfigError(f"{SECTION}: matcher is one of {', '.join(get_args(Matcher))}, not {self.matcher!r}")
        if self.region and not (len(self.region) == 2 and self.region.isalpha() and self.region.isupper()):
            raise ConfigError(f"{SECTION}: region is a country of two capitals such as DE, not {self.region!r}")
        for rule in self.keys:
            if rule.column == "customer_id" and len(rule.sources) < 2:
                raise ConfigError(f"{SECTION}: keys: customer_id: name the sources that share their customer ids")

    def rule_of(self, column: str) -> FieldRule:
        """By which rule a column of the golden record is chosen."""
        return self.golden.get(column) or GOLDEN.get(column, GOLDEN_DEFAULT)


def read_rules(file: YamlFile, problems: Problems) -> IdentityRules | None:
    """The section `identity:` of crm.yml; None where there is none, or where it has a mistake, told in `problems`."""
    if SECTION not in file.data:
        return None
    given = file.data[SECTION] if file.data[SECTION] is not None else {}
    if not isinstance(given, dict):
        problems.add(file.where(SECTION), f"{SECTION} must be names with values, got {given!r}")
        return None
    before = len(problems.found)
    if given:
        problems.unknown_keys(file, (SECTION,), [f.name for f in fields(IdentityRules)])
    known = {f.name: f for f in fields(IdentityRules) if f.name in given}
    values = {name: _value(file, name, given[name], problems) for name in known}
    if len(problems.found) > before:
        return None
    try:
        return IdentityRules(**values)
    except ConfigError as error:
        problems.add(file.where(SECTION), str(error))
        return None


def _value(file: YamlFile, name: str, value: Any, problems: Problems) -> Any:
    if name == "keys":
        return _keys(file, value, problems)
    if name == "golden":
        return _golden(file, value, problems)
    where, default = file.where(SECTION, name), _default(name)
    if isinstance(default, tuple):
        return _texts(where, name, value, problems)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        what = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[type(default)]
        problems.add(where, f"{name} must be {what}, got {value!r}")
    return value


def _default(name: str) -> Any:
    (found,) = (f for f in fields(IdentityRules) if f.name == name)
    return found.default if found.default is not MISSING else {}


def _texts(where: str, name: str, value: Any, problems: Problems) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(v, str) and v for v in value):
        return tuple(value)
    problems.add(where, f"{name} must be a list of texts, got {value!r}")
    return ()


def _keys(file: YamlFile, value: Any, problems: Problems) -> tuple[KeyRule, ...]:
    if not isinstance(value, dict) or not all(isinstance(v, dict | None) for v in value.values()):
        problems.add(
            file.where(SECTION, "keys"), "keys must be columns with their rules, such as email: {names: alike}"
        )
        return ()
    rules = []
    for column, given in value.items():
        place = (SECTION, "keys", column)
        if given:
            problems.unknown_keys(file, place, ("names", "sources"))
        names = (given or {}).get("names", "any")
        if names not in get_args(Names):
            problems.add(file.where(*place, "names"), f"names is one of {', '.join(get_args(Names))}, not {names!r}")
        sources = (given or {}).get("sources", [])
        rules.append(KeyRule(str(column), names, _texts(file.where(*place, "sources"), "sources", sources, problems)))
    return tuple(rules)


def _golden(file: YamlFile, value: Any, problems: Problems) -> Mapping[str, FieldRule]:
    if not isinstance(value, dict):
        problems.add(file.where(SECTION, "golden"), "golden must be columns with their rule, such as name: most_recent")
        return {}
    for column, rule in value.items():
        if rule not in FIELD_RULES:
            where = file.where(SECTION, "golden", column)
            problems.add(where, f"the rule of {column} is one of {', '.join(FIELD_RULES)}, not {rule!r}")
    return dict(value)
