"""References in the SQL of a Cube data model: `{CUBE}.amount`, `{status}`, `{customers.id}`.

May import: olap.interchange.account, olap.interchange.dataset, olap.interchange.sqltext.
Imported by: cube_yaml, cube_access, cube_measures, cube_rollups.
"""

import re

from crm_analytics.olap.interchange.account import Source
from crm_analytics.olap.interchange.dataset import fit_name
from crm_analytics.olap.interchange.sqltext import Refused, is_column, parts, unwrapped

# {CUBE}.column, {CUBE.member}, {member}, {cube}.column, {cube.member}; JavaScript writes ${...}.
_REFERENCE = re.compile(r"\$?\{\s*([A-Za-z_]\w*)(?:\.([A-Za-z_]\w*))?\s*\}(\s*\.\s*(?:\"[^\"]+\"|\w+))?")
_DEEPEST = 20
MEASURE = "measure__"


class Members:
    """One cube of the foreign model and its members by name; `names` are theirs in a cube file."""

    def __init__(self, raw: str, name: str, source: Source) -> None:
        self.raw, self.name, self.source = raw, name, source
        self.dimensions = self._named("dimensions", "dimension")
        self.measures = self._named("measures", "measure")
        self.names: dict[str, str] = {}
        for listed in (self.dimensions, self.measures):
            for member in listed:
                self.names[member] = fit_name(member, self.names.values())
                if self.names[member] != member:
                    listed[member].tell(f"is called {self.names[member]} here")

    def _named(self, key: str, kind: str) -> dict[str, Source]:
        found: dict[str, Source] = {}
        for source in self.source.many(key, kind):
            name = source.text("name", required=True)
            if name in found:
                source.wrong(f"two {key} are called {name!r}")
            found[name] = source
        return found

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key; () where there is none, or where it is no column."""
        keys = [d for d in self.dimensions.values() if d.flag("primary_key", False)]
        columns = [self._column(d) for d in keys]
        return tuple(columns) if all(columns) else ()

    def _column(self, dimension: Source) -> str:
        try:
            sql = unwrapped(self.expression(dimension.text("sql", required=True)))
        except Refused:
            return ""
        return parts(sql)[0] if is_column(sql) else ""

    def column(self, name: str) -> str:
        """The column that a dimension is; '' where it is none."""
        return self._column(self.dimensions[name]) if name in self.dimensions else ""

    def dimension(self, name: str, depth: int = 0) -> str:
        """The expression that a dimension is.

        Raises
        ------
        Refused : it names another cube, or something that is not there.
        """
        source = self.dimensions[name]
        if "case" not in source:
            return self.expression(source.text("sql", required=True), depth=depth)
        case = source.one("case")
        branches = case.many("when", "branch") if case else []
        if not branches:
            source.wrong("'case' needs 'when', a list of conditions with labels")
        texts = [
            f"WHEN {self.expression(w.text('sql', required=True), depth=depth)} THEN {_label(w)}" for w in branches
        ]
        if case and (otherwise := case.one("else")):
            texts.append(f"ELSE {_label(otherwise)}")
        return f"CASE {' '.join(texts)} END"

    def is_own(self, cube: str) -> bool:
        """Whether a reference names this cube."""
        return cube in ("CUBE", self.raw)

    def expression(self, sql: str, measures: bool = False, depth: int = 0) -> str:
        """SQL over the columns of the cube's table, for SQL with references.

        With `measures` it may name measures of the cube, which keep a mark: a bare name is a column.

        Raises
        ------
        Refused : it names another cube, or something that is not there.
        """
        if depth > _DEEPEST:
            raise Refused("it refers to itself")

        def put(found: re.Match[str]) -> str:
            first, second, column = found[1], found[2], found[3]
            if (second or column) and not self.is_own(first):
                # Cube counts only those rows of the other table that the fact joins to; ours would count them all.
                raise Refused(f"it needs {found[0]!r} of another cube")
            if column and not second:
                return column.strip().removeprefix(".").strip()
            member = second or first
            if measures and member in self.measures:
                return MEASURE + self.names[member]
            if column or member not in self.dimensions:
                raise Refused(f"it needs {found[0]!r}, which is no column of its own table")
            inner = self.dimension(member, depth + 1)
            return inner if is_column(inner) else f"({inner})"

        out = _REFERENCE.sub(put, sql)
        if re.search(r"(?<!\\)\{", re.sub(r"'(?:[^']|'')*'", "''", out)):
            raise Refused(f"{sql[:60]!r} refers to something that a cube file has no word for")
        out = out.replace("\\{", "{").replace("\\}", "}")
        return " ".join(out.split()) if "\n" in out else out.strip()


def _label(source: Source) -> str:
    return "'" + source.text("label", required=True).replace("'", "''") + "'"


def join_columns(join: Source, here: Members, there: Members) -> tuple[str, str] | None:
    """The columns of `{CUBE}.customer_id = {customers.id}`, ours and theirs; None (and told) for anything else."""
    text = join.text("sql", required=True)
    sides = [_side(side, here, there) for side in text.split("=")]
    if len(sides) == 2 and all(sides):
        columns = dict(side for side in sides if side)
        if len(columns) == 2:
            return columns[here.raw], columns[there.raw]
    join.leave(f"only one column that equals one of the other table can be a join, not {text!r}")
    return None


def _side(text: str, here: Members, there: Members) -> tuple[str, str] | None:
    """Whose column one side of a join is, and which."""
    found = _REFERENCE.fullmatch(text.strip())
    if not found:
        return None
    for members in (here, there):
        own = found[1] == members.raw or (members is here and found[1] == "CUBE")
        if own and found[3] and not found[2]:
            return members.raw, parts(found[3].strip().removeprefix(".").strip())[0]
        if own and found[2] and not found[3]:
            column = members.column(found[2]) or ("" if found[2] in members.names else found[2])
            return (members.raw, column) if column else None
        if not found[2] and not found[3] and members is here and (column := here.column(found[1])):
            return here.raw, column
    return None
