"""What source.yml says of CSV files beside their path.

May import: warehouse.readers.given.   Imported by: warehouse.readers.csv*, warehouse.readers.entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from crm_analytics.warehouse.readers.given import Given

DEFAULT_QUOTE = '"'
KEYS = (
    "encoding", "delimiter", "quote", "header", "columns", "skip",
    "null", "dates", "numbers", "decimal", "thousands",
)  # fmt: skip
# DuckDB takes no longer delimiter.
LONGEST_DELIMITER_BYTES = 4
NO_SIGNS = frozenset("\n\r\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvOptions:
    """How CSV files under one name are written.

    Attributes
    ----------
    encoding  : a codec of Python's; '' where a byte order mark tells, or else it is UTF-8
    delimiter : '' where the header tells
    quote     : one ASCII character; '' where nothing is quoted
    columns   : the names, where there is no header line
    skip      : lines before the header
    null      : texts that mean no value, beside the empty one
    dates     : column to the strptime formats its dates or times come in
    numbers   : columns whose numbers are written with `decimal` and `thousands`
    """

    encoding: str = ""
    delimiter: str = ""
    quote: str = DEFAULT_QUOTE
    columns: tuple[str, ...] = ()
    skip: int = 0
    null: tuple[str, ...] = ()
    dates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""

    @property
    def header(self) -> bool:
        """Whether a line with the names of the columns comes before the rows."""
        return not self.columns


def read_csv_options(given: Given) -> CsvOptions:
    """The options of one entry; what is wrong with them is told."""
    header, columns = given.flag("header", True), given.texts("columns")
    if header and columns:
        given.wrong("are named by the header line; say header: false where the files have none", "columns")
    if not header and not columns:
        given.wrong("without a header line, columns: has to name the columns", "header")
    if len({c.lower() for c in columns}) < len(columns) or not all(c.strip() for c in columns):
        given.wrong("each needs a name of its own", "columns")
    delimiter = given.text("delimiter")
    if not header and not delimiter:
        given.wrong("without a header line, nothing tells the delimiter; say it", "delimiter")
    options = CsvOptions(
        encoding=_encoding(given),
        delimiter=delimiter,
        quote=given.text("quote", DEFAULT_QUOTE),
        columns=() if header else columns,
        skip=given.whole("skip", 0),
        null=given.texts("null"),
        dates=given.texts_by_name("dates"),
        numbers=given.texts("numbers"),
        decimal=given.text("decimal", "."),
        thousands=given.text("thousands"),
    )
    _check_signs(options, given)
    _check_dates(options, given)
    return options


def _encoding(given: Given) -> str:
    encoding = given.text("encoding")
    try:
        "a".encode(encoding or "utf-8")
    except LookupError:
        given.wrong(f"no encoding {encoding!r}; well known are utf-8, utf-16, cp1252, cp1250, shift_jis", "encoding")
        return ""
    return encoding


def _check_signs(options: CsvOptions, given: Given) -> None:
    """Signs that mean two things at once, or that DuckDB does not take."""
    quote, delimiter = options.quote, options.delimiter
    if len(quote) > 1 or not quote.isascii() or set(quote) & NO_SIGNS:
        given.wrong(f"should be one ASCII character, or '' where nothing is quoted, got {quote!r}", "quote")
    elif quote and quote in delimiter:
        given.wrong("should not be the quote", "delimiter")
    if len(delimiter.encode()) > LONGEST_DELIMITER_BYTES or set(delimiter) & NO_SIGNS:
        given.wrong(f"should be one to {LONGEST_DELIMITER_BYTES} bytes on one line, got {delimiter!r}", "delimiter")
    if options.decimal not in (".", ",") or options.decimal == options.thousands or len(options.thousands) > 1:
        given.wrong("should be '.' or ',', and thousands another sign", "decimal")
    if (given.options.keys() & {"decimal", "thousands"}) and not options.numbers:
        given.wrong("has to name the columns that hold numbers written so; in others a comma is text", "numbers")


def _check_dates(options: CsvOptions, given: Given) -> None:
    for name, formats in options.dates.items():
        for wanted in formats:
            if not _is_format(wanted):
                given.wrong(f"{name}: {wanted!r} is no date format such as '%d.%m.%Y' or '%m/%d/%y %H:%M'", "dates")


def _is_format(text: str) -> bool:
    """Whether a format gives a date back: it reads what it writes, in the same year."""
    plain = text.replace("%-", "%")  # %-d is DuckDB's and not Python's
    try:
        return datetime.strptime(datetime(2001, 2, 3).strftime(plain), plain).year == 2001
    except ValueError:
        return False
