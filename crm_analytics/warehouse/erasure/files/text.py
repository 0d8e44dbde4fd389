"""Texts without rows (pages, notes, mappings), and everything else that can only be searched.

May import: errors, warehouse.erasure.rules, files.place.   Imported by: warehouse.erasure.files.
"""

import zipfile
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.warehouse.erasure.files.place import Changed, encoding_of, replacing
from crm_analytics.warehouse.erasure.rules import RowRule

TEXTS = frozenset(
    {".html", ".htm", ".md", ".txt", ".sql", ".yml", ".yaml", ".log", ".xml", ".py", ".svg", ".css", ".js"}
)


def change(_: Engine, path: Path, rule: RowRule, write: bool) -> Changed:
    """Cut what names the person out of a text.

    Raises
    ------
    CrmError : it is no text, and the person's words are in it.
    """
    encoding = encoding_of(path)
    raw = path.read_bytes()
    if path.suffix.lower() not in TEXTS and (zipfile.is_zipfile(path) or (b"\0" in raw[:4096] and encoding == "utf-8")):
        return _only_searched(path, raw, rule)
    whole = raw.decode(encoding, "surrogateescape")
    cut = rule.cut(whole) if rule.touches(whole) else whole
    if cut == whole:
        return Changed()
    if write:
        with replacing(path) as part:
            part.write_bytes(cut.encode(encoding, "surrogateescape"))
    return Changed(changed=1)


def _only_searched(path: Path, raw: bytes, rule: RowRule) -> Changed:
    contents = [raw]
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            contents = [packed.read(name) for name in packed.namelist()]
    pattern = rule.needles.pattern(own=False)
    for content in contents:
        for encoding in ("utf-8", "utf-16-le"):
            if pattern and pattern.search(content.decode(encoding, "surrogateescape")):
                raise CrmError("names the person, and a file of this kind cannot be changed here")
    return Changed()
