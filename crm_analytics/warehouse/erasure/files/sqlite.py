"""SQLite: every table of a database file, on a copy that takes its place.

May import: errors, warehouse.erasure.rules, files.place.   Imported by: warehouse.erasure.files.
"""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError
from crm_analytics.sql import ident
from crm_analytics.warehouse.erasure.files import text
from crm_analytics.warehouse.erasure.files.place import Changed, replacing
from crm_analytics.warehouse.erasure.rules import Row, RowRule

HEADER = b"SQLite format 3\0"


def change(engine: Engine, path: Path, rule: RowRule, write: bool) -> Changed:
    """Change one database; what it holds in its log is taken in first.

    Raises
    ------
    CrmError : another program has it open, or a table cannot be changed.
    """
    with path.open("rb") as file:
        if file.read(len(HEADER)) != HEADER:
            return text.change(engine, path, rule, write)
    done = Changed()
    try:
        with replacing(path) as part:
            with closing(sqlite3.connect(path)) as old:
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            shutil.copyfile(path, part)
            with closing(sqlite3.connect(part, isolation_level=None)) as new:
                new.execute("PRAGMA journal_mode = MEMORY")
                new.execute("BEGIN")
                for table in _tables(new):
                    _table(new, table, rule.of_table(table), done)
                new.execute("COMMIT")
                new.execute("VACUUM")
            if not (done and write):
                raise _AsItWas
    except _AsItWas:
        pass
    except sqlite3.Error as error:
        raise CrmError(f"cannot be changed: {error}") from None
    return done


class _AsItWas(Exception):
    """Nothing to replace."""


def _tables(database: sqlite3.Connection) -> list[str]:
    found = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    return sorted(str(name) for (name,) in found)


def _table(database: sqlite3.Connection, table: str, rule: RowRule, done: Changed) -> None:
    rows = database.execute(f"SELECT rowid, * FROM {ident(table)}")
    names = [column[0] for column in rows.description][1:]
    required = {str(c[1]) for c in database.execute(f"PRAGMA table_info({ident(table)})") if c[3]}
    changes: list[tuple[int, Row | None]] = []
    for rowid, *cells in rows:
        row: Row = dict(zip(names, cells, strict=True))
        new = rule.changed(row)
        if new is not row:
            changes.append((rowid, new))
            done.rows += [row] if rule.is_theirs(row) else []
    for rowid, new in changes:
        if new is None:
            database.execute(f"DELETE FROM {ident(table)} WHERE rowid = ?", (rowid,))
            done.gone += 1
            continue
        values = ["" if new[name] is None and name in required else new[name] for name in names]
        columns = ", ".join(f"{ident(name)} = ?" for name in names)
        database.execute(f"UPDATE {ident(table)} SET {columns} WHERE rowid = ?", (*values, rowid))
        done.changed += 1
