"""How the texts of a person are found: by Python and by DuckDB alike, and never within those of others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.warehouse.erasure.needles import Needle, Needles

NEEDLES = Needles(
    (
        Needle("email", "max@x.de"),
        Needle("phone", "+49 (170) 123-4567"),
        Needle("name", 'Max "Mäx" O\'Neil'),
        Needle("id", "C0001"),
    )
)
# Text, and what is left of it once the person is cut out.
CASES = {
    "write to max@x.de.": "write to .",
    "Max@X.DE": "",
    "max@x.de, max@x.de": ", ",
    "max@x.de max@x.de": " ",
    "anna.max@x.de": "anna.max@x.de",
    "max@x.de.com": "max@x.de.com",
    "00491701234567 now": " now",
    "call +49 170 1234567": "call ",
    "4917012345678": "4917012345678",
    'max "mäx"  o\'neil!': "!",
    'Max \\"M\\u00e4x\\" O\'Neil': "",
    "Max &#34;Mäx&#34; O&#39;Neil": "",
    'Karl-Max "Mäx" O\'Neil': 'Karl-Max "Mäx" O\'Neil',
    'Max "Mäx" O\'Neil-Lang': 'Max "Mäx" O\'Neil-Lang',
    "of C0001 and C00012": "of  and C00012",
}
ENGINE = DuckEngine.open(None, threads=1)  # one for all examples


def by_duckdb(needles: Needles, text: str) -> tuple[object, ...]:
    asked = f"{needles.near_sql('t')}, {needles.found_sql('t', own=True)}, {needles.cut_sql('t')}"
    (row,) = ENGINE.rows(f"SELECT {asked} FROM (SELECT $text AS t)", {"text": text})
    return row


@pytest.mark.parametrize("text", CASES)
def test_python_and_duckdb_cut_the_same(text: str) -> None:
    near, found, cut = by_duckdb(NEEDLES, text)
    assert NEEDLES.cut(text) == cut == CASES[text]
    assert NEEDLES.found(text, own=True) == found == (CASES[text] != text)
    assert near or not found


WORDS = st.text(st.sampled_from("aäAZ09.@- '\"+"), min_size=1, max_size=6)


@settings(max_examples=40)
@given(text=st.lists(WORDS, max_size=4).map(" ".join), name=st.lists(WORDS, min_size=2, max_size=2).map(" ".join))
def test_python_and_duckdb_find_the_same_whatever_the_name(text: str, name: str) -> None:
    if not name.strip() or len(name.split()) < 2:
        return
    needles = Needles((Needle("name", name.strip()),))
    for said in (text, f"{text} {name}", f"{name.upper()}, {text}"):
        near, found, cut = by_duckdb(needles, said)
        assert needles.found(said, own=True) == found, said
        assert needles.cut(said) == cut, said
        assert near or not found


def test_what_says_too_little_is_looked_for_in_their_own_rows_alone() -> None:
    needles = Needles((Needle("name", "Rose"), Needle("phone", "110"), Needle("email", "a@b.de", shared=True)))
    assert needles.cut("Rose 110 a@b.de") == "Rose 110 a@b.de"
    assert all(needles.found(text, own=True) for text in ("a Rose", "110", "A@B.de"))
    assert not needles.found("Roses 1101 aa@b.de", own=True)
