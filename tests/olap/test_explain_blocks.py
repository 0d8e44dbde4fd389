"""Which attributes are grouped together: the answer does not hang on it, its speed does."""

import pytest

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.olap.explain import explain as door
from crm_analytics.olap.explain.blocks import Counts, blocks_of, may_pair
from crm_analytics.olap.explain.question import Change
from crm_analytics.olap.model import Model
from crm_analytics.olap.plan import Axis

REFS = ("customer.region", "customer.age", "product.department", "product.category", "product.article")


def blocks(model: Model, counts: dict[str, int], **together: int) -> tuple[list[list[str]], tuple[str, ...]]:
    axes = [Axis(ref, *model.cube("sales").attribute(ref)) for ref in counts]
    found, notes = blocks_of(axes, Counts(counts, together))
    return [[axis.ref.partition(".")[2] for axis in block.axes] for block in found], notes


def test_attributes_of_one_dimension_share_a_block_while_their_combinations_are_few(model: Model) -> None:
    few = {"customer.region": 30, "customer.age": 30, "product.department": 20}
    assert blocks(model, few, customer=900, product=20) == ([["region", "age"], ["department"]], ())
    # 40 regions times 30 ages may be 1,200 combinations, if as many occur.
    many = {**few, "customer.region": 40}
    assert blocks(model, many, customer=5000, product=20)[0] == [["region"], ["age"], ["department"]]
    assert blocks(model, many, customer=1000, product=20)[0] == [["region", "age"], ["department"]]


def test_a_level_of_a_hierarchy_adds_no_combinations_to_a_finer_one(model: Model) -> None:
    levels = {"product.department": 30, "product.category": 300, "product.article": 900}
    assert blocks(model, levels, product=9000)[0] == [["department", "category", "article"]]


def test_many_members_are_left_out_of_pairs_and_very_many_altogether(model: Model) -> None:
    counts = {"product.department": 30, "product.category": 1001, "product.article": 100_001}
    assert blocks(model, counts, product=200_000) == (
        [["department"], ["category"]],
        (
            "product.article: more than 100,000 members",
            "product.category: more than 1,000 members, left out of pairs",
        ),
    )
    axes = [Axis(ref, *model.cube("sales").attribute(ref)) for ref in counts]
    assert may_pair(axes[0], axes[1], Counts(counts, {}))
    assert not may_pair(axes[0], axes[1], Counts({**counts, "product.department": 100}, {}))


@pytest.mark.parametrize("most", [1, 3, 5])
def test_the_answer_is_the_same_however_attributes_are_grouped(
    engine: DuckEngine, model: Model, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = Change("sales", "revenue", "2017-01", "2017-02", REFS)
    whole = door.explain(engine, model, change)
    monkeypatch.setattr("crm_analytics.olap.explain.blocks.MOST_PAIRED", most)
    parts = door.explain(engine, model, change)
    assert parts.drivers.equals(whole.drivers, null_equal=True)
    assert parts.attributes.equals(whole.attributes, null_equal=True)
    # Fewer attributes are paired then; what is told of a pair stays the same.
    assert set(parts.pairs.rows()) <= set(whole.pairs.rows())
