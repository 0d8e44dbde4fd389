"""What the owner of a project expects of its data: `data/quality.yml`, read and checked.

Values only: nothing here looks into a warehouse; whether a column exists there is
found out by `warehouse.verdicts`, which judges.

    data/quality.yml --read_expectations--> Expectation --judge--> Verdict

May import: errors, yamlfile, warehouse.tables.   Imported by: warehouse.verdicts, pipeline.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from crm_analytics.errors import did_you_mean, shortened
from crm_analytics.warehouse.expected_values import FAULTS, Given
from crm_analytics.warehouse.tables import ENTITIES, Entity
from crm_analytics.yamlfile import Problems, YamlFile, read_yaml

FILE = "quality.yml"
Severity = Literal["fail", "warn"]
Test = Literal[
    "between",
    "in",
    "matches",
    "not_future",
    "filled_share",
    "known_share",
    "sql",
    "unique",
    "fresh_within_days",
    "rows_within",
]
TESTS: tuple[Test, ...] = get_args(Test)
ROW_TESTS = frozenset({"between", "in", "matches", "not_future", "filled_share", "known_share", "sql"})
OF_A_COLUMN = ROW_TESTS - {"sql"} | {"fresh_within_days"}
SHARES = frozenset({"filled_share", "known_share"})
LAST_LOADS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One thing that is expected of the rows of one entity.

    `given` is what stands behind the test: bounds, a set, a pattern, days, columns, SQL.
    `share` is the least share of the rows looked at that have to pass; `where` says which rows are
    looked at.  `of_last` is how many earlier loads a load is compared with.
    """

    entity: str
    test: Test
    column: str = ""
    given: tuple[Given, ...] = ()
    share: float = 1.0
    where: str = ""
    severity: Severity = "fail"
    name: str = ""
    of_last: int = LAST_LOADS
    place: str = ""

    def words(self, today: date) -> str:
        """What is expected, for a reader: 'revenue is between 0 and 1,000'."""
        what = self.name or self._words(today)
        return f"{what} where {self.where}" if self.where and not self.name else what

    def _words(self, today: date) -> str:
        listed = ", ".join(map(str, self.given))
        match self.test:
            case "between":
                return f"{self.column} is {_between(*self.given)}"
            case "in":
                return f"{self.column} is {listed}" if len(self.given) == 1 else f"{self.column} is one of {listed}"
            case "matches":
                return f"{self.column} matches {listed}"
            case "not_future":
                return f"{self.column} is not after {today}"
            case "filled_share":
                return f"{self.column} is filled"
            case "known_share":
                return f"{self.column} is known"
            case "sql":
                return listed
            case "unique":
                return f"{listed} is unique"
            case "fresh_within_days":
                return f"the last {self.column} is at most {listed} days before {today}"
            case "rows_within":
                before = "the load before" if self.of_last == 1 else f"the {self.of_last} loads before"
                return f"the rows that a part brings are {_between(*self.given)} times the median of {before}"


def _between(low: Given, high: Given) -> str:
    if low is None:
        return f"at most {_number(high)}"
    return f"at least {_number(low)}" if high is None else f"between {_number(low)} and {_number(high)}"


def _number(value: Given) -> str:
    return str(value) if isinstance(value, date | str | None) else f"{value:,}"


def read_expectations(data: Path) -> tuple[Expectation, ...]:
    """The expectations in the folder `data`; none where it has no quality.yml.

    Raises
    ------
    ConfigError : everything wrong with the file, at once, each with its line.
    """
    if not (data / FILE).exists():
        return ()
    file = read_yaml(data / FILE)
    problems = Problems()
    problems.unknown_keys(file, (), ("version", "severity", "expect"))
    if file.data.get("version") != 1:
        problems.add(file.where("version"), "needs 'version: 1', the only version there is")
    severity = file.data.get("severity", "fail")
    if severity not in get_args(Severity):
        problems.add(file.where("severity"), f"severity is fail or warn, not {severity!r}")
    found = [e for name, i in _listed(file, problems) for e in _expectation(file, name, i, severity, problems)]
    problems.raise_any()
    return tuple(found)


