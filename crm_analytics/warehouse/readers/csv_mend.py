"""A CSV text of any kind, parted into records that DuckDB will read and lines that are broken.

A record that is not well formed costs its own line and no other: where a quote
is not closed, reading goes on with the next line.  What is well formed is what
DuckDB accepts, blanks around a quoted field and empty fields at the end included.

May import: warehouse.readers.misread, warehouse.readers.text.   Imported by: warehouse.readers.csv*.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from crm_analytics.warehouse.readers.misread import Broken
from crm_analytics.warehouse.readers.text import MARK, called

# DuckDB takes records up to 2,000,000 bytes.
LONGEST_RECORD = 1_990_000
# A longer record that is well formed all the same is one broken line, up to here.
WIDEST_RECORD = 32_000_000
# How many lines within a record of the wrong length are looked at for one that is right by itself.
LINES_LOOKED_AT = 20
TOO_LONG = "is longer than 2 MB"

_END = rb"(?:\r\n|\n|\r(?=[^\n]))"
_END_OF_LINE = re.compile(_END)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a well-formed record of a file is; `skip` lines and then the header, if any, come before the records."""

    encoding: str
    delimiter: str
    quote: str
    fields: int
    skip: int
    header: bool


class Patterns:
    """What the parts of a well-formed text of one shape look like."""

    def __init__(self, shape: Shape) -> None:
        delimiter, quote = re.escape(shape.delimiter.encode()), re.escape(shape.quote.encode())
        # Python before 3.11.5 matches groups that are repeated possessively wrongly (gh-106052); single signs are safe.
        bad = rb"\r\n\x00" + MARK
        if len(shape.delimiter.encode()) == 1:
            field = rb"[^" + delimiter + bad + rb"]*+"
        else:
            field = rb"(?:(?!" + delimiter + rb")[^" + bad + rb"])*"
        if quote:
            blanks = b"" if shape.delimiter == " " else rb" *+"
            inside = rb"[^" + quote + rb"\x00" + MARK + rb"]*+"
            quoted = quote + inside + rb"(?:" + quote + quote + inside + rb")*" + quote
            field = rb"(?:" + blanks + quoted + blanks + rb"|(?!" + blanks + quote + rb")" + field + rb")"
        more = rb"(?:" + delimiter + field + rb")"
        empty = rb"(?:" + delimiter + (rb"(?:" + quote + quote + rb")?" if quote else b"") + rb")*"
        record = field + more + rb"{%d}" % (shape.fields - 1) + empty
        blank = rb"|" + _END if shape.fields > 1 else b""
        self.any = re.compile(field + more + rb"*" + _END)
        self.record = re.compile(rb"(" + record + rb")" + _END)
        self.too_short = re.compile(field + more + rb"{0,%d}" % max(shape.fields - 2, 0) + _END)
        self.good = re.compile(rb"(?:" + record + _END + blank + rb")+")


class _Text:
    """What is left of a text, with enough of it in sight to hold the longest record."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._ended = False
        self.buffer = b""
        self.at = 0
        self.line = 1

    def fill(self, wanted: int = LONGEST_RECORD) -> bool:
        """See more than `wanted` bytes, or all there are; False at the end of the text."""
        while not self._ended and len(self.buffer) - self.at <= wanted:
            block = next(self._blocks, None)
            self.buffer, self.at = self.buffer[self.at :] + (block or b""), 0
            if block is None:
                self._ended = True
                if self.buffer and not self.buffer.endswith(b"\n"):
                    self.buffer += b"\n"  # the last line ends like every other
        return self.at < len(self.buffer)

    def take(self, end: int) -> bytes:
        """The bytes up to `end`, and go on from there."""
        taken = self.buffer[self.at : end]
        self.line += taken.count(b"\n")
        if b"\r" in taken:
            self.line += taken.count(b"\r") - taken.count(b"\r\n")
        self.at = end
        return taken


def mend(blocks: Iterator[bytes], shape: Shape, out: IO[bytes]) -> Iterator[Broken]:
    """Write the well-formed records to `out`, each ended by a line feed, and give the broken lines in their order.

    Parameters
    ----------
    blocks : UTF-8; `MARK` stands for what was not text in the file's own encoding
    """
    patterns, text = Patterns(shape), _Text(blocks)
    for _ in range(shape.skip):
        if text.fill():
            _take_line(text)
    if shape.header and text.fill():
        whole = patterns.any.match(text.buffer, text.at)
        _ = text.take(whole.end()) if whole else _take_line(text)
    while text.fill():
        good = patterns.good.match(text.buffer, text.at, text.at + LONGEST_RECORD)
        if good:
            out.write(_ended_alike(text.take(good.end()), shape, patterns))
        else:
            yield _broken(text, shape, patterns)


def _ended_alike(records: bytes, shape: Shape, patterns: Patterns) -> bytes:
    """The same records, each ended by a line feed; what stands within quotes stays as it is."""
    if b"\r" not in records:
        return records
    if not shape.quote or shape.quote.encode() not in records:
        return records.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if records.endswith(b"\r"):
        records += b"\n"
    return b"".join(found[1] + b"\n" for found in patterns.record.finditer(records))


def _broken(text: _Text, shape: Shape, patterns: Patterns) -> Broken:
    line = text.line
    whole = patterns.any.match(text.buffer, text.at, text.at + LONGEST_RECORD)
    if not whole and shape.quote:
        text.fill(WIDEST_RECORD)
        whole = patterns.any.match(text.buffer, text.at, text.at + WIDEST_RECORD)
    if whole and _swallows(whole, patterns):
        whole = None
    taken = text.take(whole.end()) if whole else _take_line(text)
    reason = _reason(taken, shape) if not whole else _fields_reason(taken, shape, patterns)
    return Broken(line, reason, taken[:LONGEST_RECORD].rstrip(b"\r\n").decode("utf-8", "replace"))


def _swallows(whole: re.Match[bytes], patterns: Patterns) -> bool:
    """Whether a line within a record of several lines is a record by itself.

    Then the quote that was opened before it was not meant to go on until that of some later line closes it.
    """
    ends = islice(_END_OF_LINE.finditer(whole.string, whole.start(), whole.end()), LINES_LOOKED_AT)
    return any(end.end() < whole.end() and patterns.record.match(whole.string, end.end(), whole.end()) for end in ends)


def _fields_reason(record: bytes, shape: Shape, patterns: Patterns) -> str:
    if len(record) > LONGEST_RECORD:
        return TOO_LONG
    # The same words as in `csv_kept`.
    fewer = patterns.too_short.match(record)
    return f"has {'fewer' if fewer else 'more'} than {shape.fields} fields"


def _reason(line: bytes, shape: Shape) -> str:
    if len(line) > LONGEST_RECORD:
        return TOO_LONG
    if MARK in line:
        return f"is not {called(shape.encoding)} text"
    if b"\0" in line:
        return "holds a NUL byte"
    return "has a quote that is not closed, or text after a closed one"


def _take_line(text: _Text) -> bytes:
    """The rest of the line; of a very long one, which may not fit into memory, its beginning and some more."""
    start = b""
    while not (end := _END_OF_LINE.search(text.buffer, text.at)):
        # The last byte may be the \r of a \r\n.
        start, text.at = (start + text.buffer[text.at : -1])[: LONGEST_RECORD + 1], len(text.buffer) - 1
        text.fill(1)
    return start + text.take(end.end())
