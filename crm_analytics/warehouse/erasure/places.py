"""Where the raw entries of a source lie: in a file, or somewhere that is not ours.

May import: warehouse.{raw,sources}, warehouse.readers.sqlite.   Imported by: warehouse.erasure.*.
"""

from pathlib import Path

from crm_analytics.warehouse.raw import Piece, Raw
from crm_analytics.warehouse.readers.sqlite import SqliteRaw
from crm_analytics.warehouse.sources import Source


def place_of(raw: Raw, piece: Piece) -> Path | None:
    """The file of a piece; None for a server, a frame, or anything else that has none."""
    return raw.path if isinstance(raw, SqliteRaw) else piece.path


def is_in_files(source: Source, entity: str) -> bool:
    """Whether all that a mapping reads lies in files: nobody has to ask a server for it."""
    raws = [source.raws[name] for name in source.reads(entity)]
    return all(place_of(raw, piece) is not None for raw in raws for piece in raw.pieces())