def _listed(file: YamlFile, problems: Problems) -> Iterator[tuple[str, int]]:
    """Entity and number of everything under `expect` that is a mapping, as it should be."""
    expect = file.data.get("expect")
    if not isinstance(expect, dict) or not expect:
        problems.add(file.where("expect"), "needs 'expect': entities, each with a list of what is expected of it")
        return
    problems.unknown_keys(file, ("expect",), ENTITIES)
    for name, items in expect.items():
        if not isinstance(items, list):
            problems.add(file.where("expect", name), f"{name} needs a list; begin each of its lines with '- '")
            continue
        for i, item in enumerate(items):
            if not isinstance(item, dict):
                where = file.where("expect", name, i)
                problems.add(where, f"needs a test, such as {{column: revenue, between: [0, 100]}}, got {item!r}")
            elif name in ENTITIES:
                yield name, i


def _expectation(
    file: YamlFile, entity: str, number: int, severity: Severity, problems: Problems
) -> Iterator[Expectation]:
    """The expectation of one line, if nothing is wrong with it."""
    item: Mapping[str, Any] = file.data["expect"][entity][number]
    place = file.where("expect", entity, number)
    tests = [test for test in TESTS if test in item]
    if len(tests) != 1:
        found = f"{' and '.join(tests)}." if tests else f"none.{_nearest(item)}"
        problems.add(place, f"needs one test, but has {found} Known: {', '.join(TESTS)}.")
        return
    test = tests[0]
    before = len(problems.found)
    problems.unknown_keys(file, ("expect", entity, number), _keys(test))
    for fault in _faults(ENTITIES[entity], test, item):
        problems.add(place, fault)
    if len(problems.found) > before:
        return
    value = item[test]
    yield Expectation(
        entity=entity,
        test=test,
        column=item.get("column", ""),
        given=() if test in SHARES or test == "not_future" else tuple(value if isinstance(value, list) else [value]),
        share=float(value if test in SHARES else item.get("share", 1)),
        where=item.get("where", ""),
        severity=item.get("severity", severity),
        name=item.get("name", ""),
        of_last=item.get("of_last", LAST_LOADS),
        place=f"{file.path.parent.name}/{file.path.name}:{place.rpartition(':')[2]}",
    )


def _nearest(item: Mapping[str, Any]) -> str:
    return next((hint for key in item if (hint := did_you_mean(str(key), TESTS))), "")


def _keys(test: Test) -> list[str]:
    """The keys that may stand beside a test."""
    keys: list[str] = [test, "name", "severity"]
    keys += ["column"] if test in OF_A_COLUMN else []
    keys += ["share"] if test in ROW_TESTS - SHARES else []
    return [*keys, "of_last"] if test == "rows_within" else [*keys, "where"]


def _faults(entity: Entity, test: Test, item: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the values of one line."""
    for key in ("column", "where", "name"):
        if key in item and (not isinstance(item[key], str) or not item[key].strip()):
            yield f"{key} must be text, got {item[key]!r}"
    if test in OF_A_COLUMN and "column" not in item:
        yield f"{test} needs the column it is said of"
    if (
        test == "known_share"
        and "column" in item
        and item["column"] not in (ids := [c.name for c in entity.references])
    ):
        hint = f"{did_you_mean(str(item['column']), ids)} Known: {shortened(ids)}."
        yield f"{item['column']!r} names no member of a dimension.{hint}"
    if item.get("severity", "fail") not in get_args(Severity):
        yield f"severity is fail or warn, not {item['severity']!r}"
    for key in (test, "share", "of_last"):
        if key in item and (fault := FAULTS[key](item[key])):
            yield f"{key}: {fault}"
