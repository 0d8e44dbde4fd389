"""Take names, texts and lists out of one YAML file, noting what is wrong and going on.

Each mistake leaves a stand-in behind, so that one run finds all of them.
Knows nothing of cubes.

May import: errors, yamlfile.   Imported by: olap.load, olap.load_dimension, olap.load_measure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crm_analytics.errors import did_you_mean, shortened
from crm_analytics.yamlfile import Place, Problems, YamlFile

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class YamlReader:
    """One file, the names it must not use, and the list that its mistakes go to."""

    file: YamlFile
    problems: Problems
    reserved: frozenset[str]

    def wrong(self, place: Place, what: str) -> None:
        """Note one mistake."""
        self.problems.add(self.file.where(*place), what)

    def unknown(self, place: Place, kind: str, name: str, known: Iterable[str]) -> None:
        """Note a name that does not exist, with the nearest that does."""
        names = sorted(known)
        self.wrong(place, f"no {kind} {name!r}.{did_you_mean(name, names)} Known: {shortened(names)}.")

    def value(self, place: Place) -> Any:
        """What stands at `place`, or None."""
        found: Any = self.file.data
        for step in place:
            if isinstance(found, list) and isinstance(step, int):
                found = found[step]
            else:
                found = found.get(step) if isinstance(found, dict) else None
        return found

    def mapping(self, place: Place, known: Iterable[str] | None = None) -> dict[Any, Any]:
        """The mapping at `place`; empty where there is none.  Keys beyond `known` are told."""
        found = self.value(place)
        if found is not None and not isinstance(found, dict):
            self.wrong(place, f"{place[-1]!r} needs names with values, not {found!r}")
        if not isinstance(found, dict):
            return {}
        if known is not None:
            self.problems.unknown_keys(self.file, place, known)
        return found

    def names(self, place: Place) -> list[str]:
        """The keys of the mapping at `place` that can be names; the others are told."""
        return [name for name in self.mapping(place) if self.is_name(name, (*place, name))]

    def is_name(self, name: object, place: Place) -> bool:
        """Whether questions can use `name`; told where not."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            self.wrong(place, f"{name!r} cannot be a name: small letters, digits and _ only, a letter first")
        elif name in self.reserved:
            self.wrong(place, f"{name!r} means something else in questions; choose another name")
        else:
            return True
        return False

    def text(self, place: Place, required: bool = False) -> str:
        """The text (or number, as text) at `place`; empty where there is none."""
        found = self.value(place)
        if found is None or found == "":
            if required:
                self.wrong(place, f"{'.'.join(map(str, place))!r} is missing")
            return ""
        if isinstance(found, dict | list | bool):
            self.wrong(place, f"{place[-1]!r} needs a text, not {found!r}")
            return ""
        return str(found)

    def texts(self, place: Place) -> tuple[str, ...]:
        """The list of texts at `place`; a single text is a list of one."""
        found = self.value(place)
        listed = [found] if isinstance(found, str) else found
        if not isinstance(listed, list) or not listed or not all(isinstance(item, str) for item in listed):
            self.wrong(place, f"{place[-1]!r} needs a list of names, such as [year, month]")
            return ()
        return tuple(listed)

    def choice(self, place: Place, kind: str, known: Iterable[str], default: str) -> str:
        """One of the `known` words at `place`."""
        found = self.text(place) or default
        if found not in known:
            self.unknown(place, kind, found, known)
            return default
        return found


def title_of(name: str) -> str:
    """The heading of a thing that states none."""
    return name.replace("_", " ").capitalize()
