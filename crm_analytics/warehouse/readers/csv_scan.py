"""Whether DuckDB can be trusted with a CSV file as it stands.

DuckDB's reader is fast and keeps each line with a wrong number of fields.  But
a quote that is not closed takes the lines after it along, a line of some MB is
lost without a word, and line ends of two kinds stop it (all tried on 2.0).
This looks for nothing else, at over a gigabyte a second; a file with any of it
goes through `csv_mend` first.

May import: warehouse.readers.text.   Imported by: warehouse.readers.csv.
"""

import codecs
from pathlib import Path
from typing import IO

import numpy as np

from crm_analytics.warehouse.readers.text import open_bytes

# DuckDB takes records up to 2,000,000 bytes.  Each block ends with a record, so that none is longer than two blocks.
BLOCK = 400_000
LONGEST_BLOCK = 900_000


def is_plain(path: Path, delimiter: str, quote: str) -> bool:
    """Whether each record of a UTF-8 file ends where DuckDB will see its end.

    False is said too often rather than too seldom: it costs time, not rows.
    """
    if len(delimiter.encode()) > 1:
        return False
    quote_byte = quote.encode()
    ok = np.zeros((2, 256), dtype=bool)  # what may stand before an opening and after a closing quote
    ok[:, list(b"\n" + delimiter.encode() + quote_byte)] = True
    ok[1, ord("\r")] = True
    ends = None  # how the lines of the file end
    with open_bytes(path) as file:
        block = _records(file, quote_byte).removeprefix(codecs.BOM_UTF8)
        while block:
            ends = ends or _line_end(block)
            if len(block) > LONGEST_BLOCK or not _ends_alike(block, ends) or b"\0" in block or not _is_utf8(block):
                return False
            if quote and quote_byte in block and not _quotes_pair_up(block, quote_byte, ok):
                return False
            block = _records(file, quote_byte)
    return True


def _records(file: IO[bytes], quote: bytes) -> bytes:
    """Whole lines, with an even number of quotes among them; too many bytes where that needs more than may be."""
    block = file.read(BLOCK)
    block += file.readline(BLOCK)
    # `in` is ten times faster than `count`, and most blocks hold no quote.
    odd = block.count(quote) % 2 if quote and quote in block else 0
    while odd and len(block) <= LONGEST_BLOCK and (line := file.readline(BLOCK)):
        block += line
        odd = (odd + line.count(quote)) % 2
    # An odd quote at the end of the file is one that is not closed.
    return block + bytes(LONGEST_BLOCK) if odd else block


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


def _quotes_pair_up(block: bytes, quote: bytes, ok: np.ndarray[tuple[int, int], np.dtype[np.bool_]]) -> bool:
    """Whether each quote opens a field, closes one, or stands doubled within one."""
    characters = np.frombuffer(b"\n" + block + b"\n", np.uint8)
    places = np.flatnonzero(characters == quote[0])
    return bool(ok[0][characters[places[0::2] - 1]].all() and ok[1][characters[places[1::2] + 1]].all())
