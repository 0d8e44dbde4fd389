"""What an import has read of a foreign model, and what it could not carry over.

Every key that nobody has read is found at the end and told, so that nothing is
lost without a word: an importer that forgets a key lists it.

May import: errors, yamlfile.   Imported by: every module of olap.interchange.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crm_analytics.errors import ConfigError, did_you_mean, shortened
from crm_analytics.yamlfile import Place, Problems, YamlFile, read_yaml

UNREAD = "this import does not know it"


@dataclass(frozen=True, slots=True)
class Imported:
    """Cube files made from a foreign model, by file name, and what they do not hold: where, what and why."""

    files: Mapping[str, str]
    left_out: tuple[str, ...]


class Account:
    """The files of one import: what is wrong with them, what was read, and what stays behind."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self.problems = Problems()
        self.left_out: list[str] = []
        self.files: list[YamlFile] = []
        self._reasons = reasons
        self._read: set[tuple[Path, Place]] = set()
        self._done: set[tuple[Path, Place]] = set()

    def open(self, path: Path) -> "Source":
        """The mapping at the top of a YAML (or JSON) file.

        Raises
        ------
        ConfigError : the file cannot be read.
        """
        file = read_yaml(path)
        self.files.append(file)
        return Source(self, file, (), "")

    def read(self, file: YamlFile, place: Place, whole: bool = True) -> None:
        """Note that the value at `place` was read; `whole` with everything in it."""
        self._read.add((file.path, place))
        if whole:
            self._done.add((file.path, place))

    def leave(self, where: str, what: str, why: str) -> None:
        """Note one thing that the cube files will not hold."""
        self.left_out.append(f"{where}: {what}: left out: {why}")

    def finish(self) -> tuple[str, ...]:
        """Everything left out, with the keys that nobody has read.

        Raises
        ------
        ConfigError : the foreign model has mistakes; one line for each.
        """
        self.problems.raise_any()
        for file in self.files:
            lines: dict[str, list[int]] = {}
            for place in self._unread(file, (), file.data):
                lines.setdefault(str(place[-1]), []).append(file.lines[place])
            for key, found in lines.items():
                some = "line" if len(found) == 1 else "lines"
                where = f"{file.path}, {some} {', '.join(map(str, found))}" if len(found) > 1 else ""
                self.leave(where or f"{file.path}:{found[0]}", repr(key), self._reasons.get(key, UNREAD))
        return tuple(dict.fromkeys(self.left_out))

    def _unread(self, file: YamlFile, place: Place, value: Any) -> Iterator[Place]:
        if (file.path, place) in self._done:
            return
        if isinstance(value, dict):
            for key, inner in value.items():
                here = (*place, key if isinstance(key, int) else str(key))
                if (file.path, here) in self._read:
                    yield from self._unread(file, here, inner)
                else:
                    yield here
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                yield from self._unread(file, (*place, i), inner)


