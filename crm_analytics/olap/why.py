"""Why an answer says what it says: statement, filters, rollup, age of the data, rows read, rows of unknown members.

Asked for by name, for it costs more than the answer: the statement runs once
more to be measured, and the rows under the filters are counted.

May import: engines, sql, olap.bind, olap.compile, olap.conditions, olap.labels, olap.model, olap.plan,
olap.query, olap.routing, olap.rows, olap.text, olap.top, olap.words.   Imported by: notebook.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

from crm_analytics.engines import Engine
from crm_analytics.engines.scans import Scan
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.compile import compile_query
from crm_analytics.olap.conditions import Params
from crm_analytics.olap.labels import headline
from crm_analytics.olap.model import Cube, Model
from crm_analytics.olap.plan import Axis, Fact, Plan, axis_of
from crm_analytics.olap.query import CubeQuery
from crm_analytics.olap.routing import source
from crm_analytics.olap.rows import Rows
from crm_analytics.olap.text import select
from crm_analytics.olap.top import chosen_members
from crm_analytics.olap.words import in_words
from crm_analytics.sql import ident


@dataclass(frozen=True, slots=True)
class FactRows:
    """The rows of one fact under the filters, how many of them are in the unknown member of each attribute shown.

    Attributes of which a row may have several members are left out, and the filters are those of the periods
    shown, also where a measure is taken of as long ago.
    `last_days` are the latest member of each calendar that the fact reaches, over all its rows.
    """

    cube: str
    rows: int
    unknown: Mapping[str, int]
    last_days: Mapping[str, date]


@dataclass(frozen=True, slots=True)
class Why:
    """Everything behind an answer.  Prints, and shows in Jupyter.

    `loaded` is when each source was last loaded; empty where the warehouse keeps no
    load log.  `scans` is empty where a role asks, which may not learn how many rows others have.
    """

    question: str
    row_filters: tuple[str, ...]
    cell_filters: tuple[str, ...]
    source: str
    loaded: Mapping[str, datetime]
    facts: tuple[FactRows, ...]
    scans: tuple[Scan, ...]
    sql: str

    def lines(self) -> Iterator[tuple[str, str]]:
        """Each thing that is told, as its heading and a text."""
        yield "Question", self.question
        for text in self.row_filters:
            yield "Filter on rows", text
        for text in self.cell_filters:
            yield "Filter on cells", text
        if not (self.row_filters or self.cell_filters):
            yield "Filters", "none"
        yield "Source", self.source
        for name, at in self.loaded.items():
            yield "Loaded", f"{name}, {at:%Y-%m-%d %H:%M}"
        for fact in self.facts:
            for ref, day in fact.last_days.items():
                yield "Last day", f"{fact.cube}, {ref}: {day}"
        for scan in self.scans:
            yield "Rows read", f"{scan.table}: {scan.rows:,}, of which {scan.passed:,} go on"
        for fact in self.facts:
            yield "Rows behind", f"{fact.cube}: {fact.rows:,}"
            for ref, rows in fact.unknown.items():
                yield "Unknown", f"{fact.cube}, {ref}: {rows:,} of {fact.rows:,} rows"

    def __str__(self) -> str:
        told = list(self.lines())
        wide = max(len(heading) for heading, _ in told)
        return "\n".join([*(f"{heading.ljust(wide)}  {text}" for heading, text in told), "", self.sql.rstrip()])

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th>{escape(h)}</th><td>{escape(text)}</td></tr>" for h, text in self.lines())
        return f'<table class="crm-why"><tbody>{rows}</tbody></table>\n<pre>{escape(self.sql)}</pre>'


def why(engine: Engine, model: Model, query: CubeQuery) -> Why:
    """Everything behind the answer to a question.

    Raises
    ------
    CrmError : the question cannot be answered; see `olap.browse`.
    """
    model = model if model.bound else bind_model(model, engine)
    compiled = compile_query(model, query)
    plan = compiled.plan
    guards = {part: None for fact in plan.facts for part in fact.cube.guard}
    return Why(
        headline(plan).removeprefix("-- "),
        tuple(in_words(part) for part in (*guards, *plan.before)),
        tuple(in_words(part) for part in plan.after),
        source(plan),
        _loaded(engine, plan),
        tuple(_counted(engine, model, plan, fact) for fact in {fact.cube.name: fact for fact in plan.facts}.values()),
        () if guards else engine.scans(compiled.query),
        compiled.query.readable(),
    )


def _loaded(engine: Engine, plan: Plan) -> dict[str, datetime]:
    """When each source was last loaded whose rows the facts hold, where they say so."""
    if "loads" not in engine.tables():
        return {}
    found: dict[str, datetime] = {}
    for fact in plan.facts:
        table = ident(fact.cube.table)
        held = f"WHERE source IN (SELECT source FROM {table})" if "source" in engine.columns(table) else ""
        for name, at in engine.rows(f"SELECT source, max(loaded_at) FROM loads {held} GROUP BY 1 ORDER BY 1"):
            if isinstance(at, datetime):
                found[str(name)] = at
    return found


def _counted(engine: Engine, model: Model, plan: Plan, fact: Fact) -> FactRows:
    """Count the rows of a fact itself, whatever answered."""
    params = Params()
    ctes, steps = chosen_members(model, plan, params)
    axes = tuple(axis for axis in plan.axes if not axis.overlaps)
    rows = Rows(Fact(fact.cube, fact.asks), (*axes, *plan.filtered))
    items = [f"count(*) FILTER (WHERE {rows.member(axis)} IS NULL) AS {axis.column}" for axis in axes]
    lines = [f"WITH {', '.join(ctes)}"] if ctes else []
    lines += [select([f"count(*) AS {ident('rows')}", *items]), *rows.lines(plan.before, params, steps)]
    ((every, *unknown),) = engine.rows("\n".join(lines), params.values)
    counts = {axis.ref: int(str(n)) for axis, n in zip(axes, unknown, strict=True)}
    return FactRows(fact.cube.name, int(str(every)), counts, dict(_last_days(engine, fact.cube)))


def _last_days(engine: Engine, cube: Cube) -> Iterator[tuple[str, date]]:
    for axis in _days(cube):
        rows = Rows(Fact(cube, ()), (axis,))
        params = Params()
        text = "\n".join([select([f"max({rows.member(axis)}) AS {ident('day')}"]), *rows.lines((), params)])
        ((day,),) = engine.rows(text, params.values)
        if isinstance(day, date):
            yield axis.ref, day


def _days(cube: Cube) -> Iterator[Axis]:
    """The day of each calendar that the fact reaches."""
    for role in cube.roles.values():
        day = role.dimension.day
        if day and not (role.problem or role.dimension.problem or day.problem):
            yield axis_of(cube, f"{role.name}.{day.name}")
