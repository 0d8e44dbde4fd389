"""The filter language: `product.department = 'GROCERY' and not customer.age in ('65+', '55-64')`.

Text becomes a tree here and a tree becomes a SQL condition; values are bound,
never written into the text.  What a name means is decided by `olap.plan`.

A condition is true or false, never NULL: `!=` and `not` keep the members that
are unknown, as people expect and SQL's three-valued logic does not.

May import: errors, sql, olap.calc.   Imported by: olap.query, olap.plan, olap.conditions, project.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NoReturn

from crm_analytics.errors import QueryError
from crm_analytics.olap.calc import calc_ends
from crm_analytics.sql import Value

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "in", "between", "like", "unknown"]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:[^']|'')*')
    | (?P<number>[-+]?\d+(?:\.\d+)?(?![\w.-]))
    | (?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    | (?P<place>:[A-Za-z_]\w*)
    | (?P<mark><=|>=|!=|<>|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_WORDS = frozenset({"and", "or", "not", "in", "between", "like", "is", "per", "unknown", "true", "false"})
_DEEPEST = 50


class Number(str):
    """A number as it was typed: `007` stays that where it is compared with text."""

    __slots__ = ()

    def exact(self) -> int | Decimal:
        """The number itself."""
        return Decimal(self) if "." in self else int(self)


class Placeholder(str):
    """`:name` in a condition on who may see what; a value takes its place when a project is opened for a role."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """The name without its colon."""
        return self[1:]


@dataclass(frozen=True, slots=True)
class Compare:
    """One attribute or measure against values."""

    name: str
    operator: Operator
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    part: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Per:
    """A condition on measures, asked of each combination of members of `attributes` instead of each cell.

    `contacts.mailings > 0 per customer.customer_id`: the rows of those customers who were mailed.
    """

    part: "Condition"
    attributes: tuple[str, ...]


Condition = Compare | Not | And | Or | Per


def comparisons(condition: Condition) -> Iterator[Compare]:
    """Every comparison with a member or with a cell of the answer, from left to right; none from within a `Per`."""
    match condition:
        case Compare():
            yield condition
        case Per():
            return
        case Not(part):
            yield from comparisons(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from comparisons(part)


def pers(condition: Condition) -> Iterator[Per]:
    """Every `Per` in a condition, from left to right."""
    match condition:
        case Per():
            yield condition
        case Not(part):
            yield from pers(part)
        case And(parts) | Or(parts):
            for part in parts:
                yield from pers(part)


def only_of(condition: Condition, role: str) -> bool:
    """Whether a condition speaks of the attributes of one dimension and of nothing else."""
    return not any(pers(condition)) and all(c.name.partition(".")[0] == role for c in comparisons(condition))


def conjuncts(condition: Condition) -> Iterator[Condition]:
    """The conditions that must all hold: the parts of an outermost `and`."""
    if isinstance(condition, And):
        for part in condition.parts:
            yield from conjuncts(part)
    else:
        yield condition


def parse_filter(text: str, places: bool = False) -> Condition:
    """Read one filter; with `places` a value may be `:name`, to be put in later.

    Raises
    ------
    QueryError : it does not parse; says at which character, counted from 1, and what was expected there.
    """
    parser = _Parser(text, places)
    condition = parser.either(0)
    if parser.kind:
        parser.wrong("'and', 'or' or the end")
    return condition


class _Parser:
    """Recursive descent over the tokens of one filter; `kind` and `token` are the next one's."""

    def __init__(self, text: str, places: bool) -> None:
        self.text = text
        self.places = places
        self.end = 0
        self.next()

    def next(self) -> str:
        """Step to the next token and return the one stepped over."""
        passed = getattr(self, "token", "")
        rest = self.text[self.end :]
        self.start = self.end + len(rest) - len(rest.lstrip())
        if not rest.strip():
            self.kind, self.token = "", ""
            return passed
        found = _TOKEN.match(self.text, self.end)
        if not found:
            unclosed = self.text[self.start] == "'"
            self.token = self.text[self.start :].split()[0]
            closing = "a closing quote (a quote within a text is written twice)"
            self.wrong(closing if unclosed else "a name or a value (dates go in single quotes)")
        self.kind, self.token = str(found.lastgroup), found[found.lastgroup or 0]
        self.end = found.end()
        if self.kind == "name" and self.token.lower() in _WORDS:
            self.kind, self.token = "word", self.token.lower()
        return passed

    def wrong(self, expected: str) -> NoReturn:
        found = f"{self.token!r} stands" if self.token else "it ends"
        raise QueryError(f"filter {self.text!r}: at character {self.start + 1} {found} where {expected} is expected")

    def take(self, *tokens: str) -> bool:
        """Step over the next token if it is one of these words or marks."""
        if self.kind in ("word", "mark") and self.token in tokens:
            self.next()
            return True
        return False

    def need(self, token: str) -> None:
        if not self.take(token):
            self.wrong(repr(token))

    def either(self, depth: int) -> Condition:
        if depth > _DEEPEST:
            raise QueryError(f"filter {self.text[:60]!r}...: more than {_DEEPEST} levels of parentheses")
        parts = [self.both(depth)]
        while self.take("or"):
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self, depth: int) -> Condition:
        parts = [self.negated(depth)]
        while self.take("and"):
            parts.append(self.negated(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def negated(self, depth: int) -> Condition:
        odd = False
        while self.take("not"):
            odd = not odd
        if self.take("("):
            inner = self.either(depth + 1)
            self.need(")")
        else:
            inner = self.comparison()
        if self.take("per"):
            inner = Per(inner, self.names())
        return Not(inner) if odd else inner

    def names(self) -> tuple[str, ...]:
        """One attribute, or several in parentheses."""
        several = self.take("(")
        found = [self.name()]
        while several and self.take(","):
            found.append(self.name())
        if several:
            self.need(")")
        return tuple(found)

    def name(self) -> str:
        if self.kind != "name":
            self.wrong("a name such as product.department")
        return self.next()

    def measured(self, name: str) -> str:
        """A name with the calculation that stands behind it: `revenue growth 1 year`."""
        end = calc_ends(self.text, self.start) if self.kind in ("name", "number") else self.start
        if end == self.start:
            return name
        name = " ".join(f"{name} {self.text[self.start : end]}".split())
        self.end = end
        self.next()
        return name

    def comparison(self) -> Condition:
        name = self.measured(self.name())
        if self.take("is"):
            opposite = self.take("not")
            self.need("unknown")
            found: Condition = Compare(name, "unknown")
            return Not(found) if opposite else found
        opposite = self.take("not")
        if self.take("in"):
            self.need("(")
            values = [self.value()]
            while self.take(","):
                values.append(self.value())
            self.need(")")
            found = Compare(name, "in", tuple(values))
        elif self.take("between"):
            low = self.value()
            self.need("and")
            found = Compare(name, "between", (low, self.value()))
        elif self.take("like"):
            found = Compare(name, "like", (self.value(),))
        elif opposite:
            self.wrong("'in', 'between' or 'like'")
        else:
            return Compare(name, self.operator(), (self.value(),))
        return Not(found) if opposite else found

    def operator(self) -> Operator:
        known: dict[str, Operator] = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
        if self.kind != "mark" or self.token not in known:
            self.wrong("=, !=, <, <=, >, >=, in, between, like or is")
        return known[self.next()]

    def value(self) -> Value:
        if self.kind == "text":
            return self.next()[1:-1].replace("''", "'")
        if self.kind == "number":
            return Number(self.next())
        if self.kind == "place" and self.places:
            return Placeholder(self.next())
        if self.kind == "word" and self.token in ("true", "false"):
            return self.next() == "true"
        if self.kind == "name":
            self.wrong(f"a value (text goes in single quotes: '{self.token}')")
        self.wrong("a value such as 'GROCERY' or 2017")
