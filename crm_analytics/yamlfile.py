"""YAML files, read so that a mistake can be pointed at.

PyYAML keeps the last of two equal keys without a word, and forgets where
things stood; here a repeated key is an error and every value knows its line.

Writing is the other way round: one line for each mapping of plain values, in the order given.

May import: errors.   Imported by: config, warehouse, olap, reports.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from crm_analytics.errors import ConfigError, did_you_mean, shortened

Place = tuple[str | int, ...]

# A mapping of plain values stands on one line up to here, and a text is never broken.
LONGEST_MAPPING = 110
_NEVER = 10**6


@dataclass(frozen=True, slots=True)
class YamlFile:
    """The content of one file and the line of each value in it."""

    path: Path
    data: Any
    lines: dict[Place, int] = field(repr=False)

    def where(self, *place: str | int) -> str:
        """`cubes/sales.yml:12`, for the value at `place` or the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return f"{self.path}:{self.lines.get(place, 1)}"


class Problems:
    """Everything wrong with a file, told at once."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, where: str, what: str) -> None:
        """Note one mistake."""
        self.found.append(f"{where}: {what}")

    def unknown_keys(self, file: YamlFile, place: Place, known: Iterable[str]) -> None:
        """Note every key at `place` that is not `known`, with the nearest right one."""
        names = tuple(known)
        value = _value(file.data, place)
        for key in value if isinstance(value, dict) else ():
            if key not in names:
                hint = did_you_mean(str(key), names)
                self.add(file.where(*place, key), f"unknown key {key!r}.{hint} Known: {shortened(names)}.")

    def raise_any(self) -> None:
        """Raise one `ConfigError` naming every mistake, if there is any."""
        if self.found:
            raise ConfigError("\n".join(self.found))


def read_yaml(path: Path) -> YamlFile:
    """Read one YAML mapping.

    Raises
    ------
    ConfigError : the file is missing, is not YAML, repeats a key, or is not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    lines: dict[Place, int] = {}
    problems = Problems()
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if not isinstance(node, yaml.MappingNode):
            raise ConfigError(f"{path}:1: expected names with values, such as 'version: 1'")
        _walk(path, node, (), lines, problems)
        problems.raise_any()
        return YamlFile(path, yaml.safe_load(text), lines)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigError(f"{path}:{line}: not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    except ValueError as error:  # 2017-13-45 looks like a date and is none
        raise ConfigError(f"{path}: a value cannot be read: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deep, or a value holds itself") from None


def yaml_text(data: Mapping[str, Any]) -> str:
    """The mapping as YAML; what holds no further mapping or list stands on one line where it fits.

    Examples
    --------
    >>> print(yaml_text({"cube": "sales", "measures": {"revenue": {"agg": "sum", "sql": "amount"}}}), end="")
    cube: sales
    measures:
      revenue: {agg: sum, sql: amount}
    """
    text: str = yaml.dump(
        data, Dumper=_Dumper, default_flow_style=None, sort_keys=False, allow_unicode=True, width=_NEVER
    )
    return text


class _Dumper(yaml.SafeDumper):
    """SafeDumper, but with short mappings on one line, and double quotes around what holds single ones, as SQL does."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:
        node = super().represent_mapping(tag, mapping, flow_style)
        node.flow_style = _length(node) <= LONGEST_MAPPING
        return node


def _length(node: yaml.Node) -> float:
    """How many characters a value takes on one line; endless where a mapping with something in it is part of it."""
    if isinstance(node, yaml.MappingNode):
        nested = any(isinstance(value, yaml.MappingNode) and value.value for _, value in node.value)
        return math.inf if nested else sum(_length(key) + _length(value) + 4 for key, value in node.value)
    if isinstance(node, yaml.SequenceNode):
        return sum(_length(item) + 2 for item in node.value)
    return len(str(node.value))


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = '"' if "'" in text and '"' not in text and "\\" not in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _walk(path: Path, node: yaml.Node, place: Place, lines: dict[Place, int], problems: Problems) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*place, _key(key))
            if here in lines:
                problems.add(f"{path}:{key.start_mark.line + 1}", f"{here[-1]!r} stands twice")
            lines[here] = key.start_mark.line + 1
            _walk(path, value, here, lines, problems)
    elif isinstance(node, yaml.SequenceNode):
        for i, value in enumerate(node.value):
            _walk(path, value, (*place, i), lines, problems)


def _key(node: yaml.Node) -> str | int:
    value: object = yaml.SafeLoader("").construct_object(node)
    return value if isinstance(value, int) else str(value)


def _value(data: Any, place: Place) -> Any:
    for step in place:
        data = data[step]
    return data
