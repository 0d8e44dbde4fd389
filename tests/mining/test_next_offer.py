from datetime import date

import numpy as np
import pytest

from crm_analytics.arrays import Purchases
from crm_analytics.errors import DataError
from crm_analytics.mining import next_offer
from crm_analytics.mining.cross_sell import likeness, new_item_scores
from crm_analytics.mining.histories import histories, next_order_share, pair_share
from tests.mining.made_up import made_up_log, shop

Order = tuple[str, int, list[str]]  # customer, days ago, items


def bought(orders: list[Order]) -> Purchases:
    customers = sorted({customer for customer, _, _ in orders})
    items = sorted({item for _, _, names in orders for item in names})
    lines = [
        (customers.index(customer), number, items.index(item), ago)
        for number, (customer, ago, names) in enumerate(orders)
        for item in names
    ]
    columns = np.array(lines, dtype=np.int64).reshape(-1, 4).T
    return Purchases(
        as_of=date(2024, 1, 1),
        customer_id=np.array(customers, dtype=object),
        item_name=np.array(items, dtype=object),
        customer=columns[0],
        order=columns[1],
        item=columns[2],
        days_ago=columns[3],
        spend=np.ones(columns.shape[1]),
    )


def test_the_chance_of_the_next_order_by_hand() -> None:
    # ann: MILK and EGGS 120 days ago (worth 1/2 order), MILK 240 days ago (1/4).  bob: EGGS 120 days ago (1/2).
    # Of 3 orders 2 hold MILK, 2 EGGS.  With 8 shared orders:
    #   ann MILK = (0.75 + 8 * 2/3) / (0.75 + 8);  ann EGGS = (0.5 + 8 * 2/3) / (0.75 + 8)
    #   bob MILK = (0 + 8 * 2/3) / (0.5 + 8)
    known = histories(bought([("ann", 120, ["MILK", "EGGS"]), ("ann", 240, ["MILK"]), ("bob", 120, ["EGGS"])]))
    eggs, milk = 0, 1
    share = next_order_share(known, 0, 2)
    assert share[0, milk] == pytest.approx((0.75 + 16 / 3) / 8.75)
    assert share[0, eggs] == pytest.approx((0.5 + 16 / 3) / 8.75)
    assert share[1, milk] == pytest.approx((16 / 3) / 8.5)
    np.testing.assert_allclose(pair_share(known), [share[0, eggs], share[0, milk], share[1, eggs]])
    assert known.gap_days[1] == 120
    assert np.isnan(known.gap_days[0])


def offers_of(orders: list[Order]) -> dict[str, tuple[str, str, str]]:
    known = histories(bought(orders))
    got = next_offer.choose(known, likeness(known, bought(orders)))
    return {
        customer: (str(known.item_name[got.item[c]]), str(got.kind[c]), str(got.reason[c]))
        for c, customer in enumerate(known.customer_id)
    }


def test_what_is_overdue_is_offered_again() -> None:
    # Every 21 days, last seen 35 days ago: 35/21 = 1.7 gaps, between 1.25 and 4.  MILK came 3 days ago, on time.
    orders: list[Order] = [("ann", ago, ["BABY FOOD"]) for ago in (35, 56, 77, 98)]
    orders += [("ann", ago, ["MILK"]) for ago in range(3, 100, 10)]
    assert offers_of(orders)["ann"] == ("BABY FOOD", "buy again", "buys BABY FOOD every 3 weeks, not seen for 5")


def test_what_was_given_up_is_not_offered_again() -> None:
    # Every 5 days, but not for 80: 16 gaps.  Nothing else was ever bought by anybody, so it is named as a favourite.
    orders: list[Order] = [("ann", ago, ["BABY FOOD"]) for ago in (80, 85, 90)]
    assert offers_of(orders)["ann"] == ("BABY FOOD", "buy again", "buys BABY FOOD most often, in 3 orders so far")


