"""JSON lines: a line that is no object is told of, and costs no other one."""

import json
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse.raw import Raw
from tests.warehouse.readers.made import lost, raw, rows

ENGINE = DuckEngine.open(None, threads=2)


def jsonl(folder: Path, content: str | bytes) -> Raw:
    (folder / "x.jsonl").write_bytes(content if isinstance(content, bytes) else content.encode())
    return raw(folder, "x.jsonl")


def columns(found: Raw) -> dict[str, str]:
    return ENGINE.columns(f"({found.open(ENGINE, found.pieces())})")


def test_each_key_is_a_column_of_the_type_that_all_its_values_share(tmp_path: Path) -> None:
    found = jsonl(
        tmp_path,
        '{"id": 1, "price": 2, "gift": true, "on": "2024-02-30", "tags": ["a"], "mixed": 7}\n'
        '{"id": 2, "price": 2.5, "gift": null, "on": "2024-01-31", "mixed": "x", "late": "y"}\n',
    )
    assert columns(found) == {
        "id": "BIGINT",
        "price": "DOUBLE",
        "gift": "BOOLEAN",
        "on": "VARCHAR",
        "tags": "JSON",
        "mixed": "JSON",
        "late": "VARCHAR",
    }
    assert rows(ENGINE, found) == [
        (1, 2.0, True, "2024-02-30", '["a"]', "7", None),
        (2, 2.5, None, "2024-01-31", None, '"x"', "y"),
    ]
    found.close(ENGINE)


BROKEN = {
    '{"id": 2': "is not JSON",
    "id,2": "is not JSON",
    '{"id": 2}{"id": 3}': "is not JSON",
    '{"id": "\\ud800"}': "is not JSON",
    "[2]": "is JSON, but no object",
    '"2"': "is JSON, but no object",
    '{"id": ' * 200 + "2" + "}" * 200: "is nested too deep",
}
good = st.fixed_dictionaries(
    {"id": st.integers(-(2**62), 2**62)}, optional={"x": st.text() | st.integers() | st.none(), "a/b~c": st.booleans()}
)


@given(st.lists(good | st.sampled_from(sorted(BROKEN)), min_size=1, max_size=12), st.booleans())
def test_a_broken_line_costs_no_other_line(lines: list[dict[str, Any] | str], ascii: bool) -> None:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line, ensure_ascii=ascii)}\n\n" for line in lines)
    ids = [line["id"] for line in lines if isinstance(line, dict)]
    broken = [("x.jsonl", 2 * i + 1, BROKEN[line], line) for i, line in enumerate(lines) if isinstance(line, str)]
    with TemporaryDirectory() as folder:
        found = jsonl(Path(folder), text)
        if ids:
            kept = ENGINE.rows(f"SELECT id FROM ({found.open(ENGINE, found.pieces())})")
            assert sorted(int(str(i)) for (i,) in kept) == sorted(ids)
        else:
            assert rows(ENGINE, found) == []
        assert lost(ENGINE, found) == broken
        found.close(ENGINE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n \n", []),
        ("{}\n{}\n", [(None,), (None,)]),
        ('\ufeff{"a": 1}\n', [(1,)]),
        ('{"a": 1, "a": 2}\n', [(1,)]),
        ('{"a": 1}\n{"A": 2}\n', [("1",), ("2",)]),
        ('{"a_1": 1}\n', [(1,)]),
        ('{"": 1}\n', [(1,)]),
        ('{"a": 12345678901234567890}\n', [("12345678901234567890",)]),
        ('{"a": 1}', [(1,)]),
        ('{"a": 1}\r\n{"a": 2}\r\n', [(1,), (2,)]),
        ('{"a": "x\\u0000y"}\n', [("x\0y",)]),
    ],
    ids=repr,
)
def test_odd_files_keep_their_lines(text: str, expected: list[tuple[object, ...]], tmp_path: Path) -> None:
    found = jsonl(tmp_path, text)
    assert rows(ENGINE, found) == expected
    assert lost(ENGINE, found) == []
    found.close(ENGINE)


def test_bytes_that_are_not_utf_8_and_endless_lines_are_told_of(tmp_path: Path) -> None:
    found = jsonl(tmp_path, b'{"a": "\xe4"}\n{"a": "' + b"x" * 17_000_000 + b'"}\n{"a": "b"}\n')
    assert rows(ENGINE, found) == [("b",)]
    assert [(line, why) for _, line, why, _ in lost(ENGINE, found)] == [
        (1, "is not UTF-8 text"),
        (2, "is longer than 16 MB"),
    ]
    found.close(ENGINE)


@pytest.mark.parametrize("broken", ["", "broken\n"])
def test_times_are_told_alike_with_and_without_a_broken_line(broken: str, tmp_path: Path) -> None:
    found = jsonl(
        tmp_path,
        '{"day": "2024-02-29", "at": "2024-01-02 03:04:05", "utc": "2024-01-02T03:04:05Z", "odd": "2024-02-30"}\n'
        '{"day": "2024-01-31", "at": "2024-01-02 03:04:06", "utc": "2024-01-02T10:00:00+02:00", "odd": "2024-01-31"}\n'
        '{"day": null, "none": null, "n": 5}\n' + broken,
    )
    assert columns(found) == {
        "day": "DATE",
        "at": "TIMESTAMP",
        "utc": "TIMESTAMP WITH TIME ZONE",
        "odd": "VARCHAR",
        "none": "VARCHAR" if broken else "JSON",
        "n": "BIGINT",
    }
    times = f"SELECT CAST(utc AS TIMESTAMP) FROM ({found.open(ENGINE, found.pieces())}) ORDER BY day DESC NULLS LAST"
    # 10:00 with two hours of difference is 08:00 UTC.
    assert ENGINE.rows(times) == [(datetime(2024, 1, 2, 3, 4, 5),), (datetime(2024, 1, 2, 8, 0),), (None,)]
    found.close(ENGINE)


def test_files_whose_types_differ_share_one_that_holds_both(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": 1, "x": 1}\n')
    (tmp_path / "b.jsonl").write_text('{"id": 2.5, "x": "t"}\nbroken\n')
    found = raw(tmp_path, "*.jsonl")
    assert rows(ENGINE, found) == [(1.0, "1"), (2.5, '"t"')]
    assert lost(ENGINE, found) == [("b.jsonl", 2, "is not JSON", "broken")]
    a, b = found.pieces()
    assert rows(ENGINE, found, [a]) == [(1, 1)]
    assert rows(ENGINE, found, [b]) == [(2.5, "t")]
    found.close(ENGINE)
    assert rows(ENGINE, found, [b]) == [(2.5, "t")]  # after `close` it can be opened again
    found.close(ENGINE)
