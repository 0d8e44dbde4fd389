"""The texts that name a person, and how they are found in other texts: by Python in files, by DuckDB in tables.

Whole words only, whatever the case; a name with any white space between its
words, a phone with any usual sign between its digits.  A text that another
customer also bears is `shared`: it is taken out of the person's own rows and
stays everywhere else, for there it may be the other one.

May import: sql.   Imported by: warehouse.erasure.*.
"""

import html
import json
import re
import unicodedata
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from crm_analytics.sql import literal

Kind = Literal["email", "phone", "name", "id"]
TEXTS: tuple[Kind, ...] = ("email", "phone", "name")
KINDS: tuple[Kind, ...] = (*TEXTS, "id")
FEWEST_DIGITS = 6
BETWEEN_DIGITS = r"[\s().\-/]{0,3}"
# What may stand beside a match, for Python and for RE2, which knows no looking around.  An address goes on with
# a dot or a hyphen (`anna.max@x.de`), a name with a hyphen (`Max Moser-Lang`): those are other people's.
_PYTHON = {
    "email": (r"(?<![\w.%+\-])", r"(?![\w\-]|\.\w)"),
    "name": (r"(?<![^\W_])(?<![^\W_]-)", r"(?![^\W_]|-[^\W_])"),
    "phone": (r"(?<![^\W_])", r"(?![^\W_])"),
}
_PYTHON["id"] = _PYTHON["name"]
_RE2 = {
    "email": (r"(^|[^\pL\pN_.%+\-])", r"($|[^\pL\pN_\-.]|\.$|\.[^\pL\pN_])"),
    "name": (r"(^-?|[^\pL\pN\-]|[^\pL\pN]-)", r"($|[^\pL\pN\-]|-$|-[^\pL\pN])"),
    "phone": (r"(^|[^\pL\pN])", r"($|[^\pL\pN])"),
}
_RE2["id"] = _RE2["name"]


@dataclass(frozen=True, slots=True)
class Needle:
    """One text of a person; `shared` where another customer bears it too.  An id is one only where it is telling."""

    kind: Kind
    text: str
    shared: bool = False

    @property
    def own_rows_only(self) -> bool:
        """Whether it says too little to be looked for in the rows of others: shared, one word, a few digits."""
        if self.kind == "phone":
            return self.shared or len(digits(self.text)) < FEWEST_DIGITS
        return self.shared or (self.kind == "name" and len(self.text.split()) < 2)


