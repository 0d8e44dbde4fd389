"""Random stars, random cubes over them and random questions: every cell as a second evaluator, in Polars, has it."""

from collections.abc import Iterator, Mapping
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


def sometimes(of: int, among: int) -> st.SearchStrategy[bool]:
    """True `of` times in `among`."""
    return st.integers(1, among).map(lambda i: i > among - of)


@draws
def dimensions(draw: st.DrawFn, name: str) -> pl.DataFrame:
    """A few members with attributes of text or number, some unknown, some called as the unknown one or as Others."""
    size = draw(st.integers(2, 4))
    columns: dict[str, pl.Series] = {"key": pl.Series(range(size + 1), dtype=pl.Int32)}
    for i in range(draw(st.integers(1, 3))):
        text = draw(st.booleans())
        pool = [None, *TEXTS, unknown(name)] if text else [None, *NUMBERS]
        members = draw(st.lists(st.sampled_from(pool), min_size=size, max_size=size))
        columns[f"a{i + 1}"] = pl.Series([None, *members], dtype=pl.String if text else pl.Int32)
    return pl.DataFrame(columns)


@draws
def facts(draw: st.DrawFn, names: list[str], sizes: dict[str, int], tagged: bool) -> pl.DataFrame:
    """A few rows that lead to members, or to key 0 where nobody is known; amounts are quarters, exact in every type."""
    amounts = draw(st.sampled_from(sorted(AMOUNTS)))
    count = draw(st.integers(0, 2) | st.integers(4, 10))
    columns: dict[str, pl.Series] = {"line": pl.Series(range(count), dtype=pl.Int32)}
    for name in names:
        keys = draw(st.lists(st.integers(0, sizes[name] - 1), min_size=count, max_size=count))
        columns[name] = pl.Series(keys, dtype=pl.Int32)
    some = st.one_of(st.none(), st.integers(-8, 24))
    values = draw(st.lists(some, min_size=count, max_size=count))
    scale = 1 if amounts == "integers" else 4
    columns["amount"] = pl.Series([None if v is None else v / scale for v in values], dtype=pl.Float64)
    columns["amount"] = columns["amount"].cast(AMOUNTS[amounts])
    who = draw(st.lists(st.sampled_from([None, 1, 2, 3]), min_size=count, max_size=count))
    columns["who"] = pl.Series(who, dtype=pl.Int32)
    if tagged:
        tags = draw(st.lists(st.sampled_from([None, "x", "Unknown own"]), min_size=count, max_size=count))
        columns["tag"] = pl.Series(tags, dtype=pl.String)
    return pl.DataFrame(columns)


@draws
def worlds(draw: st.DrawFn) -> World:
    names = [f"d{i + 1}" for i in range(draw(st.integers(1, 3)))]
    tables = {name: draw(dimensions(name)) for name in names}
    sizes = {name: table.height for name, table in tables.items()}
    made = {"f1": draw(facts(names, sizes, tagged=True))}
    if draw(sometimes(3, 4)):
        shared = draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
        made["f2"] = draw(facts(shared, sizes, tagged=False))
    star = Star(tables, made)
    both = "f2" in made and draw(sometimes(3, 4))
    kinds = {f"{name}.{a}": t for name in names for a, t in tables[name].schema.items() if a != "key"}
    if both:
        kinds = {ref: t for ref, t in kinds.items() if ref.split(".")[0] in made["f2"].columns}
    else:
        kinds["own.tag"] = pl.String()
    return World(star, draw(questions(kinds, both)))


@draws
def questions(draw: st.DrawFn, kinds: dict[str, pl.DataType], both: bool) -> CubeQuery:
    own = [*MEASURES, *FORMULAS]
    measures = st.sampled_from([*own, *(f"f2.{name}" for name in own)] if both else own)
    asked = draw(st.lists(measures, min_size=2, max_size=5, unique=True))
    axes = draw(st.lists(st.sampled_from(sorted(kinds)), max_size=3, unique=True))
    across = axes.pop() if axes and draw(st.booleans()) else None
    query = CubeQuery("f1").measures(*asked).by(*axes)
    query = query.pivot(across) if across else query
    query = query.with_totals() if draw(st.booleans()) else query
    shown = [*axes, *([across] if across else [])]
    if draw(st.booleans()):
        query = query.where(*draw(st.lists(conditions(kinds), min_size=1, max_size=2)))
    limits = st.builds(
        lambda name, operator, limit: Compare(name, operator, (limit,)),
        st.sampled_from(asked),  # of a fact that the question counts anyway
        st.sampled_from([">", "<="]),
        st.integers(-2, 5),
    )
    if draw(sometimes(1, 4)):
        query = query.where(draw(limits))
    if draw(sometimes(1, 4)):
        whom = draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=2, unique=True))
        query = query.where(Per(draw(limits), tuple(whom)))
    if shown and draw(st.booleans()):
        of = draw(st.sampled_from(shown))
        within = draw(st.booleans()) and bool(axes) and of != axes[0]
        query = query.top(draw(st.integers(1, 2)), draw(measures), draw(st.booleans()), of, within)
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
@settings(max_examples=150)
def test_every_cell_is_what_the_second_evaluator_has(ground: Ground, world: World) -> None:
    got, expected = asked(ground, world), evaluate(world.star, world.query)
    assert got.keys() == expected.keys()
    for place, values in expected.items():
        assert got[place] == pytest.approx(values), place