@dataclass(frozen=True, slots=True)
class Source:
    """One mapping of a foreign file.  `label` says what it is: `cube 'orders', measure 'revenue'`."""

    account: Account
    file: YamlFile
    place: Place
    label: str

    @property
    def where(self) -> str:
        """`orders.yml:12`."""
        return self.file.where(*self.place)

    @property
    def data(self) -> dict[Any, Any]:
        """The mapping itself."""
        found = self.file.data
        for step in self.place:
            found = found[step]
        return found if isinstance(found, dict) else {}

    def __contains__(self, key: str) -> bool:
        return self.data.get(key) is not None

    def wrong(self, what: str, *keys: str | int) -> None:
        """Note a mistake of the foreign model, at one of its keys or at the mapping itself."""
        about = f"{self.label}: " if self.label else ""
        self.account.problems.add(self.file.where(*self.place, *keys), about + what)

    def leave(self, why: str, *keys: str | int) -> None:
        """Leave one of its keys out, or (without any) all of it."""
        self.account.read(self.file, (*self.place, *keys))
        what = f"{self.label}: {keys[-1]!r}" if keys and self.label else repr(keys[-1]) if keys else self.label
        self.account.leave(self.file.where(*self.place, *keys), what, why)

    def tell(self, why: str, *keys: str | int) -> None:
        """Say what has changed on the way, of something that is carried over."""
        self.account.left_out.append(f"{self.file.where(*self.place, *keys)}: {self.label}: {why}")

    def text(self, key: str, required: bool = False) -> str:
        """The text (or number, or yes and no) at a key; '' where there is none."""
        found = self.data.get(key)
        self.account.read(self.file, (*self.place, key))
        if isinstance(found, dict | list):
            self.wrong(f"{key!r} needs a text, not {_short(found)}", key)
        elif found is None or found == "":
            if required:
                self.wrong(f"{key!r} is missing")
        else:
            return str(found).lower() if isinstance(found, bool) else str(found).strip()
        return ""

    def words(self, key: str) -> str:
        """A text in one line."""
        return " ".join(self.text(key).split())

    def flag(self, key: str, default: bool) -> bool:
        """Yes or no."""
        found = self.text(key)
        if found not in ("", "true", "false"):
            self.wrong(f"{key!r} needs true or false, not {found!r}", key)
        return found == "true" if found else default

    def number(self, key: str) -> str:
        """A number, as it was written; '' where there is none."""
        found = self.text(key)
        if found and not re.fullmatch(r"-?\d+(\.\d+)?", found):
            self.wrong(f"{key!r} needs a number, not {found!r}", key)
        return found

    def choice(self, key: str, known: Mapping[str, str], default: str = "") -> str:
        """What one of the `known` words means; upper and lower case are one."""
        found = self.text(key, required=not default) or default
        if found and found.lower() not in known:
            self.wrong(f"no {key} {found!r}.{did_you_mean(found, known)} Known: {shortened(known)}.", key)
        return known.get(found.lower(), "")

    def texts(self, key: str) -> list[str]:
        """A list of texts; a single one is a list of one."""
        found = self.data.get(key)
        self.account.read(self.file, (*self.place, key))
        listed = found if isinstance(found, list) else [] if found is None else [found]
        if any(isinstance(item, dict | list) or item in (None, "") for item in listed):
            self.wrong(f"{key!r} needs a list of texts, not {_short(found)}", key)
            return []
        return [str(item) for item in listed]

    def one(self, key: str, kind: str = "") -> "Source | None":
        """The mapping at a key, if there is one."""
        found = self.data.get(key)
        self.account.read(self.file, (*self.place, key), whole=False)
        if found is None:
            return None
        if not isinstance(found, dict):
            self.wrong(f"{key!r} needs names with values, not {_short(found)}", key)
            return None
        return Source(self.account, self.file, (*self.place, key), self._labelled(kind, found) if kind else self.label)

    def many(self, key: str, kind: str) -> list["Source"]:
        """The mappings listed at a key."""
        found = self.data.get(key)
        self.account.read(self.file, (*self.place, key), whole=False)
        if found is None:
            return []
        if not isinstance(found, list):
            self.wrong(f"{key!r} needs a list, not {_short(found)}", key)
            return []
        for i, item in enumerate(found):
            if not isinstance(item, dict):
                self.wrong(f"each of {key!r} needs names with values, not {_short(item)}", key, i)
        return [
            Source(self.account, self.file, (*self.place, key, i), self._labelled(kind, item))
            for i, item in enumerate(found)
            if isinstance(item, dict)
        ]

    def _labelled(self, kind: str, item: dict[Any, Any]) -> str:
        name = item.get("name")
        own = f"{kind} {name!r}" if isinstance(name, str) else kind
        return f"{self.label}, {own}" if self.label else own


def model_files(path: Path, endings: tuple[str, ...]) -> list[Path]:
    """The file, or every file with one of the endings below the folder.

    Raises
    ------
    ConfigError : nothing of the kind is there.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file or folder")
    found = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in endings and p.is_file())
    if not found:
        raise ConfigError(f"{path}: no file here ends with {' or '.join(endings)}")
    return found


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
