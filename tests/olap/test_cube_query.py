"""The verbs, and the questions that are refused rather than answered wrongly."""

import pytest

from crm_analytics.errors import CrmError, QueryError, UnknownName
from crm_analytics.olap.compile import compile_query
from crm_analytics.olap.model import Model
from crm_analytics.olap.query import CubeQuery
from olap.conftest import Asking

SALES = CubeQuery("sales")
REVENUE = SALES.measures("revenue")


def test_a_verb_leaves_the_question_it_was_asked_of_alone() -> None:
    plain = REVENUE.by("date.year")
    plain.slice("date.year", 2017).with_totals().top(3, "revenue").pivot("date.year").sort("revenue").limit(1)
    assert plain == CubeQuery("sales", ("revenue",), ("date.year",))
    assert {plain: 1}[REVENUE.by("date.year", "date.year")] == 1


def test_drilling_down_adds_the_next_level_behind_the_deepest_shown(model: Model) -> None:
    query = SALES.by("product.department", "date.month")
    down = query.drill_down(model, "product")
    assert down.split == ("product.department", "product.category", "date.month")
    assert down.drill_down(model, "date").split[-1] == "date.date"
    assert down.roll_up(model, "product") == query


def test_drilling_into_what_is_not_shown_begins_at_the_coarsest_level(model: Model) -> None:
    assert SALES.drill_down(model, "product").split == ("product.department",)
    assert SALES.drill_down(model, "date.weeks").split == ("date.week",)
    assert SALES.drill_down(model, "date").drill_down(model, "date").split == ("date.year", "date.quarter")
    assert SALES.drill_down(model, "shipped").split == ("shipped.year",)


def test_drilling_follows_the_hierarchy_that_is_shown_or_the_level_named(model: Model) -> None:
    assert SALES.by("date.week").drill_down(model, "date").split == ("date.week", "date.date")
    coarse = SALES.by("product.department", "product.article")
    assert coarse.drill_down(model, "product.department").split[1] == "product.category"
    assert coarse.roll_up(model, "product").split == ("product.department",)


@pytest.mark.parametrize(
    ("dimension", "sentence"),
    [
        ("product", "product.article is the finest level"),
        ("customer", "dimension 'customer' has no hierarchy"),
        ("produkt", "no dimension 'produkt'. Did you mean 'product'?"),
        ("product.asortment", "Did you mean 'assortment'?"),
    ],
)
def test_drilling_down_where_there_is_nothing_says_so(model: Model, dimension: str, sentence: str) -> None:
    with pytest.raises(CrmError) as error:
        SALES.by("product.article").drill_down(model, dimension)
    assert sentence in str(error.value)


def test_rolling_up_what_is_not_shown_says_so(model: Model) -> None:
    with pytest.raises(QueryError, match="no level of 'date' is in the rows"):
        SALES.by("product.article").roll_up(model, "date")