def test_something_new_goes_with_what_was_bought_lately() -> None:
    # 30 others put PASTA SAUCE with PASTA, 60 more buy SOAP and BREAD; ann has bought PASTA alone, once.
    orders: list[Order] = [(f"p{i}", 10, ["PASTA", "PASTA SAUCE"]) for i in range(30)]
    orders += [(f"s{i}", 10, ["SOAP", "BREAD"]) for i in range(60)]
    item, kind, reason = offers_of([*orders, ("ann", 5, ["PASTA"])])["ann"]
    # lift drawn to 1 by 20 ordinary orders: 91 orders, sauce in 30 of them (0.33), 31 with PASTA, 30 with both:
    #   (30 + 20 * 30/91) / ((31 + 20) * 30/91) = 36.59 / 16.81 = 2.2
    assert (item, kind) == ("PASTA SAUCE", "something new")
    assert reason == "buyers of PASTA often add PASTA SAUCE (lift 2.2)"


def test_an_item_once_bought_is_never_something_new() -> None:
    inputs = shop(made_up_log(seed=41, customers=150), train=False)
    known = histories(inputs.purchases)
    scores = new_item_scores(known, likeness(known, inputs.purchases), 0, known.customer_id.size)
    assert np.isneginf(scores[known.customer, known.item]).all()
    got = next_offer.score(inputs)
    owned = set(zip(known.customer_id[known.customer], known.item_name[known.item], strict=True))
    offered = zip(got.customer_id, got.labels["next_offer"], got.labels["next_offer_kind"], strict=True)
    for customer, item, kind in offered:
        assert ((customer, item) in owned) == (kind == "buy again")


def test_the_offer_score_is_a_chance() -> None:
    got = next_offer.score(shop(made_up_log(seed=42, customers=80), train=False)).values["offer_score"]
    assert ((got > 0) & (got <= 1)).all()


def test_the_best_items_lead_the_list_and_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    purchases = shop(made_up_log(seed=43, customers=70), train=False).purchases
    lists, new = next_offer.recommend(purchases, 5), next_offer.recommend_new(purchases, 3)
    known = histories(purchases)
    share = next_order_share(known, 0, known.customer_id.size)
    np.testing.assert_array_equal(lists, np.argsort(-share, axis=1, kind="stable")[:, :5])
    monkeypatch.setattr(next_offer, "BLOCK", 7)
    np.testing.assert_array_equal(next_offer.recommend(purchases, 5), lists)
    np.testing.assert_array_equal(next_offer.recommend_new(purchases, 3), new)


def test_a_customer_without_any_item_is_offered_what_everybody_buys() -> None:
    inputs = shop(made_up_log(seed=44, customers=40), train=False)
    stranger = inputs.purchases.customer_id.copy()
    stranger[0] = "someone else"
    purchases = type(inputs.purchases)(
        **{name: getattr(inputs.purchases, name) for name in inputs.purchases.__slots__} | {"customer_id": stranger}
    )
    got = next_offer.score(type(inputs)(features=inputs.features, purchases=purchases))
    known = histories(purchases)
    assert got.labels["next_offer"][0] == known.item_name[known.share.argmax()]
    assert "is bought by" in got.labels["next_offer_reason"][0]


def test_no_purchases_at_all_are_refused() -> None:
    inputs = shop(made_up_log(seed=44, customers=40), train=False)
    with pytest.raises(DataError, match="nothing to learn offers from"):
        next_offer.score(type(inputs)(features=inputs.features, purchases=bought([])))


@pytest.mark.parametrize(
    ("gap", "since", "text"),
    [
        (21, 35, ("3 weeks", "5")),
        (9.4, 14, ("9 days", "14")),
        (1.2, 3, ("day", "3 days")),
        (13.6, 50, ("2 weeks", "7")),
    ],
)
def test_rhythm_in_words(gap: float, since: float, text: tuple[str, str]) -> None:
    assert next_offer._spans(gap, since) == text
