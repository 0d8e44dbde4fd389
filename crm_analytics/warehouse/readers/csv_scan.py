"""Whether DuckDB can be trusted with a CSV file as it stands.

DuckDB's reader is fast and keeps each line with a wrong number of fields.  But
a quote that is not closed takes the lines after it along, a line of some MB is
lost without a word, and line ends of two kinds stop it (all tried on 2.0).
This looks for nothing else, at some gigabytes a second where nothing is quoted
and 400 MB where everything is; a file with any of it goes through `csv_mend`.

May import: warehouse.readers.csv_mend, warehouse.readers.text.   Imported by: warehouse.readers.csv.
"""

import codecs
from pathlib import Path
from typing import IO

import numpy as np

from crm_analytics.warehouse.readers.csv_mend import Patterns, Shape
from crm_analytics.warehouse.readers.text import open_bytes

# DuckDB takes records up to 2,000,000 bytes.  Each block ends with a record, so that none is longer than two blocks.
BLOCK = 400_000
LONGEST_BLOCK = 900_000


def is_plain(path: Path, shape: Shape) -> bool:
    """Whether each record of a UTF-8 file ends where DuckDB will see its end.

    False is said too often rather than too seldom: it costs time, not rows.
    """
    if len(shape.delimiter.encode()) > 1:
        return False
    quote, quotes = shape.quote.encode(), _Quotes(shape)
    ends = None  # how the lines of the file end
    with open_bytes(path) as file:
        block = _records(file, quote).removeprefix(codecs.BOM_UTF8)
        while block:
            ends = ends or _line_end(block)
            if len(block) > LONGEST_BLOCK or not _ends_alike(block, ends) or b"\0" in block or not _is_utf8(block):
                return False
            if quote and quote in block and not quotes.pair_up(block):
                return False
            block = _records(file, quote)
    return True


def _records(file: IO[bytes], quote: bytes) -> bytes:
    """Whole lines, with an even number of quotes among them; more bytes than may be where that cannot be had."""
    block = file.read(BLOCK)
    line = file.readline(BLOCK)
    block += line
    # `in` is ten times faster than counting, and most blocks hold no quote.
    odd = int(np.count_nonzero(np.frombuffer(block, np.uint8) == quote[0])) % 2 if quote and quote in block else 0
    while odd and len(block) <= LONGEST_BLOCK and (line := file.readline(BLOCK)):
        block += line
        odd = (odd + line.count(quote)) % 2
    # A quote that is odd at the end of the file is not closed, and a line that does not end here is too long.
    unended = len(line) == BLOCK and not line.endswith(b"\n")
    return block + bytes(LONGEST_BLOCK) if odd or unended else block


def _line_end(block: bytes) -> bytes:
    return b"\r\n" if b"\r" in block else b"\n"


def _ends_alike(block: bytes, end: bytes) -> bool:
    """Whether each line of the block ends in `end`; the last of the file may have none."""
    if end == b"\n":
        return b"\r" not in block
    return block.count(b"\r") == block.count(b"\n") == block.count(b"\r\n")


def _is_utf8(block: bytes) -> bool:
    if block.isascii():
        return True
    try:
        block.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


class _Quotes:
    """What quotes may do in a file."""

    def __init__(self, shape: Shape) -> None:
        self._quote = shape.quote.encode()
        self._record = Patterns(shape).record
        may_stand = np.zeros((2, 256), dtype=bool)
        may_stand[:, list(b"\n" + shape.delimiter.encode() + self._quote)] = True
        may_stand[1, ord("\r")] = True
        self._before_opening, self._after_closing = may_stand

    def pair_up(self, block: bytes) -> bool:
        """Whether each quote opens a field, closes one, or stands doubled within one.

        A record that goes over several lines must have the right number of fields as well: else it may be that
        a quote was not closed, and the lines up to the next quote went with it.
        """
        text = b"\n" + block + b"\n"
        characters = np.frombuffer(text, np.uint8)
        places = np.flatnonzero(characters == self._quote[0])
        opening, closing = places[0::2], places[1::2]
        if not self._before_opening[characters[opening - 1]].all():
            return False
        if not self._after_closing[characters[closing + 1]].all():
            return False
        ends = np.flatnonzero(characters == ord("\n"))
        pair = np.searchsorted(opening, ends) - 1
        within = (pair >= 0) & (closing[pair] > ends)
        if not within.any():
            return True
        across, outside = opening[np.unique(pair[within])], ends[~within]
        starts = np.unique(outside[np.searchsorted(outside, across) - 1]) + 1
        return all(self._record.match(text, start) for start in starts.tolist())
