"""JSON: lines of one object each, and whole documents, notebooks among them.

May import: errors, warehouse.erasure.rules, files.{place,text}.   Imported by: warehouse.erasure.files.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from crm_analytics.engines import Engine
from crm_analytics.warehouse.erasure.files import text
from crm_analytics.warehouse.erasure.files.place import Changed, encoding_of, opened, replacing
from crm_analytics.warehouse.erasure.rules import Row, RowRule


def change_lines(_: Engine, path: Path, rule: RowRule, write: bool) -> Changed:
    """Change one file of JSON lines; other lines keep every byte."""
    done = Changed()
    encoding = encoding_of(path)
    with opened(path, encoding) as file:
        for _line in _changed(file, rule, done):
            pass
    if done and write:
        with (
            replacing(path) as part,
            opened(path, encoding) as file,
            opened(part, encoding, writing=True, like=path) as new,
        ):
            new.writelines(_changed(file, rule, Changed()))
    return done


def change(engine: Engine, path: Path, rule: RowRule, write: bool) -> Changed:
    """Change one JSON document: a list of rows, or anything else, in which every object counts as a row."""
    whole = path.read_bytes().decode(encoding_of(path), "surrogateescape")
    try:
        document = json.loads(whole)
    except ValueError:
        return text.change(engine, path, rule, write)
    done = Changed()
    new = _walked(document, rule, done)
    if done and write:
        indent = 1 if path.suffix == ".ipynb" else 2
        with replacing(path) as part:
            part.write_text(
                json.dumps(new, indent=indent if "\n" in whole.strip() else None, ensure_ascii=False) + "\n",
                encoding="utf-8",
                errors="surrogateescape",
            )
    return done


def _changed(file: TextIO, rule: RowRule, done: Changed) -> Iterator[str]:
    for line in file:
        if not rule.touches(line):
            yield line
            continue
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):  # broken, or no row: what names the person goes, the rest stays
            cut = rule.cut(line)
            done.changed += cut != line
            yield cut
            continue
        new = _one(row, rule, done)
        if new is row:
            yield line
        elif new is not None:
            yield json.dumps(new, ensure_ascii=False) + line[len(line.rstrip("\r\n")) :]


def _one(row: Row, rule: RowRule, done: Changed) -> Row | None:
    new = rule.changed(row)
    if new is not row and rule.is_theirs(row):
        done.rows.append(row)
    done.gone += new is None
    done.changed += new is not None and new is not row
    return new


def _walked(node: object, rule: RowRule, done: Changed) -> object:
    """The document: an object that names the customer is a row of theirs, in all else the words are cut."""
    match node:
        case list():
            walked = [(item, _walked(item, rule, done)) for item in node]
            return [new for item, new in walked if new is not None or item is None]
        case dict():
            inner: Row = {key: _walked(value, rule, done) for key, value in node.items()}
            return _one(inner, rule, done) if rule.is_named(inner) else inner
        case str():
            cut = rule.cut(node)
            done.changed += cut != node
            return cut
    return node
