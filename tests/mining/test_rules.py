import math
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_analytics.arrays import Purchases
from crm_analytics.errors import DataError
from crm_analytics.mining.rules import COLUMNS, lift_later, mine_rules

MEASURES = [name for name in COLUMNS if name not in ("antecedents", "consequents", "orders")]


def baskets(orders: list[set[str]]) -> Purchases:
    items = sorted({item for order in orders for item in order})
    lines = [(number, items.index(item)) for number, order in enumerate(orders) for item in sorted(order)]
    columns = np.array(lines, dtype=np.int64).reshape(-1, 2).T
    return Purchases(
        as_of=date(2024, 1, 1),
        customer_id=np.array(["c"], dtype=object),
        item_name=np.array(items, dtype=object),
        customer=np.zeros(columns.shape[1], dtype=np.int64),
        order=columns[0],
        item=columns[1],
        days_ago=np.ones(columns.shape[1], dtype=np.int64),
        spend=np.ones(columns.shape[1]),
    )


# The five baskets of Tan, Steinbach & Kumar, Introduction to Data Mining, table 5.1.
TEXTBOOK = [
    {"bread", "milk"},
    {"bread", "diapers", "beer", "eggs"},
    {"milk", "diapers", "beer", "cola"},
    {"bread", "milk", "diapers", "beer"},
    {"bread", "milk", "diapers", "cola"},
]


def test_beer_and_diapers_by_hand() -> None:
    # beer in 3 of 5 orders, diapers in 4, both in 3.
    #   beer -> diapers: support .6, confidence 3/3 = 1, lift 1/.8 = 1.25, leverage .6 - .6*.8 = .12, never fails
    #   diapers -> beer: confidence 3/4, lift .75/.6 = 1.25, conviction (1 - .6)/(1 - .75) = 1.6
    rules = mine_rules(baskets(TEXTBOOK), min_support=0.6, min_confidence=0)
    row = {(r["antecedents"], r["consequents"]): r for r in rules.to_dicts()}
    sure = row["beer", "diapers"]
    assert [sure[name] for name in MEASURES] == pytest.approx([0.6, 0.8, 0.6, 1.0, 1.25, 0.12, math.inf])
    assert sure["orders"] == 3
    back = row["diapers", "beer"]
    assert [back[name] for name in MEASURES] == pytest.approx([0.8, 0.6, 0.6, 0.75, 1.25, 0.12, 1.6])


def test_best_lift_first_cut_at_the_most_rules() -> None:
    every = mine_rules(baskets(TEXTBOOK), min_support=0.2, min_confidence=0)
    assert every["lift"].is_sorted(descending=True)
    assert mine_rules(baskets(TEXTBOOK), 0.2, 0, max_rules=5).equals(every.head(5))
    assert mine_rules(baskets(TEXTBOOK), 0.2, 0.75)["confidence"].min() == pytest.approx(0.75)


@settings(max_examples=60)
@given(
    st.lists(st.sets(st.sampled_from("abcdefg"), min_size=1), min_size=1, max_size=25),
    st.sampled_from([0.05, 0.2, 0.5]),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_pairs_are_those_of_mlxtend(orders: list[set[str]], min_support: float, min_confidence: float) -> None:
    oracle = pytest.importorskip("mlxtend.frequent_patterns")
    encoder = pytest.importorskip("mlxtend.preprocessing").TransactionEncoder()
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(encoder.fit_transform(orders), columns=encoder.columns_)
    itemsets = oracle.apriori(frame, min_support=min_support, use_colnames=True, max_len=2)
    theirs = {}
    if len(itemsets):
        with np.errstate(all="ignore"):  # it divides by 0 for its own certainty metric
            table = oracle.association_rules(itemsets, metric="confidence", min_threshold=min_confidence)
        theirs = {(*r["antecedents"], *r["consequents"]): [r[m] for m in MEASURES] for r in table.to_dict("records")}
    ours = mine_rules(baskets(orders), min_support, min_confidence)
    got = {(r["antecedents"], r["consequents"]): [r[m] for m in MEASURES] for r in ours.to_dicts()}
    assert got.keys() == theirs.keys()
    for pair, values in got.items():
        assert values == pytest.approx(theirs[pair])


def test_lift_later_counts_the_same_rules_again() -> None:
    rules = mine_rules(baskets(TEXTBOOK), min_support=0.6, min_confidence=0)
    # Later beer and diapers are sold together once in four orders, each in two: lift (1/4)/(1/2 * 1/2) = 1.
    later = baskets([{"beer", "diapers"}, {"beer"}, {"diapers"}, {"bread"}])
    got = lift_later(rules, later)
    assert got.select(rules.columns).equals(rules)
    pairs = {(r["antecedents"], r["consequents"]): r for r in got.to_dicts()}
    assert pairs["beer", "diapers"]["later lift"] == pytest.approx(1.0)
    assert pairs["beer", "diapers"]["later orders"] == 1
    # diapers and bread both sell later, never together; milk no longer sells at all.
    assert pairs["bread", "diapers"]["later lift"] == 0.0
    assert pairs["bread", "milk"]["later lift"] is None


def test_the_same_purchases_later_give_the_same_lift() -> None:
    rules = mine_rules(baskets(TEXTBOOK), min_support=0.2, min_confidence=0)
    again = lift_later(rules, baskets(TEXTBOOK))
    np.testing.assert_allclose(again["later lift"].to_numpy(), rules["lift"].to_numpy())
    assert again["later orders"].to_list() == rules["orders"].to_list()


def test_nothing_bought_gives_no_rules_with_the_same_columns() -> None:
    empty = mine_rules(baskets([]))
    assert empty.is_empty()
    assert empty.schema == pl.Schema(COLUMNS)
    assert lift_later(empty, baskets(TEXTBOOK)).is_empty()
    assert mine_rules(baskets([{"a"}, {"b"}])).schema == pl.Schema(COLUMNS)


@pytest.mark.parametrize("wrong", [(0.0, 0.5, 9), (1.5, 0.5, 9), (0.1, -1.0, 9), (0.1, 0.5, 0)])
def test_thresholds_outside_their_range_are_refused(wrong: tuple[float, float, int]) -> None:
    with pytest.raises(DataError, match="need 0 < min_support <= 1"):
        mine_rules(baskets(TEXTBOOK), *wrong)
