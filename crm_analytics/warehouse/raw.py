"""What one entry of `files:` in source.yml is to the load: pieces, a SELECT of their rows, and the lines it lost.

Only the protocol stands here; how files, databases and frames are read is in
`warehouse.readers`, one module a kind.

May import: engines.   Imported by: warehouse.readers.*, warehouse.sources, warehouse.load.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from crm_analytics.engines import Engine

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Piece:
    """One file, one table of a database, or one frame.

    Attributes
    ----------
    label : how it is called in tables and messages: the path as seen from the source's folder, `table orders`,
        `frame sales`.  The same on every machine.
    path  : the file; None where there is none.
    """

    label: str
    path: Path | None = None


class Raw(Protocol):
    """One entry of `files:`, readable as `raw_<name>` once it is open.

    Every method raises `CrmError` with one sentence that names the piece.
    """

    @property
    def name(self) -> str:
        """How the mapping calls it, without `raw_`."""

    @property
    def changed(self) -> str:
        """The column that says when a row last changed, where only rows from a time on can be asked for; else ''."""

    def pieces(self) -> tuple[Piece, ...]:
        """What is there now, in the order of the labels; a glob is looked up anew at each call."""

    def open(self, engine: Engine, pieces: Sequence[Piece], since: datetime | None = None) -> str:
        """A SELECT of the rows of these pieces and no others.

        It may be run any number of times until `close`, and gives the same rows each time.

        Parameters
        ----------
        pieces : some of `pieces()`, one at least
        since  : only rows that changed then or later; heeded by tables that declare a `changed` column, by nothing else
        """

    def misread(self, engine: Engine) -> str:
        """A SELECT of the lines that could not be made a row, of what was read so far; '' where nothing can be lost.

        One row a line, however often the SELECT of `open` was run: `_label` VARCHAR (of the piece), `_line` BIGINT
        (the first is 1), `_reason` VARCHAR, `_row` VARCHAR (JSON: `{"line": "the line as it stands"}`).
        """

    def unreadable(self) -> str:
        """After an error of the engine: a sentence on the piece that cannot be read; '' where none is to blame.

        Asks nothing of the engine, whose transaction may have ended with the error.
        """

    def stamp(self, piece: Piece) -> str:
        """A cheap sign that a piece is still what it was; '' where nothing cheap tells."""

    def content_hash(self, piece: Piece) -> str:
        """SHA-256 of what the piece holds; '' for what is read anew each time, such as a table of a database."""

    def close(self, engine: Engine) -> None:
        """Let go of every table and file that `open` made.

        Also after an error, when the engine may take no statement any more.
        """


@runtime_checkable
class Telling(Protocol):
    """A raw that may take minutes to open."""

    def telling(self, say: Say) -> Raw:
        """The same, and it says how far it has come."""


def silent(text: str) -> None:
    """Say nothing."""
