"""The options of one entry of `files:`, each of the kind it should be.

May import: yamlfile.   Imported by: warehouse.readers.*.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypedDict

from crm_analytics.yamlfile import Problems, YamlFile


class Called(TypedDict):
    """The arguments that every raw takes."""

    source: str
    name: str


@dataclass(frozen=True, slots=True)
class Given:
    """One entry, and where to tell what is wrong with it.  A wrong value is told once and read as left out."""

    file: YamlFile
    name: str
    problems: Problems

    @property
    def options(self) -> dict[Any, Any]:
        """The entry as it stands."""
        entry: dict[Any, Any] = self.file.data["files"][self.name]
        return entry

    @property
    def called(self) -> Called:
        """What a raw is called by: its source, and its own name in it."""
        return {"source": self.file.path.parent.name, "name": self.name}

    def wrong(self, what: str, key: str = "") -> None:
        """Tell what is wrong with the entry, or with one option of it."""
        if key:
            self.problems.add(self.file.where("files", self.name, key), f"{key}: {what}")
        else:
            self.problems.add(self.file.where("files", self.name), what)

    def only(self, known: Iterable[str]) -> None:
        """Tell of every option that is not `known`."""
        self.problems.unknown_keys(self.file, ("files", self.name), known)

    def text(self, key: str, default: str = "") -> str:
        """A text."""
        value = self.options.get(key, default)
        if isinstance(value, str):
            return value
        self.wrong(f"should be a text, got {value!r}", key)
        return default

    def whole(self, key: str, default: int, least: int = 0) -> int:
        """A whole number from `least` on."""
        value = self.options.get(key, default)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.wrong(f"should be a whole number from {least} on, got {value!r}", key)
        return default

    def flag(self, key: str, default: bool) -> bool:
        """Yes or no."""
        value = self.options.get(key, default)
        if isinstance(value, bool):
            return value
        self.wrong(f"should be true or false, got {value!r}", key)
        return default

    def texts(self, key: str) -> tuple[str, ...]:
        """One text or a list of them."""
        value = self.options.get(key, [])
        found = [value] if isinstance(value, str) else value
        if isinstance(found, list) and all(isinstance(v, str) for v in found):
            return tuple(found)
        self.wrong(f"should be a list of texts, got {value!r}", key)
        return ()

    def texts_by_name(self, key: str) -> dict[str, tuple[str, ...]]:
        """Names with one text or a list of them each."""
        value = self.options.get(key, {})
        found = {name: [v] if isinstance(v, str) else v for name, v in value.items()} if isinstance(value, dict) else {}
        if isinstance(value, dict) and all(
            isinstance(name, str) and isinstance(v, list) and v and all(isinstance(t, str) for t in v)
            for name, v in found.items()
        ):
            return {name: tuple(v) for name, v in found.items()}
        self.wrong(f"should be names with a text each, got {value!r}", key)
        return {}
