"""No line of a CSV file is lost, whatever stands in it, and no broken line costs another one."""

import csv as plain_csv
import io
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse.readers.csv_mend import Shape, mend
from crm_analytics.warehouse.readers.csv_scan import is_plain
from tests.warehouse.readers.made import csv, lost, rows

ENGINE = DuckEngine.open(None, threads=2)

# What trips readers of CSV, and what does not.
bits = st.sampled_from(
    [b'"', b'""', b",", b",,", b" ", b"a", b"\t", b";", b"'", b"\\", b"#", b"\0", b"\xff", b"\xc3\xa4"]
)
ends = st.sampled_from([b"\n", b"\r\n", b"\r"])


@st.composite
def hostile_files(draw: st.DrawFn) -> tuple[int, bytes]:
    """Lines of anything, each with a mark that stands nowhere else: <0>, <1>, ..."""
    lines = draw(st.lists(st.tuples(st.lists(bits, max_size=5), st.lists(bits, max_size=5), ends), max_size=12))
    one_end = draw(st.none() | ends)
    text = b"".join(
        b"".join(before) + b"<%d>" % i + b"".join(after) + (one_end or end)
        for i, (before, after, end) in enumerate(lines)
    )
    return len(lines), text if draw(st.booleans()) else text.rstrip(b"\r\n")


@given(hostile_files(), st.sampled_from([b"x", b"x,y", b"x,y,z", b"x;y"]), st.sampled_from(['"', "'", ""]))
def test_every_line_is_in_the_rows_or_among_the_misread_ones(
    file: tuple[int, bytes], header: bytes, quote: str
) -> None:
    marks, text = file
    with TemporaryDirectory() as folder:
        found = csv(Path(folder), header + b"\n" + text, quote=quote)
        kept = Counter(mark for row in rows(ENGINE, found) for value in row for mark in _marks(value or ""))
        told = Counter(mark for *_, line in lost(ENGINE, found) for mark in _marks(line))
        found.close(ENGINE)
    assert kept + told == Counter(range(marks))


def _marks(text: str) -> list[int]:
    return [int(part.split(">")[0]) for part in text.split("<")[1:]]


# A letter comes first, so that a quote left open before it is not closed by chance at the end of a field.
values = st.builds(str.__add__, st.sampled_from("abz"), st.text('ab ,;"\n', max_size=6))
good = st.tuples(values, values, values, st.sampled_from([plain_csv.QUOTE_MINIMAL, plain_csv.QUOTE_ALL]))
AS_IT_STANDS = {b'1,2,5"': ("1", "2", '5"'), b"1,2,3,,": ("1", "2", "3"), b'1, "2" ,3': ("1", "2", "3")}
BROKEN = {
    b"1": "has fewer than 3 fields",
    b"1,2,3,4": "has more than 3 fields",
    b'"1","2",3,"4",""': "has more than 3 fields",
    b'1,2,"a" b': "has a quote that is not closed, or text after a closed one",
    b'1,"a': "has a quote that is not closed, or text after a closed one",
    b"1,2,\0": "holds a NUL byte",
    b"1,2,\xe4": "is not UTF-8 text",
}


@given(st.lists(good | st.sampled_from(sorted(BROKEN | AS_IT_STANDS)), max_size=12), st.sampled_from(["\n", "\r\n"]))
def test_a_broken_line_costs_no_other_line(lines: list[tuple[str, str, str, int] | bytes], end: str) -> None:
    text, expected, broken = b"x,y,z" + end.encode(), [], []
    for line in lines:
        if isinstance(line, bytes) and line in AS_IT_STANDS:
            expected.append(AS_IT_STANDS[line])
            text += line + end.encode()
        elif isinstance(line, bytes):
            broken.append(("x.csv", text.count(b"\n") + 1, BROKEN[line], line.decode("utf-8", "replace")))
            text += line + end.encode()
        else:
            written = io.StringIO(newline="")
            plain_csv.writer(written, quoting=line[3], lineterminator=end).writerow(line[:3])
            expected.append(line[:3])
            text += written.getvalue().encode()
    with TemporaryDirectory() as folder:
        found = csv(Path(folder), text)
        assert rows(ENGINE, found) == sorted(expected, key=repr)
        assert lost(ENGINE, found) == broken
        # Read again, by another statement: the same rows, and no line twice.
        assert len(rows(ENGINE, found)) == len(expected)
        assert lost(ENGINE, found) == broken
        found.close(ENGINE)


@given(hostile_files(), st.sampled_from([["x"], ["x", "y"], ["x", "y", "z"]]))
def test_a_file_that_is_trusted_to_duckdb_means_the_same_with_care(file: tuple[int, bytes], names: list[str]) -> None:
    text = f"{','.join(names)}\n".encode() + file[1]
    with TemporaryDirectory() as folder:
        found = csv(Path(folder), text)
        shape = Shape(encoding="utf-8", delimiter=",", quote='"', fields=len(names), skip=0, header=True)
        if not is_plain(Path(folder) / "x.csv", shape):
            return
        mended = io.BytesIO()
        broken = [("x.csv", b.line, b.reason, b.text) for b in mend(iter([text]), shape, mended)]
        (Path(folder) / "mended").mkdir()
        careful = csv(Path(folder) / "mended", mended.getvalue(), header=False, columns=names, delimiter=",")
        assert rows(ENGINE, careful) == rows(ENGINE, found)
        assert lost(ENGINE, careful) == []
        assert lost(ENGINE, found) == broken
        careful.close(ENGINE)
        found.close(ENGINE)
