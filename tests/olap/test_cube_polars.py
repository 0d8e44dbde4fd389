"""Random stars, random cubes over them and random questions: every cell as a second evaluator, in Polars, has it."""

from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.browse import browse
from crm_analytics.olap.dimension import Attribute, Dimension, Role
from crm_analytics.olap.filters import And, Compare, Condition, Not, Or, Per
from crm_analytics.olap.load import load_model
from crm_analytics.olap.measure import Measure
from crm_analytics.olap.model import Cube, Model
from crm_analytics.olap.query import CubeQuery
from crm_analytics.sql import ident
from olap.polars_evaluator import ALL, FORMULAS, MEASURES, OTHERS, Cells, Star, evaluate, unknown

MEASURED = """version: 1
cube: f
fact: {table: f, key: line}
measures:
  added: {agg: sum, sql: amount}
  rows: {agg: count}
  big: {agg: count, where: amount > 2}
  kinds: {agg: count_distinct, sql: who}
  mean: {agg: avg, sql: amount}
  middle: {agg: median, sql: amount}
  low: {agg: min, sql: amount}
  high: {agg: max, sql: amount}
  ratio: {formula: added / kinds}
"""
AMOUNTS = {"integers": pl.Int32, "doubles": pl.Float64, "decimals": pl.Decimal(18, 2)}
TEXTS, NUMBERS = ["x", "y", "Others"], [1, 2, 10]

draws = st.composite


class World(NamedTuple):
    """A star and a question to it."""

    star: Star
    query: CubeQuery


def dimension(chance: Random, name: str) -> pl.DataFrame:
    """A few members with attributes of text or number, some unknown, some called as the unknown one or as Others."""
    size = chance.randint(1, 5)
    columns: dict[str, pl.Series] = {"key": pl.Series(range(size + 1), dtype=pl.Int32)}
    for i in range(chance.randint(1, 3)):
        text = chance.random() < 0.6
        pool = [None, *TEXTS, unknown(name)] if text else [None, *NUMBERS]
        members = chance.choices(pool, k=size)
        columns[f"a{i + 1}"] = pl.Series([None, *members], dtype=pl.String if text else pl.Int32)
    return pl.DataFrame(columns)


def fact(chance: Random, sizes: Mapping[str, int], tagged: bool) -> pl.DataFrame:
    """A few rows that lead to members, or to key 0 where nobody is known; amounts are halves.

    Their sums and the middle of two are exact in every type; DuckDB cuts a median of decimals to their digits.
    """
    amounts = chance.choice(sorted(AMOUNTS))
    count = chance.choice([0, 3, 8, 12, 16])
    columns: dict[str, pl.Series] = {"line": pl.Series(range(count), dtype=pl.Int32)}
    for name, size in sizes.items():
        columns[name] = pl.Series(chance.choices(range(size), k=count), dtype=pl.Int32)
    scale = 1 if amounts == "integers" else 2
    values = chance.choices([None, *(i / scale for i in range(-8, 25))], k=count)
    columns["amount"] = pl.Series(values, dtype=pl.Float64).cast(AMOUNTS[amounts])
    columns["who"] = pl.Series(chance.choices([None, 1, 2, 3], k=count), dtype=pl.Int32)
    if tagged:
        columns["tag"] = pl.Series(chance.choices([None, "x", "y", "Unknown own"], k=count), dtype=pl.String)
    return pl.DataFrame(columns)


@draws
def worlds(draw: st.DrawFn) -> World:
    # Rows and the shape of the question by chance, filters drawn: Hypothesis would draw most rows alike.
    chance = draw(st.randoms(use_true_random=True))
    tables = {f"d{i + 1}": dimension(chance, f"d{i + 1}") for i in range(chance.randint(1, 3))}
    sizes = {name: table.height for name, table in tables.items()}
    made = {"f1": fact(chance, sizes, tagged=True)}
    kinds = {f"{name}.{a}": t for name in tables for a, t in tables[name].schema.items() if a != "key"}
    measures = [*MEASURES, *FORMULAS]
    if chance.random() < 0.5:
        shared = chance.sample(list(tables), chance.randint(1, len(tables)))
        made["f2"] = fact(chance, {name: sizes[name] for name in shared}, tagged=False)
        kinds = {ref: t for ref, t in kinds.items() if ref.split(".")[0] in shared}
        measures += [f"f2.{name}" for name in measures]
    else:
        kinds["own.tag"] = pl.String()
    query = question(chance, sorted(kinds), measures)
    if chance.random() < 0.3:
        query = query.where(*draw(st.lists(conditions(kinds), min_size=1, max_size=2)))
    return World(Star(tables, made), query)


