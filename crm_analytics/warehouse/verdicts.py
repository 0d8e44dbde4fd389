"""Is the data as its owner expects?  Each expectation of `data/quality.yml`, judged on the star.

One pass over each table judges all that is expected of it; only for what fails
is it looked at again, for three examples.  Examples are keys of rows, and a key
that looks like an e-mail address or a phone number is not shown.

May import: errors, sql, engines, warehouse.*.   Imported by: pipeline.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from crm_analytics.engines import Engine
from crm_analytics.errors import ConfigError, CrmError, WarehouseError
from crm_analytics.sql import Query, Value
from crm_analytics.warehouse import expectation_sql as sql
from crm_analytics.warehouse.check import Check
from crm_analytics.warehouse.expectations import Expectation
from crm_analytics.warehouse.private import shown
from crm_analytics.warehouse.tables import ENTITIES, Entity
from crm_analytics.warehouse.volumes import Volume, volumes


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one expectation.  `ok` is None where there was nothing to judge.

    rows    : rows that were looked at; 0 for freshness and volumes, which are not about single rows
    failing : those of them that are not as expected
    found   : what was found, in words
    """

    expectation: Expectation
    words: str
    ok: bool | None
    found: str
    rows: int = 0
    failing: int = 0
    examples: tuple[str, ...] = ()

    def check(self) -> Check:
        """The verdict as a line of `crm check`."""
        says = f"{self.words} ({self.expectation.place}): {self.found}"
        if self.examples:
            says += f"; not {', '.join(self.examples)}"
        warned = self.ok is False and self.expectation.severity == "warn"
        table = ENTITIES[self.expectation.entity].table
        return Check("quality", table, None if warned else self.ok, says, self.failing, warned)


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdicts on one entity, and the statement they came from."""

    verdicts: tuple[Verdict, ...]
    query: Query


def judge(engine: Engine, expectations: Sequence[Expectation], today: date) -> Iterator[Judged]:
    """Judge all expectations, one entity after the other.

    Raises
    ------
    ConfigError : an expectation names a column that the star lacks, or is no SQL; all such at once, each with its line.
    WarehouseError : the warehouse is not loaded.
    """
    if expectations and "loads" not in engine.tables():
        raise WarehouseError("the warehouse is not loaded yet; run: crm load")
    prepared = _prepare(engine, expectations, today)
    for entity, terms in prepared:
        yield _judge_rows(engine, entity, terms, today)
    for expectation in expectations:
        if expectation.test == "rows_within":
            found = volumes(engine, expectation.entity, expectation.of_last)
            yield Judged(tuple(_of_volume(expectation, v, today) for v in found.each), found.query)


def _prepare(
    engine: Engine, expectations: Sequence[Expectation], today: date
) -> list[tuple[Entity, tuple[sql.Term, ...]]]:
    """What is expected of rows, by entity, as SQL that is known to fit the star."""
    prepared, wrong = [], []
    for name in dict.fromkeys(e.entity for e in expectations):
        entity, terms = ENTITIES[name], []
        asked = [e for e in expectations if e.entity == name and e.test != "rows_within"]
        # With every id: a column may be named that is only fetched where somebody names it.
        kinds = engine.columns(f"({sql.relation(entity, [c.name for c in entity.columns])})")
        for number, expectation in enumerate(asked):
            try:
                term = sql.term(entity, expectation, number, kinds, today)
                _bind(engine, entity, term)
                terms.append(term)
            except ConfigError as error:
                wrong.append(str(error))
        if terms:
            prepared.append((entity, tuple(terms)))
    if wrong:
        raise ConfigError("\n".join(wrong))
    return prepared


def _bind(engine: Engine, entity: Entity, term: sql.Term) -> None:
    """Have the engine understand the expression, without running it."""
    e = term.expectation
    if not (e.test in ("sql", "matches") or e.where):
        return
    rows = sql.relation(entity, sql.texts_used([e]))
    # Once more under WHERE, which takes no aggregate: a sum is nothing that a row can be held to.
    whole = f"(SELECT {term.sql} AS e FROM ({rows}) WHERE {term.sql} IS NOT NULL)"
    try:
        kind = engine.columns(Query(whole, term.params).readable())["e"]
    except CrmError as error:
        raise ConfigError(f"{e.place}: {error}") from None
    if e.test == "sql" and kind != "BOOLEAN":
        raise ConfigError(f"{e.place}: sql should say of a row whether it is right, but it gives {kind}")


def _judge_rows(engine: Engine, entity: Entity, terms: Sequence[sql.Term], today: date) -> Judged:
    query = sql.statement(entity, terms)
    try:
        (row,) = engine.rows(query.text, query.params)
    except CrmError:
        _blame(engine, entity, terms)
        raise
    pairs = zip(terms, row[::2], row[1::2], strict=True)
    return Judged(tuple(_verdict(engine, entity, t, int(str(n)), found, today) for t, n, found in pairs), query)


def _blame(engine: Engine, entity: Entity, terms: Sequence[sql.Term]) -> None:
    """Find the expectation that stopped the pass over all of them: a cast of its SQL that some value does not bear."""
    for term in terms:
        query = sql.statement(entity, [term])
        try:
            engine.rows(query.text, query.params)
        except CrmError as error:
            # The engine quotes the value, which may be private.
            said = re.sub(r"'[^']*'", "'…'", str(error))
            raise type(error)(f"{term.expectation.place}: {said}") from None


def _verdict(engine: Engine, entity: Entity, term: sql.Term, rows: int, found: Value, today: date) -> Verdict:
    e = term.expectation
    if e.test == "fresh_within_days":
        return _of_freshness(e, found, today)
    failing = int(str(found))
    if not rows:
        return Verdict(expectation=e, words=e.words(today), ok=None, found="there are no rows to look at")
    ok = (rows - failing) / rows >= e.share
    says = f"{rows - failing:,} of {rows:,} rows" if failing else f"all {rows:,} rows"
    says += f", {e.share * 100:g} % wanted" if e.share < 1 else ""
    rare = () if ok else _examples(engine, entity, term)
    return Verdict(expectation=e, words=e.words(today), ok=ok, found=says, rows=rows, failing=failing, examples=rare)


def _examples(engine: Engine, entity: Entity, term: sql.Term) -> tuple[str, ...]:
    """'order_id/line_id o17/1', and further rows without the names."""
    names, query = sql.examples(entity, term)
    found = engine.rows(query.text, query.params)
    rows = ["/".join(shown(name, value) for name, value in zip(names, row, strict=True)) for row in found]
    return tuple([f"{'/'.join(names)} {row}" for row in rows[:1]] + rows[1:])


def _of_freshness(e: Expectation, last: Value, today: date) -> Verdict:
    if not isinstance(last, date):
        return Verdict(expectation=e, words=e.words(today), ok=None, found="there are no rows to look at")
    days = (today - last) // timedelta(days=1)
    found = f"it is {last}, {days:,} {'day' if days == 1 else 'days'} before"
    return Verdict(expectation=e, words=e.words(today), ok=days <= int(str(e.given[0])), found=found)


def _of_volume(e: Expectation, volume: Volume, today: date) -> Verdict:
    words = f"{e.words(today)}, from {volume.source}"
    if volume.median is None:
        return Verdict(expectation=e, words=words, ok=None, found="there is no earlier load to compare with")
    low, high = (None if bound is None else float(str(bound)) for bound in e.given)
    ok = (low is None or volume.rows >= low * volume.median) and (high is None or volume.rows <= high * volume.median)
    found = f"{volume.rows:,.0f} rows in load {volume.load_id}, where the median is {volume.median:,.0f}"
    return Verdict(expectation=e, words=words, ok=ok, found=found)
