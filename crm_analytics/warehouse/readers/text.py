"""The bytes of a text file as UTF-8, whatever it is written in and packed with.

What is not text in its encoding becomes the byte FF, which no UTF-8 text holds,
so that whoever reads on can tell the line it stands in.

May import: errors.   Imported by: warehouse.readers.*.
"""

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from crm_analytics.errors import DataError

PACKED = (".gz", ".zst")
MARK = b"\xff"
MARKED = "\udcff"  # the same in a text that was decoded with surrogateescape
BLOCK = 4_000_000

_MARKED = "crm_marked"
# The longer mark first: that of UTF-32 begins with that of UTF-16.
_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Codec error handler."""
    assert isinstance(error, UnicodeDecodeError)
    return MARKED, error.end


codecs.register_error(_MARKED, _mark)


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where its name ends in .gz or .zst.

    Raises
    ------
    DataError : the file cannot be read, or what is packed in it breaks off; also while it is read.
    """
    try:
        if path.suffix.lower() in PACKED:
            import pyarrow as pa

            kind = "gzip" if path.suffix.lower() == ".gz" else "zstd"
            with io.BufferedReader(pa.input_stream(str(path), compression=kind)) as stream:
                yield stream
        else:
            with path.open("rb") as file:
                yield file
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from None


def marked_encoding(path: Path) -> str:
    """The encoding that a byte order mark names; '' without one."""
    with open_bytes(path) as file:
        start = file.read(4)
    return next((name for mark, name in _ORDER_MARKS.items() if start.startswith(mark)), "")


def is_utf8(encoding: str) -> bool:
    """Whether a name of an encoding means UTF-8, which the engine reads as it stands."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def called(encoding: str) -> str:
    """An encoding as it is called in messages."""
    return "UTF-8" if is_utf8(encoding) else encoding


def utf8_blocks(path: Path, encoding: str, size: int = BLOCK) -> Iterator[bytes]:
    """The text of a file, `size` bytes of it at a time, as UTF-8 without a byte order mark."""
    decoder = codecs.getincrementaldecoder(encoding)(_MARKED)
    with open_bytes(path) as file:
        first = True
        while raw := file.read(size):
            text = decoder.decode(raw)
            if first and text:
                text, first = text.removeprefix("\ufeff"), False
            if text:
                yield text.encode("utf-8", "surrogateescape")
        if last := decoder.decode(b"", final=True):
            yield last.encode("utf-8", "surrogateescape")
