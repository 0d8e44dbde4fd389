"""Temporary tables of raws: names that no two share, and their end.

May import: engines, errors.   Imported by: warehouse.readers.*.
"""

from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2s

from crm_analytics.engines import Engine
from crm_analytics.errors import CrmError


def temporary_tag(source: str, name: str) -> str:
    """Letters and digits for a raw of a source, whose names may hold anything."""
    return blake2s(f"{source}/{name}".encode(), digest_size=6).hexdigest()


def drop(engine: Engine, tables: Iterable[str]) -> None:
    """Drop what is there of some tables.

    After an error the transaction takes no statement any more; its tables go with it when it is rolled back.
    """
    with suppress(CrmError):
        for table in tables:
            engine.execute(f"DROP TABLE IF EXISTS {table}")
