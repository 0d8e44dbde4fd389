"""The cohort triangle, worked by hand on the shop of shop.py, and held to plain Python on random shops.

ann begins on Mon 2017-01-02, bob on Mon 2017-01-09; ann comes back in February (200),
bob in April (100): one cohort of two customers, 240 in its first month.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crm_analytics.engines.duckdb import DuckEngine
from crm_analytics.errors import QueryError, UnknownName
from crm_analytics.olap.access import Viewer, seen_by
from crm_analytics.olap.bind import bind_model
from crm_analytics.olap.cohorts import cohort_table
from crm_analytics.olap.load import load_model
from crm_analytics.olap.model import Model
from olap.conftest import CUBES
from olap.shop import Sale, shop
from olap.test_cohort import begun, cubes
from olap.test_cube_laws import sales

MAY = date(2017, 5, 1)


def test_the_triangle_by_month(engine: DuckEngine, model: Model) -> None:
    found = cohort_table(engine, model, "sales", "revenue", periods=5, as_of=MAY, currency="EUR")
    assert found.triangle("customers").rows() == [("2017-01", 2, 2, 1, 0, 1)]
    assert found.triangle("retention").rows() == [("2017-01", 2, 1.0, 0.5, 0.0, 0.5)]
    assert [int(v) for v in found.triangle("value").row(0)[2:]] == [240, 200, 0, 100]
    assert [int(v) for v in found.triangle("cumulative").row(0)[2:]] == [240, 440, 440, 540]
    assert found.triangle("per_customer").row(0)[2:] == (120, 220, 220, 270)


def test_an_age_that_has_not_ended_is_left_empty_and_so_is_a_cohort(engine: DuckEngine, model: Model) -> None:
    # The last sale is of 04-05: April has not ended.
    found = cohort_table(engine, model, "sales", "revenue")
    assert found.as_of == date(2017, 4, 6)
    assert found.triangle("value").columns == ["cohort", "size", "0", "1", "2"]
    # bob's week ends on 01-15.  On that day it has not ended; ann's, the week before, has.
    weeks = cohort_table(engine, model, "sales", "customers", by="week", as_of=date(2017, 1, 15))
    assert weeks.triangle("customers").rows() == [("2017-W01", 1, 1)]
    assert weeks.notes == ("1 cohort is left out, as the week had not ended on 2017-01-15: 2017-W02",)
    assert cohort_table(engine, model, "sales", "customers", by="week", as_of=date(2017, 1, 16)).notes == ()
    none = cohort_table(engine, model, "sales", "revenue", by="year")
    assert none.triangle().height == 0
    assert "(no cells)" in none.to_text()


def test_a_distinct_count_so_far_is_counted_and_not_summed(engine: DuckEngine, model: Model) -> None:
    # ann and bob both bought bread in January; ball is new in February, gift and "Others" in April.
    found = cohort_table(engine, model, "sales", "articles", as_of=MAY)
    assert found.triangle("value").row(0)[2:] == (2, 1, 0, 2)
    assert found.triangle("cumulative").row(0)[2:] == (2, 3, 3, 5)
    people = cohort_table(engine, model, "sales", "customers", as_of=MAY)
    assert people.triangle("cumulative").row(0)[2:] == (2, 2, 2, 2)


def test_a_ratio_is_taken_anew_and_has_no_share_per_customer(engine: DuckEngine, model: Model) -> None:
    # Revenue by orders: 240 / 2, 200 / 1, nothing, 100 / 1; so far 440 / 3, 540 / 4.
    found = cohort_table(engine, model, "sales", "order_value", as_of=MAY)
    assert found.triangle("value").row(0)[2:] == (120, 200, None, 100)
    assert found.triangle("cumulative").row(0)[2:] == pytest.approx((120, 440 / 3, 440 / 3, 135))
    assert found.frame["per_customer"].null_count() == 4
    assert found.notes == ("Order value is no quantity that adds up, so there is none of it per customer",)
    assert "Order value, by age in months" in str(found)


def test_another_cube_is_held_against_the_cohorts_of_the_first_sale(engine: DuckEngine, model: Model) -> None:
    # ann: 5 minutes in January, 7 in March; bob: 3 in January; eve, who never bought, is in no cohort.
    found = cohort_table(engine, model, "contacts", "minutes", as_of=MAY)
    assert found.triangle("customers").rows() == [("2017-01", 2, 2, 0, 1, 0)]
    assert [int(v) for v in found.triangle("value").row(0)[2:]] == [8, 0, 7, 0]


def test_a_filter_on_the_customer_chooses_cohorts_and_any_other_what_counts_as_active(
    engine: DuckEngine, model: Model
) -> None:
    ann = cohort_table(engine, model, "sales", "revenue", where=["customer.region = 'N'"], as_of=MAY)
    assert ann.triangle("customers").rows() == [("2017-01", 1, 1, 1, 0, 0)]
    toys = cohort_table(engine, model, "sales", "revenue", where=["product.department = 'TOYS'"], as_of=MAY)
    assert toys.triangle("retention").rows() == [("2017-01", 2, 0.0, 0.5, 0.0, 0.0)]
    both = ["customer.region = 'N' and product.department = 'TOYS'"]
    assert cohort_table(engine, model, "sales", "revenue", where=both, as_of=MAY).triangle("retention").rows() == [
        ("2017-01", 1, 0.0, 1.0, 0.0, 0.0)
    ]


def test_a_role_has_the_cohorts_of_the_rows_that_it_sees(tmp_path: Path, engine: DuckEngine) -> None:
    access = "access: {manager: {where: \"customer.region = 'S'\"}}\n"
    seen = seen_by(load_model(cubes(tmp_path, sales=access)), Viewer("manager", {}))
    found = cohort_table(engine, bind_model(seen, engine), "sales", "revenue", as_of=MAY)
    assert found.triangle("customers").rows() == [("2017-01", 1, 1, 0, 0, 1)]


def test_text_and_html_show_the_numbers_their_unit_and_a_last_row_of_all(engine: DuckEngine, model: Model) -> None:
    found = cohort_table(engine, model, "sales", "revenue", as_of=MAY, currency="EUR")
    assert found.to_text("value").splitlines()[0] == "Revenue (EUR), by age in months"
    assert found.to_text("retention").splitlines()[-1].split() == [
        "All",
        "2",
        "100.0",
        "%",
        "50.0",
        "%",
        "0.0",
        "%",
        "50.0",
        "%",
    ]
    html = found.to_html("retention")
    # 50 % is the most after age 0, so it is as dark as it gets; 0 % has no colour.
    assert html.count("rgba(31, 119, 180, 0.60)") == 3
    assert html.count("rgba") == 3
    assert found._repr_html_().count("<table") == 2
    with pytest.raises(UnknownName, match="Did you mean 'retention'"):
        found.triangle("retentin")


@pytest.mark.parametrize(
    ("measure", "by", "periods", "error", "sentence"),
    [
        ("revenue", "moth", 3, UnknownName, "Did you mean 'month'"),
        ("revenu", "month", 3, UnknownName, "Did you mean 'revenue'"),
        ("revenue", "month", 0, QueryError, "ask for at least 1"),
    ],
)
def test_a_triangle_that_cannot_be_is_refused(
    engine: DuckEngine,
    model: Model,
    measure: str,
    by: str,
    periods: int,
    error: type[Exception],
    sentence: str,
) -> None:
    with pytest.raises(error, match=sentence):
        cohort_table(engine, model, "sales", measure, by, periods)


def test_without_a_cohort_or_a_dated_row_there_is_none(tmp_path: Path) -> None:
    engine = shop([], [])
    with pytest.raises(QueryError, match="has no row with a date yet"):
        cohort_table(engine, bind_model(load_model(CUBES), engine), "sales", "revenue")
    without = load_model(cubes(tmp_path, "  cohort: {}\n", ""))
    with pytest.raises(QueryError, match="cube 'sales' has no cohort"):
        cohort_table(engine, bind_model(without, engine), "sales", "revenue")
    engine.close()


@pytest.fixture(scope="module")
def other_shop() -> Iterator[DuckEngine]:
    """One connection for all examples."""
    engine = shop()
    yield engine
    engine.close()


@settings(max_examples=60)
@given(sales, st.sampled_from(["week", "month", "quarter"]), st.integers(1, 6))
def test_every_cell_of_the_triangle_is_what_the_rows_say(
    other_shop: DuckEngine, model: Model, lines: list[Sale], by: str, periods: int
) -> None:
    assume(any(customer and day for _, customer, _, day, _ in lines))
    shop(lines, into=other_shop)
    as_of = max(day for _, _, _, day, _ in lines if day) + timedelta(days=1)
    found = cohort_table(other_shop, model, "sales", "revenue", by, periods)
    got = found.frame.select("cohort", "age", "size", "customers", "value", "cumulative").rows()
    expected = plainly(lines, by, periods, as_of)
    assert {(c, a): (n, k, int(v), int(s)) for c, a, n, k, v, s in got} == expected
    assert all(share == 1.0 for share in found.frame.filter(found.frame["age"] == 0)["retention"])


def number(day: date, by: str) -> int:
    """Periods are numbered one after the other."""
    if by == "week":
        return (day.toordinal() - 1) // 7  # the first day of all was a Monday
    return (day.year * 12 + day.month - 1) // {"month": 1, "quarter": 3}[by]


def label(day: date, by: str) -> str:
    return {"week": f"{day:%G-W%V}", "month": f"{day:%Y-%m}", "quarter": f"{day.year}-Q{(day.month + 2) // 3}"}[by]


def plainly(lines: list[Sale], by: str, periods: int, as_of: date) -> dict[tuple[str, int], tuple[int, int, int, int]]:
    """Size, customers active, revenue, revenue so far by cohort and age, of the periods that ended by `as_of`."""
    first = begun(lines)
    out = {}
    for cohort in {number(day, by): label(day, by) for day in first.values()}.items():
        members = {c for c, day in first.items() if number(day, by) == cohort[0]}
        so_far = 0
        for age in range(periods):
            if cohort[0] + age >= number(as_of, by):
                break
            rows = [s for s in lines if s[1] in members and s[3] and number(s[3], by) == cohort[0] + age]
            so_far += sum(s[4] for s in rows)
            out[cohort[1], age] = (len(members), len({s[1] for s in rows}), sum(s[4] for s in rows), so_far)
    return out