def question(chance: Random, attributes: list[str], measures: list[str]) -> CubeQuery:
    """A question without filters on attributes."""
    asked = chance.sample(measures, chance.randint(1, 4))
    axes = chance.sample(attributes, min(chance.choice([0, 1, 2, 2, 3]), len(attributes)))
    shown, across = list(axes), axes.pop() if axes and chance.random() < 0.4 else None
    query = CubeQuery("f1").measures(*asked).by(*axes)
    query = query.pivot(across) if across else query
    query = query.with_totals() if chance.random() < 0.5 else query

    def limit() -> Compare:
        # Of a fact that the question counts anyway.
        return Compare(chance.choice(asked), chance.choice([">", "<="]), (chance.randint(-2, 5),))

    if chance.random() < 0.2:
        query = query.where(limit())
    if chance.random() < 0.2:
        query = query.where(Per(limit(), tuple(chance.sample(attributes, min(chance.randint(1, 2), len(attributes))))))
    if shown and chance.random() < 0.5:
        of = chance.choice(shown)
        within = bool(axes) and of != axes[0] and chance.random() < 0.6
        query = query.top(chance.randint(1, 2), chance.choice(measures), chance.random() < 0.7, of, within)
    return query


@draws
def conditions(draw: st.DrawFn, kinds: dict[str, pl.DataType]) -> Condition:
    def leaf(ref: str) -> st.SearchStrategy[Condition]:
        pool: list[str | int] = [*TEXTS] if kinds[ref] == pl.String() else [*NUMBERS]
        values = st.sampled_from([*pool, unknown(ref)])
        return st.one_of(
            st.just(Compare(ref, "unknown")),
            st.builds(lambda op, v: Compare(ref, op, (v,)), st.sampled_from(["=", "!="]), values),
            st.builds(lambda vs: Compare(ref, "in", tuple(vs)), st.lists(values, min_size=1, max_size=3)),
            st.builds(lambda op, v: Compare(ref, op, (v,)), st.sampled_from(["<", ">="]), st.sampled_from(pool)),
            st.just(Compare(ref, "=", (None,))),
        )

    leaves = st.sampled_from(sorted(kinds)).flatmap(leaf)

    def inside(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        parts = st.lists(inner, min_size=1, max_size=2).map(tuple)
        return st.one_of(inner.map(Not), parts.map(And), parts.map(Or))

    return draw(st.recursive(leaves, inside, max_leaves=4))


Ground = tuple[DuckEngine, Mapping[str, Measure]]


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("measures")
    (folder / "f.yml").write_text(MEASURED)
    engine = DuckEngine.open(None, threads=1)
    yield engine, load_model(folder).cube("f").measures
    engine.close()


def model_of(star: Star, measures: Mapping[str, Measure]) -> Model:
    """The cubes over a star; built and not read, which would take longer than the question."""
    made = {}
    for name, table in star.dimensions.items():
        attributes = {a: Attribute(a, a, ident(a), unknown=unknown(name)) for a in table.columns if a != "key"}
        made[name] = Role(name, name, Dimension(name, name, name, "key", attributes, {}, place=name), name)
    tag = {"tag": Attribute("tag", "tag", "tag", unknown=unknown("own"))}
    own = Role("own", "own", Dimension("own", "own", "", "", tag, {}, place="own"), "")
    cubes = {}
    for name, rows in star.facts.items():
        roles = {role: made[role] for role in made if role in rows.columns}
        roles |= {"own": own} if "tag" in rows.columns else {}
        cubes[name] = Cube(name, name, "", name, ("line",), roles, measures)
    return Model(cubes)


def asked(ground: Ground, world: World) -> Cells:
    """The answer of the cube by place."""
    engine, measures = ground
    star, query = world
    for name, table in (*star.dimensions.items(), *star.facts.items()):
        engine.write_frame(name, table)
    cells = browse(engine, model_of(star, measures), query)
    refs = [c.name for c in cells.columns if c.kind == "dimension"]
    cut = query.largest and (query.largest.of or refs[0])
    found: Cells = {}
    for row in cells.frame.iter_rows(named=True):
        total = str(row.get("total", ""))
        rolled = refs if total == "all" else total.split(",")
        place: list[object] = []
        for ref in refs:
            member = None if row[ref] == unknown(ref) else row[ref]
            member = OTHERS if ref == cut and row["others"] else member
            place.append(ALL if ref in rolled else member)
        assert tuple(place) not in found
        found[tuple(place)] = {name: None if row[name] is None else float(row[name]) for name in query.asked}
    return found


@given(worlds())
@settings(max_examples=250)
def test_every_cell_is_what_the_second_evaluator_has(ground: Ground, world: World) -> None:
    got, expected = asked(ground, world), evaluate(world.star, world.query)
    assert got.keys() == expected.keys()
    for place, values in expected.items():
        assert got[place] == pytest.approx(values), place