@dataclass(frozen=True)  # no slots: the patterns are kept once they are made
class Needles:
    """All texts of a person."""

    all: tuple[Needle, ...] = ()

    def found(self, text: str, *, own: bool) -> bool:
        """Whether a text names the person; the shared ones count only in the person's `own` rows."""
        pattern = self._own if own else self._free
        return bool(pattern and pattern.search(text))

    def cut(self, text: str) -> str:
        """The text without what names this person and nobody else."""
        return self._free.sub("", text) if self._free else text

    def pattern(self, *, own: bool, kinds: Iterable[Kind] = KINDS) -> re.Pattern[str] | None:
        """One pattern for all, or None where there is nothing to look for."""
        parts = []
        for kind in kinds:
            if body := self._body(kind, own=own, encoded=True):
                before, after = _PYTHON[kind]
                parts.append(f"{before}(?:{body}){after}")
        return re.compile("|".join(parts), re.IGNORECASE) if parts else None

    @cached_property
    def _own(self) -> re.Pattern[str] | None:
        return self.pattern(own=True)

    @cached_property
    def _free(self) -> re.Pattern[str] | None:
        return self.pattern(own=False)

    @property
    def words(self) -> set[str]:
        """Of each form of each e-mail and name the longest word, in small letters: a text without any names nobody."""
        texts = [needle.text for needle in self.all if needle.kind != "phone"]
        return {max(form.lower().split(), key=len) for text in texts for form in forms(text, encoded=True)}

    def found_sql(self, column: str, *, own: bool, kinds: Iterable[Kind] = KINDS) -> str:
        """SQL that is true where the column's text names the person."""
        cases = [
            f"WHEN {self._near_sql(kind, column, own=own)} THEN regexp_matches({column}, {pattern}, 'i')"
            for kind in kinds
            if (pattern := self._re2(kind, own=own))
        ]
        # One CASE each: a case that is looked into and does not match must leave the next kind its chance.
        return f"({' OR '.join(f'CASE {case} ELSE FALSE END' for case in cases)})" if cases else "FALSE"

    def cut_sql(self, column: str) -> str:
        """SQL for the column's text without what names this person and nobody else."""
        text = column
        for kind in KINDS:
            if pattern := self._re2(kind, own=False):
                for _ in range(2):  # of two that share one space between them the first pass sees one
                    text = f"regexp_replace({text}, {pattern}, '\\1\\2', 'gi')"
        return f"CASE WHEN {self.found_sql(column, own=False)} THEN {text} ELSE {column} END"

    def _re2(self, kind: Kind, *, own: bool) -> str:
        body = self._body(kind, own=own)
        return literal(f"{_RE2[kind][0]}(?:{body}){_RE2[kind][1]}") if body else ""

    def near_sql(self, column: str) -> str:
        """SQL that is true wherever `found_sql` is, and cheap: most columns are told by this alone.

        Only to make DuckDB ready for a pattern takes it some 20 ms.
        """
        parts = [sql for kind in KINDS if (sql := self._near_sql(kind, column, own=True))]
        return f"coalesce({' OR '.join(parts)}, FALSE)" if parts else "FALSE"

    def _near_sql(self, kind: Kind, column: str, *, own: bool) -> str:
        texts = [n.text for n in self.all if n.kind == kind and (own or not n.own_rows_only)]
        if kind == "phone":
            bare = f"translate({column}, ' ().-/', '')"
            return " OR ".join(f"contains({bare}, {literal(digits(text) or text)})" for text in texts)
        return " OR ".join(
            dict.fromkeys(
                "(" + " AND ".join(f"contains(lower({column}), {literal(word)})" for word in form.lower().split()) + ")"
                for text in texts
                for form in forms(text)
            )
        )

    def _body(self, kind: Kind, *, own: bool, encoded: bool = False) -> str:
        wanted = [n.text for n in self.all if n.kind == kind and (own or not n.own_rows_only)]
        shape = _phone if kind == "phone" else _words
        return "|".join(dict.fromkeys(shape(form) for text in wanted for form in forms(text, encoded=encoded)))


def forms(text: str, *, encoded: bool = False) -> list[str]:
    """The text as files may spell it: composed or not, escaped for JSON or HTML.

    With `encoded` also in the code page of Western Windows, as its bytes look when
    read as UTF-8 with `surrogateescape`.
    """
    plain = dict.fromkeys([text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)])
    found = dict(plain)
    for form in plain:
        found |= dict.fromkeys([json.dumps(form)[1:-1], json.dumps(form, ensure_ascii=False)[1:-1]])
        escaped = html.escape(form, quote=True)
        found |= dict.fromkeys([escaped, escaped.replace("&#x27;", "&#39;").replace("&quot;", "&#34;")])
        if encoded:
            with suppress(UnicodeEncodeError):
                found[form.encode("cp1252").decode("utf-8", "surrogateescape")] = None
    return list(found)


def digits(text: str) -> str:
    """The digits of a phone number, without the two zeros that stand for a plus."""
    return re.sub(r"[^0-9]", "", text).removeprefix("00")


def _words(text: str) -> str:
    return r"\s+".join(re.escape(word) for word in text.split())


def _phone(text: str) -> str:
    return r"(?:\+|00)?" + BETWEEN_DIGITS.join(digits(text)) if digits(text) else re.escape(text)
