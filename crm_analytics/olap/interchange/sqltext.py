"""Fragments of SQL taken apart into tokens: columns renamed, aggregates found, the rest read as a formula.

Not a SQL parser: it knows texts in quotes, names with dots, numbers and
parentheses, which is enough to move an expression from one model to another.
What it does not understand it refuses; nothing is guessed.

May import: errors, olap.formula.   Imported by: the other modules of olap.interchange.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from crm_analytics.errors import ConfigError
from crm_analytics.olap.formula import FUNCTIONS, parse_formula

_TOKEN = re.compile(
    r"""(?P<text>'(?:[^']|'')*')
    | (?P<name>(?:"(?:[^"]|"")+"|[A-Za-z_]\w*)(?:\.(?:"(?:[^"]|"")+"|[A-Za-z_]\w*))*)
    | (?P<number>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)
    | (?P<space>\s+)
    | (?P<mark>::|.)""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN = {
    "sum": "sum",
    "avg": "avg",
    "min": "min",
    "max": "max",
    "count": "count",
    "median": "median",
    "approx_count_distinct": "count_distinct",
}
_PERCENTILES = ("percentile_cont", "quantile_cont")
# Types that a cast may name inside a formula, where everything is a number and division never cuts.
_NUMBERS = re.compile(r"(double( precision)?|float\d*|real|numeric|decimal|number)(\s*\([\d\s,]*\))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Token:
    """One piece of SQL; `kind` is text, name, number, space or mark, `start` where it stands."""

    kind: str
    text: str
    start: int = 0

    @property
    def lower(self) -> str:
        """The piece without regard to case."""
        return self.text.lower()


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate in an expression, in the words of a cube file."""

    agg: str
    sql: str = ""
    where: str = ""
    p: float | None = None
    approximate: bool = False


class Refused(Exception):
    """Something that has no place in a cube file; says why.  Whoever reads it leaves its part of the model out."""


def tokens(sql: str) -> list[Token]:
    """The pieces of a fragment; joined they give it back."""
    return [Token(str(m.lastgroup), m[0], m.start()) for m in _TOKEN.finditer(sql)]


def with_columns(sql: str, column: Callable[[tuple[str, ...]], str]) -> str:
    """The fragment with `column(parts)` in the place of each dotted name; `parts` without quotes.

    Names without a dot and names of functions stay.
    """
    found = tokens(sql)
    out = []
    for i, token in enumerate(found):
        dotted = token.kind == "name" and "." in token.text and not _opens(found, i + 1)
        out.append(column(parts(token.text)) if dotted else token.text)
    return "".join(out)


def parts(name: str) -> tuple[str, ...]:
    """`sales."Net amount"` as `("sales", "Net amount")`."""
    pieces = re.findall(r'"(?:[^"]|"")+"|[A-Za-z_]\w*', name)
    return tuple(p[1:-1].replace('""', '"') if p.startswith('"') else p for p in pieces)


def is_column(sql: str) -> bool:
    """Whether a fragment is one bare name."""
    found = tokens(sql.strip())
    return len(found) == 1 and found[0].kind == "name" and "." not in found[0].text


def split_aggregates(sql: str, name_of: Callable[[Aggregate], str]) -> str:
    """The formula that an expression over aggregates is, with `name_of(aggregate)` for each of them.

    Raises
    ------
    Refused : something else than arithmetic stands around the aggregates, or one of them is not understood.
    """
    found = [t for t in tokens(sql) if t.kind != "space"]
    out: list[str] = []
    i = 0
    while i < len(found):
        token = found[i]
        if token.kind == "name" and _opens(found, i + 1):
            close = _closing(found, i + 1)
            if token.lower in _PLAIN or token.lower in _PERCENTILES:
                aggregate, i = _aggregate(sql, found, i, close)
                out.append(name_of(aggregate))
                continue
            if token.lower == "cast":
                out.append(f"({split_aggregates(_uncast(sql, found[i + 2 : close]), name_of)})")
                i = close + 1
                continue
            if token.lower not in FUNCTIONS:
                raise Refused(f"{token.text} has no place in a formula")
            out.append(token.lower)
        elif token.text == "::":
            end = i + 2 if not _opens(found, i + 2) else _closing(found, i + 2) + 1
            _check_number(_slice(sql, found[i + 1 : end]))
            i = end
            continue
        elif token.kind == "text" or (token.kind == "mark" and token.text not in "+-*/(),"):
            raise Refused(f"{token.text} has no place in a formula")
        else:
            out.append(token.text)
        i += 1
    return _spaced(out)


def formula_of(sql: str, name_of: Callable[[Aggregate], str]) -> tuple[str, tuple[str, ...]]:
    """The formula of an expression and the measures it names.

    Raises
    ------
    Refused : it is no arithmetic over measures and aggregates.
    """
    text = split_aggregates(sql, name_of)
    try:
        formula = parse_formula(text)
    except ConfigError as error:
        raise Refused(str(error)) from None
    if not formula.names:
        raise Refused(f"{sql!r} is no measure and names none")
    return formula.text, formula.names


def renamed(formula: str, name_of: Callable[[str], str]) -> str:
    """A formula with its measures under other names; functions and numbers stay."""
    found = tokens(formula)
    return "".join(
        name_of(t.text) if t.kind == "name" and not (t.text in FUNCTIONS and _opens(found, i + 1)) else t.text
        for i, t in enumerate(found)
    )


def formula_names(formula: str) -> list[str]:
    """The measures that a formula names, in order."""
    found = tokens(formula)
    return [
        t.text for i, t in enumerate(found) if t.kind == "name" and not (t.text in FUNCTIONS and _opens(found, i + 1))
    ]


def unwrapped(sql: str) -> str:
    """The fragment without parentheses around all of it."""
    text = sql.strip()
    while text.startswith("("):
        found = [t for t in tokens(text) if t.kind != "space"]
        if _closing(found, 0) != len(found) - 1:
            break
        text = text[1:-1].strip()
    return text


def _opens(found: list[Token], i: int) -> bool:
    return i < len(found) and found[i].text == "("


def _closing(found: list[Token], start: int) -> int:
    depth = 0
    for i in range(start, len(found)):
        depth += {"(": 1, ")": -1}.get(found[i].text, 0)
        if depth == 0:
            return i
    raise Refused("a parenthesis is not closed")


def _aggregate(sql: str, found: list[Token], start: int, close: int) -> tuple[Aggregate, int]:
    """The aggregate called at `start`, its arguments up to `close`, and where the text after it begins."""
    name, inside, after = found[start].lower, found[start + 2 : close], close + 1
    p: float | None = None
    if name in _PERCENTILES:
        p, inside, after = _percentile(inside, found, after)
    distinct = bool(inside) and inside[0].lower == "distinct"
    inside = inside[1:] if distinct else inside
    if distinct and name != "count":
        raise Refused(f"{name}(DISTINCT) is no aggregate of a cube")
    where = ""
    if after < len(found) and found[after].lower == "filter" and _opens(found, after + 1):
        end = _closing(found, after + 1)
        where, after = _slice(sql, found[after + 3 : end]), end + 1
    if after < len(found) and found[after].lower == "over":
        raise Refused("a window function is no aggregate of a cube")
    if any(t.lower in _PLAIN and _opens(inside, i + 1) for i, t in enumerate(inside)):
        raise Refused("an aggregate stands within another")
    value = unwrapped(_slice(sql, inside))
    if name == "count" and not distinct and (value == "*" or re.fullmatch(r"\d+", value)):
        return Aggregate("count", "", where), after
    if not value or value == "*":
        raise Refused(f"{name}({value}) is no aggregate of a cube")
    agg = "percentile" if p is not None else "count_distinct" if distinct else _PLAIN[name]
    return Aggregate(agg, value, where, p, name.startswith("approx")), after


def _percentile(inside: list[Token], found: list[Token], after: int) -> tuple[float, list[Token], int]:
    """`PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x)`: the share, `x`, and where the text goes on."""
    words = [t.lower for t in found[after : after + 5]]
    if words[:2] != ["within", "group"] or words[2:] != ["(", "order", "by"] or len(inside) != 1:
        raise Refused("a percentile is written PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY x)")
    end = _closing(found, after + 2)
    if inside[0].kind != "number" or found[end - 1].lower in ("asc", "desc"):
        raise Refused("a percentile needs a number, and no order but the plain one")
    if not 0 < (p := float(inside[0].text)) < 1:
        raise Refused(f"a percentile lies between 0 and 1, not at {p:g}")
    return p, found[after + 5 : end], end + 1


def _uncast(sql: str, inside: list[Token]) -> str:
    """What `CAST(x AS DOUBLE)` is of; a cast to something that is no number is refused."""
    at = max((i for i, t in enumerate(inside) if t.lower == "as"), default=-1)
    if at < 0:
        raise Refused("a cast without AS")
    _check_number(_slice(sql, inside[at + 1 :]))
    return _slice(sql, inside[:at])


def _check_number(type_: str) -> None:
    if not _NUMBERS.fullmatch(type_):
        raise Refused(f"a formula holds numbers, and {type_} may be none or cut them")


def _slice(sql: str, found: list[Token]) -> str:
    """The text from the first token to the last, as it was written."""
    return sql[found[0].start : found[-1].start + len(found[-1].text)] if found else ""


def _spaced(found: list[str]) -> str:
    """The pieces of a formula with a space between, but none inside parentheses and before commas."""
    out = ""
    for i, text in enumerate(found):
        glued = not out or text in (")", ",") or found[i - 1] == "("
        call = text == "(" and i > 0 and bool(re.fullmatch(r"\w+", found[i - 1]))
        out += text if glued or call else f" {text}"
    return out