BY_MONTH = REVENUE.by("date.month")
CONTACTS = CubeQuery("contacts").measures("minutes")


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (SALES, "ask for at least one measure: revenue, quantity, units"),
        (CubeQuery("sale").measures("revenue"), "no cube 'sale'. Did you mean 'sales'?"),
        (SALES.measures("revenu"), "cube 'sales': no measure 'revenu'. Did you mean 'revenue'?"),
        (SALES.measures("contacts.minute"), "cube 'contacts': no measure 'minute'. Did you mean 'minutes'?"),
        (SALES.measures("contact.minutes"), "no cube 'contact'. Did you mean 'contacts'?"),
        (REVENUE.by("product"), "dimension 'product' needs an attribute: product.department"),
        (REVENUE.by("product.departmnt"), "Did you mean 'department'?"),
        (REVENUE.pivot("prduct.department"), "Did you mean 'product'?"),
        (REVENUE.top(3, "revenue"), "nothing to rank"),
        (BY_MONTH.top(3, "revenu"), "Did you mean 'revenue'?"),
        (BY_MONTH.sort("revenu"), "Did you mean 'revenue'?"),
        (BY_MONTH.sort("date.year"), "sort by date.year: it is not among the attributes shown"),
        (BY_MONTH.limit(3).with_totals(), "ask for the top n instead"),
        (BY_MONTH.dice("date.year = 2017 or revenue > 5"), "or say of whom: 'revenue > 0 per date.year'"),
        (BY_MONTH.dice("customer.age = '30-39' per date.month"), "customer.age is an attribute, which needs no 'per'"),
        (BY_MONTH.top(2, "revenue", within=True), "has no attribute before it in the rows"),
        (BY_MONTH.top(2, "revenue", of="date.year"), "date.year is not among the attributes shown"),
        (BY_MONTH.dice("contacts.minutes > 5 per product.article"), "cannot be asked of cube 'contacts'"),
        # The traps of sidemantic and boring-semantic-layer: a contact has no product, and no day of shipping.
        (
            REVENUE.measures("contacts.minutes").by("product.department"),
            "product.department cannot be asked of sales and contacts together: cube 'contacts' does not reach "
            "dimension 'product'. What sales and contacts share: customer, score, date, cohort",
        ),
        (BY_MONTH.measures("contacts.minutes").dice("product.article = 'ball'"), "does not reach dimension 'product'"),
        (CONTACTS.measures("sales.revenue").by("contact.kind"), "does not reach dimension 'contact'"),
        (REVENUE.measures("contacts.minutes").by("shipped.month"), "does not reach dimension 'shipped'"),
        (SALES.measures("contacts.minutes").by("product.article"), "cannot be asked of cube 'contacts'"),
        (SALES.measures("revenue_per_visit").by("product.article"), "cube 'contacts' does not reach"),
        (BY_MONTH.top(2, "contacts.minutes").dice("product.article = 'ball'"), "does not reach dimension 'product'"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_one_sentence(
    model: Model, query: CubeQuery, sentence: str
) -> None:
    with pytest.raises((QueryError, UnknownName)) as error:
        compile_query(model, query)
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


def test_a_top_or_a_limit_of_nothing_is_refused() -> None:
    with pytest.raises(QueryError, match="at least 1"):
        REVENUE.top(0, "revenue")
    with pytest.raises(QueryError, match="at least 1"):
        REVENUE.limit(0)


def test_a_measure_of_another_cube_may_stand_alone(ask: Asking) -> None:
    assert ask(SALES.measures("contacts.minutes").by("customer.region")).frame.rows() == [
        ("N", 12),
        ("S", 3),
        ("W", 11),
    ]


def test_sorting_by_an_attribute_and_then_by_a_measure(ask: Asking) -> None:
    query = REVENUE.by("customer.region", "product.department").sort("customer.region", True).sort("revenue", False)
    members = ask(query).frame.rows()
    assert [m[:2] for m in members] == [
        ("S", "Others"),
        ("S", "FOOD"),
        ("S", "Unknown product"),
        ("N", "FOOD"),
        ("N", "TOYS"),
        ("Unknown customer", "TOYS"),
    ]


def test_money_keeps_its_cents_and_whole_numbers_stay_whole(ask: Asking) -> None:
    schema = ask(SALES.measures("revenue", "units", "customers", "order_value")).frame.schema
    assert [str(t) for t in schema.values()] == ["Decimal(precision=18, scale=2)", "Int64", "Int64", "Float64"]


def test_drilling_down_looks_at_the_columns_too(model: Model) -> None:
    query = SALES.measures("revenue").by("customer.region").pivot("date.quarter")
    assert query.drill_down(model, "date").split == ("customer.region", "date.month")
    assert query.drill_down(model, "date").roll_up(model, "date") == query
    assert SALES.pivot("date.week").drill_down(model, "date").split == ("date.date",)  # along the weeks
